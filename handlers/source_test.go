package handlers_test

import (
	"maps"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/rpc"
	"spliced/test/ovatest"
)

func opened(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	ok(t, err)
	f := os.NewFile(uintptr(fd), path)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// What can't be read to an end is refused before there is a job.
func TestWrongKindsOfDescriptors(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessAdmin)
	plain := sent(t, disk()).Name()
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	ok(t, err)
	eventfd := os.NewFile(uintptr(event), "eventfd")
	t.Cleanup(func() { _ = eventfd.Close() })
	for name, file := range map[string]*os.File{
		"folder": opened(t, t.TempDir(), unix.O_RDONLY), "device": opened(t, "/dev/zero", unix.O_RDONLY),
		"O_PATH": opened(t, plain, unix.O_PATH), "write-only": opened(t, plain, unix.O_WRONLY),
		"eventfd": eventfd, "proc": opened(t, "/proc/self/status", unix.O_RDONLY),
		"sysfs": opened(t, "/sys/kernel/mm/transparent_hugepage/enabled", unix.O_RDONLY),
	} {
		for _, method := range []string{"image.upload", "ova.upload"} {
			e := wire(t, c.Call(t.Context(), method, upload("x", nil), nil, file))
			sentence(t, e.Message)
			if e.Code != rpc.BadSource {
				t.Errorf("%s of a %s: %d %q", method, name, e.Code, e.Message)
			}
		}
	}
	if jobs := f.daemon.Jobs.List(); len(jobs) != 0 {
		t.Errorf("%d jobs were started", len(jobs))
	}
}

// Whatever becomes of a call, its descriptors are closed: by the daemon, not by
// the garbage collector, which would hide it. It is not parallel, because what
// other tests open would count.
func TestDescriptorsAreClosed(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before := descriptors()
	t.Run("calls", func(t *testing.T) {
		f := serve(t)
		c := f.dial(t, rpc.AccessWrite)
		inspect := params{"source": params{"fd": 0}}
		for range 5 {
			ok(t, c.Call(t.Context(), "image.inspect", inspect, nil, sent(t, disk())))
			ok(t, c.Call(t.Context(), "ova.inspect", inspect, nil, sent(t, ovatest.OVA(disk()))))
		}
		ok(t, c.Call(t.Context(), "image.upload", upload("img", nil), nil, sent(t, disk())))
		ok(t, c.Call(t.Context(), "ova.upload", upload("web", nil), nil, stream(t, ovatest.OVA(disk()))))
		for _, refused := range []params{
			upload("img", nil), upload("a/b", nil), upload("web", params{"pool": "else"}), upload("x", params{"pool": "gone"}),
			upload("x", params{"colour": 1}), upload("x", params{"source": params{"fd": 1}}), upload("x", params{"sha256": strings.Repeat("0", 64)}),
		} {
			for _, m := range []string{"image.upload", "ova.upload"} {
				if refused["name"] == "img" && m == "ova.upload" {
					continue
				}
				if e := wire(t, c.Call(t.Context(), m, refused, nil, sent(t, disk()))); e.Code == rpc.InternalError {
					t.Errorf("%s of %v: %q", m, refused, e.Message)
				}
			}
		}
		again := params{"request_id": "00000000-0000-4000-8000-000000000000"}
		for range 3 {
			ok(t, c.Call(t.Context(), "image.upload", upload("once", again), nil, sent(t, disk())))
		}
		if e := wire(t, c.Call(t.Context(), "ova.inspect", inspect, nil, opened(t, "/dev/zero", unix.O_RDONLY))); e.Code != rpc.BadSource {
			t.Errorf("a device: %d %q", e.Code, e.Message)
		}
		if e := wire(t, c.Call(t.Context(), "daemon.hello", params{}, nil, sent(t, disk()))); e.Code != rpc.InvalidParams {
			t.Errorf("a descriptor where none is taken: %d %q", e.Code, e.Message)
		}
		if e := wire(t, c.Call(t.Context(), "no.method", params{}, nil, sent(t, disk()))); e.Code != rpc.MethodNotFound {
			t.Errorf("a method that isn't there: %d %q", e.Code, e.Message)
		}
	})
	left := descriptors()
	maps.DeleteFunc(left, func(fd, is string) bool { return before[fd] == is || runtimes(is) })
	if len(left) > 0 {
		t.Errorf("left open: %q", left)
	}
}

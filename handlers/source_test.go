package handlers_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/rpc"
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

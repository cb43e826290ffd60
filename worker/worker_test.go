package worker_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/block"
	"spliced/block/mem"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/test/ovatest"
	"spliced/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Over the line an upload, its commit, a look and a removal work as they do at
// hand.
func TestTasks(t *testing.T) {
	t.Parallel()
	pool := mem.New(1 << 30)
	w, err := worker.Inside(func(context.Context, worker.PoolSpec) (block.Pool, error) { return pool, nil }, nil)(t.Context())
	ok(t, err)
	src, err := os.CreateTemp(t.TempDir(), "source")
	ok(t, err)
	_, err = src.Write(ovatest.VMDK(ovatest.Data(64 << 10)))
	ok(t, err)
	limits := ingest.Limits{MaxVirtualSize: 1 << 30, Stall: time.Minute}
	head, err := w.InspectImage(t.Context(), limits, src)
	ok(t, err)
	if head != (worker.ImageHead{Format: "vmdk", Subformat: "streamOptimized", Size: 64 << 10}) {
		t.Errorf("inspected %+v", head)
	}
	told, stages := make(chan bool, 1), make(chan string, 1000)
	w.Report(func(stage string, _, _ int64, _ string) { stages <- stage })
	staged, err := w.StageImage(t.Context(), worker.ImageTask{
		Final: "web", Limits: limits, Request: ingest.ImageRequest{Staging: ingest.StagingPrefix("j") + "1", Size: -1},
	}, src, func(proves bool) { told <- proves })
	ok(t, err)
	if proves := <-told; !proves || staged.Size != 64<<10 || len(stages) == 0 {
		t.Errorf("staged %+v, proven %v, %d notes", staged, proves, len(stages))
	}
	ok(t, w.Commit(t.Context(), worker.PoolSpec{}, []ingest.Move{{From: staged.Volume, To: "web", Metadata: map[string]string{ingest.MetaJob: "j"}}}))
	look, err := w.Look(t.Context(), worker.PoolSpec{}, "web")
	ok(t, err)
	room, err := w.Room(t.Context(), worker.PoolSpec{})
	ok(t, err)
	if look.Size != 64<<10 || look.Allocated != 64<<10 || room.Free != room.Size-64<<10 {
		t.Errorf("look %+v, room %+v", look, room)
	}
	var e *rpc.Error
	if _, err := w.Look(t.Context(), worker.PoolSpec{}, "none"); !errors.As(err, &e) || e.Code != rpc.NotFound {
		t.Errorf("a look at nothing: %v", err)
	}
	ok(t, w.Removable(t.Context(), worker.PoolSpec{}, "j", []string{"web"}))
	ok(t, w.Remove(t.Context(), worker.PoolSpec{}, "j", []string{"web"}))
	ok(t, w.Undo(t.Context(), worker.PoolSpec{}, "j", nil))
	ok(t, errors.Join(src.Close(), w.Close(), pool.Close()))
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	got := worker.Environment([]string{"HOME=/h", "NOTIFY_SOCKET=/n", "WATCHDOG_USEC=1", "GOMEMLIMIT=1", "A="})
	for _, want := range []string{"HOME=/h", "A="} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is lost: %q", want, got)
		}
	}
	for _, v := range got {
		if v == "NOTIFY_SOCKET=/n" || v == "WATCHDOG_USEC=1" || v == "GOMEMLIMIT=1" {
			t.Errorf("%s is passed on", v)
		}
	}
}

// A worker learns that its daemon is gone, however that went.
func TestGone(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*net.UnixConn) error{
		"closed": (*net.UnixConn).Close,
		"both halves shut": func(c *net.UnixConn) error {
			return errors.Join(c.CloseRead(), c.CloseWrite(), c.Close())
		},
	} {
		ours, theirs, err := rpc.Pair()
		ok(t, err)
		gone, err := worker.Gone(theirs)
		ok(t, err)
		select {
		case <-gone:
			t.Errorf("%s: gone before it was", name)
		case <-time.After(50 * time.Millisecond):
		}
		ok(t, end(ours))
		select {
		case <-gone:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: nobody noticed", name)
		}
		ok(t, theirs.Close())
	}
}

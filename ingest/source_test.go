package ingest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/block"
	"spliced/block/fault"
	"spliced/block/mem"
	"spliced/ingest"
	"spliced/test/ovatest"
)

// A file that somebody writes to while it is read is refused, whatever was done.
func TestFileChangesWhileRead(t *testing.T) {
	t.Parallel()
	data := ovatest.Data(9 << 20)
	changes := map[string]func(path string) error{
		"grows": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"shrinks":      func(path string) error { return os.Truncate(path, 8<<20) },
		"is emptied":   func(path string) error { return os.Truncate(path, 0) },
		"is rewritten": func(path string) error { return os.WriteFile(path, data, 0o600) },
		"is touched":   func(path string) error { return os.Chtimes(path, time.Now(), time.Unix(1, 0)) },
	}
	for name, change := range changes {
		for _, size := range []int64{-1, int64(len(data))} {
			inner := mem.New(room)
			plan := fault.NewPlan()
			p := fault.New(inner, plan)
			s, path := fileSource(t, data)
			plan.Before(func(c fault.Call) {
				if c.Op == fault.Create {
					if err := change(path); err != nil {
						t.Error(err)
					}
				}
			})
			rq := request()
			rq.Size = size
			if _, err := takeImage(t.Context(), p, s, rq); err == nil {
				t.Errorf("a file that %s was taken", name)
			}
			undone(t, p, nil)
			ok(t, p.Close())
		}
	}
}

func TestOVAFileChangesWhileRead(t *testing.T) {
	t.Parallel()
	plan := fault.NewPlan()
	p := fault.New(mem.New(room), plan)
	s, path := fileSource(t, ovatest.OVA(small()))
	plan.Before(func(c fault.Call) {
		if c.Op == fault.Flush {
			if err := os.Chtimes(path, time.Now(), time.Unix(1, 0)); err != nil {
				t.Error(err)
			}
		}
	})
	_, err := takeOVA(t.Context(), p, s, appliance())
	kind(t, err, ingest.BadSource)
	refused(t, p, err, "changed")
	ok(t, p.Close())
}

// The position of the passed descriptor is the sender's, and stays.
func TestPositionIsNotMoved(t *testing.T) {
	t.Parallel()
	p := p0(t)
	_, path := fileSource(t, ovatest.Data(100_000))
	f, err := os.Open(path)
	ok(t, err)
	_, err = f.Seek(5000, 0)
	ok(t, err)
	passed, err := unix.Dup(int(f.Fd()))
	ok(t, err)
	staged, err := takeImage(t.Context(), p, source(t, os.NewFile(uintptr(passed), "passed"), patience), request())
	ok(t, err)
	if at, err := f.Seek(0, 1); err != nil || at != 5000 || staged.Bytes != 100_000 {
		t.Errorf("position %d, %v; %d bytes read", at, err, staged.Bytes)
	}
	ok(t, f.Close())
}

// A sender that is killed closes its pipe early, which looks like any end.
func TestSenderIsKilled(t *testing.T) {
	t.Parallel()
	p := p0(t)
	whole := ovatest.OVA(small())
	s, w := pipe(t, patience)
	_, err := w.Write(whole[:len(whole)/2])
	ok(t, errors.Join(err, w.Close()))
	_, err = takeOVA(t.Context(), p, s, appliance())
	refused(t, p, err, "cut off")

	raw := ovatest.Data(1 << 20)
	rq := request()
	rq.Size = 1<<20 + 1
	_, err = takeImage(t.Context(), p, pipeSource(t, raw, 1<<16), rq)
	refused(t, p, err)

	// Nothing was said of this one: it isn't refused, but not proven either.
	staged, err := takeImage(t.Context(), p, pipeSource(t, raw, 1<<16), request())
	ok(t, err)
	if staged.Proven {
		t.Error("the end of a pipe passed for proof")
	}
}

// A source that gives nothing is given up, at its start and in the middle.
func TestStalledSource(t *testing.T) {
	t.Parallel()
	const stall = 300 * time.Millisecond
	whole := ovatest.OVA(small())
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		for _, first := range []int{0, 1000, len(whole) - 2048} {
			s, w := pipe(t, stall)
			_, err := w.Write(whole[:first])
			ok(t, err)
			_, err = takeOVA(t.Context(), p, s, appliance())
			kind(t, err, ingest.Stalled)
			refused(t, p, err, "gave nothing")
			ok(t, w.Close())
		}
		s, w := pipe(t, stall)
		_, err := w.Write(make([]byte, 1000))
		ok(t, err)
		_, err = takeImage(t.Context(), p, s, request())
		kind(t, err, ingest.Stalled)
		refused(t, p, err)
		ok(t, w.Close())
	})
}

// A cancel ends the wait for a source that gives nothing.
func TestCancelWhileWaitingForTheSource(t *testing.T) {
	t.Parallel()
	p := p0(t)
	s, w := pipe(t, 0)
	_, err := w.Write(ovatest.OVA(small())[:3000])
	ok(t, err)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(enough) })
	_, err = takeOVA(ctx, p, s, appliance())
	if !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	refused(t, p, err)
	ok(t, w.Close())
}

// A socket works as a pipe does, also one that doesn't block.
func TestSocketSource(t *testing.T) {
	t.Parallel()
	p := p0(t)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	ok(t, err)
	end := os.NewFile(uintptr(fds[1]), "sender")
	sender, err := net.FileConn(end)
	ok(t, errors.Join(err, end.Close()))
	data := ovatest.Data(3 << 20)
	sent := make(chan error, 1)
	go func() {
		_, err := sender.Write(data)
		sent <- errors.Join(err, sender.Close())
	}()
	_, err = takeImage(t.Context(), p, source(t, os.NewFile(uintptr(fds[0]), "receiver"), patience), request())
	ok(t, errors.Join(err, <-sent))
	holds(t, p, request().Staging, data)
}

// A source that fails is told from one that ends.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	p := p0(t)
	folder, err := os.Open(t.TempDir()) // read(2) answers EISDIR
	ok(t, err)
	_, err = takeImage(t.Context(), p, source(t, folder, patience), request())
	kind(t, err, ingest.SourceIO)
	if !errors.Is(err, unix.EISDIR) {
		t.Errorf("got %v", err)
	}
	refused(t, p, err)
}

// Data goes into the pool while its sender still has some.
func TestWritesWhileTheSenderSends(t *testing.T) {
	t.Parallel()
	plan := fault.NewPlan()
	p := fault.New(mem.New(room), plan)
	s, w := pipe(t, patience)
	written := make(chan struct{})
	plan.Before(func(c fault.Call) {
		if c.Op == fault.WriteAt && c.Off == 0 {
			close(written)
		}
	})
	sent := make(chan error, 1)
	go func() {
		_, err := w.Write(ovatest.Data(8 << 20))
		select {
		case <-written:
		case <-time.After(patience):
			err = errors.Join(err, errors.New("nothing was written before the end"))
		}
		_, werr := w.Write(ovatest.Data(8 << 20))
		sent <- errors.Join(err, werr, w.Close())
	}()
	_, err := takeImage(t.Context(), p, s, request())
	ok(t, errors.Join(err, <-sent, p.Close()))
}

func TestNoDescriptorsLeak(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		ok(t, err)
		return len(entries)
	}
	_, w := pipe(t, patience) // the runtime's own descriptors come with the first pipe
	before := open()
	t.Run("uploads", func(t *testing.T) {
		on(t, func(t *testing.T, p block.Pool) {
			t.Helper()
			for range 8 {
				_, err := takeOVA(t.Context(), p, pipeSource(t, ovatest.OVA(small())[:20000], 1<<20), appliance())
				refused(t, p, err)
				_, err = takeOVA(t.Context(), p, pipeSource(t, ovatest.OVA(small()), 1<<20), appliance())
				ok(t, err)
				undone(t, p, nil)
			}
		})
	})
	// Other tests don't run meanwhile: this one is not parallel.
	after := open()
	for over := time.After(patience); after > before; after = open() {
		select {
		case <-time.After(10 * time.Millisecond): // a sender may still be about to close its end
			continue
		case <-over:
			t.Fatalf("%d descriptors before, %d after", before, after)
		}
	}
	ok(t, w.Close())
}

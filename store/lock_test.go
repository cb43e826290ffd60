package store

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestOneOwnerAtATime(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	_, err := Open(t.Context(), s.dir, Options{})
	wants(t, err, ErrLocked)
	_, err = Open(t.Context(), s.dir, Options{LockWait: 3 * lockPause})
	wants(t, err, ErrLocked)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Open(cancelled, s.dir, Options{LockWait: time.Hour})
	wants(t, err, ErrLocked)
	must(t, s.Close())
	must(t, s.Close())
	openTest(t, s.dir, kernel{})
}

// A worker process of a killed daemon ends a moment later.
func TestLockIsHeldByInheritors(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	worker := exec.CommandContext(t.Context(), "cat")
	worker.ExtraFiles = []*os.File{s.LockFile()}
	end, err := worker.StdinPipe()
	must(t, err)
	must(t, worker.Start())
	must(t, s.Close())
	_, err = Open(t.Context(), s.dir, Options{LockWait: 2 * lockPause})
	wants(t, err, ErrLocked)

	opened := make(chan error, 1)
	go func() {
		next, err := Open(t.Context(), s.dir, Options{LockWait: time.Minute})
		if err == nil {
			err = next.Close()
		}
		opened <- err
	}()
	must(t, end.Close())
	must(t, worker.Wait())
	must(t, <-opened)
}

func TestLockFileThatIsReplaced(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	must(t, os.Remove(filepath.Join(s.dir, lockName)))
	next := openTest(t, s.dir, kernel{}) // nobody can help it; but it is the new file that is locked
	_, err := Open(t.Context(), s.dir, Options{})
	wants(t, err, ErrLocked)
	must(t, next.Close())
}

func TestStateFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{file, filepath.Join(file, "x"), "/proc/no/such"} {
		if _, err := Open(t.Context(), dir, Options{}); err == nil {
			t.Errorf("%s was opened", dir)
		}
	}
}

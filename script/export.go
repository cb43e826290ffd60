package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// A Volume is a volume that becomes a script's disk.
type Volume struct {
	ID     string // of the disk
	Source Source
}

// WithExports calls use with a disk for each volume, and has them served by
// qemu-nbd for as long as use runs. When it returns, all that was written to the
// disks has been flushed to the volumes, or the answer says that it was not, and
// neither servers nor sockets are left.
//
// The sockets are in the folder dir, which is made for them and removed again: a
// process that is killed leaves it, so whoever calls has to know its name. Its
// path is short (a socket's has 107 bytes), and everybody may pass through the
// folders above it, since the script isn't root. The context that use gets is
// cancelled when a server ends before it should, and its cause says so.
func WithExports(ctx context.Context, dir string, volumes []Volume, use func(ctx context.Context, disks []Disk) error) (err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make a folder for the disks' sockets: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // G302: the script passes through it, and can't list it
		return fmt.Errorf("cannot make a folder for the disks' sockets: %w", err)
	}
	e := &exports{}
	defer func() {
		unwanted := err != nil // what was written
		err = errors.Join(err, e.each(func(s *server) error { return s.stop(unwanted) }))
	}()
	for _, v := range volumes {
		if err := e.add(ctx, v, filepath.Join(dir, v.ID)); err != nil {
			return err
		}
	}
	if err := e.watched(ctx, use); err != nil {
		return err
	}
	return e.each(func(s *server) error { return s.flush(ctx) })
}

// The exports are the servers that run.
type exports struct {
	servers []*server
	disks   []Disk
}

func (e *exports) add(ctx context.Context, v Volume, socket string) error {
	s, err := serve(v, socket)
	if err == nil {
		e.servers = append(e.servers, s)
		e.disks = append(e.disks, Disk{ID: v.ID, Socket: socket})
		err = s.ready(ctx)
	}
	if err != nil {
		return fmt.Errorf("cannot give the disk %q to the script: %w", v.ID, err)
	}
	return nil
}

// watched calls use, and cancels its context when a server ends.
func (e *exports) watched(ctx context.Context, use func(ctx context.Context, disks []Disk) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watchers sync.WaitGroup
	defer watchers.Wait()
	defer cancel(nil)
	for _, s := range e.servers {
		watchers.Go(func() {
			select {
			case <-s.done:
				cancel(fmt.Errorf("the server of the disk %q ended: %w", s.id, s.why()))
			case <-ctx.Done():
			}
		})
	}
	return use(ctx, e.disks)
}

// each does something with all servers at once, and waits for it.
func (e *exports) each(do func(s *server) error) error {
	errs := make([]error, len(e.servers))
	var doing sync.WaitGroup
	for i, s := range e.servers {
		doing.Go(func() { errs[i] = do(s) })
	}
	doing.Wait()
	return errors.Join(errs...)
}

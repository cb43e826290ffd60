package worker

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"spliced/block"
	"spliced/ingest"
	"spliced/rpc"
)

func (s *server) vmMethods() []rpc.Method {
	method := func(name string) rpc.Method { return rpc.Method{Name: name} }
	return []rpc.Method{
		bind(method(methodCheckDomain), s.checkDomain),
		bind(method(methodDefine), s.define),
		bind(method(methodUndefine), s.undefine),
		bind(method(methodDomain), s.domain),
		bind(method(methodLocate), s.locate),
		bind(method(methodFree), s.free),
		bind(rpc.Method{Name: methodMake, MaxFDs: 1}, s.makeVolume),
		bind(method(methodFlatten), s.flatten),
		bind(rpc.Method{Name: methodScript, MinFDs: 2, MaxFDs: 2}, s.runScript),
	}
}

func (s *server) locate(ctx context.Context, _ *rpc.Call, t locateTask) (map[string]block.Location, error) {
	found := map[string]block.Location{}
	for _, spec := range t.Pools {
		err := s.withPool(ctx, spec, func(pool block.Pool) error {
			l, err := pool.Locate(ctx)
			found[spec.Name] = l
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *server) free(ctx context.Context, _ *rpc.Call, t freeTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		for _, name := range t.Names {
			if err := ingest.ImageFree(ctx, pool, name); err != nil {
				return err
			}
		}
		return there(ctx, pool, t.Sources)
	})
}

// there returns nil when the pool has all of the volumes. It opens them: Info
// counts what is allocated, which takes long for large ones.
func there(ctx context.Context, pool block.Pool, names []string) error {
	for _, name := range names {
		v, err := pool.Open(ctx, name)
		if err != nil {
			return err
		}
		if err := v.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) makeVolume(ctx context.Context, c *rpc.Call, t VolumeTask) (staged ingest.StagedDisk, err error) {
	var content *os.File
	if t.Order.Content {
		if content, err = c.TakeFD(0); err != nil {
			return staged, err
		}
		defer func() { err = errors.Join(err, content.Close()) }()
	}
	pools, closeAll := s.pools(ctx, t.Pools)
	defer func() {
		if !errors.Is(err, ingest.ErrAbandoned) { // closing would wait for the writes that hang
			err = errors.Join(err, closeAll())
		}
	}()
	return ingest.MakeVolume(ctx, pools, t.Order, reader(content), t.Limits, progress(ctx, c))
}

// reader keeps a file that isn't there from being a reader that is.
func reader(file *os.File) io.Reader {
	if file == nil {
		return nil
	}
	return file
}

// pools opens pools as they are asked for, each once, until they are closed.
func (s *server) pools(ctx context.Context, specs []PoolSpec) (open ingest.Pools, closeAll func() error) {
	opened := map[string]block.Pool{}
	open = func(name string) (block.Pool, error) {
		if pool := opened[name]; pool != nil {
			return pool, nil
		}
		at := slices.IndexFunc(specs, func(spec PoolSpec) bool { return spec.Name == name })
		if at < 0 {
			return nil, rpc.Errorf(rpc.NotFound, "there is no pool %q.", name)
		}
		pool, err := s.open(ctx, specs[at])
		if err == nil {
			opened[name] = pool
		}
		return pool, err
	}
	return open, func() error {
		var failures []error
		for _, pool := range opened {
			failures = append(failures, pool.Close())
		}
		return errors.Join(failures...)
	}
}

// flatten makes all clones of a volume independent of it.
func (s *server) flatten(ctx context.Context, c *rpc.Call, t flattenTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		clones, err := clonesOf(ctx, pool, t.Name)
		if err != nil {
			return err
		}
		return ingest.Flatten(ctx, pool, clones, progress(ctx, c))
	})
}

// clonesOf lists the clones of a volume; a volume that is gone has none. Those in
// other pools are somebody else's.
func clonesOf(ctx context.Context, pool block.Pool, name string) ([]string, error) {
	v, err := pool.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := v.Info(ctx)
	if err := errors.Join(err, v.Close()); err != nil {
		return nil, err
	}
	for _, clone := range info.Children {
		if strings.Contains(clone, "/") {
			return nil, rpc.Errorf(rpc.Busy, "volume %q has the clone %q in another pool.", name, clone).
				WithHint("Flatten that one with rbd flatten, or remove it.")
		}
	}
	return info.Children, nil
}

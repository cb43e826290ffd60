package fault

import (
	"context"
	"errors"

	"spliced/block"
)

// pool is the layer over a pool.
type pool struct {
	inner block.Pool
	plan  *Plan
}

// New lays plan over inner, whose Close the Close of the result calls. Failures
// wrap what the rules say, so that errors.Is finds it. A wait ends with the
// context of the call, which then answers the context's reason without being
// carried out; the calls of a volume that have no context wait to the end, as
// those of a hanging cluster do.
func New(inner block.Pool, plan *Plan) block.Pool { return &pool{inner, plan} }

// do lets the plan decide over a call and carries it out by f.
func (p *Plan) do(ctx context.Context, c Call, f func() error) error {
	r, waited := p.enter(c, ctx.Done())
	if !waited {
		return ctx.Err()
	}
	return r.around(f)
}

// doAlways is do for calls without a context.
func (p *Plan) doAlways(c Call, f func() error) error {
	r, _ := p.enter(c, nil)
	return r.around(f)
}

// around answers as the rule says, or as f does.
func (r Rule) around(f func() error) error {
	if r.Err != nil && !r.After {
		return r.Err
	}
	if err := f(); err != nil {
		return err
	}
	return r.Err
}

// volume makes the layer over the volume that get opens.
func (p *pool) volume(ctx context.Context, c Call, get func() (block.Volume, error)) (block.Volume, error) {
	var inner block.Volume
	err := p.plan.do(ctx, c, func() (err error) {
		inner, err = get()
		return err
	})
	switch {
	case err == nil:
		return &volume{Volume: inner, plan: p.plan, name: c.Volume}, nil
	case inner != nil:
		return nil, errors.Join(err, inner.Close()) // the caller never learns that it was opened
	}
	return nil, err
}

// Create implements block.Pool.
func (p *pool) Create(ctx context.Context, name string, size int64) (block.Volume, error) {
	return p.volume(ctx, Call{Op: Create, Volume: name, Length: size}, func() (block.Volume, error) {
		return p.inner.Create(ctx, name, size)
	})
}

// Open implements block.Pool.
func (p *pool) Open(ctx context.Context, name string) (block.Volume, error) {
	return p.volume(ctx, Call{Op: Open, Volume: name}, func() (block.Volume, error) {
		return p.inner.Open(ctx, name)
	})
}

// List implements block.Pool.
func (p *pool) List(ctx context.Context) ([]string, error) {
	return value(ctx, p.plan, Call{Op: List}, p.inner.List)
}

// Room implements block.Pool.
func (p *pool) Room(ctx context.Context) (block.Room, error) {
	return value(ctx, p.plan, Call{Op: Room}, p.inner.Room)
}

// Locate implements block.Pool.
func (p *pool) Locate(ctx context.Context) (block.Location, error) {
	return value(ctx, p.plan, Call{Op: Locate}, p.inner.Locate)
}

// value is do for calls that answer more than whether they worked.
func value[T any](ctx context.Context, p *Plan, c Call, get func(context.Context) (T, error)) (T, error) {
	var got, none T
	err := p.do(ctx, c, func() (err error) {
		got, err = get(ctx)
		return err
	})
	if err != nil {
		return none, err
	}
	return got, nil
}

// Rename implements block.Pool.
func (p *pool) Rename(ctx context.Context, from, to string) error {
	return p.plan.do(ctx, Call{Op: Rename, Volume: from, Target: to}, func() error {
		return p.inner.Rename(ctx, from, to)
	})
}

// Clone implements block.Pool.
func (p *pool) Clone(ctx context.Context, parent, snapshot, clone string) error {
	return p.plan.do(ctx, Call{Op: Clone, Volume: parent, Target: clone}, func() error {
		return p.inner.Clone(ctx, parent, snapshot, clone)
	})
}

// Flatten implements block.Pool.
func (p *pool) Flatten(ctx context.Context, name string) error {
	return p.plan.do(ctx, Call{Op: Flatten, Volume: name}, func() error {
		return p.inner.Flatten(ctx, name)
	})
}

// Remove implements block.Pool.
func (p *pool) Remove(ctx context.Context, name string) error {
	return p.plan.do(ctx, Call{Op: Remove, Volume: name}, func() error {
		return p.inner.Remove(ctx, name)
	})
}

// Close implements block.Pool. It is always carried out.
func (p *pool) Close() error {
	r, _ := p.plan.enter(Call{Op: ClosePool}, nil)
	return errors.Join(r.Err, p.inner.Close())
}

package fault_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/block"
	"spliced/block/blocktest"
	"spliced/block/fault"
	"spliced/block/mem"
)

var errPlanned = errors.New("as planned")

// An empty plan changes nothing, by the same suite that drivers pass.
func TestContract(t *testing.T) {
	t.Parallel()
	open := func(*testing.T) block.Pool { return fault.New(mem.New(math.MaxInt64), fault.NewPlan()) }
	blocktest.Run(t, open, blocktest.BusyWhileOpen())
}

// setup makes a pool under the plan, with a volume of 1000 bytes in it, made
// past the plan, and checks at the end that no opening was leaked.
func setup(t *testing.T, rules ...fault.Rule) (block.Pool, *mem.Pool, *fault.Plan) {
	t.Helper()
	inner := mem.New(1 << 30)
	v, err := inner.Create(t.Context(), "disk", 1000)
	if err == nil {
		err = v.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inner.Close(); err != nil {
			t.Error(err)
		}
	})
	plan := fault.NewPlan(rules...)
	return fault.New(inner, plan), inner, plan
}

func openDisk(t *testing.T, p block.Pool) block.Volume {
	t.Helper()
	v, err := p.Open(t.Context(), "disk")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func want(t *testing.T, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) {
		t.Errorf("got %v, want %v", got, wanted)
	}
}

// flow does each operation once and gives up at the first that fails.
func flow(ctx context.Context, p block.Pool) (err error) {
	v, err := p.Create(ctx, "new", 4096)
	if err != nil {
		return err
	}
	err = fill(ctx, v)
	if err := errors.Join(err, v.Close()); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return p.Clone(ctx, "new", "base", "copy") },
		func() error { return p.Flatten(ctx, "copy") },
		func() error { return p.Rename(ctx, "copy", "kid") },
		func() error { _, err := p.List(ctx); return err },
		func() error { _, err := p.Room(ctx); return err },
		func() error { v, err = p.Open(ctx, "kid"); return err },
		func() error { return v.Close() },
		func() error { return p.Remove(ctx, "kid") },
		func() error { return p.Remove(ctx, "new") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return p.Close()
}

func fill(ctx context.Context, v block.Volume) error {
	steps := []func() error{
		func() error { return v.Resize(8192) },
		func() error { _, err := v.WriteAt([]byte("data"), 5); return err },
		func() error { _, err := v.ReadAt(make([]byte, 4), 5); return err },
		func() error { return v.Zero(0, 100) },
		func() error { return v.Data(ctx, func(int64, int64) error { return nil }) },
		v.Flush,
		func() error { return v.SetMetadata(ctx, map[string]string{"spliced.job": "1"}) },
		func() error { return v.Snapshot(ctx, "base") },
		func() error { _, err := v.Info(ctx); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func TestEachCallOfAFlowFails(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		n := 1
		for ; ; n++ {
			p, _, plan := setup(t, fault.Rule{Nth: n, Err: errPlanned, After: after})
			err := flow(t.Context(), p)
			if plan.Fired() == 0 {
				if err != nil {
					t.Errorf("the flow fails by itself: %v", err)
				}
				break
			}
			want(t, err, errPlanned)
		}
		if n != 22 { // calls in a whole flow, and one
			t.Errorf("after %v: the flow went through with n = %d", after, n)
		}
	}
}

func TestRecordsCalls(t *testing.T) {
	t.Parallel()
	p, _, plan := setup(t)
	var hooked []fault.Call
	plan.Before(func(c fault.Call) { hooked = append(hooked, c) })
	if err := flow(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	calls := plan.Calls()
	if diff := cmp.Diff(calls, hooked); diff != "" {
		t.Error(diff)
	}
	all := []fault.Op{
		fault.Create, fault.Resize, fault.WriteAt, fault.ReadAt, fault.Zero, fault.Data, fault.Flush, fault.SetMetadata,
		fault.Snapshot, fault.Info, fault.CloseVolume, fault.Clone, fault.Flatten, fault.Rename, fault.List, fault.Room, fault.Open,
		fault.CloseVolume, fault.Remove, fault.Remove, fault.ClosePool,
	}
	if got := make([]fault.Op, 0); !slices.EqualFunc(calls, all, func(c fault.Call, op fault.Op) bool {
		got = append(got, c.Op)
		return c.Op == op
	}) {
		t.Errorf("calls: %v", got)
	}
	wanted := fault.Call{Number: 3, Op: fault.WriteAt, Volume: "new", Off: 5, Length: 4}
	if diff := cmp.Diff(wanted, calls[2]); diff != "" {
		t.Error(diff)
	}
	if plan.Count() != len(all) || plan.Count(fault.Remove, fault.Create) != 3 || plan.Fired() != 0 {
		t.Errorf("Count() = %d, Fired() = %d", plan.Count(), plan.Fired())
	}
}

func TestRulesChooseCalls(t *testing.T) {
	t.Parallel()
	outcome := func(p block.Pool) (s string) {
		for range 6 {
			for _, name := range []string{"disk", "other"} {
				v, err := p.Open(t.Context(), name)
				switch {
				case err == nil:
					s += "."
					want(t, v.Close(), nil)
				case errors.Is(err, errPlanned):
					s += "x"
				default:
					s += "-"
				}
			}
		}
		return s
	}
	for _, c := range []struct {
		name string
		rule fault.Rule
		want string
	}{
		{"none", fault.Rule{}, ".-.-.-.-.-.-"},
		{"first", fault.Rule{Err: errPlanned}, "x-.-.-.-.-.-"},
		{"third", fault.Rule{Op: fault.Open, Nth: 3, Err: errPlanned}, ".-x-.-.-.-.-"},
		{"two", fault.Rule{Op: fault.Open, Nth: 3, Times: 2, Err: errPlanned}, ".-xx.-.-.-.-"},
		{"for ever", fault.Rule{Op: fault.Open, Nth: 4, Times: fault.Forever, Err: errPlanned}, ".-.xxxxxxxxx"},
		{"by volume", fault.Rule{Volume: "other", Nth: 2, Times: 3, Err: errPlanned}, ".-.x.x.x.-.-"},
		{"other operation", fault.Rule{Op: fault.Remove, Times: fault.Forever, Err: errPlanned}, ".-.-.-.-.-.-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _, _ := setup(t, c.rule)
			if got := outcome(p); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFirstActingRuleDecides(t *testing.T) {
	t.Parallel()
	p, _, plan := setup(t, fault.Rule{Op: fault.Remove, Err: syscall.EBUSY, Times: 2}, fault.Rule{Err: errPlanned, Times: fault.Forever})
	for range 2 {
		want(t, p.Remove(t.Context(), "disk"), syscall.EBUSY)
	}
	want(t, p.Remove(t.Context(), "disk"), errPlanned)
	if plan.Fired() != 3 {
		t.Errorf("Fired() = %d", plan.Fired())
	}
}

func TestErrIsNotCarriedOutUnlessAfter(t *testing.T) {
	t.Parallel()
	p, inner, _ := setup(t, fault.Rule{Op: fault.Rename, Err: errPlanned}, fault.Rule{Op: fault.Rename, Nth: 2, Err: errPlanned, After: true})
	for _, wanted := range []string{"disk", "new"} {
		want(t, p.Rename(t.Context(), "disk", "new"), errPlanned)
		names, err := inner.List(t.Context())
		if err != nil || !slices.Equal(names, []string{wanted}) {
			t.Errorf("List() = %q, %v; want %s", names, err, wanted)
		}
	}
	want(t, p.Rename(t.Context(), "disk", "new"), fs.ErrNotExist)
}

func TestShortWrite(t *testing.T) {
	t.Parallel()
	p, _, _ := setup(t,
		fault.Rule{Op: fault.WriteAt, Partial: 3},
		fault.Rule{Op: fault.WriteAt, Nth: 2, Partial: 2, Err: syscall.ENOSPC},
		fault.Rule{Op: fault.WriteAt, Nth: 3, Err: syscall.EIO})
	v := openDisk(t, p)
	for i, c := range []struct {
		n   int
		err error
	}{{3, io.ErrShortWrite}, {2, syscall.ENOSPC}, {0, syscall.EIO}, {6, nil}} {
		n, err := v.WriteAt([]byte("abcdef"), int64(10*i))
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("write %d = %d, %v; want %d, %v", i, n, err, c.n, c.err)
		}
	}
	got := make([]byte, 36)
	if _, err := v.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	zeros := func(n int) string { return string(make([]byte, n)) }
	if wanted := "abc" + zeros(7) + "ab" + zeros(18) + "abcdef"; string(got) != wanted {
		t.Errorf("content %q, want %q", got, wanted)
	}
	want(t, v.Close(), nil)
}

func TestCloseIsAlwaysCarriedOut(t *testing.T) {
	t.Parallel()
	p, _, _ := setup(t, fault.Rule{Op: fault.CloseVolume, Err: errPlanned})
	want(t, openDisk(t, p).Close(), errPlanned) // setup sees whether the inner volume was closed
}

func TestBlockEndsWithRelease(t *testing.T) {
	t.Parallel()
	release, entered := make(chan struct{}), make(chan struct{})
	p, _, plan := setup(t, fault.Rule{Op: fault.WriteAt, Block: release})
	v := openDisk(t, p)
	plan.Before(func(fault.Call) { close(entered) })
	done := make(chan error)
	go func() {
		_, err := v.WriteAt([]byte("x"), 0)
		done <- err
	}()
	<-entered
	select {
	case err := <-done:
		t.Fatalf("WriteAt came back before its release: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	want(t, <-done, nil)
	plan.Before(nil)
	want(t, v.Close(), nil)
}

func TestWaitEndsWithContext(t *testing.T) {
	t.Parallel()
	for _, rule := range []fault.Rule{{Block: make(chan struct{})}, {Delay: time.Hour}} {
		p, inner, plan := setup(t, rule)
		ctx, cancel := context.WithCancel(t.Context())
		plan.Before(func(fault.Call) { cancel() })
		want(t, p.Remove(ctx, "disk"), context.Canceled)
		if names, err := inner.List(t.Context()); err != nil || len(names) != 1 {
			t.Errorf("the call was carried out all the same: %q, %v", names, err)
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	const delay = 30 * time.Millisecond
	p, _, _ := setup(t, fault.Rule{Op: fault.List, Delay: delay})
	start := time.Now()
	if _, err := p.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < delay {
		t.Errorf("List took %v, want at least %v", took, delay)
	}
}

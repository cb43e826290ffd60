package fault

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// An Op names a method of block.Pool or block.Volume.
type Op string

// The operations. Size and ObjectSize can't fail and are not among them.
const (
	Create      Op = "Create"
	Open        Op = "Open"
	List        Op = "List"
	Rename      Op = "Rename"
	Clone       Op = "Clone"
	Flatten     Op = "Flatten"
	Remove      Op = "Remove"
	Room        Op = "Room"
	Locate      Op = "Locate"
	ClosePool   Op = "ClosePool"
	ReadAt      Op = "ReadAt"
	WriteAt     Op = "WriteAt"
	Zero        Op = "Zero"
	Data        Op = "Data"
	Flush       Op = "Flush"
	Resize      Op = "Resize"
	Snapshot    Op = "Snapshot"
	SetMetadata Op = "SetMetadata"
	Info        Op = "Info"
	CloseVolume Op = "CloseVolume"
)

// Forever is the number of Times of a rule that never ends.
const Forever = -1

// A Call is one call of an operation.
type Call struct {
	Number int // among all calls of the plan, from 1
	Op     Op
	Volume string // that it is about; the parent of Clone, the old name of Rename
	Target string // the clone of Clone, the new name of Rename, the snapshot of Snapshot
	Off    int64  // bytes, of ReadAt, WriteAt and Zero
	Length int64  // bytes, of ReadAt, WriteAt and Zero; the size of Create and Resize
}

// A Rule says which calls it is for and what happens to them. The zero value
// of each field asks for nothing.
type Rule struct {
	Op     Op     // only this operation
	Volume string // only calls with that Volume or Target
	Nth    int    // acts from the Nth call on that it is for, counted from 1
	Times  int    // acts on so many of them, 0 is once, Forever on all

	Delay time.Duration   // waits that long first
	Block <-chan struct{} // waits until it is closed

	// Err is what the call answers. It is not carried out, except for Close,
	// which must be.
	Err error
	// After carries the call out before it answers Err: the answer was lost on
	// its way.
	After bool
	// Partial makes WriteAt write only so many bytes, and answer Err, or
	// io.ErrShortWrite where that is nil.
	Partial int
}

// A Plan is a list of rules and the record of the calls that came. The first
// rule that acts on a call decides. It may be shared by pools and goroutines.
type Plan struct {
	mu    sync.Mutex
	rules []rule
	calls []Call
	fired int
	hook  func(Call)
}

// rule is a Rule with the number of calls that it was for so far.
type rule struct {
	Rule
	seen int
}

// NewPlan makes a plan; without rules it only counts.
func NewPlan(rules ...Rule) *Plan {
	p := &Plan{}
	for _, r := range rules {
		p.rules = append(p.rules, rule{Rule: r})
	}
	return p
}

// Before has hook called before each call, on the caller's goroutine, from now
// on. It may use the plan.
func (p *Plan) Before(hook func(Call)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = hook
}

// Calls returns what was called so far, in order of arrival.
func (p *Plan) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Count is the number of calls so far of one of the operations, or of any if
// none is named.
func (p *Plan) Count(ops ...Op) int {
	n := 0
	for _, c := range p.Calls() {
		if len(ops) == 0 || slices.Contains(ops, c.Op) {
			n++
		}
	}
	return n
}

// Fired is the number of calls so far on which a rule acted.
func (p *Plan) Fired() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fired
}

// enter notes a call and returns the rule that acts on it, by waiting as that
// one says. end stops the waiting; it is nil for calls without a context.
func (p *Plan) enter(c Call, end <-chan struct{}) (Rule, bool) {
	c, r, hook := p.note(c)
	if hook != nil {
		hook(c)
	}
	if r.Err != nil {
		r.Err = fmt.Errorf("%s %q, call %d: %w", c.Op, c.Volume, c.Number, r.Err)
	}
	return r, r.wait(end)
}

func (p *Plan) note(c Call) (Call, Rule, func(Call)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Number = len(p.calls) + 1
	p.calls = append(p.calls, c)
	acting := Rule{}
	decided := false
	for i := range p.rules {
		if p.rules[i].acts(c) && !decided {
			acting, decided = p.rules[i].Rule, true
			p.fired++
		}
	}
	return c, acting, p.hook
}

// acts counts the call if the rule is for it, and tells whether it acts.
func (r *rule) acts(c Call) bool {
	if r.Op != "" && r.Op != c.Op {
		return false
	}
	if r.Volume != "" && r.Volume != c.Volume && r.Volume != c.Target {
		return false
	}
	r.seen++
	first := max(r.Nth, 1)
	return r.seen >= first && (r.Times == Forever || r.seen < first+max(r.Times, 1))
}

// wait waits as the rule says and reports whether it got to the end of it.
func (r Rule) wait(end <-chan struct{}) bool {
	if r.Delay > 0 {
		timer := time.NewTimer(r.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-end:
			return false
		}
	}
	if r.Block != nil {
		select {
		case <-r.Block:
		case <-end:
			return false
		}
	}
	return true
}

package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// A Contest says what runs against what, and where.
type Contest struct {
	Data      string // folder of BuildData
	Image     string // Plain or Shuffled
	Spliced   string // the daemon's program
	Splicectl string
	Conf      string // the cluster's ceph.conf
	User      string // name at the cluster, without "client."
	Pool      string // pool of the cluster, for both
	Volume    string // name of the volume that spliced makes of the OVA's disk
	Rounds    int    // measured ones, after one to warm up; at least 1
}

// OVAName is the name under which the OVA is imported.
const OVAName = "bench"

// A contestant imports the same disk again and again.
type contestant interface {
	// prepare makes ready what isn't to be measured.
	prepare(ctx context.Context) error
	// run imports the disk; all but the figures for wall and machine is its to fill.
	run(ctx context.Context) (sample, error)
	// clear removes what run has made.
	clear(ctx context.Context) error
}

// Run starts the daemon, holds the contest, writes its table to w, and fails
// unless both contestants' volumes are identical in the end.
func (c Contest) Run(ctx context.Context, w io.Writer) error {
	scratch, err := os.MkdirTemp("", "spliced-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // only scratch files
	p := proc{root: "/proc"}
	return setup{program: c.Spliced, scratch: scratch, pool: rbdPool(c.Conf, c.User, c.Pool)}.withDaemon(ctx, func(d daemon) error {
		return c.rounds(ctx, w, p,
			&result{name: "spliced"}, splicedImport{contest: c, daemon: d, proc: p},
			&result{name: "qemu-img"}, qemuImport{contest: c})
	})
}

// rounds lets a and b run in turns; which of them is first alternates too.
func (c Contest) rounds(ctx context.Context, w io.Writer, p proc, ra *result, a contestant, rb *result, b contestant) error {
	for i := range c.Rounds + 1 {
		order := []*result{ra, rb}
		who := map[*result]contestant{ra: a, rb: b}
		if i%2 == 1 {
			order[0], order[1] = order[1], order[0]
		}
		for _, r := range order {
			s, err := measure(ctx, p, who[r])
			if err != nil {
				return fmt.Errorf("round %d of %s: %w", i, r.name, err)
			}
			if i > 0 {
				r.samples = append(r.samples, s)
			}
			if i == c.Rounds {
				continue // kept to be compared
			}
			if err := who[r].clear(ctx); err != nil {
				return fmt.Errorf("clear round %d of %s: %w", i, r.name, err)
			}
		}
	}
	if err := c.report(w, *ra, *rb); err != nil {
		return err
	}
	if err := c.compare(ctx); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w, "Both volumes are identical."); err != nil {
		return err
	}
	if err := a.clear(ctx); err != nil {
		return err
	}
	return b.clear(ctx)
}

func measure(ctx context.Context, p proc, who contestant) (sample, error) {
	if err := who.prepare(ctx); err != nil {
		return sample{}, err
	}
	before, err := p.machine()
	if err != nil {
		return sample{}, err
	}
	s, err := who.run(ctx)
	if err != nil {
		return sample{}, err
	}
	after, err := p.machine()
	s.machine = after - before
	return s, err
}

// report writes what was measured on what, then the table.
func (c Contest) report(w io.Writer, a, b result) error {
	st, err := os.Stat(c.file(".vmdk"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s VMDK of %d MiB into RBD, %d CPUs, medians of %d rounds (least–most)\n",
		c.Image, st.Size()>>20, runtime.NumCPU(), c.Rounds)
	if err != nil {
		return err
	}
	return writeTable(w, a, b)
}

// compare lets qemu-img read both volumes.
func (c Contest) compare(ctx context.Context) error {
	return command(exec.CommandContext(ctx, "qemu-img", "compare", "-f", "raw", "-F", "raw",
		c.uri(c.Volume), c.uri(qemuVolume)))
}

// uri names a volume as QEMU's driver for RBD wants it.
func (c Contest) uri(volume string) string {
	return fmt.Sprintf("rbd:%s/%s:conf=%s:id=%s", c.Pool, volume, c.Conf, c.User)
}

// file is a file of the data's, by its ending.
func (c Contest) file(ending string) string {
	return filepath.Join(c.Data, c.Image+ending)
}

// elapsed runs a command and tells how long it took.
func elapsed(cmd *exec.Cmd) (time.Duration, error) {
	start := time.Now()
	err := command(cmd)
	return time.Since(start), err
}

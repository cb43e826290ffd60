package catalog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/block"
	"spliced/block/fault"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/worker"
)

// check runs a check to its end and returns what it found, in short: kind,
// object, volume.
func (f *fixture) check(p api.Check) []string {
	f.t.Helper()
	j := f.done(f.catalog.Check(p, caller()))
	return inShort(f.catalog.Findings(j.ID))
}

func inShort(findings []api.Finding) []string {
	list := []string{}
	for _, found := range findings {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", found.Kind, found.Object, found.Volume)))
	}
	slices.Sort(list)
	return list
}

// Where records and pool agree nothing is found, whatever kinds of disks there
// are and however they came.
func TestCheckFindsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	data, _, _ := manyThings()
	f.done(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: "web"}, source(t, data), caller()))
	f.done(f.uploadImage("base"))
	f.volume("theirs", "") // not ours
	before := f.written()
	j := f.done(f.catalog.Check(api.Check{Digests: true}, caller()))
	if found := f.catalog.Findings(j.ID); len(found) != 0 || !strings.Contains(j.Message, "7 volumes in 1 pool: nothing is wrong") {
		t.Errorf("%s %q", j.Message, inShort(found))
	}
	if diff := cmp.Diff(before, f.written()); diff != "" {
		t.Errorf("it changed records:\n%s", diff)
	}
}

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	web, base := `OVA "web"`, `image "base"`
	for name, c := range map[string]struct {
		spoil   func(f *fixture)
		digests bool
		want    []string
	}{
		"a volume that is gone": {
			spoil: func(f *fixture) { ok(f.t, f.pool.Remove(f.t.Context(), "ova_web_sda")) },
			want:  []string{"missing-volume " + web + " ova_web_sda"},
		},
		"all volumes of an OVA gone": {
			spoil: func(f *fixture) {
				ok(f.t, f.pool.Remove(f.t.Context(), "ova_web_sda"))
				ok(f.t, f.pool.Remove(f.t.Context(), "ova_web.record"))
			},
			want: []string{"missing-volume " + web + " ova_web.record", "missing-volume " + web + " ova_web_sda"},
		},
		"a volume of another job": {
			spoil: func(f *fixture) { f.label("base", ingest.MetaJob, other) },
			want:  []string{"missing-volume " + base + " base"},
		},
		"a volume of another size": {
			spoil: func(f *fixture) { f.rewrite("base", make([]byte, 4096), false) },
			want:  []string{"size-mismatch " + base + " base"},
		},
		"a damaged volume, unread": {
			spoil: func(f *fixture) { f.rewrite("base", make([]byte, 64<<10), false) },
		},
		"a damaged volume, read": {
			spoil:   func(f *fixture) { f.rewrite("base", make([]byte, 64<<10), false) },
			digests: true,
			want:    []string{"digest-mismatch " + base + " base"},
		},
		"an orphan": {
			spoil: func(f *fixture) { f.volume("lost", mine) },
			want:  []string{"orphan-volume  lost"},
		},
		"an orphan of another host": {
			spoil: func(f *fixture) {
				f.volume("lost", mine)
				f.label("lost", ingest.MetaHost, "there")
			},
		},
		"staging volumes of nobody": {
			spoil: func(f *fixture) {
				f.volume("spliced.0aa.1", "")
				f.volume("spliced.0aa.2", mine)
				f.volume("spliced.0bb.1", other)
				f.label("spliced.0bb.1", ingest.MetaHost, "there")
				f.volume("spliced.not-one-of.ours", "")
			},
			want: []string{"staging-leftover  spliced.0aa.1", "staging-leftover  spliced.0aa.2"},
		},
		"what another host has": {
			spoil: func(f *fixture) {
				there := newFixture(f.t)
				there.name, there.pool = "there", f.pool
				there.up()
				there.done(there.uploadOVA("new"))
				there.done(there.uploadImage("old"))
			},
			want: []string{`adoptable OVA "new" ova_new.record`, `adoptable image "old" old`},
		},
		"a record without disks": {
			spoil: func(f *fixture) {
				there := newFixture(f.t)
				there.name, there.pool = "there", f.pool
				there.up()
				there.done(there.uploadOVA("new"))
				ok(f.t, f.pool.Remove(f.t.Context(), "ova_new_sda"))
			},
			want: []string{`orphan-volume OVA "new" ova_new.record`},
		},
		"a broken record": {
			spoil: func(f *fixture) {
				ok(f.t, os.WriteFile(filepath.Join(f.state, "scripts", "x.yaml"), []byte("nonsense"), 0o600))
			},
			want: []string{`corrupt-record record "x" of scripts`},
		},
		"references that lead nowhere": {
			spoil: func(f *fixture) {
				ok(f.t, os.Remove(filepath.Join(f.state, "system-templates", "web.yaml")))
				ok(f.t, os.Remove(filepath.Join(f.state, "descriptors", "web.ovf")))
			},
			want: []string{"dangling-reference " + web, `dangling-reference profile "web"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.up()
			f.done(f.uploadOVA("web"))
			f.done(f.uploadImage("base"))
			ok(t, os.MkdirAll(filepath.Join(f.state, "scripts"), 0o750))
			c.spoil(f)
			before, err := f.pool.List(t.Context())
			ok(t, err)
			got := f.check(api.Check{Digests: c.digests})
			if diff := cmp.Diff(append([]string{}, c.want...), got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			f.holds(before...)
		})
	}
}

// While jobs work nothing of theirs is a finding.
func TestCheckBesideJobs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	release, reached := make(chan struct{}), make(chan struct{}, 1)
	f.under(fault.Rule{Op: fault.Snapshot, Block: release}).Before(func(c fault.Call) {
		if c.Op == fault.Snapshot {
			select {
			case reached <- struct{}{}:
			default:
			}
		}
	})
	f.up()
	j, err := f.uploadOVA("web")
	ok(t, err)
	<-reached // one volume has its final name, the other its staging name
	if got := f.check(api.Check{}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	close(release)
	f.done(j, nil)
	if got := f.check(api.Check{Pool: "local"}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
}

// A pool that doesn't answer fails the check, by its name; the others were looked
// at all the same.
func TestCheckWithoutAPool(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.more = []worker.PoolSpec{{Name: "away", Driver: worker.DriverDir}}
	open := f.open
	f.open = func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
		if s.Name == "away" {
			return nil, fmt.Errorf("cannot reach it: %w", block.ErrUnavailable)
		}
		return open(ctx, s)
	}
	f.up()
	f.volume("lost", mine)
	p := api.Check{RequestID: "00000000-0000-4000-8000-000000000001"}
	j, err := f.end(f.catalog.Check(p, caller()))
	code(t, err, rpc.ClusterUnavailable)
	if err == nil || !strings.Contains(err.Error(), `pool "away"`) {
		t.Errorf("got %v", err)
	}
	want := []string{"orphan-volume  lost"}
	if diff := cmp.Diff(want, inShort(f.catalog.Findings(j.ID))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, f.check(api.Check{Pool: "local"})); diff != "" {
		t.Errorf("findings in the other pool (-want +got):\n%s", diff)
	}
	_, err = f.catalog.Check(api.Check{Pool: "nowhere"}, caller())
	code(t, err, rpc.NotFound)
}

// The same request is the same check, and only the last checks are remembered.
func TestCheckIsRemembered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.volume("lost", mine)
	p := api.Check{RequestID: "00000000-0000-4000-8000-000000000002"}
	first := f.done(f.catalog.Check(p, caller()))
	again := f.done(f.catalog.Check(p, caller()))
	if first.ID != again.ID || len(f.catalog.Findings(again.ID)) != 1 {
		t.Errorf("jobs %s and %s, findings %v", first.ID, again.ID, f.catalog.Findings(again.ID))
	}
	for range 16 {
		f.check(api.Check{})
	}
	if left := f.catalog.Findings(first.ID); left != nil {
		t.Errorf("still remembered: %v", left)
	}
}

// TestBrokenRecordsVolumes are not told to be anybody's or nobody's: a hint to
// remove them, or to adopt what has a record, would be wrong.
func TestBrokenRecordsVolumes(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	f.done(f.uploadImage("base"))
	f.done(f.createVM("guest", "web"))
	f.stop()
	want := []string{}
	for _, kind := range []string{"images-local", "ovas", "vms"} {
		paths, err := filepath.Glob(filepath.Join(f.state, kind, "*.yaml"))
		ok(t, err)
		ok(t, os.WriteFile(paths[0], []byte("nonsense"), 0o600))
		want = append(want, fmt.Sprintf("corrupt-record record %q of %s", strings.TrimSuffix(filepath.Base(paths[0]), ".yaml"), kind))
	}
	slices.Sort(want)
	f.up()
	if diff := cmp.Diff(want, f.check(api.Check{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

package catalog_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spliced/api"
	"spliced/block"
	"spliced/catalog"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

// A wreck is a state in which a daemon was killed, and what is to become of it.
type wreck struct {
	name    string
	intent  *catalog.Intent
	job     api.Job
	image   string // the job that made the record of image web, "": there is none
	ova     string
	volumes map[string]string // name → the job that made it

	left     []string // volumes afterwards
	keeps    bool     // the record
	succeeds bool     // the job
}

const (
	mine  = "0aa"
	other = "0bb"
	stage = "spliced." + mine + "."
)

func wrecks() []wreck {
	imp := func(volumes ...string) *catalog.Intent {
		return &catalog.Intent{Job: mine, Action: "import", Object: "ova", Pool: "local", Name: "web", Volumes: volumes}
	}
	rem := func(volumes ...string) *catalog.Intent {
		return &catalog.Intent{Job: mine, Action: "removal", Object: "ova", Pool: "local", Name: "web", MadeBy: other, Volumes: volumes}
	}
	img := func(action, madeBy string, volumes ...string) *catalog.Intent {
		i := &catalog.Intent{Job: mine, Object: "image", Pool: "local", Name: "web", MadeBy: madeBy, Volumes: volumes}
		if i.Action = "import"; action == "removal" {
			i.Action = "removal"
		}
		return i
	}
	const sda, sdb = "ova_web_sda", "ova_web_sdb"
	return []wreck{
		{name: "import: nothing but a job"},
		{name: "import: nothing but a job, done", ova: mine, volumes: map[string]string{sda: mine}, left: []string{sda}, keeps: true, succeeds: true},
		{name: "import: intent", intent: imp()},
		{name: "import: staging", intent: imp(), volumes: map[string]string{stage + "1": "", stage + "2": "", "spliced.0aaa.1": "", "web": ""}, left: []string{"spliced.0aaa.1", "web"}},
		{name: "import: final names, none there", intent: imp(sda, sdb), volumes: map[string]string{stage + "1": mine, stage + "2": mine}},
		{name: "import: one final", intent: imp(sda, sdb), volumes: map[string]string{sda: mine, stage + "2": mine}},
		{name: "import: finals, no record", intent: imp(sda, sdb), volumes: map[string]string{sda: mine, sdb: mine}},
		{name: "import: a final that another job made", intent: imp(sda, sdb), volumes: map[string]string{sda: other, sdb: ""}, left: []string{sda, sdb}},
		{name: "import: record", intent: imp(sda), ova: mine, volumes: map[string]string{sda: mine}, left: []string{sda}, keeps: true, succeeds: true},
		{name: "import: another job's record", intent: imp(sda), ova: other, volumes: map[string]string{sda: other, stage + "1": mine}, left: []string{sda}, keeps: true},
		{name: "image import: finals, no record", intent: img("import", "", "web"), volumes: map[string]string{"web": mine}},
		{name: "image import: record", intent: img("import", "", "web"), image: mine, volumes: map[string]string{"web": mine}, left: []string{"web"}, keeps: true, succeeds: true},
		{name: "removal: nothing but a job, not begun", ova: other, job: api.Job{Kind: catalog.OVARemove}, volumes: map[string]string{sda: other}, left: []string{sda}, keeps: true},
		{name: "removal: nothing but a job, done", job: api.Job{Kind: catalog.OVARemove}, succeeds: true},
		{name: "removal: record", intent: rem(sda, sdb), ova: other, volumes: map[string]string{sda: other, sdb: other}, succeeds: true},
		{name: "removal: no record", intent: rem(sda, sdb), volumes: map[string]string{sda: other, sdb: other}, succeeds: true},
		{name: "removal: one volume gone", intent: rem(sda, sdb), volumes: map[string]string{sdb: other}, succeeds: true},
		{name: "removal: all gone", intent: rem(sda, sdb), succeeds: true},
		{name: "removal: a volume that another job made", intent: rem(sda, sdb), volumes: map[string]string{sda: "0cc", sdb: other}, left: []string{sda}, succeeds: true},
		{name: "removal: another job's record", intent: rem(sda), ova: "0cc", volumes: map[string]string{sda: "0cc"}, left: []string{sda}, keeps: true, succeeds: true},
		{name: "image removal", intent: img("removal", other, "web"), image: other, volumes: map[string]string{"web": other}, succeeds: true},
		{name: "nobody's volumes", volumes: map[string]string{"spliced.0dd.1": "0dd", sda: "0dd"}, left: []string{"spliced.0dd.1", sda}},
	}
}

// build makes the state.
func (w wreck) build(f *fixture) {
	f.t.Helper()
	files, err := store.Open(f.t.Context(), f.state, store.Options{})
	ok(f.t, err)
	j := w.job
	j.ID, j.Pool, j.Name, j.State, j.Created = mine, "local", "web", api.JobRunning, time.Unix(1, 0).UTC()
	if j.Kind == "" {
		j.Kind = catalog.OVAUpload
	}
	ok(f.t, store.NewCollection[api.Job](files, "jobs", 1).Put(mine, j))
	if w.intent != nil {
		ok(f.t, store.NewCollection[catalog.Intent](files, "intents", 1).Put(mine, *w.intent))
	}
	if w.image != "" {
		ok(f.t, store.NewCollection[api.Volume](files, "images-local", 1).Put("web", api.Volume{Pool: "local", Name: "web", Job: w.image}))
	}
	if w.ova != "" {
		ok(f.t, store.NewCollection[api.OVA](files, "ovas", 1).Put("web", api.OVA{Pool: "local", Name: "web", Job: w.ova}))
		ok(f.t, store.NewBlobs(files, "descriptors", ".ovf").Put("web", []byte("<Envelope/>")))
	}
	ok(f.t, files.Close())
	for name, by := range w.volumes {
		f.volume(name, by)
	}
}

// check holds what became of it against what should.
func (w wreck) check(f *fixture) {
	f.t.Helper()
	f.settled()
	f.holds(w.left...)
	records := len(f.kept("ovas")) + len(f.kept("images-local"))
	if (records == 1) != w.keeps || len(f.kept("descriptors")) != len(f.kept("ovas")) {
		f.t.Errorf("%d records, descriptors %q", records, f.kept("descriptors"))
	}
	j, err := f.jobs.Wait(f.t.Context(), mine, nil)
	ok(f.t, err)
	switch {
	case w.succeeds && j.State != api.JobSucceeded:
		f.t.Errorf("the job is %s: %s", j.State, j.Message)
	case !w.succeeds && (j.Failure == nil || j.Failure.Code != int(rpc.DaemonRestart)):
		f.t.Errorf("the job is %s, %+v", j.State, j.Failure)
	}
	if !strings.Contains(j.Message, "restarted") {
		f.t.Errorf("its message is %q", j.Message)
	}
}

// Whatever an earlier daemon left is completed or undone, and its job is told.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, w := range wrecks() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			w.build(f)
			f.up()
			w.check(f)
			// A second start finds nothing to do, and says nothing new.
			f.stop()
			f.up()
			w.check(f)
		})
	}
}

// While the storage is away nothing is decided; the names of what may be half
// there are kept meanwhile.
func TestRecoveryWaitsForStorage(t *testing.T) {
	t.Parallel()
	for _, w := range wrecks() {
		if w.intent == nil || w.intent.Object != "ova" || w.succeeds && w.intent.Action == "import" {
			continue // it has nothing to do in the pool
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			w.build(f)
			tried, back := make(chan struct{}, 100), make(chan struct{})
			open := f.open
			f.open = func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
				select {
				case <-back:
					return open(ctx, s)
				default:
					tried <- struct{}{}
					return nil, block.ErrUnavailable
				}
			}
			f.up()
			<-tried
			if j, err := f.jobs.Show(mine); err != nil || j.State.Ended() || f.catalog.Left() != 1 {
				t.Errorf("without storage the job is %s, %d left, %v", j.State, f.catalog.Left(), err)
			}
			if len(w.intent.Volumes) > 0 && w.ova == "" {
				_, err := f.uploadOVA("web")
				code(t, err, rpc.Busy)
			}
			close(back)
			w.check(f)
		})
	}
}

// Of records that can't be read the others don't suffer.
func TestCorruptRecords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	for _, name := range []string{"a", "b", "c"} {
		f.done(f.uploadOVA(name))
		f.done(f.uploadImage(name))
	}
	f.stop()
	good, err := os.ReadFile(filepath.Join(f.state, "ovas", "a.yaml"))
	ok(t, err)
	for n, text := range []string{
		"", "\x00\x00\x00\x00", string(good[:len(good)/2]), strings.Replace(string(good), "name: a", "name: a\nname: b", 1),
		strings.Repeat("# much\n", 1<<20), "a: &x [1]\nb: [*x,*x]\n...\n",
	} {
		ok(t, os.WriteFile(filepath.Join(f.state, "ovas", "b.yaml"), []byte(text), 0o600))
		ok(t, os.WriteFile(filepath.Join(f.state, "images-local", "b.yaml"), []byte(text), 0o600))
		ok(t, os.WriteFile(filepath.Join(f.state, "intents", "b.yaml"), []byte(text), 0o600))
		f.up()
		ovas := f.ovas("")
		images, err := f.catalog.Images("", "")
		ok(t, err)
		named := func(o api.OVASummary) string { return o.Name }
		if len(images) != 2 || len(ovas) != 2 || named(ovas[0]) != "a" || named(ovas[1]) != "c" {
			t.Errorf("case %d: %d OVAs, %d images", n, len(ovas), len(images))
		}
		if corrupt := f.catalog.Corrupt(); len(corrupt) != 3 || !slices.IsSorted(corrupt) {
			t.Errorf("case %d: corrupt %q", n, corrupt)
		}
		if _, err := f.catalog.OVA("b", false); err == nil {
			t.Errorf("case %d: a corrupt record was shown", n)
		}
		f.holds("a", "b", "c", "ova_a.record", "ova_a_sda", "ova_b.record", "ova_b_sda", "ova_c.record", "ova_c_sda")
		f.stop()
	}
}

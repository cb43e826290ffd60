package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"spliced/api"
	"spliced/block/fault"
	"spliced/catalog"
	"spliced/rpc"
	"spliced/store"
)

func (f *fixture) removePlain(name string) (api.Job, error) {
	return f.catalog.RemoveOVA(api.OVARemove{Name: name}, caller())
}

// What an OVA brought keeps it from being removed, and goes along when that is
// asked for, while what somebody else made stays.
func TestCascade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.stock()
	f.done(f.uploadOVA("web"))
	f.done(f.uploadOVA("web2"))
	f.made(api.KindSystem, "own", content{"vcpus": 1, "vram": 1})
	f.made(api.KindProfile, "own", content{"type": "ova", "ova": "web2", "system_template": "own"})
	_, err := f.removePlain("web")
	code(t, err, rpc.Busy)
	if e := new(rpc.Error); !errors.As(err, &e) || e.Message != `profile "web" refers to it.` || e.Data.Hint == "" {
		t.Errorf("got %v", err)
	}
	j := f.done(f.removeOVA("web"))
	if j.Message != `Removed OVA "web" with 1 system template and 1 profile.` {
		t.Errorf("message %q", j.Message)
	}
	f.settled()
	for kind, want := range map[string][]string{
		"ovas": {"web2.yaml"}, "descriptors": {"web2.ovf"},
		"system-templates": {"own.yaml", "web2.yaml", "x.yaml"}, "profiles": {"own.yaml", "web2.yaml"},
	} {
		if got := f.kept(kind); !slices.Equal(got, want) {
			t.Errorf("%s are %q, want %q", kind, got, want)
		}
	}
	ok(t, errors.Join(f.drop(api.KindProfile, "own"), f.drop(api.KindProfile, "web2")))
	f.done(f.removePlain("web2")) // nobody refers to it any more; its template is nobody's business
	if got := f.kept("system-templates"); !slices.Contains(got, "web2.yaml") {
		t.Errorf("system templates are %q", got)
	}
}

// Whatever was not made with the OVA, and uses it or what was, is in the way.
func TestCascadeSparesOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("web"))
	for _, spec := range []content{
		{"type": "ova", "ova": "web"},
		{"type": "provisioner", "system_template": "web"},
		{"type": "provisioner", "system_template": "web", "origin": "ova other"},
	} {
		f.made(api.KindProfile, "own", spec)
		_, err := f.removeOVA("web")
		code(t, err, rpc.Busy)
		if err == nil || err.Error() != `profile "own" refers to it or to what was made with it, and was not made with it.` {
			t.Errorf("%v: %v", spec, err)
		}
		ok(t, f.drop(api.KindProfile, "own"))
	}
	// A broken file still refers to what it did when it was whole.
	f.made(api.KindProfile, "own", content{"type": "ova", "ova": "web"})
	ok(t, os.WriteFile(f.file("profiles", "own"), []byte("broken"), 0o600))
	_, err := f.removeOVA("web")
	code(t, err, rpc.Busy)
	ok(t, f.drop(api.KindProfile, "own"))
	f.done(f.removeOVA("web"))
}

// While a removal is under way nothing comes to refer to what goes, and what goes
// with it stays as it is.
func TestReferenceWhileRemoving(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	reached, over := make(chan struct{}), make(chan struct{})
	var armed sync.Once
	f.up()
	f.stock()
	f.done(f.uploadOVA("web"))
	f.done(f.uploadImage("disk"))
	f.under().Before(func(fault.Call) {
		armed.Do(func() { close(reached) })
		<-over
	})
	ova, err := f.removeOVA("web")
	ok(t, err)
	image, err := f.removeImage("disk")
	ok(t, err)
	<-reached
	for name, try := range map[string]func() error{
		"refer to the OVA": func() error { return second(f.create(api.KindProfile, "p", content{"type": "ova", "ova": "web"})) },
		"refer to its template": func() error {
			return second(f.create(api.KindProfile, "p", content{"type": "ova", "system_template": "web"}))
		},
		"refer to the image": func() error {
			return second(f.create(api.KindStorage, "s", content{"disks": []content{{"id": "sda", "pool": "local", "source_volume": "disk"}}}))
		},
		"take its profile's name":  func() error { return second(f.create(api.KindProfile, "web", content{"type": "ova"})) },
		"take a system's name":     func() error { return second(f.create(api.KindSystem, "web.b", content{"vcpus": 1, "vram": 1})) },
		"modify its profile":       func() error { return second(f.modify(api.KindProfile, "web", content{"origin": nil})) },
		"remove its profile first": func() error { return f.drop(api.KindProfile, "web") },
	} {
		var e *rpc.Error
		if err := try(); !errors.As(err, &e) || e.Code != rpc.Busy || e.Data.Job == "" || e.Data.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.made(api.KindNetwork, "web", content{"networks": []content{}}) // no OVA brings one
	close(over)
	f.done(ova, nil)
	f.done(image, nil)
	f.made(api.KindProfile, "web", content{"type": "provisioner"})
}

func second(_ api.Entry, err error) error { return err }

// A removal that was decided is completed by the next daemon, even where somebody
// tidied up by hand meanwhile.
func TestCascadeIsCompleted(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(f *fixture){
		"nothing":            func(*fixture) {},
		"the profile went":   func(f *fixture) { ok(t, os.Remove(f.file("profiles", "web"))) },
		"the descriptor did": func(f *fixture) { ok(t, os.Remove(filepath.Join(f.state, "descriptors", "web.ovf"))) },
		"the profile broke":  func(f *fixture) { ok(t, os.WriteFile(f.file("profiles", "web"), []byte("x"), 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.up()
			f.done(f.uploadOVA("web"))
			f.made(api.KindProfile, "own", content{"type": "provisioner"})
			o, err := f.catalog.OVA("web", false)
			ok(t, err)
			f.stop()
			files, err := store.Open(t.Context(), f.state, store.Options{})
			ok(t, err)
			ok(t, store.NewCollection[catalog.Intent](files, "intents", 1).Create("0ff", catalog.Intent{
				Job: "0ff", Action: "removal", Object: "ova", Pool: "local", Name: "web", MadeBy: o.Job, Volumes: []string{"ova_web_sda", "ova_web.record"},
				Entries: []catalog.EntryName{{Kind: api.KindProfile, Name: "web"}, {Kind: api.KindSystem, Name: "web"}},
			}))
			ok(t, files.Close())
			meanwhile(f)
			f.up()
			f.settled()
			f.holds()
			for kind, want := range map[string][]string{"ovas": nil, "descriptors": nil, "system-templates": nil, "profiles": {"own.yaml"}} {
				if got := f.kept(kind); !slices.Equal(got, want) {
					t.Errorf("%s are %q, want %q", kind, got, want)
				}
			}
			f.done(f.uploadOVA("web")) // all its names are free again
		})
	}
}

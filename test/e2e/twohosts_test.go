package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// startAs starts a daemon that takes itself for another host: each has a host name
// of its own (unshare(1)), its state folder and its socket, and both have the pool.
func (h *host) startAs(t *testing.T, name string) *daemon {
	t.Helper()
	if os.Geteuid() != 0 {
		lacking(t, "ceph", "needs root to give a daemon a host name of its own")
	}
	script := `hostname "$0" && exec "$@"`
	return h.launch(t, nil, "unshare", "--uts", "sh", "-c", script, name, filepath.Join(bin, splicedProgram), "--listen", h.socket).answers(t)
}

// recordFiles are the files that describe OVAs and images, by their path. What an
// image takes in the pool now is left out: an adoption looks at it anew.
func recordFiles(t *testing.T, h *host) map[string]string {
	t.Helper()
	allocated := regexp.MustCompile(`(?m)^allocated: .*\n`)
	all := map[string]string{}
	for _, kind := range []string{"ovas", "descriptors", "system-templates", "profiles", "images-p"} {
		paths, err := filepath.Glob(filepath.Join(h.state, kind, "[a-z]*"))
		must(t, err)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			must(t, err)
			all[kind+"/"+filepath.Base(path)] = allocated.ReplaceAllString(string(data), "")
		}
	}
	return all
}

func adopt(t *testing.T, c *client.Client, what, name string) error {
	t.Helper()
	return c.Call(t.Context(), what+".adopt", params{"pool": "p", "name": name, "wait": true}, nil)
}

// adoptAll adopts all that there is, as who rebuilds a host does.
func adoptAll(t *testing.T, c *client.Client) (names []string) {
	t.Helper()
	for _, what := range []string{"ova", "image"} {
		var list []api.Adoptable
		must(t, c.Call(t.Context(), what+".adoptable", params{"pool": "p"}, &list))
		for _, a := range list {
			must(t, adopt(t, c, what, a.Name))
			names = append(names, fmt.Sprintf("%s %s from %s, %d", what, a.Name, a.Host, a.Disks))
		}
	}
	return names
}

// finds compares what a check finds with what it should, as kind and volume.
func finds(t *testing.T, c *client.Client, want ...string) {
	t.Helper()
	var r api.CheckResult
	must(t, c.Call(t.Context(), "catalog.check", params{"digests": true, "wait": true}, &r))
	var got []string
	for _, f := range r.Findings {
		got = append(got, string(f.Kind)+" "+f.Volume)
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the check found %q, want %q\n%+v", got, want, r)
	}
}

// clone makes a clone of an OVA's disk on a daemon's host without the daemon, as
// any other tool might.
func clone(t *testing.T, p place, volume, name string) (remove func()) {
	t.Helper()
	c, isCeph := p.(cephPlace)
	if !isCeph {
		return nil // a folder's clones are its driver's own
	}
	c.rbd(t, "clone", "--rbd-default-clone-format", "2", c.pool+"/"+volume+"@spliced", c.pool+"/"+name)
	return func() { c.rbd(t, "rm", "--no-progress", name) }
}

// TestTwoHosts has two daemons with folders of their own on one pool: what one
// imports the other can adopt, and a host that was rebuilt has all again.
func TestTwoHosts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		ha, hb := newHost(t, p), newHost(t, p)
		a, b := ha.startAs(t, "host-a"), hb.startAs(t, "host-b")
		ca, cb := a.dial(t), b.dial(t)
		a.importOVA(t, ca, "web", fromPipe)
		_, err := upload(t, ca, "image.upload", "base", source(t, fromFile, theAppliance().disks[0]), params{"wait": true})
		must(t, err)
		finds(t, ca)
		finds(t, cb, "adoptable ova_web.record", "adoptable base")

		for _, k := range []kind{fromFile, fromPipe} {
			_, err = upload(t, cb, "ova.upload", "web", source(t, k, theAppliance().ova), params{"wait": true})
			if code(err) != rpc.Exists || !strings.Contains(err.Error(), `"host-a"`) {
				t.Errorf("an upload of a name that the other host has: %v", err)
			}
		}
		if got, want := adoptAll(t, cb), []string{"ova web from host-a, 2", "image base from host-a, 1"}; !slices.Equal(got, want) {
			t.Errorf("adopted %q, want %q", got, want)
		}
		b.whole(t, cb, "web")
		before := recordFiles(t, ha)
		if diff := cmp.Diff(before, recordFiles(t, hb)); diff != "" || len(before) != 5 {
			t.Errorf("of %d files of host A host B has others (-A +B):\n%s", len(before), diff)
		}
		finds(t, cb)

		if remove := clone(t, p, "ova_web_sda", "vm_sda"); remove != nil {
			err := ca.Call(t.Context(), "ova.remove", params{"name": "web", "cascade": true, "wait": true}, nil)
			if code(err) != rpc.Busy || !strings.Contains(err.Error(), "vm_sda") {
				t.Errorf("a removal in spite of a clone: %v", err)
			}
			a.whole(t, ca, "web")
			remove()
		}

		must(t, ca.Close())
		a.stop(t)
		must(t, os.RemoveAll(ha.state))
		a = ha.startAs(t, "host-a")
		ca = a.dial(t)
		adoptAll(t, ca)
		if diff := cmp.Diff(before, recordFiles(t, ha)); diff != "" {
			t.Errorf("the rebuilt host has other files (-before +after):\n%s", diff)
		}

		must(t, ca.Call(t.Context(), "ova.remove", params{"name": "web", "cascade": true, "wait": true}, nil))
		must(t, ca.Call(t.Context(), "image.remove", params{"pool": "p", "name": "base", "wait": true}, nil))
		clean(t, ca, patience)
		finds(t, ca)
		finds(t, cb, "missing-volume ova_web.record", "missing-volume ova_web_sda", "missing-volume ova_web_sdb", "missing-volume base")
		must(t, cb.Call(t.Context(), "ova.remove", params{"name": "web", "cascade": true, "wait": true}, nil))
		must(t, cb.Call(t.Context(), "image.remove", params{"pool": "p", "name": "base", "wait": true}, nil))
		finds(t, cb)
		if left := append(p.volumes(t, "web"), p.volumes(t, "base")...); len(left) > 0 {
			t.Errorf("in the pool are: %q", left)
		}
	})
}

// TestTwoHostsRace has two hosts import one name at the same moment: one has it,
// the other leaves nothing.
func TestTwoHostsRace(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		a, b := newHost(t, p).startAs(t, "host-a"), newHost(t, p).startAs(t, "host-b")
		rounds := 20
		if p.lingers() {
			rounds = 5
		}
		won := map[bool]int{}
		for n := range rounds {
			name := fmt.Sprintf("race%d", n)
			start := make(chan struct{})
			var failures [2]error
			var both sync.WaitGroup
			for i, d := range []*daemon{a, b} {
				c, src := d.dial(t), source(t, fromFile, theAppliance().ova)
				both.Go(func() {
					<-start
					failures[i] = c.Call(t.Context(), "ova.upload", params{"pool": "p", "name": name, "source": params{"fd": 0}, "wait": true}, nil, src)
					_ = c.Close()
				})
			}
			close(start)
			both.Wait()
			if (failures[0] == nil) == (failures[1] == nil) {
				t.Fatalf("round %d ended with %v and %v", n, failures[0], failures[1])
			}
			winner, lost := a, failures[1]
			if lost == nil {
				winner, lost = b, failures[0]
			}
			if code(lost) != rpc.Exists {
				t.Errorf("the loser of round %d is told %v", n, lost)
			}
			won[winner == a]++
			winner.whole(t, winner.dial(t), name)
			if got := p.volumes(t, "ova_"+name); !slices.Equal(slices.Sorted(slices.Values(withoutDots(got))), []string{
				"ova_" + name + ".record", "ova_" + name + "_sda", "ova_" + name + "_sdb",
			}) {
				t.Errorf("round %d left %q", n, got)
			}
		}
		clean(t, a.dial(t), patience)
		clean(t, b.dial(t), patience)
		if left := p.volumes(t, "spliced."); len(withoutDots(left)) > 0 {
			t.Errorf("staging volumes are left: %q", left)
		}
		t.Logf("host A won %d rounds, host B %d", won[true], won[false])
	})
}

// withoutDots drops what a folder keeps beside its volumes.
func withoutDots(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") })
}

package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"spliced/api"
	"spliced/block/fault"
	"spliced/failure"
	"spliced/libvirt"
	"spliced/rpc"
	"spliced/test/hosttest"
	"spliced/vm"
	"spliced/worker"
)

// withVM makes a fixture in which VMs can be made from the OVA "web".
func withVM(t *testing.T) (*fixture, *hosttest.Host) {
	t.Helper()
	f, h := newFixture(t), hosttest.New()
	f.host = h.Open
	f.up()
	f.web()
	return f, h
}

// web imports an OVA and completes its profile.
func (f *fixture) web() {
	f.t.Helper()
	f.done(f.uploadOVA("web"))
	f.entry(api.KindNetwork, "none", `{"networks": []}`)
	f.modified(api.KindProfile, "web", `{"network_template": "none"}`)
}

func (f *fixture) entry(kind api.Kind, name, spec string) {
	f.t.Helper()
	_, err := f.catalog.CreateEntry(kind, api.EntryWrite{Name: name, Spec: api.Spec(spec)}, caller())
	ok(f.t, err)
}

func (f *fixture) modified(kind api.Kind, name, patch string) {
	f.t.Helper()
	_, err := f.catalog.ModifyEntry(kind, api.EntryWrite{Name: name, Spec: api.Spec(patch)}, caller())
	ok(f.t, err)
}

func (f *fixture) createVM(name, profile string) (api.Job, error) {
	return f.catalog.CreateVM(api.VMCreate{Name: name, Profile: profile}, caller())
}

func (f *fixture) removeVM(name string, destroy bool) (api.Job, error) {
	return f.catalog.RemoveVM(api.VMRemove{Name: name, Destroy: destroy}, caller())
}

// A VM's disks are clones of its OVA's, under its own name; libvirt runs it, and
// its removal leaves nothing.
func TestVM(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	j := f.done(f.createVM("guest", "web"))
	if want := `Made VM "guest" with 1 volume, and started it.`; j.Message != want {
		t.Errorf("the job ends with %q, want %q", j.Message, want)
	}
	f.holds("guest_sda", "ova_web.record", "ova_web_sda")
	v, err := f.catalog.VM(t.Context(), "guest")
	ok(t, err)
	if v.State != "running" || v.VMID != 1 || v.OVA != "web" || v.Volumes[0].Source != "local/ova_web_sda" || v.Job != j.ID {
		t.Errorf("the VM is %+v", v)
	}
	m, err := vm.MetadataOf(v.XML)
	if err != nil || m.Job != j.ID || m.Profile != "web" {
		t.Errorf("its domain says %+v, %v", m, err)
	}
	_, err = f.end(f.removeVM("guest", false))
	code(t, err, rpc.InvalidState)
	f.done(f.removeVM("guest", true))
	f.holds("ova_web.record", "ova_web_sda")
	if left := append(h.Names(), f.kept("vms")...); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	f.settled()
}

// Whatever fails while a VM is made, nothing of it stays.
func TestVMFailures(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"open", "free", "memory", "define", "start"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			f, h := withVM(t)
			h.Fail(call, rpc.Errorf(rpc.ClusterUnavailable, "libvirt does not answer."))
			_, err := f.end(f.createVM("guest", "web"))
			code(t, err, rpc.ClusterUnavailable)
			h.Mend()
			f.settled()
			f.holds("ova_web.record", "ova_web_sda")
			if left := append(h.Names(), f.kept("vms")...); len(left) > 0 {
				t.Errorf("left are %q", left)
			}
			f.done(f.createVM("guest", "web"))
		})
	}
}

// While libvirt doesn't answer, what a failed VM left can't be removed; once it
// does, it is.
func TestVMIsUndoneLater(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	h.Fail("start", errors.New("no"))
	h.Fail("remove", errors.New("no answer"))
	_, err := f.end(f.createVM("guest", "web"))
	code(t, err, rpc.InternalError)
	_, err = f.end(f.createVM("guest", "web"))
	code(t, err, rpc.Busy)
	h.Mend()
	f.settled()
	f.holds("ova_web.record", "ova_web_sda")
	if left := h.Names(); len(left) > 0 {
		t.Errorf("libvirt has %q", left)
	}
}

// Each call into the pool fails once, while all of the others do not.
func TestVMPoolFailures(t *testing.T) {
	t.Parallel()
	for _, op := range []fault.Op{fault.Clone, fault.Open, fault.Info, fault.SetMetadata, fault.Flush, fault.Rename, fault.CloseVolume, fault.Locate} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			f, h := withVM(t)
			well := f.open
			for nth := 1; ; nth++ {
				plan := f.under(fault.Rule{Op: op, Nth: nth, Err: errors.New("broken")})
				_, err := f.end(f.createVM("guest", "web"))
				fired := plan.Fired() > 0
				f.open = well
				f.settled()
				if err == nil { // beyond the last call, or none that matters
					f.done(f.removeVM("guest", true))
				}
				f.holds("ova_web.record", "ova_web_sda")
				if left := append(h.Names(), f.kept("vms")...); len(left) > 0 {
					t.Fatalf("after the failure of call %d are left %q", nth, left)
				}
				if !fired {
					ok(t, err)
					return
				}
			}
		})
	}
}

// A domain of somebody else is never touched.
func TestForeignDomain(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	h.Put("guest", "<domain><name>guest</name></domain>", libvirt.Running)
	_, err := f.end(f.createVM("guest", "web"))
	code(t, err, rpc.Exists)
	f.settled()
	if got := h.Names(); !slices.Equal(got, []string{"guest"}) {
		t.Errorf("libvirt has %q", got)
	}
	f.holds("ova_web.record", "ova_web_sda")
}

// VMs that are made at once have numbers of their own.
func TestVMNumbers(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		all.Go(func() {
			if _, err := f.end(f.createVM(name, "web")); err != nil {
				t.Errorf("VM %q: %v", name, err)
			}
		})
	}
	all.Wait()
	list, err := f.catalog.VMs("")
	ok(t, err)
	var numbers []int
	for _, v := range list {
		numbers = append(numbers, v.VMID)
	}
	slices.Sort(numbers)
	if !slices.Equal(numbers, []int{1, 2, 3, 4, 5}) {
		t.Errorf("the numbers are %v", numbers)
	}
	f.done(f.removeVM("c", true))
	f.done(f.catalog.CreateVM(api.VMCreate{Name: "last", Profile: "web", VMID: 77}, caller()))
	_, err = f.catalog.CreateVM(api.VMCreate{Name: "same", Profile: "web", VMID: 77}, caller())
	code(t, err, rpc.Exists)
	_, err = f.catalog.CreateVM(api.VMCreate{Name: "none", Profile: "web", VMID: 1 << 16}, caller())
	code(t, err, rpc.InvalidParams)
}

// A VM without a domain is its volumes and its record; the domain's text is
// answered.
func TestVMWithoutDomain(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	no, yes := false, true
	j := f.done(f.catalog.CreateVM(api.VMCreate{Name: "guest", Profile: "web", Define: &no}, caller()))
	if want := `Made VM "guest" with 1 volume.`; j.Message != want {
		t.Errorf("the job ends with %q, want %q", j.Message, want)
	}
	f.holds("guest_sda", "ova_web.record", "ova_web_sda")
	if calls := h.Calls(); len(calls) > 0 {
		t.Errorf("libvirt was asked: %q", calls)
	}
	_, err := f.catalog.CreateVM(api.VMCreate{Name: "other", Profile: "web", Define: &no, Start: &yes}, caller())
	code(t, err, rpc.InvalidParams)
	f.done(f.removeVM("guest", false))
	f.holds("ova_web.record", "ova_web_sda")
}

// Rendering and trying make nothing.
func TestVMPreview(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	for _, preview := range []func(api.VMCreate) (api.VM, error){
		func(p api.VMCreate) (api.VM, error) { return f.catalog.RenderVM(t.Context(), p) },
		func(p api.VMCreate) (api.VM, error) { return f.catalog.TryVM(t.Context(), p) },
	} {
		v, err := preview(api.VMCreate{Name: "guest", Profile: "web"})
		ok(t, err)
		if !strings.Contains(v.XML, "/pool/guest_sda") || v.Defined {
			t.Errorf("got %+v", v)
		}
	}
	f.holds("ova_web.record", "ova_web_sda")
	if left := append(h.Names(), f.kept("vms")...); len(left) > 0 {
		t.Errorf("made were %q", left)
	}
	f.done(f.createVM("guest", "web"))
	_, err := f.catalog.TryVM(t.Context(), api.VMCreate{Name: "guest", Profile: "web"})
	code(t, err, rpc.Exists)
}

// An OVA whose disks have clones stays, until they are made independent.
func TestOVAWithClones(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	f.done(f.createVM("guest", "web"))
	_, err := f.end(f.catalog.RemoveOVA(api.OVARemove{Name: "web", Cascade: true}, caller()))
	code(t, err, rpc.Busy)
	if !strings.Contains(err.Error(), "guest_sda") {
		t.Errorf("%q doesn't name the clone", err)
	}
	f.done(f.catalog.RemoveOVA(api.OVARemove{Name: "web", Cascade: true, Flatten: true}, caller()))
	f.holds("guest_sda")
	v, err := f.pool.Open(t.Context(), "guest_sda")
	ok(t, err)
	data := make([]byte, len(disk()))
	_, err = v.ReadAt(data, 0)
	ok(t, errors.Join(err, v.Close()))
	if !slices.Equal(data, disk()) {
		t.Error("the clone has other bytes than the disk")
	}
}

// Userdata becomes a seed; the storage template's disks come behind the OVA's.
func TestVMParts(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	f.entry(api.KindUserdata, "hello", `{"content": "#cloud-config\nhostname: hello\n"}`)
	f.entry(api.KindStorage, "more", `{"disks": [{"id": "sda", "pool": "local", "size": 4096}]}`)
	f.modified(api.KindProfile, "web", `{"userdata": "hello", "storage_template": "more"}`)
	f.done(f.createVM("guest", "web"))
	f.holds("guest_sda", "guest_sdb", "guest_seed", "ova_web.record", "ova_web_sda")
	xml, err := h.XML(t.Context(), "guest")
	ok(t, err)
	if !strings.Contains(xml, "guest_seed") || !strings.Contains(xml, "guest_sdb") {
		t.Errorf("the domain is\n%s", xml)
	}
	v, err := f.pool.Open(t.Context(), "guest_seed")
	ok(t, err)
	label := make([]byte, 6)
	_, err = v.ReadAt(label, 32808) // ECMA-119, section 8.4.7
	ok(t, errors.Join(err, v.Close()))
	if string(label) != "cidata" {
		t.Errorf("the seed's label is %q", label)
	}
}

// Scripts are run only where that is allowed.
func TestScriptsAreDenied(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	f.entry(api.KindScript, "setup", `{"content": "#!/bin/sh\n"}`)
	f.modified(api.KindProfile, "web", `{"script": "setup"}`)
	_, err := f.createVM("guest", "web")
	code(t, err, rpc.Denied)
}

// A VM gets no name that others' volumes have.
func TestVMName(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	f.volume("guest_sda", "")
	_, err := f.end(f.createVM("guest", "web"))
	code(t, err, rpc.Exists)
	f.holds("guest_sda", "ova_web.record", "ova_web_sda")
	_, err = f.createVM("ova_web", "web")
	code(t, failure.Of(err), rpc.InvalidParams)
	_, err = f.createVM("guest", "nothing")
	code(t, err, rpc.NotFound)
}

// A VM that the host has no memory for is not made.
func TestVMNeedsMemory(t *testing.T) {
	t.Parallel()
	f, h := withVM(t)
	h.SetMemory(1 << 20)
	_, err := f.end(f.createVM("guest", "web"))
	code(t, err, rpc.NoSpace)
	f.holds("ova_web.record", "ova_web_sda")
}

// Who may not remove an OVA is told which VMs are in the way, not only which
// volumes.
func TestRemovalNamesVMs(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	f.done(f.createVM("guest", "web"))
	f.done(f.createVM("other", "web"))
	_, err := f.end(f.removeOVA("web"))
	code(t, err, rpc.Busy)
	e := new(rpc.Error)
	if !errors.As(err, &e) || !strings.HasSuffix(e.Message, `; VM "guest" and VM "other" were made from it.`) || !strings.Contains(e.Message, "guest_sda") {
		t.Errorf("got %v", err)
	}
}

// Before 11.6 libvirt looks for a volume of an RBD namespace where it isn't: such a
// VM is refused, unless libvirt needn't know it.
func TestVMInANamespace(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), hosttest.New()
	f.host = h.Open
	f.more = []worker.PoolSpec{{Name: "team", Driver: worker.DriverRBD, Pool: "vms", Namespace: "team"}}
	f.up()
	f.web()
	create := func(name string, define bool) error {
		_, err := f.end(f.catalog.CreateVM(api.VMCreate{Name: name, Profile: "web", Pool: "team", Define: &define}, caller()))
		return err
	}
	ok(t, create("new", true))
	h.SetVersion(libvirt.RBDNamespaces - 1)
	err := create("old", true)
	code(t, err, rpc.Unsupported)
	if err == nil || !strings.Contains(err.Error(), `pool "team"`) || !strings.Contains(err.Error(), "11.5.999") {
		t.Errorf("got %v", err)
	}
	ok(t, create("undefined", false))
	f.settled()
	f.holds("new_sda", "ova_web.record", "ova_web_sda", "undefined_sda")
}

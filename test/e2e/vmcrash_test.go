package e2e

import (
	"slices"
	"testing"
	"time"

	"spliced/failpoint"
	"spliced/rpc"
)

// TestKilledInMaking kills the daemon and its worker at each step of making a
// VM: afterwards there is a whole one or nothing, in libvirt, too.
func TestKilledInMaking(t *testing.T) {
	everywhere(t, crashes(failpoint.Make(), fromFile), killedInMaking)
}

// TestKilledInUnmaking kills them at each step of a VM's removal.
func TestKilledInUnmaking(t *testing.T) {
	everywhere(t, crashes(failpoint.Unmake(), fromFile), killedInUnmaking)
}

// inVM is the name of the VM in a test of that name. All tests on Ceph share a
// pool, and the longest of their names is too long behind "ova_".
func inVM(name string) string { return "vm-" + name }

func killedInMaking(t *testing.T, k crash, p place, name string) {
	t.Helper()
	m, vm, request := newMachines(t, p), inVM(name), newRequest()
	d := m.start(t, splicedProgram)
	m.imported(t, d.dial(t), name, theAppliance().ova)
	d.stop(t)
	d = m.start(t, failpointProgram, "SPLICED_FAILPOINT="+k.String())
	c := d.dial(t)
	_, err := makeVM(t, c, vm, name, params{"request_id": request})
	if err == nil {
		t.Error("the call succeeded")
	}
	if code(err) != 0 && k.daemonDies() {
		t.Fatalf("the daemon answered before it came to the point: %v", err)
	}
	if k.daemonDies() {
		d.dies(t)
	} else {
		d.stop(t)
	}
	m.alone(t, nil)
	d = m.start(t, splicedProgram)
	before := d.descriptors(t)
	c = d.dial(t)
	clean(t, c, time.Minute)
	j := byRequest(t, c, request)
	if j == nil {
		t.Fatal("the job is not known")
	}
	done := slices.Contains(decided(), k.point)
	d.told(t, k, ends(t, c, j.ID), done)
	err = c.Call(t.Context(), "vm.show", params{"name": vm}, nil)
	switch left := volumesOf(t, p, vm); {
	case done && (err != nil || len(left) != 2):
		t.Errorf("the VM is not whole: %v, it has the volumes %q", err, left)
	case !done && (code(err) != rpc.NotFound || len(left) > 0):
		t.Errorf("something of the VM is there: %v, it has the volumes %q", err, left)
	}
	if !done { // nothing has its name, in libvirt neither
		_, err := makeVM(t, c, vm, name, params{"start": false})
		must(t, err)
	}
	removeVM(t, c, vm, true)
	forgotten(t, c, name)
	if left := p.volumes(t, j.ID); len(left) > 0 {
		t.Errorf("of the job stay: %q", left)
	}
	must(t, c.Close())
	d.nothing(t, name, before)
}

func killedInUnmaking(t *testing.T, k crash, p place, name string) {
	t.Helper()
	m, vm, request := newMachines(t, p), inVM(name), newRequest()
	d := m.start(t, failpointProgram, "SPLICED_FAILPOINT="+k.String())
	c := d.dial(t)
	m.imported(t, c, name, theAppliance().ova)
	_, err := makeVM(t, c, vm, name, params{"start": false})
	must(t, err)
	err = c.Call(t.Context(), "vm.remove", params{"name": vm, "wait": true, "request_id": request}, nil)
	if k.daemonDies() {
		if err == nil {
			t.Error("the call succeeded")
		}
		d.dies(t)
	} else {
		d.stop(t)
	}
	m.alone(t, nil)
	d = m.start(t, splicedProgram)
	before := d.descriptors(t)
	c = d.dial(t)
	clean(t, c, time.Minute)
	if err := c.Call(t.Context(), "vm.show", params{"name": vm}, nil); code(err) != rpc.NotFound {
		t.Errorf("the VM is there: %v", err)
	}
	if left := volumesOf(t, p, vm); len(left) > 0 {
		t.Errorf("in the pool stay: %q", left)
	}
	_, err = makeVM(t, c, vm, name, params{"start": false}) // libvirt has nothing of that name
	must(t, err)
	removeVM(t, c, vm, false)
	forgotten(t, c, name)
	must(t, c.Close())
	d.nothing(t, name, before)
}

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/appliance"
	"spliced/test/libvirtnode"
)

// bootsWithin is how long an emulated machine may take to say that it is up, on
// a busy machine.
const bootsWithin = 4 * time.Minute

// A machines is a host with a libvirt of its own, on which VMs can run.
type machines struct {
	*host
	bridge string
	serial string // folder of what VMs say
}

// newMachines makes a host whose VMs are emulated by QEMU.
func newMachines(t *testing.T, p place, more ...string) *machines {
	t.Helper()
	m := &machines{bridge: bridge(t), serial: filepath.Join(t.TempDir(), "serial")}
	must(t, os.Mkdir(m.serial, 0o755))
	lines := []string{fmt.Sprintf("libvirt: {socket: %q, kvm: off, serial_logs: %q}", libvirtnode.ForTest(t).Socket(), m.serial)}
	m.host = newHost(t, p, append(lines, more...)...)
	return m
}

// bridge makes a bridge for a test's VMs, to which nothing else is connected.
func bridge(t *testing.T) string {
	t.Helper()
	needProgram(t, "libvirt", "ip")
	var tail [4]byte
	_, _ = rand.Read(tail[:])
	name := "sp" + hex.EncodeToString(tail[:])
	ip := func(ctx context.Context, args ...string) {
		if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	ip(t.Context(), "link", "add", name, "type", "bridge")
	t.Cleanup(func() { ip(context.Background(), "link", "delete", name) })
	return name
}

// built is an appliance that boots, built once for all tests.
type built struct {
	once sync.Once
	ova  []byte
	err  error
}

var biosAppliance, efiAppliance built

// get builds the appliance when nobody has yet.
func (b *built) get(t *testing.T, efi bool) []byte {
	t.Helper()
	needProgram(t, "qemu", "grub-mkimage")
	b.once.Do(func() {
		cache, err := os.UserCacheDir()
		must(t, err)
		out, err := os.MkdirTemp("", "spliced-e2e-appliance-") //nolint:usetesting // it is for other tests, too
		must(t, err)
		defer func() { _ = os.RemoveAll(out) }()
		b.err = appliance.Build(context.Background(), appliance.Options{
			Out: out, Cache: filepath.Join(cache, "spliced", "packages"), EFI: efi,
		})
		if b.err == nil {
			b.ova, b.err = os.ReadFile(filepath.Join(out, appliance.ArchiveName))
		}
	})
	must(t, b.err)
	return b.ova
}

// imported uploads an appliance and gives its profile a network.
func (m *machines) imported(t *testing.T, c *client.Client, name string, ova []byte) {
	t.Helper()
	_, err := upload(t, c, "ova.upload", name, source(t, fromPipe, ova), params{"wait": true})
	must(t, err)
	m.network(t, c, name)
}

// network maps the networks of an OVA's profile to the test's bridge.
func (m *machines) network(t *testing.T, c *client.Client, profile string) {
	t.Helper()
	must(t, c.Call(t.Context(), "template.create", params{"kind": "network", "name": profile + "-net", "spec": params{
		"mac_template": "{prefix}:{vmid}:{netid}", "networks": []params{{"bridge": m.bridge}},
	}}, nil))
	must(t, c.Call(t.Context(), "profile.modify", params{"name": profile, "spec": params{"network_template": profile + "-net"}}, nil))
}

// forgotten removes an OVA and what the tests put beside it.
func forgotten(t *testing.T, c *client.Client, name string) {
	t.Helper()
	must(t, c.Call(t.Context(), "ova.remove", params{"name": name, "cascade": true, "wait": true}, nil))
	must(t, c.Call(t.Context(), "template.remove", params{"kind": "network", "name": name + "-net"}, nil))
	clean(t, c, time.Minute)
}

func makeVM(t *testing.T, c *client.Client, name, profile string, more params) (api.VMResult, error) {
	t.Helper()
	p := params{"name": name, "profile": profile, "wait": true}
	maps.Copy(p, more)
	var r api.VMResult
	err := c.Call(t.Context(), "vm.create", p, &r)
	return r, err
}

func removeVM(t *testing.T, c *client.Client, name string, destroy bool) {
	t.Helper()
	must(t, c.Call(t.Context(), "vm.remove", params{"name": name, "destroy": destroy, "wait": true}, nil))
	clean(t, c, time.Minute)
}

// volumesOf lists the volumes in the pool that have a VM's name.
func volumesOf(t *testing.T, p place, vm string) []string {
	t.Helper()
	return slices.DeleteFunc(p.volumes(t, vm+"_"), func(name string) bool { return !strings.HasPrefix(name, vm+"_") })
}

// says waits until a VM has said on its serial port what matches.
func (m *machines) says(t *testing.T, vm, pattern string) {
	t.Helper()
	want := regexp.MustCompile(pattern)
	eventually(t, bootsWithin, func() string {
		logs, _ := filepath.Glob(filepath.Join(m.serial, vm+"*"))
		var said []byte
		for _, log := range logs {
			text, err := os.ReadFile(log)
			must(t, err)
			said = append(said, text...)
		}
		if want.Match(said) {
			return ""
		}
		return fmt.Sprintf("VM %q has said: %q", vm, tail(string(said), 500))
	})
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// upIntact matches what the appliance says when it has found its disk as it was
// built.
var upIntact = fmt.Sprintf(`%sdisk=[a-z0-9]+ size=%d sha256=[0-9a-f]{64} intact`, appliance.UpPrefix, appliance.DiskSize)

// TestVMBoots takes an appliance in and boots two VMs from it at once, from
// clones of its disk, on folders and on Ceph.
func TestVMBoots(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		m := newMachines(t, p)
		d := m.start(t, splicedProgram)
		before := d.descriptors(t)
		c := d.dial(t)
		m.imported(t, c, "web", biosAppliance.get(t, false))
		var both sync.WaitGroup
		for _, name := range []string{"one", "two"} {
			both.Go(func() {
				own := d.dial(t)
				r, err := makeVM(t, own, name, "web", nil)
				must(t, own.Close())
				if err != nil {
					t.Errorf("VM %q: %v", name, err)
					return
				}
				if r.VM == nil || !r.Defined || r.Name != name || len(r.Volumes) != 1 || r.Volumes[0].Volume != name+"_sda" {
					t.Errorf("VM %q is %+v", name, r.VM)
				}
			})
		}
		both.Wait()
		if t.Failed() {
			return
		}
		if rbd, ok := p.(cephPlace); ok {
			for _, name := range []string{"one", "two"} {
				if parent := rbd.parent(t, name+"_sda"); parent != "ova_web_sda@spliced" {
					t.Errorf("the disk of VM %q is a clone of %q", name, parent)
				}
			}
		}
		for _, name := range []string{"one", "two"} {
			m.says(t, name, upIntact)
		}
		m.refusesRemoval(t, c, "web", "one_sda", "two_sda")
		var list []api.VM
		must(t, c.Call(t.Context(), "vm.list", nil, &list))
		if len(list) != 2 || list[0].VMID == list[1].VMID || list[0].UUID == list[1].UUID {
			t.Errorf("the VMs are %+v", list)
		}
		for _, name := range []string{"one", "two"} {
			removeVM(t, c, name, true)
			if left := volumesOf(t, p, name); len(left) > 0 {
				t.Errorf("of VM %q stay: %q", name, left)
			}
		}
		forgotten(t, c, "web")
		must(t, c.Close())
		d.nothing(t, "", before)
	})
}

// refusesRemoval demands that an OVA with clones isn't removed, and that the
// refusal names them.
func (m *machines) refusesRemoval(t *testing.T, c *client.Client, ova string, clones ...string) {
	t.Helper()
	err := c.Call(t.Context(), "ova.remove", params{"name": ova, "cascade": true, "wait": true}, nil)
	if code(err) != rpc.Busy {
		t.Errorf("the removal of an OVA with clones: %v", err)
		return
	}
	for _, clone := range clones {
		if !strings.Contains(err.Error(), clone) {
			t.Errorf("%q doesn't name %s", err, clone)
		}
	}
	if err := c.Call(t.Context(), "ova.show", params{"name": ova}, nil); err != nil {
		t.Errorf("the OVA that was not removed: %v", err)
	}
}

// TestVMBootsByEFI boots an appliance whose firmware is EFI.
func TestVMBootsByEFI(t *testing.T) {
	t.Parallel()
	m := newMachines(t, newDir(t))
	d := m.start(t, splicedProgram)
	c := d.dial(t)
	m.imported(t, c, "web", efiAppliance.get(t, true))
	r, err := makeVM(t, c, "guest", "web", nil)
	must(t, err)
	if !strings.Contains(r.XML, "firmware='efi'") && !strings.Contains(r.XML, `firmware="efi"`) {
		t.Errorf("the domain is\n%s", r.XML)
	}
	m.says(t, "guest", upIntact)
	removeVM(t, c, "guest", true)
	forgotten(t, c, "web")
}

// TestVMRefusals demands that what stands in a VM's way is found before anything
// is made.
func TestVMRefusals(t *testing.T) {
	t.Parallel()
	p := newDir(t)
	m := newMachines(t, p)
	d := m.start(t, splicedProgram)
	c := d.dial(t)
	d.importOVA(t, c, "web", fromFile)
	m.network(t, c, "web")
	must(t, c.Call(t.Context(), "profile.modify", params{"name": "web", "spec": params{"system_template": nil}}, nil))
	_, err := makeVM(t, c, "guest", "web", nil)
	if code(err) != rpc.InvalidState || !strings.Contains(err.Error(), "system_template") {
		t.Errorf("a profile that lacks its system: %v", err)
	}
	must(t, c.Call(t.Context(), "profile.modify", params{"name": "web", "spec": params{"system_template": "web"}}, nil))
	held := p.volumes(t, "")
	must(t, c.Call(t.Context(), "template.modify", params{"kind": "network", "name": "web-net", "spec": params{
		"networks": []params{{"bridge": "nowhere0"}},
	}}, nil))
	_, err = makeVM(t, c, "guest", "web", nil)
	if code(err) != rpc.NotFound || !strings.Contains(err.Error(), "nowhere0") {
		t.Errorf("a bridge that isn't there: %v", err)
	}
	must(t, c.Call(t.Context(), "template.modify", params{"kind": "network", "name": "web-net", "spec": params{
		"networks": []params{{"bridge": m.bridge}},
	}}, nil))
	r, err := makeVM(t, c, "guest", "web", params{"dry_run": true})
	if err != nil || r.VM == nil || r.XML == "" || r.Job != "" {
		t.Errorf("a dry run: %+v, %v", r, err)
	}
	if now := p.volumes(t, ""); !slices.Equal(now, held) {
		t.Errorf("the pool held %q, now it holds %q", held, now)
	}
	_, err = makeVM(t, c, "guest", "web", params{"start": false})
	must(t, err)
	if _, err = makeVM(t, c, "guest", "web", nil); code(err) != rpc.Exists {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err = makeVM(t, c, "other", "none", nil); code(err) != rpc.NotFound {
		t.Errorf("a profile that isn't there: %v", err)
	}
	removeVM(t, c, "guest", false)
	forgotten(t, c, "web")
}

// TestVMIsNotRemovedWhileItRuns wants destroy to be said.
func TestVMIsNotRemovedWhileItRuns(t *testing.T) {
	t.Parallel()
	p := newDir(t)
	m := newMachines(t, p)
	d := m.start(t, splicedProgram)
	c := d.dial(t)
	m.imported(t, c, "web", theAppliance().ova)
	_, err := makeVM(t, c, "guest", "web", nil) // nothing on its disk boots, so it stays on
	must(t, err)
	err = c.Call(t.Context(), "vm.remove", params{"name": "guest", "wait": true}, nil)
	if code(err) != rpc.InvalidState {
		t.Errorf("the removal of a running VM: %v", err)
	}
	var v api.VM
	must(t, c.Call(t.Context(), "vm.show", params{"name": "guest"}, &v))
	if v.State != "running" || v.XML == "" {
		t.Errorf("the VM is %+v", v)
	}
	removeVM(t, c, "guest", true)
	if left := volumesOf(t, p, "guest"); len(left) > 0 {
		t.Errorf("in the pool stay: %q", left)
	}
	forgotten(t, c, "web")
}

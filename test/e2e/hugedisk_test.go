package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/test/ovatest"
)

// allocated is what a volume takes by itself, in bytes; of a clone what it doesn't
// share.
func allocated(t *testing.T, p place, volume string) int64 {
	t.Helper()
	if c, isCeph := p.(cephPlace); isCeph {
		var du struct {
			Images []struct {
				Name string
				Used int64 `json:"used_size"`
			}
		}
		must(t, json.Unmarshal(c.rbd(t, "du", "--format", "json", volume), &du))
		return du.Images[len(du.Images)-1].Used
	}
	info, err := os.Stat(p.qemu(volume))
	must(t, err)
	return blocks(info) * 512
}

// enlarged is an OVA with one disk, which holds little and is of that size.
func enlarged(size int64) []byte {
	disk := ovatest.Sparse(64<<10, [2]int{0, 4096})
	return ovatest.Archive(ovatest.OneDisk("disk.vmdk", size).Member(), ovatest.Member{Name: "disk.vmdk", Data: ovatest.VMDK(disk)})
}

// TestVMFromHugeDisk makes VMs from a disk of a GiB and from one of a TiB: nothing
// that is made grows with the disk.
func TestVMFromHugeDisk(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		m := newMachines(t, p)
		d := m.start(t, splicedProgram)
		c := d.dial(t)
		takes := map[string]int64{}
		for name, size := range map[string]int64{"gib": 1 << 30, "tib": 1 << 40} {
			m.imported(t, c, name, enlarged(size))
			made, err := makeVM(t, c, "of-"+name, name, params{"start": false})
			must(t, err)
			if got := p.size(t, "of-"+name+"_sda"); got != size || made.Volumes[0].Size != api.Size(size) || made.Volumes[0].Copied || !made.Defined {
				t.Errorf("the disk has %d bytes, the VM is %+v", got, made.VM)
			}
			takes[name] = allocated(t, p, "of-"+name+"_sda")
		}
		if takes["gib"] != takes["tib"] || takes["tib"] > 1<<20 {
			t.Errorf("the disks take %v", takes)
		}
		for name := range takes {
			removeVM(t, c, "of-"+name, false)
			forgotten(t, c, name)
		}
	})
}

// TestVMAcrossPools puts one of a VM's disks into another pool than the OVA's, which
// copies it and says so.
func TestVMAcrossPools(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		q := newDir(t)
		d := newHost(t, p, "  q: "+q.config()).start(t, splicedProgram)
		c := d.dial(t)
		d.importOVA(t, c, "web", fromFile)
		must(t, c.Call(t.Context(), "template.create", params{"kind": "network", "name": "none", "spec": params{"networks": []params{}}}, nil))
		more := params{"define": false, "pools": params{"sda": "q"}}
		dry := params{"define": false, "pools": params{"sda": "q"}, "dry_run": true}
		for _, with := range []params{dry, more} {
			made, err := makeVM(t, c, "guest", "web", with)
			must(t, err)
			warned := strings.Join(made.Warnings, "\n")
			if !strings.Contains(warned, "cop") || !strings.Contains(warned, "sda") || strings.Contains(warned, "sdb") {
				t.Errorf("the warnings are %q", warned)
			}
			if !made.Volumes[0].Copied || made.Volumes[0].Pool != "q" || made.Volumes[1].Copied || made.Volumes[1].Pool != "p" {
				t.Errorf("the volumes are %+v", made.Volumes)
			}
		}
		sameBytes(t, q, "guest_sda", theAppliance().disks[0])
		sameBytes(t, p, "guest_sdb", theAppliance().disks[1])
		d.ctl(t, "", "vm", "show", "guest").want(t, 0, "a copy of p/ova_web_sda")
		d.ctl(t, "", "vm", "create", "all", "--profile", "web", "--no-define", "--pool", "q").want(t, 0)
		bothGone(t, d, c, q, "guest", "all")
		d.ctl(t, "", "vm", "create", "none", "--profile", "web", "--no-define", "--disk-pool", "sda=none").want(t, 2, `"none"`)
		d.ctl(t, "", "vm", "create", "none", "--profile", "web", "--no-define", "--disk-pool", "sdz=q").want(t, 64, "sdz")
		removeOVA(t, c, "web")
	})
}

// bothGone removes VMs, and looks for what is left in two pools.
func bothGone(t *testing.T, d *daemon, c *client.Client, q place, vms ...string) {
	t.Helper()
	for _, vm := range vms {
		removeVM(t, c, vm, false)
		if left := append(volumesOf(t, q, vm), volumesOf(t, d.place, vm)...); len(left) > 0 {
			t.Errorf("left are %q", left)
		}
	}
	if left := withoutDots(q.volumes(t, "")); len(left) > 0 {
		t.Errorf("left in the other pool are %q", left)
	}
}

package vm

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"spliced/api"
)

// maxDrives bounds the drives of a VM: with virtio each takes a PCI slot, and
// libvirt has about 200 root ports to give on q35.
const maxDrives = 128

// drives lists the volumes of the VM.
func (w *work) drives() error {
	w.ovaDisks()
	for _, step := range []func() error{w.templateDisks, w.ovaMedia, w.ownMedia, w.checkPools} {
		if err := step(); err != nil {
			return err
		}
	}
	if n := len(w.plan.Drives); n > maxDrives {
		return fail(Unsupported, "profile", "the VM would have %d drives, %d are possible", n, maxDrives)
	}
	return nil
}

// add gives a drive its pool and its volume's name, and takes it into the plan.
func (w *work) add(d Drive, pool string) {
	d.Pool = w.pool(d.ID, pool)
	d.Volume = w.plan.Name + "_" + d.ID
	if d.Source != nil && d.Source.Pool != d.Pool {
		d.Copied = true
		w.warn("%s is a full copy: its source %s/%s is in another pool than %s, where it can't be cloned to",
			d.ID, d.Source.Pool, d.Source.Volume, d.Pool)
	}
	w.plan.Drives = append(w.plan.Drives, d)
}

// pool is where the volume of a drive goes. The request names drives by the ids
// that they have in the VM, not in a template.
func (w *work) pool(id, otherwise string) string {
	return either(w.Request.Pools[id], either(w.Request.Pool, otherwise))
}

// ovaDisks are the first drives, each a clone.
func (w *work) ovaDisks() {
	if w.system == nil {
		return
	}
	for _, d := range w.system.Disks {
		w.addOVA(d, Disk)
	}
}

func (w *work) addOVA(d api.OVADisk, device Device) {
	if d.Shared {
		w.warn("%s is this VM's alone, while in the OVA another system shares it", d.ID)
	}
	w.ofOVA[d.ID] = d
	w.add(Drive{
		ID: d.ID, Device: device, Size: d.Size, ReadOnly: device == CDROM,
		Source: &Source{Pool: w.OVA.Pool, Volume: d.Volume},
	}, w.OVA.Pool)
}

// ovaMedia are the CDs and floppies that the OVA brings.
func (w *work) ovaMedia() error {
	if w.system == nil {
		return nil
	}
	floppies := 0
	for _, m := range w.system.Media {
		switch kind := regexp.MustCompile(`^(?:(cd)|fd)[0-9]{1,3}$`).FindStringSubmatch(m.ID); {
		case kind != nil && kind[1] != "":
			w.addOVA(m, CDROM)
		case kind == nil:
			return fail(Invalid, "ova", "OVA %q has a medium %q, which is neither CD nor floppy", w.OVA.Name, m.ID)
		case floppies == maxFloppies:
			w.warn("%s is left out: a machine has %d floppy drives", m.ID, maxFloppies)
		default:
			floppies++
			w.addOVA(m, Floppy)
		}
	}
	return nil
}

// ownMedia are the CDs that spliced writes. They go where the first drive is.
func (w *work) ownMedia() error {
	first := ""
	if len(w.plan.Drives) > 0 {
		first = w.plan.Drives[0].Pool
	}
	for _, m := range []struct {
		id     string
		wanted bool
	}{{SeedID, w.Userdata}, {OVFEnvID, w.OVFEnv}} {
		if !m.wanted {
			continue
		}
		if w.pool(m.id, first) == "" {
			return fail(Invalid, "pool", "the VM has no disk, so say with pool where its %s goes", m.id)
		}
		w.add(Drive{ID: m.id, Device: CDROM, ReadOnly: true}, first)
	}
	return nil
}

// checkPools refuses pools for disks that the VM hasn't.
func (w *work) checkPools() error {
	var ids []string
	for _, d := range w.plan.Drives {
		if slices.Contains(ids, d.ID) {
			return fail(Invalid, "profile", "the VM would have two drives %s", d.ID)
		}
		ids = append(ids, d.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(w.Request.Pools)) {
		if !slices.Contains(ids, id) {
			return fail(Invalid, "pools."+id, "pools names the disk %q; the VM has %s", id, orNone(ids))
		}
	}
	return nil
}

func orNone(ids []string) string {
	if len(ids) == 0 {
		return "none"
	}
	return strings.Join(ids, ", ")
}

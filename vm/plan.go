package vm

import (
	"fmt"

	"spliced/api"
)

// A Plan is a VM as it is to be.
type Plan struct {
	Name     string
	UUID     string
	Hardware Hardware
	Drives   []Drive // the OVA's disks, the storage template's, the OVA's media, the seed, the OVF environment
	NICs     []NIC   // in the guest's order
	Metadata Metadata
	Warnings []string // clauses without period, for the operator
}

// Hardware is a VM but its drives and networks, with all defaults filled in.
type Hardware struct {
	VCPUs      int
	Memory     api.Size
	Serial     bool
	VNC        string // address to listen on, "" for no screen
	Firmware   string // bios, efi
	SecureBoot bool
	VTPM       bool
	Machine    string // q35, pc
	DiskBus    string // scsi, virtio, sata, ide
	SCSIModel  string // libvirt's model of the controllers, where the bus is scsi
	NICModel   string
	Windows    bool // the guest is known to be one
}

// A Device is what the guest takes a drive for.
type Device string

// The devices, in libvirt's words.
const (
	Disk   Device = "disk"
	CDROM  Device = "cdrom"
	Floppy Device = "floppy"
)

// The ids of drives that spliced writes itself.
const (
	SeedID   = "seed"   // NoCloud, for cloud-init
	OVFEnvID = "ovfenv" // the OVF environment
)

// A Drive is a volume of the VM, and where the guest sees it.
type Drive struct {
	ID             string // sda, sdb, …; cd0, fd0, … for media; SeedID, OVFEnvID
	Device         Device
	Pool           string
	Volume         string   // name in the pool
	Size           api.Size // bytes; 0 for the seed and the OVF environment, which are as large as what is in them
	Source         *Source  // what the volume begins as; nil for a new one
	Copied         bool     // the source is in another pool, so that it can't be cloned
	Filesystem     string   // to make in it, swap too; "" for none
	FilesystemArgs []string
	Mountpoint     string // "" for none
	ReadOnly       bool

	Bus        string // scsi, virtio, sata, ide, fdc
	Target     string // libvirt's name for it, unique in the VM; a hint, not what the guest calls it
	Controller int    // of that bus, from 0; none for virtio
	Slot       int    // on the controller, from 0
	BootOrder  int    // from 1, over drives and NICs; 0: the VM doesn't boot from it
}

// A Source is the volume that another begins as.
type Source struct {
	Pool, Volume string
}

// A NIC is a network adapter.
type NIC struct {
	Bridge    string
	MAC       string // in lower case, with colons
	Model     string
	BootOrder int
}

// Work works out a VM. The failure is a *Failure: what of the parts can't be,
// and what to do. It takes the names for free and the pools for there: only its
// caller can know.
func Work(parts Parts) (*Plan, error) {
	w := &work{Parts: parts, plan: &Plan{Name: parts.Request.Name, UUID: parts.UUID}, ofOVA: map[string]api.OVADisk{}}
	for _, step := range []func() error{
		w.checkIdentity, w.complete, w.valid, w.hardware, w.drives, w.attach, w.networks,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	w.bootOrder()
	w.metadata()
	return w.plan, nil
}

// work is a plan on its way.
type work struct {
	Parts
	plan   *Plan
	system *api.System            // of the OVA; nil without one
	ofOVA  map[string]api.OVADisk // the drives that come with it, by id
}

func (w *work) warn(format string, args ...any) {
	w.plan.Warnings = append(w.plan.Warnings, fmt.Sprintf(format, args...))
}

// Volumes are the drives as records and answers have them.
func (p *Plan) Volumes() []api.VMVolume {
	volumes := make([]api.VMVolume, len(p.Drives))
	for i, d := range p.Drives {
		volumes[i] = api.VMVolume{
			ID: d.ID, Pool: d.Pool, Volume: d.Volume, Size: d.Size, Copied: d.Copied,
			Filesystem: d.Filesystem, Mountpoint: d.Mountpoint,
		}
		if d.Source != nil {
			volumes[i].Source = d.Source.Pool + "/" + d.Source.Volume
		}
	}
	return volumes
}

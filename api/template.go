package api

// A SystemTemplate is the hardware of a VM but its disks and networks. What is
// absent has the default that the comment names first.
type SystemTemplate struct {
	VCPUs           int      `json:"vcpus" yaml:"vcpus"`
	VRAM            int      `json:"vram" yaml:"vram"`                                   // MiB
	Serial          bool     `json:"serial,omitempty" yaml:"serial,omitempty"`           // a serial console, logged
	VNC             *VNC     `json:"vnc,omitempty" yaml:"vnc,omitempty"`                 // absent: none
	Firmware        string   `json:"firmware,omitempty" yaml:"firmware,omitempty"`       // bios, efi
	SecureBoot      bool     `json:"secure_boot,omitempty" yaml:"secure_boot,omitempty"` // needs efi
	VTPM            bool     `json:"vtpm,omitempty" yaml:"vtpm,omitempty"`               // an emulated TPM 2.0
	Machine         string   `json:"machine,omitempty" yaml:"machine,omitempty"`         // q35, pc
	DiskBus         string   `json:"disk_bus,omitempty" yaml:"disk_bus,omitempty"`       // scsi, virtio, sata, ide
	SCSIModel       string   `json:"scsi_model,omitempty" yaml:"scsi_model,omitempty"`   // virtio-scsi, lsisas1068, lsilogic, vmpvscsi; for disk_bus scsi
	NICModel        string   `json:"nic_model,omitempty" yaml:"nic_model,omitempty"`     // virtio, e1000e, e1000, rtl8139, vmxnet3, pcnet
	NodeLimit       []string `json:"node_limit,omitempty" yaml:"node_limit,omitempty"`   // hosts that may run it
	NodeSelector    string   `json:"node_selector,omitempty" yaml:"node_selector,omitempty"`
	NodeAutostart   bool     `json:"node_autostart,omitempty" yaml:"node_autostart,omitempty"`
	MigrationMethod string   `json:"migration_method,omitempty" yaml:"migration_method,omitempty"` // none, live, shutdown
	Origin          string   `json:"origin,omitempty" yaml:"origin,omitempty"`                     // "ova web": what it was made with
}

// A VNC is a VM's screen on the network.
type VNC struct {
	Enabled bool   `json:"enabled" yaml:"enabled"`
	Bind    string `json:"bind,omitempty" yaml:"bind,omitempty"` // address; 127.0.0.1
}

// A NetworkTemplate is the network adapters of a VM, in order.
type NetworkTemplate struct {
	MACTemplate     string        `json:"mac_template,omitempty" yaml:"mac_template,omitempty"` // like "{prefix}:{vmid}:{netid}", see MAC; absent: addresses stable for each VM
	Networks        []NetworkLink `json:"networks" yaml:"networks"`
	PermitDuplicate bool          `json:"permit_duplicate,omitempty" yaml:"permit_duplicate,omitempty"` // the same network more than once
	Origin          string        `json:"origin,omitempty" yaml:"origin,omitempty"`
}

// A NetworkLink is one adapter's network: exactly one key is set.
type NetworkLink struct {
	VNI    VNI    `json:"vni,omitempty" yaml:"vni,omitempty"`       // 1 to 16777215: bridge vmbr<VNI>; upstream, cluster, storage: br<label>
	Bridge string `json:"bridge,omitempty" yaml:"bridge,omitempty"` // the bridge of this name
}

// A StorageTemplate is the disks of a VM.
type StorageTemplate struct {
	Disks  []DiskTemplate `json:"disks" yaml:"disks"` // sorted by id
	Origin string         `json:"origin,omitempty" yaml:"origin,omitempty"`
}

// A DiskTemplate is one disk: a clone of source_volume, or a new one of size.
type DiskTemplate struct {
	ID             string   `json:"id" yaml:"id"` // sda, sdb, … sdaa …
	Pool           string   `json:"pool" yaml:"pool"`
	Size           *Size    `json:"size,omitempty" yaml:"size,omitempty"`
	SourceVolume   string   `json:"source_volume,omitempty" yaml:"source_volume,omitempty"` // an image in the same pool, or POOL/IMAGE; see Image
	Filesystem     string   `json:"filesystem,omitempty" yaml:"filesystem,omitempty"`       // ext4, ext3, ext2, xfs, vfat, swap
	FilesystemArgs []string `json:"filesystem_args,omitempty" yaml:"filesystem_args,omitempty"`
	Mountpoint     string   `json:"mountpoint,omitempty" yaml:"mountpoint,omitempty"` // for scripts and cloud-init; needs a filesystem
}

// A Userdata is a document for cloud-init.
type Userdata struct {
	Content string `json:"content" yaml:"content"`
}

// A Script is a provisioning script: its first line names its interpreter.
type Script struct {
	Content string `json:"content" yaml:"content"`
}

// The types of profiles.
const (
	ProfileProvisioner = "provisioner"
	ProfileOVA         = "ova"
)

// A Profile is what a VM is made from. Every part may be absent.
type Profile struct {
	Type            string            `json:"type" yaml:"type"`                                             // provisioner, ova; can't be modified
	SystemTemplate  string            `json:"system_template,omitempty" yaml:"system_template,omitempty"`   // name
	NetworkTemplate string            `json:"network_template,omitempty" yaml:"network_template,omitempty"` // name
	StorageTemplate string            `json:"storage_template,omitempty" yaml:"storage_template,omitempty"` // name
	Userdata        string            `json:"userdata,omitempty" yaml:"userdata,omitempty"`                 // name
	Script          string            `json:"script,omitempty" yaml:"script,omitempty"`                     // name
	OVA             string            `json:"ova,omitempty" yaml:"ova,omitempty"`                           // name, of the type ova; can't be modified
	System          string            `json:"system,omitempty" yaml:"system,omitempty"`                     // key of the OVA's system; absent: its only one
	Configuration   string            `json:"configuration,omitempty" yaml:"configuration,omitempty"`       // of the OVA's descriptor
	Properties      map[string]string `json:"properties,omitempty" yaml:"properties,omitempty"`             // of the OVA's descriptor, over those of its upload; no passwords
	Arguments       map[string]string `json:"arguments,omitempty" yaml:"arguments,omitempty"`               // for the script
	Origin          string            `json:"origin,omitempty" yaml:"origin,omitempty"`                     // "ova web": what it was made with
}

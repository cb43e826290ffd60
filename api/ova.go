package api

import "time"

// An OVA is an imported appliance.
type OVA struct {
	Name           string            `json:"name" yaml:"name"`
	Pool           string            `json:"pool" yaml:"pool"`
	Systems        []System          `json:"systems" yaml:"systems"`
	Unattached     []OVADisk         `json:"unattached,omitempty" yaml:"unattached,omitempty"` // disks that no system has
	Members        []Member          `json:"members" yaml:"members"`
	Configuration  string            `json:"configuration,omitempty" yaml:"configuration,omitempty"` // that was chosen, "" where the descriptor has none
	Configurations []Configuration   `json:"configurations,omitempty" yaml:"configurations,omitempty"`
	Properties     map[string]string `json:"properties,omitempty" yaml:"properties,omitempty"` // that the upload set, but passwords
	Secrets        map[string]string `json:"-" yaml:"secrets,omitempty"`                       // passwords that the upload set; never answered
	Products       []Product         `json:"products,omitempty" yaml:"products,omitempty"`     // of the appliance as a whole
	Startup        []Startup         `json:"startup,omitempty" yaml:"startup,omitempty"`       // the order of its systems
	Warnings       []string          `json:"warnings,omitempty" yaml:"warnings,omitempty"`
	Descriptor     string            `json:"descriptor,omitempty" yaml:"-"`            // the .ovf's text, on request
	SHA256         string            `json:"sha256,omitempty" yaml:"sha256,omitempty"` // of the archive, byte for byte, where the upload announced it
	Job            string            `json:"job" yaml:"job"`
	Created        time.Time         `json:"created" yaml:"created"`
	UploadedBy     string            `json:"uploaded_by" yaml:"uploaded_by"`
}

// Volumes lists the disks and media of all systems, and the disks that no system
// has. One that several systems share stands there once.
func (o *OVA) Volumes() []OVADisk {
	var all []OVADisk
	for _, s := range o.Systems {
		for _, list := range [][]OVADisk{s.Disks, s.Media} {
			for _, d := range list {
				if !d.Shared {
					all = append(all, d)
				}
			}
		}
	}
	return append(all, o.Unattached...)
}

// A System is one virtual machine that an OVA describes. What it runs on is what
// its guest can drive; a system template of the same content was made with it.
type System struct {
	Key            string    `json:"key" yaml:"key"` // unique in the OVA
	Name           string    `json:"name" yaml:"name"`
	SystemTemplate string    `json:"system_template" yaml:"system_template"` // made with the OVA
	Profile        string    `json:"profile" yaml:"profile"`                 // made with the OVA
	VCPUs          int       `json:"vcpus" yaml:"vcpus"`
	Memory         Size      `json:"memory" yaml:"memory"`
	Firmware       string    `json:"firmware" yaml:"firmware"` // bios, efi
	SecureBoot     bool      `json:"secure_boot,omitempty" yaml:"secure_boot,omitempty"`
	VTPM           bool      `json:"vtpm,omitempty" yaml:"vtpm,omitempty"`
	Machine        string    `json:"machine" yaml:"machine"`   // q35, pc
	DiskBus        string    `json:"disk_bus" yaml:"disk_bus"` // virtio, scsi, sata, ide
	SCSIModel      string    `json:"scsi_model,omitempty" yaml:"scsi_model,omitempty"`
	NICModel       string    `json:"nic_model" yaml:"nic_model"`
	Guest          string    `json:"guest,omitempty" yaml:"guest,omitempty"` // the operating system, in the descriptor's words
	Disks          []OVADisk `json:"disks" yaml:"disks"`
	Media          []OVADisk `json:"media,omitempty" yaml:"media,omitempty"` // CDs and floppies
	NICs           []NIC     `json:"nics,omitempty" yaml:"nics,omitempty"`
	Networks       []string  `json:"networks,omitempty" yaml:"networks,omitempty"`     // as the descriptor calls them, each once
	Transports     []string  `json:"transports,omitempty" yaml:"transports,omitempty"` // ways to hand in properties
	Products       []Product `json:"products,omitempty" yaml:"products,omitempty"`
	Warnings       []string  `json:"warnings,omitempty" yaml:"warnings,omitempty"`
}

// An OVADisk is a disk of a system, kept as a volume.
type OVADisk struct {
	ID           string  `json:"id" yaml:"id"`                               // sda, sdb, …; cd0, … and fd0, … for media
	DiskID       string  `json:"disk_id,omitempty" yaml:"disk_id,omitempty"` // in the descriptor; the file's id where there is no disk
	Volume       string  `json:"volume" yaml:"volume"`
	Size         Size    `json:"size" yaml:"size"`
	SourceFormat string  `json:"source_format,omitempty" yaml:"source_format,omitempty"` // "" for a blank disk
	Member       string  `json:"member,omitempty" yaml:"member,omitempty"`               // of the archive; "" for a blank disk
	SHA256       string  `json:"sha256,omitempty" yaml:"sha256,omitempty"`               // of the member, byte for byte
	Manifest     Verdict `json:"manifest,omitempty" yaml:"manifest,omitempty"`
	Shared       bool    `json:"shared,omitempty" yaml:"shared,omitempty"`         // the volume is another system's
	BootIndex    int     `json:"boot_index,omitempty" yaml:"boot_index,omitempty"` // 1 is first, 0: not said
}

// A NIC is a network adapter of an OVA's system.
type NIC struct {
	Network string `json:"network" yaml:"network"` // as the descriptor calls it, "" for none
	Model   string `json:"model,omitempty" yaml:"model,omitempty"`
	MAC     string `json:"mac,omitempty" yaml:"mac,omitempty"`
}

// A Configuration is one of the ways to deploy an OVA.
type Configuration struct {
	ID          string `json:"id" yaml:"id"`
	Label       string `json:"label,omitempty" yaml:"label,omitempty"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
	Default     bool   `json:"default,omitempty" yaml:"default,omitempty"`
}

// A Product is software in an OVA, with what can be set in it.
type Product struct {
	Name       string     `json:"name,omitempty" yaml:"name,omitempty"`
	Vendor     string     `json:"vendor,omitempty" yaml:"vendor,omitempty"`
	Version    string     `json:"version,omitempty" yaml:"version,omitempty"`
	Properties []Property `json:"properties,omitempty" yaml:"properties,omitempty"`
}

// A Property is a setting of a product.
type Property struct {
	Key      string `json:"key" yaml:"key"`
	Type     string `json:"type,omitempty" yaml:"type,omitempty"`
	Label    string `json:"label,omitempty" yaml:"label,omitempty"`
	Settable bool   `json:"settable,omitempty" yaml:"settable,omitempty"`
	Password bool   `json:"password,omitempty" yaml:"password,omitempty"`
	Lacks    bool   `json:"lacks,omitempty" yaml:"lacks,omitempty"` // required, and without a value
	Value    string `json:"value,omitempty" yaml:"value,omitempty"` // never of a password
}

// A Startup is one step in the order in which an OVA's systems start.
type Startup struct {
	ID         string `json:"id" yaml:"id"`                                       // of the system or collection, in the descriptor
	System     string `json:"system,omitempty" yaml:"system,omitempty"`           // its key
	Order      int    `json:"order" yaml:"order"`                                 // lower ones first, equal ones together
	StartDelay int    `json:"start_delay,omitempty" yaml:"start_delay,omitempty"` // seconds
	StopDelay  int    `json:"stop_delay,omitempty" yaml:"stop_delay,omitempty"`   // seconds
	WaitGuest  bool   `json:"waiting_for_guest,omitempty" yaml:"waiting_for_guest,omitempty"`
}

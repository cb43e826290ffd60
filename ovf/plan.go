package ovf

// A Choice is what a caller decides about an appliance.
type Choice struct {
	Configuration string            // "": the appliance's default
	Properties    map[string]string // by full key, or by a key that only one property has
}

// A Plan is an appliance in which everything has been chosen. All its texts but
// warnings are the descriptor's own, thus hostile: see Display and Clean.
type Plan struct {
	Version        string          `json:"version" yaml:"version"`                                 // of OVF: 0.9, 1 or 2
	Configuration  string          `json:"configuration,omitempty" yaml:"configuration,omitempty"` // the chosen one, "" when there are none
	Configurations []Configuration `json:"configurations,omitempty" yaml:"configurations,omitempty"`
	Systems        []SystemPlan    `json:"systems" yaml:"systems"` // at least one
	Networks       []Network       `json:"networks" yaml:"networks"`
	Unattached     []Disk          `json:"unattached,omitempty" yaml:"unattached,omitempty"` // disks with content that no system has in this configuration
	Parents        []Disk          `json:"parents,omitempty" yaml:"parents,omitempty"`       // disks that only serve others as what they are deltas to; without ids
	Startup        []StartStep     `json:"startup,omitempty" yaml:"startup,omitempty"`
	Products       []ProductPlan   `json:"products,omitempty" yaml:"products,omitempty"` // of the appliance as a whole
	EULAs          []string        `json:"eulas,omitempty" yaml:"eulas,omitempty"`
	Annotations    []string        `json:"annotations,omitempty" yaml:"annotations,omitempty"`
	Warnings       []Warning       `json:"warnings,omitempty" yaml:"warnings,omitempty"`
	files          []File
}

// A SystemPlan is one virtual machine.
type SystemPlan struct {
	Key         string        `json:"key" yaml:"key"` // unique in the plan and fit for a name: [A-Za-z0-9][A-Za-z0-9._-]{0,29}
	ID          string        `json:"id,omitempty" yaml:"id,omitempty"`
	Name        string        `json:"name,omitempty" yaml:"name,omitempty"` // "" when the descriptor names nothing
	Collections []string      `json:"collections,omitempty" yaml:"collections,omitempty"`
	Guest       Guest         `json:"guest" yaml:"guest"`
	Families    []string      `json:"hardware_families,omitempty" yaml:"hardware_families,omitempty"`
	VCPUs       int           `json:"vcpus" yaml:"vcpus"`
	Cores       int           `json:"cores_per_socket,omitempty" yaml:"cores_per_socket,omitempty"` // 0: not said
	Memory      int64         `json:"memory" yaml:"memory"`                                         // bytes
	Disks       []Disk        `json:"disks" yaml:"disks"`
	Media       []Media       `json:"media,omitempty" yaml:"media,omitempty"`
	Controllers []Controller  `json:"controllers,omitempty" yaml:"controllers,omitempty"`
	NICs        []NIC         `json:"nics,omitempty" yaml:"nics,omitempty"`
	Networks    []string      `json:"networks" yaml:"networks"`                     // names, each once, in the order of the NICs
	Firmware    string        `json:"firmware,omitempty" yaml:"firmware,omitempty"` // bios, efi, or "": the descriptor doesn't say
	SecureBoot  bool          `json:"secure_boot" yaml:"secure_boot"`
	VTPM        bool          `json:"vtpm" yaml:"vtpm"`
	Machine     string        `json:"machine" yaml:"machine"`                           // q35 or pc
	DiskBus     string        `json:"disk_bus" yaml:"disk_bus"`                         // virtio, scsi, sata or ide
	SCSIModel   string        `json:"scsi_model,omitempty" yaml:"scsi_model,omitempty"` // libvirt's controller model where the bus is scsi
	NICModel    string        `json:"nic_model" yaml:"nic_model"`                       // libvirt's model
	Serial      int           `json:"serial_ports,omitempty" yaml:"serial_ports,omitempty"`
	Transports  []string      `json:"transports,omitempty" yaml:"transports,omitempty"`
	Products    []ProductPlan `json:"products,omitempty" yaml:"products,omitempty"`
	EULAs       []string      `json:"eulas,omitempty" yaml:"eulas,omitempty"`
	Annotations []string      `json:"annotations,omitempty" yaml:"annotations,omitempty"`
	Warnings    []Warning     `json:"warnings,omitempty" yaml:"warnings,omitempty"`
}

// A Disk is a hard disk of a system.
type Disk struct {
	ID          string   `json:"id" yaml:"id"`                               // sda, sdb, …
	DiskID      string   `json:"disk_id,omitempty" yaml:"disk_id,omitempty"` // ovf:diskId, "" when an item refers to a file itself
	FileID      string   `json:"file_id,omitempty" yaml:"file_id,omitempty"`
	Href        string   `json:"href,omitempty" yaml:"href,omitempty"`
	Members     []string `json:"members,omitempty" yaml:"members,omitempty"` // of the archive, after Plan.Resolve; several for a file in chunks
	Compression string   `json:"compression,omitempty" yaml:"compression,omitempty"`
	Capacity    int64    `json:"capacity" yaml:"capacity"`                           // bytes; 0: the image's own header decides
	Blank       bool     `json:"blank" yaml:"blank"`                                 // no file: an empty volume of that capacity
	Parent      string   `json:"parent,omitempty" yaml:"parent,omitempty"`           // ovf:diskId that this is a delta to
	SharedWith  string   `json:"shared_with,omitempty" yaml:"shared_with,omitempty"` // "key/id" of the first disk that is this very one
	Controller  string   `json:"controller,omitempty" yaml:"controller,omitempty"`   // instance id
	Bus         string   `json:"bus" yaml:"bus"`                                     // ide, scsi, sata, nvme, virtio, or "" when nothing is said
	Address     int      `json:"address" yaml:"address"`                             // on the controller, -1 when not said
	BootIndex   int      `json:"boot_index,omitempty" yaml:"boot_index,omitempty"`   // 1 is first, 0: not said
}

// Media is a CD or a floppy in its drive.
type Media struct {
	ID          string   `json:"id" yaml:"id"`     // cd0, cd1, … and fd0, …
	Kind        string   `json:"kind" yaml:"kind"` // iso or floppy
	FileID      string   `json:"file_id" yaml:"file_id"`
	Href        string   `json:"href" yaml:"href"`
	Members     []string `json:"members,omitempty" yaml:"members,omitempty"`
	Compression string   `json:"compression,omitempty" yaml:"compression,omitempty"`
	BootIndex   int      `json:"boot_index,omitempty" yaml:"boot_index,omitempty"`
}

// A Controller is what disks are attached to.
type Controller struct {
	Instance string `json:"instance" yaml:"instance"`
	Bus      string `json:"bus" yaml:"bus"`     // ide, scsi, sata, nvme or virtio
	Model    string `json:"model" yaml:"model"` // the first known of the descriptor's list, else as it stands there
	Number   int    `json:"number" yaml:"number"`
}

// A NIC is a network adapter.
type NIC struct {
	Name      string `json:"name,omitempty" yaml:"name,omitempty"`
	Network   string `json:"network" yaml:"network"`                 // name of a Network, "" when it is connected to none
	Model     string `json:"model,omitempty" yaml:"model,omitempty"` // as the descriptor has it; SystemPlan.NICModel is the one to use
	MAC       string `json:"mac,omitempty" yaml:"mac,omitempty"`
	BootIndex int    `json:"boot_index,omitempty" yaml:"boot_index,omitempty"`
}

// A ProductPlan is software in a system with the values of its properties.
type ProductPlan struct {
	Name       string          `json:"name,omitempty" yaml:"name,omitempty"`
	Vendor     string          `json:"vendor,omitempty" yaml:"vendor,omitempty"`
	Version    string          `json:"version,omitempty" yaml:"version,omitempty"`
	Properties []PropertyValue `json:"properties,omitempty" yaml:"properties,omitempty"`
}

// A PropertyValue is a property with its chosen value.
type PropertyValue struct {
	Key         string `json:"key" yaml:"key"`
	Type        string `json:"type,omitempty" yaml:"type,omitempty"`
	Label       string `json:"label,omitempty" yaml:"label,omitempty"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
	Category    string `json:"category,omitempty" yaml:"category,omitempty"`
	Settable    bool   `json:"settable" yaml:"settable"`
	Password    bool   `json:"password" yaml:"password"`
	Set         bool   `json:"set" yaml:"set"`                         // it has a value, be it an empty one
	Lacks       bool   `json:"lacks" yaml:"lacks"`                     // it is required and has no value
	Value       string `json:"value,omitempty" yaml:"value,omitempty"` // "" for a password
	secret      *secret
}

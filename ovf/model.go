package ovf

// An Appliance is what a descriptor says, before anything was chosen.
type Appliance struct {
	Version        string // "0.9", "1" or "2"
	Files          []File
	Disks          []VirtualDisk
	Networks       []Network
	Configurations []Configuration
	Products       []Product // of the appliance and its collections; systems have their own
	Systems        []System  // in the order of the document
	Startup        []StartStep
	EULAs          []string
	Annotations    []string
	Warnings       []Warning
}

// A File is an entry of the References section.
type File struct {
	ID          string
	Href        string // hostile text: compared with members' names, never opened
	Size        int64  // bytes as the descriptor says, -1 when it doesn't; the archive's own size counts
	Compression string // "gzip" or ""
	ChunkSize   int64  // bytes of each chunk but the last, 0 when the file is one piece
	at          *node
}

// A VirtualDisk is an entry of the disk section.
type VirtualDisk struct {
	ID       string
	FileRef  string // id of a File, "" for a blank disk
	Parent   string // id of the disk that it is a delta to, or ""
	Format   string // URI; not to be trusted
	amount   string // capacity: a number or "${property}"
	unit     string
	unitSize int64  // what an empty unit means, in bytes
	bus      string // oVirt says it here
	shared   bool   // several items that refer to it mean the same one
	at       *node
}

// A Network is a logical network, for the operator to map.
type Network struct {
	Name        string `json:"name" yaml:"name"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
}

// A Configuration is one of the ways to deploy an appliance.
type Configuration struct {
	ID          string `json:"id" yaml:"id"`
	Label       string `json:"label,omitempty" yaml:"label,omitempty"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
	Default     bool   `json:"default" yaml:"default"`
}

// A Product describes software in the appliance, and what can be set in it.
type Product struct {
	Class       string
	Instance    string
	Name        string
	Vendor      string
	Version     string
	FullVersion string
	Properties  []Property
}

// A System is a virtual machine of the appliance.
type System struct {
	ID          string   // ovf:id, may be ""
	Name        string   // ovf:Name, or the id
	Collections []string // ids of the collections around it, the outermost first
	Families    []string // VirtualSystemType: hardware that it was made for
	Transports  []string // ways to hand in the environment document
	Guest       Guest
	Products    []Product
	EULAs       []string
	Annotations []string
	hardware    *node
	items       []item
	config      []setting
	extras      []extra
}

// A Guest is the operating system that a System says it has.
type Guest struct {
	ID          int    `json:"id,omitempty" yaml:"id,omitempty"` // CIM_OperatingSystem.OSType
	Type        string `json:"type,omitempty" yaml:"type,omitempty"`
	Version     string `json:"version,omitempty" yaml:"version,omitempty"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
	Family      Family `json:"family" yaml:"family"`
}

// A StartStep tells when a system or a collection of systems starts.
type StartStep struct {
	Collection string `json:"collection,omitempty" yaml:"collection,omitempty"` // id of the collection that says so
	ID         string `json:"id" yaml:"id"`                                     // of the system or collection
	Key        string `json:"key,omitempty" yaml:"key,omitempty"`               // of the system in the plan, "" for a collection
	Order      int    `json:"order" yaml:"order"`                               // lower ones first, equal ones together; 0: at any time
	StartDelay int    `json:"start_delay" yaml:"start_delay"`                   // seconds
	StopDelay  int    `json:"stop_delay" yaml:"stop_delay"`                     // seconds
	Start      string `json:"start_action,omitempty" yaml:"start_action,omitempty"`
	Stop       string `json:"stop_action,omitempty" yaml:"stop_action,omitempty"`
	WaitGuest  bool   `json:"waiting_for_guest" yaml:"waiting_for_guest"`
}

// setting is a key with a value that some dialect puts beside the items.
type setting struct {
	key, value string
	at         *node
}

// extra is a dialect's own section inside a system.
type extra struct {
	name string
	at   *node
}

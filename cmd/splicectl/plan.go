package main

// A plan is what splicectl shows of the answer to ova.inspect: what people
// decide upon. The values of password properties are not in it.
type plan struct {
	Version        string          `json:"version"`
	Configuration  string          `json:"configuration"`
	Configurations []configuration `json:"configurations"`
	Systems        []planSystem    `json:"systems"`
	Networks       []network       `json:"networks"`
	Unattached     []planDisk      `json:"unattached"`
	Startup        []startStep     `json:"startup"`
	Products       []product       `json:"products"`
	EULAs          []string        `json:"eulas"`
	Warnings       []warning       `json:"warnings"`
}

type configuration struct {
	ID      string `json:"id"`
	Label   string `json:"label"`
	Default bool   `json:"default"`
}

type network struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type planSystem struct {
	Key        string     `json:"key"`
	Name       string     `json:"name"`
	Guest      guest      `json:"guest"`
	VCPUs      int        `json:"vcpus"`
	Memory     int64      `json:"memory"`
	Disks      []planDisk `json:"disks"`
	Media      []medium   `json:"media"`
	NICs       []nic      `json:"nics"`
	Transports []string   `json:"transports"`
	Firmware   string     `json:"firmware"`
	SecureBoot bool       `json:"secure_boot"`
	VTPM       bool       `json:"vtpm"`
	Machine    string     `json:"machine"`
	DiskBus    string     `json:"disk_bus"`
	NICModel   string     `json:"nic_model"`
	Products   []product  `json:"products"`
	EULAs      []string   `json:"eulas"`
	Warnings   []warning  `json:"warnings"`
}

type startStep struct {
	ID         string `json:"id"`
	Key        string `json:"key"`
	Order      int    `json:"order"`
	StartDelay int    `json:"start_delay"`
	WaitGuest  bool   `json:"waiting_for_guest"`
}

type guest struct {
	Type        string `json:"type"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

type planDisk struct {
	ID          string `json:"id"`
	Href        string `json:"href"`
	Compression string `json:"compression"`
	Capacity    int64  `json:"capacity"`
	Blank       bool   `json:"blank"`
	Parent      string `json:"parent"`
	SharedWith  string `json:"shared_with"`
	Bus         string `json:"bus"`
}

type medium struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Href string `json:"href"`
}

type nic struct {
	Name    string `json:"name"`
	Network string `json:"network"`
	Model   string `json:"model"`
	MAC     string `json:"mac"`
}

type product struct {
	Name       string     `json:"name"`
	Vendor     string     `json:"vendor"`
	Version    string     `json:"version"`
	Properties []property `json:"properties"`
}

type property struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Settable bool   `json:"settable"`
	Password bool   `json:"password"`
	Set      bool   `json:"set"`
	Lacks    bool   `json:"lacks"`
	Value    string `json:"value"`
}

type warning struct {
	Line    int    `json:"line"`
	Element string `json:"element"`
	Text    string `json:"text"`
}

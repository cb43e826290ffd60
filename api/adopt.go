package api

// OVAAdopt are the parameters of ova.adopt, which makes an OVA's record, and
// what else was made with it, anew from what its pool knows of it. It answers
// an OVAResult.
type OVAAdopt struct {
	Pool      string `json:"pool"`
	Name      string `json:"name"`
	Wait      bool   `json:"wait,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// OVAAdoptable are the parameters of ova.adoptable, which lists the OVAs in a
// pool of which this host has no record.
type OVAAdoptable struct {
	Pool string `json:"pool"`
}

// An Adoptable is an OVA that ova.adopt can take.
type Adoptable struct {
	Name  string `json:"name"`
	Disks int    `json:"disks"`
	Host  string `json:"host,omitempty"` // that took it in
}

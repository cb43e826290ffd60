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

// An Adoptable is an OVA or image that ova.adopt or image.adopt can take.
type Adoptable struct {
	Name  string `json:"name"`
	Disks int    `json:"disks"`          // as the pool says; 1 of an image
	Host  string `json:"host,omitempty"` // that took it in
}

// ImageAdopt are the parameters of image.adopt, which makes an image's record
// anew from what its pool knows of it. It answers an ImageResult.
type ImageAdopt struct {
	Pool      string `json:"pool"`
	Name      string `json:"name"`
	Wait      bool   `json:"wait,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// ImageAdoptable are the parameters of image.adoptable, which lists the images in
// a pool of which this host has no record.
type ImageAdoptable struct {
	Pool string `json:"pool"`
}

package api

// OVAConfigure are the parameters of ova.configure, which makes templates and
// profiles of an OVA's disks for another of its configurations.
type OVAConfigure struct {
	Name          string            `json:"name"`
	Configuration string            `json:"configuration"`
	Properties    map[string]string `json:"properties,omitempty"` // over those of the upload
	As            string            `json:"as,omitempty"`         // name of what is made; default: <name>-<configuration>
	RequestID     string            `json:"request_id,omitempty"`
}

// OVAConfigured answers ova.configure with the names of what was made.
type OVAConfigured struct {
	Message         string   `json:"message"`
	Profiles        []string `json:"profiles"`
	SystemTemplates []string `json:"system_templates"`
}

package api

// Check are the parameters of catalog.check, which compares the records with
// the pools and changes nothing. A second request with the same request id is
// answered with the findings of the first one's job.
type Check struct {
	Pool      string `json:"pool,omitempty"`    // default: all
	Digests   bool   `json:"digests,omitempty"` // read all volumes, and compare what is in them
	Wait      bool   `json:"wait,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// CheckResult answers catalog.check: the job and, once it has ended, what it
// found.
type CheckResult struct {
	Job      string    `json:"job"`
	Message  string    `json:"message"`
	Findings []Finding `json:"findings,omitempty"`
}

// A FindingKind says in what way records and pools disagree.
type FindingKind string

// The kinds of findings.
const (
	MissingVolume     FindingKind = "missing-volume"     // a record names a volume that isn't there
	OrphanVolume      FindingKind = "orphan-volume"      // a volume is marked as ours, and no record names it
	DigestMismatch    FindingKind = "digest-mismatch"    // a volume's content isn't what was taken in
	SizeMismatch      FindingKind = "size-mismatch"      // a volume has another size than its record says
	CorruptRecord     FindingKind = "corrupt-record"     // a file can't be used
	DanglingReference FindingKind = "dangling-reference" // an object refers to one that isn't there
	StagingLeftover   FindingKind = "staging-leftover"   // a staging volume of a job that doesn't run
	AdoptableObject   FindingKind = "adoptable"          // an OVA or image is in a pool, and has no record here
)

// A Finding is one thing that catalog.check found.
type Finding struct {
	Kind   FindingKind `json:"kind"`
	Object string      `json:"object,omitempty"` // whose it is, as `OVA "web"`
	Pool   string      `json:"pool,omitempty"`
	Volume string      `json:"volume,omitempty"`
	Text   string      `json:"text"`           // what is wrong, a sentence
	Hint   string      `json:"hint,omitempty"` // what to do, a sentence
}

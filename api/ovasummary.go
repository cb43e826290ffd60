package api

import "time"

// An OVASummary is what lists say of an OVA: keys of its record, as they are
// there, without what would make an answer about thousands too long.
type OVASummary struct {
	Name       string          `json:"name"`
	Pool       string          `json:"pool"`
	Systems    []SystemSummary `json:"systems"`
	Unattached []DiskSummary   `json:"unattached,omitempty"` // disks that no system has
	Created    time.Time       `json:"created"`
	Problem    string          `json:"problem,omitempty"` // the file can't be used; this is its last good version
}

// A SystemSummary is what lists say of an OVA's system.
type SystemSummary struct {
	Key     string        `json:"key"`
	Name    string        `json:"name"`
	Profile string        `json:"profile"` // made with it
	Disks   []DiskSummary `json:"disks"`
	Media   []DiskSummary `json:"media,omitempty"` // CDs and floppies
}

// A DiskSummary is what lists say of an OVA's disk.
type DiskSummary struct {
	ID     string `json:"id"`
	Volume string `json:"volume"`
	Size   Size   `json:"size"`
	Shared bool   `json:"shared,omitempty"` // the volume is another system's
}

// Summary is what lists say of the OVA.
func (o *OVA) Summary() OVASummary {
	s := OVASummary{
		Name: o.Name, Pool: o.Pool, Created: o.Created,
		Systems: make([]SystemSummary, 0, len(o.Systems)), Unattached: summaries(nil, o.Unattached),
	}
	for i := range o.Systems {
		of := &o.Systems[i]
		s.Systems = append(s.Systems, SystemSummary{
			Key: of.Key, Name: of.Name, Profile: of.Profile,
			Disks: summaries([]DiskSummary{}, of.Disks), Media: summaries(nil, of.Media),
		})
	}
	return s
}

func summaries(to []DiskSummary, disks []OVADisk) []DiskSummary {
	for i := range disks {
		d := &disks[i]
		to = append(to, DiskSummary{d.ID, d.Volume, d.Size, d.Shared})
	}
	return to
}

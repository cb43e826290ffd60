package catalog

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"

	"spliced/api"
	"spliced/ingest"
	"spliced/ovf"
)

// Whoever may write to the pool may have written a record there. So it must be
// one that an import could have made, to the byte; it may name only volumes that
// are called as this OVA's disks are, and that say themselves that the same job
// made them.

// jobGrammar is the form of a job's id.
func jobGrammar() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{1,32}$`) }

// maxDisks bounds what is believed of how many disks an OVA has.
const maxDisks = 1 << 20

// disksOf is how many disks an OVA's record says in its metadata that there are.
func disksOf(head *ingest.Facts) int {
	n, err := strconv.Atoi(head.Metadata[ingest.MetaDisks])
	if err != nil || n < 0 || n > maxDisks {
		return 0
	}
	return n
}

// parsePooled reads the record that a pool keeps of an OVA. job is the one that
// made the volume it was in.
func (c *Catalog) parsePooled(in Intent, job string, text []byte) (*api.OVA, error) {
	o, err := c.ovas.Parse(text)
	if err != nil {
		return nil, unfit("the record that the pool keeps of it can't be used: %w", err)
	}
	again, err := c.ovas.Text(in.Name, o)
	switch {
	case err != nil || !bytes.Equal(again, text):
		return nil, unfit("the record that the pool keeps of it has another form than records have")
	case o.Name != in.Name:
		return nil, unfit("the record that the pool keeps of it is of OVA %.80q", o.Name)
	case o.Job != job || !jobGrammar().MatchString(job):
		return nil, unfit("the record that the pool keeps of it is of another job, %.40q", o.Job)
	case len(o.Secrets) > 0:
		return nil, unfit("the record that the pool keeps of it has passwords, which no pool is given")
	}
	if err := vetSystems(&o); err != nil {
		return nil, err
	}
	// Pools have names in a host's configuration, for itself.
	o.Pool = in.Pool
	return &o, plainTexts(&o)
}

// vetSystems holds an OVA's systems, and what is made with them, against what an
// import makes.
func vetSystems(o *api.OVA) error {
	seen := map[string]bool{}
	for i := range o.Systems {
		s := &o.Systems[i]
		name := o.Name
		if len(o.Systems) > 1 {
			name += "." + s.Key
		}
		if seen[s.Key] || api.CheckName(name) != nil || s.SystemTemplate != name || s.Profile != name {
			return unfit("its record in the pool has a system %.80q with other names than it can have", s.Key)
		}
		seen[s.Key] = true
		template, profile := systemTemplate(o.Name, s), ovaProfile(o, s, o.Configuration)
		if err := template.Validate(); err != nil {
			return unfit("its record in the pool has a system %.80q that can't be: %w", s.Key, err)
		}
		if err := profile.Validate(); err != nil {
			return unfit("its record in the pool has a system %.80q that can't be: %w", s.Key, err)
		}
	}
	return vetNames(o)
}

// vetNames lets the record name its own volumes alone.
func vetNames(o *api.OVA) error {
	own, shared := map[string]bool{}, []string{}
	check := func(system string, disks []api.OVADisk) error {
		for _, d := range disks {
			if d.Shared {
				shared = append(shared, d.Volume)
				continue
			}
			if !diskGrammar().MatchString(d.ID) || d.Volume != diskVolume(o.Name, len(o.Systems), system, d.ID) || own[d.Volume] {
				return unfit("its record in the pool gives its disk %.40q the volume %.200q", d.ID, d.Volume)
			}
			own[d.Volume] = true
		}
		return nil
	}
	for _, s := range o.Systems {
		if err := check(s.Key, slices.Concat(s.Disks, s.Media)); err != nil {
			return err
		}
	}
	if err := check("", o.Unattached); err != nil {
		return err
	}
	for _, volume := range shared {
		if !own[volume] {
			return unfit("its record in the pool shares the volume %.200q, which it doesn't have", volume)
		}
	}
	return nil
}

// diskGrammar is the form of ids of disks and media.
func diskGrammar() *regexp.Regexp { return regexp.MustCompile(`^(sd[a-z]{1,3}|(cd|fd)[0-9]{1,4})$`) }

// volumeNames are the names of an OVA's volumes, each once.
func volumeNames(o *api.OVA) []string {
	var names []string
	for _, d := range o.Volumes() {
		names = append(names, d.Volume)
	}
	return names
}

// vetVolumes holds the record's disks against the volumes that are there, in the
// same order.
func vetVolumes(o *api.OVA, facts []ingest.Facts) error {
	for i, d := range o.Volumes() {
		f := &facts[i]
		switch {
		case f.Problem != "":
			return unfit("the volume %q can't be looked at: %.200s", f.Name, f.Problem)
		case !f.There:
			return unfit("the pool has no volume %q, which is one of its disks", f.Name)
		case f.Metadata[ingest.MetaJob] != o.Job || f.Metadata[ingest.MetaOrigin] != api.OriginOVA(o.Name):
			return unfit("the volume %q isn't from the same import", f.Name)
		case f.Size != int64(d.Size):
			return unfit("the volume %q has %d bytes, and %d in its record", f.Name, f.Size, int64(d.Size))
		case !f.Frozen:
			return unfit("the volume %q has no snapshot %q", f.Name, ingest.Snapshot)
		}
	}
	return nil
}

// plainTexts refuses a record with texts that a terminal would act on: imports
// clean all that they take from descriptors. What an upload sets itself, the
// values of properties, is not.
func plainTexts(record any) error {
	if o, is := record.(*api.OVA); is {
		bare := *o
		bare.Properties = nil
		record = bare
	}
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil //nolint:nilerr // the end of what was just written
		}
		if said, is := token.(string); is && ovf.Clean(said) != said {
			return unfit("what the pool says of it has unprintable characters: %.100q", said)
		}
	}
}

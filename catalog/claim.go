package catalog

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"spliced/api"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/store"
)

// An OVA brings a system template and a profile for each of its systems, named
// after it: NAME where it has one system, NAME.KEY where there are several. How
// many there are only its descriptor tells, so while a job works on OVA NAME all
// of these names are its own.

// claimedByImport reports whether a name of that kind is kept for what a job for
// an OVA makes, and for which job. Who wants to create something of that name
// holds c.starting from here until it is created: no such job begins meanwhile.
func (c *Catalog) claimedByImport(kind, name string) (job string, taken bool) {
	if kind != string(api.KindSystem) && kind != string(api.KindProfile) {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ova := range namesakes(name) {
		if job, taken := c.reserved[string(ovaObject)+"/"+ova]; taken {
			return job, true
		}
	}
	return "", false
}

// namesakes are the names of OVAs that a template of that name may be of: the
// name itself, and what is in front of each of its dots.
func namesakes(name string) []string {
	all := []string{name}
	for at := range len(name) {
		if name[at] == '.' {
			all = append(all, name[:at])
		}
	}
	return all
}

// namesFree returns nil when an OVA's own name is free for its template and its
// profile. The OVA is reserved by now.
func (c *Catalog) namesFree(ova string) error {
	for what, err := range map[string]error{
		"system template": present(c.systems, ova), "profile": present(c.profiles, ova),
	} {
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		return rpc.Errorf(rpc.Exists, "there is a %s %q already, and the import makes one of that name.", what, ova).
			WithHint("Choose another name, or remove that " + what + " first.")
	}
	for _, other := range namesakes(ova)[1:] {
		if job, taken := c.claimedByImport(string(api.KindProfile), other); taken {
			return rpc.Errorf(rpc.Busy, "job %s works on OVA %q, which may get a profile of that name.", job, other).WithJob(job).
				WithHint("Wait for its end with splicectl job wait " + job + ".")
		}
	}
	return nil
}

func present[T any](in *store.Collection[T], name string) error {
	_, err := in.Get(name)
	return err
}

// takenNames lists what an OVA's systems can't be called: what is there, and
// what jobs for other OVAs are going to make.
func (c *Catalog) takenNames(ova string) ([]ingest.TakenName, error) {
	var all []ingest.TakenName
	add := func(what string, names []string) {
		for _, name := range names {
			if strings.HasPrefix(name, ova+".") {
				all = append(all, ingest.TakenName{What: what, Name: name})
			}
		}
	}
	systems, err := recordNames(c.systems)
	if err != nil {
		return nil, err
	}
	profiles, err := recordNames(c.profiles)
	if err != nil {
		return nil, err
	}
	add("system template", systems)
	add("profile", profiles)
	add("job for an OVA", c.ovasWorkedOn())
	return all, nil
}

// recordNames are the names of all records, also of those that can't be read.
func recordNames[T any](in *store.Collection[T]) ([]string, error) {
	items, corrupt, err := in.All()
	var names []string
	for _, item := range items {
		names = append(names, item.Name)
	}
	for _, broken := range corrupt {
		names = append(names, broken.Name)
	}
	return names, err
}

// ovasWorkedOn are the OVAs that jobs work on, sorted.
func (c *Catalog) ovasWorkedOn() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for key := range c.reserved {
		if name, ok := strings.CutPrefix(key, string(ovaObject)+"/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

package catalog

import (
	"fmt"
	"slices"
	"strings"

	"spliced/api"
	"spliced/rpc"
	"spliced/store"
)

// An EntryName is an entry that a removal takes along.
type EntryName struct {
	Kind api.Kind `yaml:"kind"`
	Name string   `yaml:"name"`
}

func (e EntryName) target() target { return target{kind: e.Kind, name: e.Name} }

// takenAlong returns what goes with an OVA: nothing without cascade, and with it
// the system templates and profiles that say they were made with it. It refuses
// when anything else refers to the OVA or to one of these. The caller holds
// c.changing.
func (c *Catalog) takenAlong(ova string, cascade bool) ([]EntryName, error) {
	going := map[target]bool{{kind: kindOVA, name: ova}: true}
	var along []EntryName
	if cascade {
		for _, kind := range []api.Kind{api.KindProfile, api.KindSystem} {
			err := c.shelves[kind].each(func(name, origin string, _ []reference) {
				if origin == api.OriginOVA(ova) {
					along = append(along, EntryName{kind, name})
					going[target{kind: kind, name: name}] = true
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	outside, err := c.outsiders(going)
	switch {
	case err != nil:
		return nil, err
	case len(outside) == 0:
		return along, nil
	case cascade:
		return nil, rpc.Errorf(rpc.Busy, "%s refer%s to it or to what was made with it, and %s not made with it.",
			names(outside), plural(len(outside)), was(len(outside))).
			WithHint("Let them refer to something else, or remove them first.")
	}
	return nil, inUse(outside).WithHint("Remove what was made with the OVA along with it (--cascade), or these first.")
}

// outsiders lists the profiles that refer to what is going and stay themselves.
func (c *Catalog) outsiders(going map[target]bool) ([]string, error) {
	var all []string
	err := c.shelves[api.KindProfile].each(func(name, _ string, refs []reference) {
		it := target{kind: api.KindProfile, name: name}
		if !going[it] && slices.ContainsFunc(refs, func(r reference) bool { return going[r.to] }) {
			all = append(all, it.title())
		}
	})
	return all, err
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// keys are what the intent's object, and what goes along with it, is reserved
// under.
func (i Intent) keys() []string {
	keys := []string{i.key()}
	for _, e := range i.Entries {
		keys = append(keys, e.target().key())
	}
	return keys
}

// removed is what a removal took, as messages name it.
func (i Intent) removed() string {
	counts := map[api.Kind]int{}
	for _, e := range i.Entries {
		counts[e.Kind]++
	}
	var parts []string
	for _, kind := range []api.Kind{api.KindSystem, api.KindProfile} {
		if n := counts[kind]; n > 0 {
			parts = append(parts, count(n, kind.Title()))
		}
	}
	if len(parts) == 0 {
		return i.title()
	}
	return i.title() + " with " + strings.Join(parts, " and ")
}

// dropOVA removes, all or nothing, what is there of an OVA's files: somebody may
// have removed some of them by hand.
func (c *Catalog) dropOVA(i Intent) error {
	b := c.batch()
	c.ovas.DeleteIn(b, i.Name)
	if _, err := c.descriptors.Get(i.Name); !absent(err) {
		c.descriptors.DeleteIn(b, i.Name)
	}
	for _, e := range i.Entries {
		s, known := c.shelves[e.Kind]
		if !known {
			return fmt.Errorf("the intent of job %s has an entry of the unknown kind %q", i.Job, e.Kind)
		}
		if err := s.dropIn(b, e.Name); err != nil {
			return err
		}
	}
	err := b.Commit()
	if absent(err) { // what is gone since is passed over by the next attempt
		return fmt.Errorf("somebody is removing its files by hand: %v", err)
	}
	return err
}

// dropIn adds the removal of an entry to a batch, if it is there.
func (s *entries[T]) dropIn(b *store.Batch, name string) error {
	there, err := s.has(name)
	if there {
		s.records.DeleteIn(b, name)
	}
	return err
}

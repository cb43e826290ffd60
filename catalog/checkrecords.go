package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"spliced/api"
)

// records looks at the records alone: at files that can't be used, and at what
// refers to something that isn't there.
func (k *check) records() error {
	for _, problems := range k.catalog.problems() {
		broken, err := problems()
		if err != nil {
			return err
		}
		for _, b := range broken {
			k.tell(api.Finding{
				Kind: api.CorruptRecord, Object: fmt.Sprintf("record %q of %s", b.Name, b.Kind),
				Text: sentenceOf(b), Hint: "Mend the file, or move it away.",
			})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(k.catalog.shelves)) {
		if err := k.references(kind); err != nil {
			return err
		}
	}
	if err := k.ovas(); err != nil {
		return err
	}
	return k.vms()
}

// sentenceOf is a failure with a capital and a period.
func sentenceOf(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// references looks where the entries of a kind refer to.
func (k *check) references(kind api.Kind) error {
	var failed error
	err := k.catalog.shelves[kind].each(func(name, _ string, refs []reference) {
		for _, r := range refs {
			there, err := k.catalog.exists(r.to)
			if err != nil {
				failed = err
			}
			if !there && err == nil {
				k.dangling(target{kind: kind, name: name}.title(), r)
			}
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

func (k *check) dangling(object string, r reference) {
	k.tell(api.Finding{
		Kind: api.DanglingReference, Object: object, Pool: r.to.pool,
		Text: fmt.Sprintf("Its %s is the %s, which isn't there.", r.field, r.to.title()), Hint: r.to.hint(),
	})
}

// ovas looks whether the OVAs' pools and descriptors are there.
func (k *check) ovas() error {
	items, _, err := k.catalog.ovas.All()
	for _, item := range items {
		o, title := &item.Value, target{kind: kindOVA, name: item.Name}.title()
		if _, known := k.catalog.pools[o.Pool]; !known {
			k.dangling(title, reference{"pool", target{kind: kindPool, name: o.Pool}})
		}
		if _, err := k.catalog.descriptors.Get(item.Name); absent(err) {
			k.tell(api.Finding{
				Kind: api.DanglingReference, Object: title, Pool: o.Pool,
				Text: "Its descriptor isn't there.", Hint: "The pool has it as well: remove the record's file, and adopt the OVA.",
			})
		}
	}
	return err
}

// vms looks whether the pools of the VMs' volumes are there.
func (k *check) vms() error {
	items, _, err := k.catalog.vms.All()
	for _, item := range items {
		title := Intent{Object: vmObject, Name: item.Name}.title()
		for i, v := range item.Value.Volumes {
			if _, known := k.catalog.pools[v.Pool]; !known {
				k.dangling(title, reference{fmt.Sprintf("volumes[%d].pool", i), target{kind: kindPool, name: v.Pool}})
			}
		}
	}
	return err
}

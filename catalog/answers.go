package catalog

import (
	"slices"

	"spliced/api"
	"spliced/rpc"
)

const (
	// answersKept and answersBytes bound what is remembered for one user: far more
	// changes than somebody can wait for, and at least the largest script.
	answersKept  = 256
	answersBytes = 1 << 20
)

// A request is a change of an entry as one asked for it.
type request struct {
	verb string
	kind api.Kind
	name string
	id   string // "" when whoever asked gave none
}

// answers remember what changes that were made answered, so that one whose
// answer was lost can be asked for again. They don't outlive the daemon: what was
// made then is said to exist. Changes that were refused did nothing, and are
// tried again. Guarded by Catalog.changing.
type answers map[uint32][]answer // by user, oldest first

type answer struct {
	request
	entry api.Entry
}

// recall finds what the same request answered before.
func (a answers) recall(uid uint32, r request) (before api.Entry, same bool, err error) {
	if r.id == "" {
		return before, false, nil
	}
	for _, known := range a[uid] {
		if known.id != r.id {
			continue
		}
		if known.request != r {
			return before, false, rpc.Errorf(rpc.InvalidParams, "another request had the same id: to %s the %s %q.",
				known.verb, known.kind.Title(), known.name).WithField("request_id")
		}
		return known.entry, true, nil
	}
	return before, false, nil
}

func (a answers) keep(uid uint32, r request, e api.Entry) {
	if r.id == "" {
		return
	}
	kept := append(a[uid], answer{r, e})
	size := 0
	for _, k := range kept {
		size += len(k.entry.Spec)
	}
	for len(kept) > answersKept || size > answersBytes && len(kept) > 1 {
		size -= len(kept[0].entry.Spec)
		kept = slices.Delete(kept, 0, 1)
	}
	a[uid] = kept
}

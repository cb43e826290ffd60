package ovf

import (
	"strconv"
	"strings"
)

// maxKey is the length of a system's key, which leaves room for an OVA's name
// and a disk's id around it.
const maxKey = 30

// keys gives systems names that are unique and fit for volumes and records.
type keys struct {
	taken map[string]bool
}

func newKeys() *keys { return &keys{taken: map[string]bool{}} }

// next makes a key of a name.
func (k *keys) next(name string) string {
	base := fit(name, maxKey)
	if base == "" {
		base = "vm"
	}
	key := base
	for n := 2; k.taken[strings.ToLower(key)]; n++ {
		suffix := "-" + strconv.Itoa(n)
		key = strings.TrimRight(base[:min(len(base), maxKey-len(suffix))], "-._") + suffix
	}
	k.taken[strings.ToLower(key)] = true
	return key
}

// fit keeps of a name what [A-Za-z0-9][A-Za-z0-9._-]* allows; runs of anything
// else become a hyphen.
func fit(name string, limit int) string {
	var b strings.Builder
	gap := false
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteByte(c)
		case (c == '.' || c == '_') && b.Len() > 0 && !gap:
			b.WriteByte(c)
		default:
			gap = true
		}
		if b.Len() >= limit {
			break
		}
	}
	kept := b.String()
	return strings.TrimRight(kept[:min(len(kept), limit)], "-._")
}

// diskName is the id of the n-th disk, counted from 0: sda to sdz, then sdaa.
func diskName(n int) string {
	var letters []byte
	for n++; n > 0; n = (n - 1) / 26 {
		letters = append([]byte{byte('a' + (n-1)%26)}, letters...)
	}
	return "sd" + string(letters)
}

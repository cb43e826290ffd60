package ovf

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// maxChunks bounds the members that one file may be split into.
const maxChunks = MaxMembers

// Resolve finds the members that the plan's disks and media are in and notes
// them there. Names are compared as text: as they are, with %XX decoded, and as
// relative to the descriptor's own folder; with ".gz" added where the
// descriptor says so. It fails with a *Refusal for a file that no member is.
func (p *Plan) Resolve(members []string) error {
	r := newResolver(members)
	disks := []*Disk{}
	for i := range p.Systems {
		s := &p.Systems[i]
		for j := range s.Disks {
			disks = append(disks, &s.Disks[j])
		}
		for j := range s.Media {
			found, err := r.find(p.file(s.Media[j].FileID))
			if err != nil {
				return err
			}
			s.Media[j].Members = found
		}
	}
	for i := range p.Unattached {
		disks = append(disks, &p.Unattached[i])
	}
	for i := range p.Parents {
		disks = append(disks, &p.Parents[i])
	}
	for _, d := range disks {
		if d.FileID == "" {
			continue
		}
		found, err := r.find(p.file(d.FileID))
		if err != nil {
			return err
		}
		d.Members = found
	}
	return nil
}

func (p *Plan) file(id string) *File {
	for i := range p.files {
		if p.files[i].ID == id {
			return &p.files[i]
		}
	}
	return &File{ID: id}
}

// resolver looks up members by name.
type resolver struct {
	members map[string]bool
	folder  string // of the descriptor, "" or with a slash at its end
}

func newResolver(members []string) *resolver {
	r := &resolver{members: map[string]bool{}}
	for _, m := range members {
		r.members[m] = true
		if kindOf(m) == Descriptor {
			if dir := path.Dir(m); dir != "." {
				r.folder = dir + "/"
			}
		}
	}
	return r
}

// find returns the members of a file.
func (r *resolver) find(f *File) ([]string, error) {
	if strings.Contains(f.Href, "://") {
		return nil, refuseAt(Unsupported, f.at, "the file %s is at %s; what is not in the archive is not fetched", Display(f.ID), Display(f.Href))
	}
	for _, name := range r.spellings(f) {
		if r.members[name] {
			return []string{name}, nil
		}
		if f.ChunkSize == 0 {
			continue
		}
		if chunks := r.chunks(name); len(chunks) > 0 {
			return chunks, nil
		}
	}
	return nil, refuseAt(BadDescriptor, f.at, "the file %s, %s, is not in the archive", Display(f.ID), Display(f.Href))
}

// spellings lists the names that a file's member may have.
func (r *resolver) spellings(f *File) []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	href := strings.TrimPrefix(f.Href, "./")
	plain := href
	if decoded, err := url.PathUnescape(href); err == nil {
		plain = decoded
	}
	for _, name := range []string{href, plain, r.folder + href, r.folder + plain} {
		add(name)
		if f.Compression == "gzip" {
			add(name + ".gz")
		}
	}
	return names
}

// chunks lists the members of a file in pieces (DSP0243, section 7.2): its name
// with .000000000, .000000001 and so on.
func (r *resolver) chunks(name string) []string {
	var found []string
	for n := range maxChunks {
		chunk := fmt.Sprintf("%s.%09d", name, n)
		if !r.members[chunk] {
			return found
		}
		found = append(found, chunk)
	}
	return found
}

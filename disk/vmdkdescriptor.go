package disk

import (
	"bytes"
	"strconv"
	"strings"
)

// parentHint is the key of a parent's path, in lower case.
const parentHint = "parentfilenamehint"

// noParent is the parentCID of a disk that stands alone.
const noParent = "ffffffff"

// maxLeftover is the number of bytes behind the text's end that may be what was
// left of a longer text: qemu puts a new CID into the old text, and drops the
// CID's leading zeros, seven at most. No line that means anything is so short.
const maxLeftover = 7

// A vmdkDescriptor is what an embedded descriptor says that matters here.
type vmdkDescriptor struct {
	createType string
	sectors    uint64
}

// A descriptorParser gathers the lines of a descriptor.
type descriptorParser struct {
	seen    map[string]string // keys in lower case
	extents []string
}

// parseVMDKDescriptor parses the text of an embedded descriptor, padded with
// zeros (VMware Virtual Disk Format 1.1, "The Descriptor File"). Whatever it
// doesn't know is refused: a line that another program understands may name
// another file.
func parseVMDKDescriptor(text []byte) (vmdkDescriptor, error) {
	end := bytes.IndexByte(text, 0)
	if end < 0 {
		end = len(text)
	}
	if !allZero(text[min(len(text), end+1+maxLeftover):]) {
		return vmdkDescriptor{}, damaged(VMDK, sectorSize, "its descriptor goes on after its end")
	}
	p := descriptorParser{seen: map[string]string{}}
	for line := range strings.Lines(string(text[:end])) {
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return vmdkDescriptor{}, err
		}
	}
	return p.finish()
}

// refuseDescriptor says what kind of disk it is whose descriptor was sent
// alone. Its lines are looked at, never followed.
func refuseDescriptor(in *input) error {
	text, err := in.peek(HeadSize)
	if err != nil {
		return err
	}
	p := descriptorParser{seen: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			p.seen[strings.ToLower(strings.TrimSpace(key))] = unquote(strings.TrimSpace(value))
		}
	}
	f := VMDKDescriptor
	return unsupported(f, "it is %s (createType %.40q): %s", f.title(), p.seen["createtype"], f.advice())
}

func (p *descriptorParser) line(line string) error {
	switch {
	case line == "", line[0] == '#':
		return nil
	case isExtentLine(line):
		p.extents = append(p.extents, line)
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return damaged(VMDK, sectorSize, "its descriptor has a line that is not understood: %.60q", line)
	}
	return p.assign(strings.ToLower(strings.TrimSpace(key)), unquote(strings.TrimSpace(value)))
}

func (p *descriptorParser) assign(key, value string) error {
	if !knownKey(key) {
		return unsupported(VMDK, "its descriptor has a line that is not understood: %.60q", key)
	}
	if _, twice := p.seen[key]; twice {
		return damaged(VMDK, sectorSize, "its descriptor says %.60q twice", key)
	}
	p.seen[key] = value
	return nil
}

// knownKey holds what VMware, VirtualBox, qemu, open-vmdk and their like write.
// The disk database (ddb.*) describes geometry, adapter, identity and tools,
// and names no files.
func knownKey(key string) bool {
	switch key {
	case "version", "encoding", "cid", "parentcid", "isnativesnapshot", "createtype", parentHint:
		return true
	}
	return strings.HasPrefix(key, "ddb.")
}

func isExtentLine(line string) bool {
	access, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(access) {
	case "RW", "RDONLY", "NOACCESS":
		return true
	}
	return false
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// finish judges the whole.
func (p *descriptorParser) finish() (vmdkDescriptor, error) {
	var none vmdkDescriptor
	d := vmdkDescriptor{createType: p.seen["createtype"]}
	if parent := p.seen["parentcid"]; !strings.EqualFold(parent, noParent) {
		if parent == "" {
			return none, damaged(VMDK, sectorSize, "its descriptor has no parentCID")
		}
		return none, unsupported(VMDK, "it is a delta disk, which holds only the changes to its parent (parentCID %.20q): "+
			"consolidate the snapshots, or export the virtual machine", parent)
	}
	if hint, ok := p.seen[parentHint]; ok {
		return none, damaged(VMDK, sectorSize, "its descriptor names a parent, %.60q, and says that there is none", hint)
	}
	if err := checkCreateType(d.createType); err != nil {
		return none, err
	}
	if version := p.seen["version"]; version != "1" {
		return none, unsupported(VMDK, "its descriptor is of version %.20q; only 1 is known", version)
	}
	if len(p.extents) != 1 {
		return none, unsupported(VMDK, "its descriptor names %d extents; only a disk in one piece can be read from one file", len(p.extents))
	}
	var err error
	d.sectors, err = parseExtentLine(p.extents[0])
	return d, err
}

func checkCreateType(name string) error {
	switch name {
	case "streamOptimized", "monolithicSparse":
		return nil
	case "":
		return damaged(VMDK, sectorSize, "its descriptor has no createType")
	}
	return unsupported(VMDK, "it is a VMDK of the type %.40q; streamOptimized and monolithicSparse are supported: "+
		"convert the disk to streamOptimized", name)
}

// parseExtentLine takes the one extent's line apart: access, sectors, type and
// the name of the file, which is the image itself and is not opened.
func parseExtentLine(line string) (uint64, error) {
	head, rest, ok := strings.Cut(line, `"`)
	name, after, closed := strings.Cut(rest, `"`)
	fields := strings.Fields(head)
	switch {
	case len(fields) < 3:
		return 0, damaged(VMDK, sectorSize, "its descriptor has an extent line that is not understood: %.60q", line)
	case strings.EqualFold(fields[0], "NOACCESS") || !strings.EqualFold(fields[2], "SPARSE"):
		return 0, unsupported(VMDK, "its descriptor has an extent of the kind %.20s %.20s; only one that is SPARSE can be read", fields[0], fields[2])
	case !ok || !closed || after != "" || len(fields) != 3:
		return 0, damaged(VMDK, sectorSize, "its descriptor has an extent line that is not understood: %.60q", line)
	case name == "" || name == ".." || strings.ContainsAny(name, "/\\"):
		return 0, damaged(VMDK, sectorSize, "its descriptor names a file elsewhere, %.60q", name)
	}
	sectors, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0, damaged(VMDK, sectorSize, "its descriptor has an extent of %.30q sectors", fields[1])
	}
	return sectors, nil
}

package blocktest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spliced/block"
)

// flattenCases are about cutting clones off from their parents, and about where
// hypervisors find volumes.
func flattenCases() []testCase {
	return []testCase{
		{"flatten", flattenClone},
		{"flatten the middle", flattenMiddle},
		{"flatten an open clone", flattenOpen},
		{"flatten refusals", flattenRefusals},
		{"location", location},
	}
}

func flattenClone(s *suite) {
	const size = 9*mib + 5
	s.golden("base", size)
	s.clone("base", "copy")
	v := s.openVolume("copy")
	want := map[string]string{"spliced.job": "7"}
	s.ok(v.SetMetadata(s.ctx(), want), "SetMetadata")
	s.write(v, 2, mib, 5000)
	s.closeVolume(v)

	s.ok(s.pool.Flatten(s.ctx(), "copy"), "Flatten")
	s.ok(s.pool.Flatten(s.ctx(), "copy"), "Flatten again")
	if info := s.infoOf("copy"); info.Parent != "" || info.Size != size {
		s.Errorf("Info of a flattened clone: %+v", info)
	}
	if info := s.infoOf("base"); len(info.Children) != 0 {
		s.Errorf("Children = %q after Flatten", info.Children)
	}
	s.ok(s.pool.Remove(s.ctx(), "base"), "Remove of the former parent")
	v = s.openVolume("copy")
	s.isGolden(v, size)
	s.holds(v, 2, mib, 5000)
	s.hasMetadata(v, want)
	s.write(v, 3, 4096, 100)
	s.holds(v, 3, 4096, 100)
}

// flattenMiddle flattens a clone that is frozen and has a clone itself.
func flattenMiddle(s *suite) {
	const size = 2 * mib
	s.golden("one", size)
	s.clone("one", "two")
	two := s.openVolume("two")
	s.write(two, 2, mib, 1000)
	s.ok(two.Snapshot(s.ctx(), "base"), "Snapshot")
	s.closeVolume(two)
	s.clone("two", "three")

	s.ok(s.pool.Flatten(s.ctx(), "two"), "Flatten")
	s.ok(s.pool.Remove(s.ctx(), "one"), "Remove of the former parent")
	two = s.openVolume("two")
	s.frozen(two)
	s.isGoldenBut(two, size)
	if info := s.info(two); info.Parent != "" || !slices.Equal(info.Children, []string{"three"}) || !slices.Equal(info.Snapshots, []string{"base"}) {
		s.Errorf("Info of the middle: %+v", info)
	}
	three := s.openVolume("three")
	s.isGoldenBut(three, size)
	if got := s.info(three).Parent; got != "two@base" {
		s.Errorf("Parent = %q, want two@base", got)
	}
}

func flattenOpen(s *suite) {
	const size = mib
	s.golden("base", size)
	s.clone("base", "copy")
	v := s.openVolume("copy")
	s.write(v, 2, 5000, 1000)
	s.ok(s.other().Flatten(s.ctx(), "copy"), "Flatten of an open volume")
	s.holds(v, 1, 0, 4096)
	s.holds(v, 2, 5000, 1000)
	s.write(v, 3, 100, 1000)
	s.ok(v.Flush(), "Flush")
	v = s.reopen(v, "copy")
	s.holds(v, 1, 0, 100)
	s.holds(v, 3, 100, 1000)
	s.holds(v, 2, 5000, 1000)
	s.holds(v, 1, size-1000, 1000)
}

func flattenRefusals(s *suite) {
	s.golden("base", 10_000)
	s.ok(s.pool.Flatten(s.ctx(), "base"), "Flatten of no clone")
	s.isGolden(s.openVolume("base"), 10_000)
	s.is(s.pool.Flatten(s.ctx(), "absent"), fs.ErrNotExist, "Flatten of no volume")
	for _, bad := range badNames() {
		s.is(s.pool.Flatten(s.ctx(), bad), fs.ErrInvalid, "Flatten of a bad name")
	}
}

// location takes a volume's file where there is one; what a cluster says of
// itself the driver's own test compares.
func location(s *suite) {
	v := s.create("disk", 5000)
	s.write(v, 1, 0, 5000)
	s.ok(v.Flush(), "Flush")
	where, err := s.pool.Locate(s.ctx())
	switch {
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		s.Errorf("Locate: %v", err)
	case (where.Folder == "") == (where.RBD == nil):
		s.Errorf("Locate gives neither or both: %+v", where)
	case where.Folder != "":
		data, err := os.ReadFile(filepath.Join(where.Folder, "disk"))
		s.ok(err, "ReadFile")
		s.same(data, pattern(1, 0, 5000), 0)
		if !filepath.IsAbs(where.Folder) {
			s.Errorf("Folder = %q", where.Folder)
		}
	default:
		s.names(*where.RBD)
	}
}

// names complains unless a client of Ceph could work with what it is told.
func (s *suite) names(r block.RBD) {
	s.Helper()
	if strings.Count(r.FSID, "-") != 4 || r.Pool == "" || len(r.Monitors) == 0 || (r.User == "") != (r.Key == "") {
		s.Errorf("Locate: %+v", r)
	}
	for _, monitor := range r.Monitors {
		if !monitor.IsValid() {
			s.Errorf("Monitors = %v", r.Monitors)
		}
	}
}

package blocktest

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"spliced/block"
)

// freezeCases are about snapshots, clones and metadata.
func freezeCases() []testCase {
	return []testCase{
		{"snapshot freezes", snapshotFreezes},
		{"snapshot names", snapshotNames},
		{"clone is whole and writable", cloneWhole},
		{"clones are isolated", clonesIsolated},
		{"clone of a clone", cloneOfClone},
		{"clone refusals", cloneRefusals},
		{"remove with clones", removeWithClones},
		{"metadata", metadata},
		{"metadata of a frozen volume", metadataFrozen},
	}
}

// frozen complains unless v refuses all writes.
func (s *suite) frozen(v block.Volume) {
	s.Helper()
	if n, err := v.WriteAt([]byte{1, 2, 3}, 5); n != 0 || !errors.Is(err, block.ErrFrozen) {
		s.Errorf("WriteAt on a frozen volume = %d, %v", n, err)
	}
	s.is(v.Zero(0, 10), block.ErrFrozen, "Zero on a frozen volume")
	s.is(v.Resize(v.Size()+1), block.ErrFrozen, "Resize up of a frozen volume")
	s.is(v.Resize(v.Size()-1), block.ErrFrozen, "Resize down of a frozen volume")
}

func snapshotFreezes(s *suite) {
	const size = mib + 17
	v := s.create("disk", size)
	s.write(v, 1, 0, size)
	s.ok(v.Snapshot(s.ctx(), "base"), "Snapshot")
	s.frozen(v)
	s.holds(v, 1, 0, size)
	s.ok(v.Flush(), "Flush of a frozen volume")
	v = s.reopen(v, "disk")
	s.frozen(v)
	s.sizedAs(v, size)
	s.holds(v, 1, 0, size)
}

func snapshotNames(s *suite) {
	v := s.create("disk", 100)
	if got := s.info(v).Snapshots; len(got) != 0 {
		s.Errorf("Snapshots = %q for a new volume", got)
	}
	for _, bad := range badNames() {
		s.is(v.Snapshot(s.ctx(), bad), fs.ErrInvalid, "Snapshot of a bad name")
	}
	s.write(v, 1, 0, 100)
	s.ok(v.Snapshot(s.ctx(), "zulu"), "Snapshot")
	s.is(v.Snapshot(s.ctx(), "zulu"), fs.ErrExist, "Snapshot of the same name")
	v = s.reopen(v, "disk")
	s.is(v.Snapshot(s.ctx(), "zulu"), fs.ErrExist, "Snapshot of the same name")
	s.ok(v.Snapshot(s.ctx(), "alpha"), "second Snapshot")
	if got := s.info(v).Snapshots; !slices.Equal(got, []string{"zulu", "alpha"}) {
		s.Errorf("Snapshots = %q, want the oldest first", got)
	}
	s.closeVolume(v)
	s.ok(s.pool.Clone(s.ctx(), "disk", "alpha", "copy"), "Clone from the second")
	s.holds(s.openVolume("copy"), 1, 0, 100)
}

func cloneWhole(s *suite) {
	const size = 6*mib + 11
	s.golden("base", size)
	v := s.openVolume("base")
	s.ok(v.SetMetadata(s.ctx(), map[string]string{"spliced.origin": "x"}), "SetMetadata")
	s.closeVolume(v)
	s.clone("base", "copy")

	c := s.openVolume("copy")
	s.isGolden(c, size)
	info := s.info(c)
	if info.Parent != "base@base" || len(info.Snapshots) != 0 || len(info.Metadata) != 0 || info.Size != size {
		s.Errorf("Info of a clone: %+v", info)
	}
	s.write(c, 2, 100, 5000)
	s.ok(c.Zero(3*mib, mib), "Zero")
	s.ok(c.Resize(size+1000), "Resize")
	s.ok(c.Flush(), "Flush")
	c = s.reopen(c, "copy")
	s.holds(c, 1, 0, 100)
	s.holds(c, 2, 100, 5000)
	s.holds(c, 1, size-1000, 1000)
	s.zeros(c, size, 1000)
	s.isGolden(s.openVolume("base"), size)
}

func clonesIsolated(s *suite) {
	const size = 5 * mib
	s.golden("base", size)
	s.clone("base", "a")
	s.clone("base", "b")
	a, b := s.openVolume("a"), s.openVolume("b")
	s.write(a, 2, 1000, 2000)
	s.ok(b.Zero(0, 4096), "Zero")
	s.isGolden(s.openVolume("base"), size)
	s.holds(a, 1, 0, 1000)
	s.holds(a, 2, 1000, 2000)
	s.holds(a, 1, 3000, 1096)
	s.zeros(b, 0, 4096)
	s.holds(b, 1, size-1000, 1000)
	s.ok(b.Resize(4000), "Resize")
	s.ok(b.Resize(size), "Resize")
	s.zeros(b, 0, size)
	s.clone("base", "c")
	s.isGolden(s.openVolume("c"), size)
	if got := s.infoOf("base").Children; !slices.Equal(got, []string{"a", "b", "c"}) {
		s.Errorf("Children = %q, want a, b, c", got)
	}
}

func cloneOfClone(s *suite) {
	const size = 2 * mib
	s.golden("one", size)
	s.clone("one", "two")
	two := s.openVolume("two")
	s.write(two, 2, mib, 1000)
	s.ok(two.Snapshot(s.ctx(), "base"), "Snapshot")
	s.closeVolume(two)
	s.clone("two", "three")
	three := s.openVolume("three")
	s.isGoldenBut(three, size)
	if got := s.info(three).Parent; got != "two@base" {
		s.Errorf("Parent = %q, want two@base", got)
	}
	s.closeVolume(three)
	if got := s.infoOf("one").Children; !slices.Equal(got, []string{"two"}) {
		s.Errorf("Children = %q, want two", got)
	}
	s.is(s.pool.Remove(s.ctx(), "two"), block.ErrHasClones, "Remove of the middle")
	for _, name := range []string{"three", "two", "one"} {
		s.ok(s.pool.Remove(s.ctx(), name), "Remove")
	}
}

// isGoldenBut is isGolden with what cloneOfClone wrote to the middle.
func (s *suite) isGoldenBut(v block.Volume, size int64) {
	s.Helper()
	s.isGolden(v, size)
	s.holds(v, 2, mib, 1000)
	s.zeros(v, mib+1000, 5000)
}

func cloneRefusals(s *suite) {
	s.golden("base", 10_000)
	s.closeVolume(s.create("plain", 100))
	clone := s.pool.Clone
	s.is(clone(s.ctx(), "absent", "base", "copy"), fs.ErrNotExist, "Clone of no volume")
	s.is(clone(s.ctx(), "base", "absent", "copy"), fs.ErrNotExist, "Clone of no snapshot")
	s.is(clone(s.ctx(), "base", "bas", "copy"), fs.ErrNotExist, "Clone of half a snapshot's name")
	s.is(clone(s.ctx(), "plain", "base", "copy"), fs.ErrNotExist, "Clone of a volume without snapshots")
	s.is(clone(s.ctx(), "base", "base", "plain"), fs.ErrExist, "Clone over a volume")
	s.is(clone(s.ctx(), "base", "base", "base"), fs.ErrExist, "Clone over its parent")
	for _, bad := range badNames() {
		s.is(clone(s.ctx(), bad, "base", "copy"), fs.ErrInvalid, "Clone of a bad name")
		s.is(clone(s.ctx(), "base", bad, "copy"), fs.ErrInvalid, "Clone of a bad snapshot")
		s.is(clone(s.ctx(), "base", "base", bad), fs.ErrInvalid, "Clone to a bad name")
	}
	if got := s.list(); !slices.Equal(got, []string{"base", "plain"}) {
		s.Errorf("List() = %q after refused clones", got)
	}
	if got := s.infoOf("base").Children; len(got) != 0 {
		s.Errorf("Children = %q after refused clones", got)
	}
}

func removeWithClones(s *suite) {
	const size = mib
	s.golden("base", size)
	v := s.openVolume("base")
	s.ok(v.SetMetadata(s.ctx(), map[string]string{"spliced.origin": "x"}), "SetMetadata")
	s.closeVolume(v)
	s.clone("base", "copy")
	s.is(s.pool.Remove(s.ctx(), "base"), block.ErrHasClones, "Remove with a clone")

	v = s.openVolume("base")
	s.isGolden(v, size)
	info := s.info(v)
	if !slices.Equal(info.Snapshots, []string{"base"}) || info.Metadata["spliced.origin"] != "x" {
		s.Errorf("a refused Remove changed the volume: %+v", info)
	}
	s.frozen(v)
	s.closeVolume(v)
	s.ok(s.pool.Remove(s.ctx(), "copy"), "Remove of the clone")
	s.ok(s.pool.Remove(s.ctx(), "base"), "Remove without clones")
	s.gone("base")

	v = s.create("base", 100)
	if info := s.info(v); len(info.Snapshots)+len(info.Metadata)+len(info.Children) != 0 || info.Parent != "" {
		s.Errorf("a new volume inherits from a removed one: %+v", info)
	}
	s.zeros(v, 0, 100)
	s.write(v, 1, 0, 100)
}

func metadata(s *suite) {
	v := s.create("disk", 10)
	if got := s.info(v).Metadata; len(got) != 0 {
		s.Errorf("Metadata = %q for a new volume", got)
	}
	want := map[string]string{
		"spliced.origin": "Ubuntu 24.04 – „Noble“ 日本語 🙂",
		"spliced.long":   strings.Repeat("0123456789abcdef", 256),
		"spliced.lines":  "a\nb\tc = \"d\" \\ {}",
		"spliced.job":    "7",
	}
	s.ok(v.SetMetadata(s.ctx(), want), "SetMetadata")
	s.hasMetadata(v, want)
	v = s.reopen(v, "disk")
	s.hasMetadata(v, want)
	s.ok(v.SetMetadata(s.ctx(), map[string]string{"spliced.job": "8", "spliced.new": "n"}), "SetMetadata again")
	want["spliced.job"], want["spliced.new"] = "8", "n"
	s.hasMetadata(v, want)
	s.ok(v.SetMetadata(s.ctx(), nil), "SetMetadata of nothing")
	s.hasMetadata(s.reopen(v, "disk"), want)
}

func metadataFrozen(s *suite) {
	s.golden("disk", 10_000)
	v := s.openVolume("disk")
	want := map[string]string{"spliced.digest": "abc"}
	s.ok(v.SetMetadata(s.ctx(), want), "SetMetadata")
	v = s.reopen(v, "disk")
	s.hasMetadata(v, want)
	s.isGolden(v, 10_000)
	s.frozen(v)
}

// hasMetadata complains unless v has exactly that metadata.
func (s *suite) hasMetadata(v block.Volume, want map[string]string) {
	s.Helper()
	got := s.info(v).Metadata
	for key, value := range want {
		if got[key] != value {
			s.Errorf("metadata %q = %.80q, want %.80q", key, got[key], value)
		}
	}
	if len(got) != len(want) {
		s.Errorf("%d keys of metadata, want %d: %.200q", len(got), len(want), got)
	}
}

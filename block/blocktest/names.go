package blocktest

import (
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"spliced/block"
)

// nameCases are about names, and what comes and goes under them.
func nameCases() []testCase {
	return []testCase{
		{"bad names", refusedNames},
		{"create and open", createOpen},
		{"list", listSorted},
		{"names that begin alike", similarNames},
		{"rename", renameKeeps},
		{"rename refusals", renameRefusals},
		{"remove", removeVolume},
		{"remove while open", removeOpen},
	}
}

// badNames are names that block.ValidName refuses.
func badNames() []string {
	return []string{
		"", ".", "..", ".hidden", "-rf", "_x", "a/b", "/etc/passwd", "../up", "a@b", "a b", "a\x00b", "a\n", "ä",
		"a:b", "a*", strings.Repeat("n", block.MaxName+1),
	}
}

func refusedNames(s *suite) {
	s.closeVolume(s.create("good", 10))
	for _, bad := range badNames() {
		if v, err := s.pool.Create(s.ctx(), bad, 10); err == nil {
			s.keep(v)
			s.Errorf("Create(%q) was taken", bad)
		} else {
			s.is(err, fs.ErrInvalid, "Create of a bad name")
		}
		if v, err := s.pool.Open(s.ctx(), bad); err == nil {
			s.keep(v)
			s.Errorf("Open(%q) was taken", bad)
		} else {
			s.is(err, fs.ErrInvalid, "Open of a bad name")
		}
		s.is(s.pool.Remove(s.ctx(), bad), fs.ErrInvalid, "Remove of a bad name")
		s.is(s.pool.Rename(s.ctx(), bad, "other"), fs.ErrInvalid, "Rename from a bad name")
		s.is(s.pool.Rename(s.ctx(), "good", bad), fs.ErrInvalid, "Rename to a bad name")
	}
	if got := s.list(); !slices.Equal(got, []string{"good"}) {
		s.Errorf("List() = %q", got)
	}
}

func createOpen(s *suite) {
	s.gone("disk")
	v := s.create("disk", 1000)
	s.write(v, 1, 0, 1000)
	if other, err := s.pool.Create(s.ctx(), "disk", 5); err == nil {
		s.keep(other)
		s.Error("Create took a name twice")
	} else {
		s.is(err, fs.ErrExist, "Create of a taken name")
	}
	s.sizedAs(v, 1000)
	s.holds(v, 1, 0, 1000)
	s.closeVolume(v)
	long := "L" + strings.Repeat("o.n-g_", 40)[:block.MaxName-1]
	s.closeVolume(s.create(long, 7))
	s.sizedAs(s.openVolume(long), 7)
}

func listSorted(s *suite) {
	if got := s.list(); len(got) != 0 {
		s.Errorf("List() = %q for an empty pool", got)
	}
	want := []string{"B", "a", "a-b", "a.b", "a_b", "a0", "zz", "9"}
	for _, name := range want {
		s.closeVolume(s.create(name, 1))
	}
	slices.Sort(want)
	if got := s.list(); !slices.Equal(got, want) {
		s.Errorf("List() = %q, want %q", got, want)
	}
	if got, err := s.other().List(s.ctx()); err != nil || !slices.Equal(got, want) {
		s.Errorf("List() of a second pool = %q, %v", got, err)
	}
}

// similarNames has volumes whose names are others' names with something after
// them, and shows that each call hits the one that it names.
func similarNames(s *suite) {
	names := []string{"vm", "vm.1", "vm-1", "vm_sda", "vm_sdaa", "vm.base", "VM", "v"}
	for i, name := range names {
		v := s.create(name, 100)
		s.write(v, int64(i+1), 0, 100)
		s.closeVolume(v)
	}
	v := s.openVolume("vm")
	s.ok(v.SetMetadata(s.ctx(), map[string]string{"spliced.job": "1"}), "SetMetadata")
	s.ok(v.Snapshot(s.ctx(), "base"), "Snapshot")
	s.closeVolume(v)
	for i, name := range names[1:] {
		v := s.openVolume(name)
		if info := s.info(v); len(info.Metadata)+len(info.Snapshots)+len(info.Children) != 0 {
			s.Errorf("%q took what was meant for \"vm\": %+v", name, info)
		}
		s.write(v, int64(i+2), 0, 100)
		s.closeVolume(v)
	}
	s.ok(s.pool.Remove(s.ctx(), "vm"), "Remove")
	s.ok(s.pool.Rename(s.ctx(), "vm_sda", "vm"), "Rename")
	want := []string{"VM", "v", "vm", "vm-1", "vm.1", "vm.base", "vm_sdaa"}
	if got := s.list(); !slices.Equal(got, want) {
		s.Errorf("List() = %q, want %q", got, want)
	}
	s.holds(s.openVolume("vm"), 4, 0, 100)
	s.holds(s.openVolume("vm_sdaa"), 5, 0, 100)
}

func renameKeeps(s *suite) {
	const size = mib + 5
	s.golden("old", size)
	v := s.openVolume("old")
	meta := map[string]string{"spliced.origin": "x", "spliced.long": strings.Repeat("y", 4096)}
	s.ok(v.SetMetadata(s.ctx(), meta), "SetMetadata")
	s.closeVolume(v)
	s.clone("old", "copy")
	s.ok(s.pool.Rename(s.ctx(), "old", "new"), "Rename")

	s.gone("old")
	v = s.openVolume("new")
	s.isGolden(v, size)
	s.frozen(v)
	s.hasMetadata(v, meta)
	info := s.info(v)
	if !slices.Equal(info.Snapshots, []string{"base"}) || !slices.Equal(info.Children, []string{"copy"}) {
		s.Errorf("Info after Rename: %+v", info)
	}
	s.closeVolume(v)
	if got := s.infoOf("copy").Parent; got != "new@base" {
		s.Errorf("Parent = %q after its parent's Rename, want new@base", got)
	}
	s.ok(s.pool.Rename(s.ctx(), "copy", "kid"), "Rename of a clone")
	if got := s.infoOf("new").Children; !slices.Equal(got, []string{"kid"}) {
		s.Errorf("Children = %q after a clone's Rename, want kid", got)
	}
	s.is(s.pool.Remove(s.ctx(), "new"), block.ErrHasClones, "Remove after Rename")
	s.clone("new", "copy")
	s.isGolden(s.openVolume("copy"), size)
	s.closeVolume(s.create("old", 3))
}

func renameRefusals(s *suite) {
	a, b := s.create("a", 100), s.create("b", 200)
	s.write(a, 1, 0, 100)
	s.write(b, 2, 0, 200)
	s.closeVolume(a)
	s.closeVolume(b)
	s.is(s.pool.Rename(s.ctx(), "a", "b"), fs.ErrExist, "Rename over a volume")
	s.is(s.pool.Rename(s.ctx(), "a", "a"), fs.ErrExist, "Rename over itself")
	s.is(s.pool.Rename(s.ctx(), "absent", "c"), fs.ErrNotExist, "Rename of no volume")
	s.is(s.pool.Rename(s.ctx(), "absent", "absent"), fs.ErrNotExist, "Rename of no volume over itself")
	if got := s.list(); !slices.Equal(got, []string{"a", "b"}) {
		s.Errorf("List() = %q after refused renames", got)
	}
	a, b = s.openVolume("a"), s.openVolume("b")
	s.sizedAs(a, 100)
	s.sizedAs(b, 200)
	s.holds(a, 1, 0, 100)
	s.holds(b, 2, 0, 200)
}

func removeVolume(s *suite) {
	s.is(s.pool.Remove(s.ctx(), "disk"), fs.ErrNotExist, "Remove of no volume")
	v := s.create("disk", 4*mib)
	s.write(v, 1, 0, 4*mib)
	s.ok(v.SetMetadata(s.ctx(), map[string]string{"spliced.job": "1"}), "SetMetadata")
	for _, name := range []string{"one", "two"} {
		s.ok(v.Snapshot(s.ctx(), name), "Snapshot")
	}
	s.closeVolume(v)
	s.ok(s.pool.Remove(s.ctx(), "disk"), "Remove")
	s.gone("disk")
	s.is(s.pool.Remove(s.ctx(), "disk"), fs.ErrNotExist, "Remove twice")
	if got := s.list(); len(got) != 0 {
		s.Errorf("List() = %q after Remove", got)
	}
	v = s.create("disk", 4*mib)
	s.zeros(v, 0, 4*mib)
}

func removeOpen(s *suite) {
	if !s.options.busy {
		s.Skip("the driver doesn't say that open volumes are busy")
	}
	v := s.create("disk", 100)
	s.write(v, 1, 0, 100)
	s.busy("disk")
	s.holds(v, 1, 0, 100)
	v = s.reopen(v, "disk")
	second := s.openVolume("disk")
	s.closeVolume(v)
	s.busy("disk")
	s.is(s.other().Remove(s.ctx(), "disk"), syscall.EBUSY, "Remove by a second pool while open")
	s.closeVolume(second)
	s.ok(s.pool.Remove(s.ctx(), "disk"), "Remove after Close")
}

// busy complains unless an open volume refuses to be removed.
func (s *suite) busy(name string) {
	s.Helper()
	s.is(s.pool.Remove(s.ctx(), name), syscall.EBUSY, "Remove while open")
}

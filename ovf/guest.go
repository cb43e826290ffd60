package ovf

import "strings"

// A Family is a kind of guest operating systems that boot from the same
// virtual hardware.
type Family string

// The families of guests.
const (
	Linux         Family = "linux"
	LegacyLinux   Family = "legacy-linux" // kernels before 2.6.25: no virtio
	Windows       Family = "windows"      // Vista, Server 2008 and later
	LegacyWindows Family = "legacy-windows"
	BSD           Family = "bsd"
	OtherGuest    Family = "other"
)

// operatingSystem reads the guest of a system.
func (p *parser) operatingSystem(s *System, n *node) {
	g := Guest{
		ID: number(n.get("id")), Type: n.get("osType"), Version: n.get("version"),
		Description: p.text(n.child("Description")),
	}
	if t := n.value("OSType"); g.Type == "" && t != "" {
		g.Type = t // VirtualBox
	}
	g.Family = guestFamily(g)
	s.Guest = g
}

// guestFamily decides by the dialect's own name first: ids are often left at
// "other".
func guestFamily(g Guest) Family {
	for _, name := range []string{g.Type, g.Description} {
		if f := familyOf(strings.ToLower(name)); f != "" {
			return f
		}
	}
	return familyByID(g.ID)
}

// familyOf decides by words in a guest's name, in lower case; "" when none is
// known.
func familyOf(name string) Family {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case name == "", strings.HasPrefix(name, "otherguest"):
		return ""
	case has("winxp", "windows xp", "windowsxp", "winnet", "windows2003", "windows 2003", "server 2003", "win2000", "windows 2000", "windows2000",
		"winnt", "win98", "win95", "win31", "winme", "windowsnt", "windows98", "windows95"):
		return LegacyWindows
	case has("windows", "winlonghorn", "winvista", "win7", "win10", "win11") && !has("darwin"):
		return Windows
	case has("linux24", "other24x", "linux22", "linux 2.4", "redhatguest", "rhel2", "rhel3", "sles8", "turbolinux", "mandrake"):
		return LegacyLinux
	case has("linux", "ubuntu", "debian", "rhel", "redhat", "red hat", "centos", "fedora", "suse", "sles", "photon", "coreos",
		"amazon", "oracle", "rocky", "alma", "asianux", "mandriva", "gentoo", "arch"):
		return Linux
	case has("freebsd", "netbsd", "openbsd", "bsd"):
		return BSD
	case has("vmkernel", "dos", "solaris", "netware", "darwin", "os2", "eComstation"):
		return OtherGuest
	}
	return ""
}

// familyByID decides by CIM_OperatingSystem.OSType.
func familyByID(id int) Family {
	switch {
	case id >= 15 && id <= 18, id == 58, id == 63, id == 67, id >= 69 && id <= 72:
		return LegacyWindows
	case id >= 73 && id <= 77, id == 103, id == 105, id >= 111 && id <= 125:
		return Windows
	case id == 97, id == 98:
		return LegacyLinux
	case id == 36, id >= 79 && id <= 96, id >= 99 && id <= 101, id >= 106 && id <= 109:
		return Linux
	case id >= 41 && id <= 43, id == 65, id == 78:
		return BSD
	}
	return OtherGuest
}

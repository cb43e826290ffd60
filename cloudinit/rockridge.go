package cloudinit

import "github.com/kdomanski/iso9660"

// Modes of what is in an image. A document may hold a password's hash or a key,
// and what mounts it in a guest is root.
const (
	modeFolder = 0o040500
	modeFile   = 0o100400
)

// entry is one entry of a system use field (SUSP 1.12, section 4).
func entry(signature string, data []byte) []byte {
	return append([]byte{signature[0], signature[1], byte(4 + len(data)), 1}, data...) //nolint:gosec // G115: names and texts of ours are short
}

// rockRidge is the system use field of a file: its mode and its name (RRIP 1.09,
// 4.1.1 and 4.1.4).
func rockRidge(name string) []byte {
	return append(posix(modeFile), entry("NM", append([]byte{0}, name...))...)
}

// posix is a mode, with one link and root as the owner.
func posix(mode int32) []byte {
	var px [32]byte
	iso9660.WriteInt32LSBMSB(px[0:], mode)
	iso9660.WriteInt32LSBMSB(px[8:], 1)
	return entry("PX", px[:])
}

// rockRidgeRoot is the system use field by which the root folder tells that
// there are such fields (SUSP 1.12, 5.3), and where it goes on.
func rockRidgeRoot() []byte {
	var ce [24]byte
	iso9660.WriteInt32LSBMSB(ce[0:], continuationSector)
	iso9660.WriteInt32LSBMSB(ce[16:], int32(len(extensions()))) //nolint:gosec // G115: within a sector
	field := entry("SP", []byte{0xBE, 0xEF, 0})
	field = append(field, posix(modeFolder)...)
	return append(field, entry("CE", ce[:])...)
}

// extensions is the entry that names Rock Ridge, in the words that RRIP 1.09
// demands in its section 4.3. It is too long for the folder itself.
func extensions() []byte {
	const (
		id          = "RRIP_1991A"
		description = "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS"
		source      = "PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION."
	)
	return entry("ER", append([]byte{byte(len(id)), byte(len(description)), byte(len(source)), 1}, id+description+source...))
}

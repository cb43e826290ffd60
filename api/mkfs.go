package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxMkfsArgs bounds the arguments of one filesystem.
const maxMkfsArgs = 32

func filesystems() []string { return []string{"ext4", "ext3", "ext2", "xfs", "vfat", "swap"} }

// The values that options take.
const (
	mkfsNumber = `[0-9]{1,12}[kKmMgG]?`
	mkfsLabel  = `[A-Za-z0-9_.+/][A-Za-z0-9_.+/ -]{0,15}`
	mkfsUUID   = `[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`
)

// pairs is a list with commas of keys that have numbers.
func pairs(keys string) string {
	one := "(" + keys + ")=" + mkfsNumber
	return one + "(," + one + ")*"
}

// mkfsOptions are the options that the program for a filesystem may be given,
// each with the form of its value, "" for one without. Whatever reads or writes
// another file than the disk is not among them: mke2fs(8) -d, -l, -z, -J device=;
// mkfs.xfs(8) -c, -p, -d file and name, -l logdev, -r; mkfs.fat(8) -l, -m.
func mkfsOptions(filesystem string) map[string]string {
	switch filesystem {
	case "xfs":
		return map[string]string{
			"-L": `[A-Za-z0-9_.+/][A-Za-z0-9_.+/-]{0,11}`, "-f": "", "-q": "", "-K": "",
			"-b": pairs("size"), "-s": pairs("size"), "-n": pairs("size|ftype"),
			"-d": pairs("agcount|agsize|su|sw|sunit|swidth|cowextsize"),
			"-i": pairs("size|perblock|maxpct|align|attr|projid32bit|sparse|nrext64"),
			"-l": pairs("size|version|su|sunit|lazy-count|internal"),
			"-m": pairs("crc|finobt|reflink|rmapbt|bigtime|inobtcount"),
		}
	case "vfat":
		return map[string]string{
			"-F": `12|16|32`, "-n": `[A-Za-z0-9_][A-Za-z0-9_ -]{0,10}`, "-i": `[0-9a-fA-F]{8}`, "-a": "", "-I": "",
			"-s": mkfsNumber, "-S": mkfsNumber, "-f": `[1-4]`, "-r": mkfsNumber, "-R": mkfsNumber, "-h": mkfsNumber,
		}
	case "swap":
		return map[string]string{"-L": mkfsLabel, "-U": mkfsUUID, "-p": mkfsNumber, "-f": ""}
	}
	return map[string]string{
		"-L": mkfsLabel, "-U": mkfsUUID + `|clear|random|time`, "-F": "", "-q": "", "-j": "",
		"-b": mkfsNumber, "-g": mkfsNumber, "-G": mkfsNumber, "-i": mkfsNumber, "-I": mkfsNumber, "-N": mkfsNumber,
		"-m": `[0-9]{1,2}(\.[0-9]{1,4})?`, "-e": `continue|remount-ro|panic`,
		"-O": `\^?[a-z0-9_]+(,\^?[a-z0-9_]+)*`, "-T": `[a-z0-9]+(,[a-z0-9]+)*`, "-J": pairs("size"),
		"-E": `(nodiscard|discard|` + pairs("lazy_itable_init|lazy_journal_init|stride|stripe_width|resize|num_backup_sb|packed_meta_blocks") + `)` +
			`(,(nodiscard|discard|` + pairs("lazy_itable_init|lazy_journal_init|stride|stripe_width|resize|num_backup_sb|packed_meta_blocks") + `))*`,
	}
}

// checkMkfs lets options pass that are known to stay within the disk: one
// argument each, and one for its value.
func checkMkfs(field, filesystem string, args []string) error {
	if len(args) > maxMkfsArgs {
		return wrong(field, "has %d arguments, %d are allowed", len(args), maxMkfsArgs)
	}
	known := mkfsOptions(filesystem)
	for i := 0; i < len(args); i++ {
		at := fmt.Sprintf("%s[%d]", field, i)
		form, ok := known[args[i]]
		if !ok {
			return wrong(at, "is %.80q; the options for %s are %s, each with its value as an argument of its own", args[i], filesystem, optionList(known))
		}
		if form == "" {
			continue
		}
		if i++; i == len(args) {
			return wrong(at, "is %s, whose value is missing", args[i-1])
		}
		if !regexp.MustCompile(`^(?:` + form + `)$`).MatchString(args[i]) {
			return wrong(fmt.Sprintf("%s[%d]", field, i), "is %.80q, which %s does not take here", args[i], args[i-1])
		}
	}
	return nil
}

func optionList(known map[string]string) string {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

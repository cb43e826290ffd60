package vm

import "strings"

// maxDisk is one more than the largest index of a disk: sda is 0, sdzz the last.
const maxDisk = 26 + 26*26

// diskIndex reads the id of a disk: sda is 0, sdz 25, sdaa 26.
func diskIndex(id string) (int, bool) {
	letters, found := strings.CutPrefix(id, "sd")
	if !found || letters == "" || len(letters) > 2 {
		return 0, false
	}
	index := 0
	for _, c := range []byte(letters) {
		if c < 'a' || c > 'z' {
			return 0, false
		}
		index = index*26 + int(c-'a') + 1
	}
	return index - 1, true
}

// letters writes an index below maxDisk as disks have it: a, z, aa.
func letters(index int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz"
	if index < len(alphabet) {
		return alphabet[index : index+1]
	}
	return letters(index/len(alphabet)-1) + letters(index%len(alphabet))
}

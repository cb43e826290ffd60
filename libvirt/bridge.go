package libvirt

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MissingBridges gives those of the named network interfaces that aren't bridges
// of this host. The kernel is asked and not libvirt, whose list of interfaces
// has only those that some tool has configured.
func MissingBridges(names []string) []string { return missingBridges("/sys/class/net", names) }

func missingBridges(dir string, names []string) []string {
	var missing []string
	for _, name := range names {
		if !fs.ValidPath(name) || name == "." || strings.Contains(name, "/") { // no name of an interface
			missing = append(missing, name)
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, name, "bridge")); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

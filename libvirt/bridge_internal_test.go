package libvirt

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMissingBridges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{"br0/bridge", "eth0", "bridge"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	got := missingBridges(dir, []string{"br0", "eth0", "br1", "", ".", "..", "../x/br0", "br0/"})
	if want := []string{"eth0", "br1", "", ".", "..", "../x/br0", "br0/"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

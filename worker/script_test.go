package worker_test

import (
	"os"
	"path/filepath"
	"testing"

	"spliced/worker"
)

// TestForgetScript takes a job's folder away, with what is in it, and no other's.
func TestForgetScript(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, name := range []string{"spliced-j1", "spliced-j11"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "sda"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing to do
		if err := worker.ForgetScript("j1"); err != nil {
			t.Error(err)
		}
	}
	left, err := filepath.Glob(dir + "/*/*")
	if err != nil || len(left) != 1 || left[0] != filepath.Join(dir, "spliced-j11", "sda") {
		t.Errorf("left are %q, %v", left, err)
	}
}

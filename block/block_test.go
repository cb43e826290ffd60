package block_test

import (
	"strings"
	"testing"

	"spliced/block"
)

func TestValidName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", block.MaxName)
	for name, want := range map[string]bool{
		"a": true, "9": true, "Z": true, "ova_web_sda": true, "spliced.0f-3.1": true, "a..b": true, "a-": true, long: true,
		"": false, ".": false, "..": false, ".a": false, "-a": false, "_a": false, "a/b": false, "a b": false,
		"a@b": false, "a\x00": false, "a\n": false, "ä": false, "a\xff": false, long + "n": false,
	} {
		if got := block.ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v", name, got)
		}
	}
}

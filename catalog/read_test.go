package catalog_test

import "testing"

// Until all records have been read, the catalogue says so, instead of reading them
// for whoever asks.
func TestWasRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	eventually(t, "all records read", f.catalog.WasRead)
	idle := newFixture(t)
	idle.idle = true
	idle.up()
	if idle.catalog.WasRead() {
		t.Error("a catalogue that doesn't run has read its records")
	}
}

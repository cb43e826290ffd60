package catalog_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/api"
	"spliced/catalog"
	"spliced/job"
	"spliced/store"
)

// many is how many OVAs and profiles lists must be fast for.
const many = 10_000

// crowd writes one record and copies its file under many names, which takes the
// place of its own in the text.
func crowd[T any](b *testing.B, files *store.Store, dir, kind string, v T) {
	b.Helper()
	ok(b, store.NewCollection[T](files, kind, 1).Create("NAME", v))
	model := filepath.Join(dir, kind, "NAME.yaml")
	text, err := os.ReadFile(model)
	ok(b, err)
	for i := range many {
		name := fmt.Sprintf("appliance-%05d", i)
		ok(b, os.WriteFile(filepath.Join(dir, kind, name+".yaml"), []byte(strings.ReplaceAll(string(text), "NAME", name)), 0o600))
	}
	ok(b, os.Remove(model))
}

// crowded is a catalogue of many OVAs, each with a template and a profile.
func crowded(b *testing.B) *catalog.Catalog {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "state")
	files, err := store.Open(b.Context(), dir, store.Options{})
	ok(b, err)
	digest := strings.Repeat("0123456789abcdef", 4)
	system := api.System{Key: "NAME", Name: "NAME", Profile: "NAME", SystemTemplate: "NAME", VCPUs: 2, Memory: 4 << 30, NICs: []api.NIC{{Network: "lan"}}}
	o := api.OVA{Name: "NAME", Pool: "local", Job: "1", UploadedBy: "root", Created: time.Now().UTC()}
	for _, id := range []string{"sda", "sdb"} {
		system.Disks = append(system.Disks, api.OVADisk{ID: id, Volume: "ova_NAME_" + id, Size: 8 << 30, SHA256: digest, Member: "NAME-" + id + ".vmdk"})
		o.Members = append(o.Members, api.Member{Name: "NAME-" + id + ".vmdk", Size: 1 << 30, SHA256: digest, Manifest: api.Verified})
		system.Warnings = append(system.Warnings, "line 12: the controller's type is not known, so it is taken for one that is")
	}
	o.Systems = []api.System{system}
	crowd(b, files, dir, "ovas", o)
	crowd(b, files, dir, "system-templates", api.SystemTemplate{VCPUs: 2, VRAM: 4096, Serial: true, Firmware: "efi", Origin: "ova NAME"})
	crowd(b, files, dir, "profiles", api.Profile{Type: api.ProfileOVA, OVA: "NAME", SystemTemplate: "NAME", Origin: "ova NAME"})
	ok(b, files.Close())
	files, err = store.Open(b.Context(), dir, store.Options{})
	ok(b, err)
	log := slog.New(slog.DiscardHandler)
	jobs := job.New(job.Options{Limit: 1, Records: store.NewCollection[api.Job](files, "jobs", 1), Logger: log})
	c, err := catalog.New(catalog.Options{Store: files, Jobs: jobs, Logger: log})
	ok(b, err)
	b.Cleanup(func() { ok(b, files.Close()) })
	<-time.After(time.Second) // the last files are old enough to be remembered then
	return c
}

// BenchmarkLists makes whole answers, as far as the wire: 50 ms are wanted for
// each, 16 MiB are the most that an answer can have. On a machine that does
// other things the processor's time says more than the clock's.
func BenchmarkLists(b *testing.B) {
	c := crowded(b)
	const one = "appliance-05000"
	for _, method := range []struct {
		name   string
		answer func() (any, error)
	}{
		{"ova.list", func() (any, error) { return c.OVAs("") }},
		{"ova.show", func() (any, error) { return c.OVA(one, false) }},
		{"profile.list", func() (any, error) { return c.Entries("", api.KindProfile) }},
		{"profile.show", func() (any, error) { return c.Entry(api.KindProfile, one) }},
		{"template.list", func() (any, error) { return c.Entries("", api.KindSystem) }},
		{"template.show", func() (any, error) { return c.Entry(api.KindSystem, one) }},
		{"corrupt", func() (any, error) { return c.Corrupt(), nil }},
	} {
		b.Run(method.name, func(b *testing.B) {
			_, err := method.answer() // the first look reads all files
			ok(b, err)
			b.ReportAllocs()
			size, before := 0, spent(b)
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				v, err := method.answer()
				ok(b, err)
				text, err := encode(v)
				ok(b, err)
				size, took = len(text), append(took, time.Since(start))
			}
			b.ReportMetric((spent(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(size), "answer-B")
			slices.Sort(took)
			for _, p := range []int{50, 99} {
				b.ReportMetric(took[len(took)*p/100].Seconds()*1e3, fmt.Sprintf("p%d-ms", p))
			}
		})
	}
}

// encode makes an answer ready to be sent, as package rpc does.
func encode(v any) ([]byte, error) {
	if list, ok := v.(json.Marshaler); ok {
		return list.MarshalJSON()
	}
	return json.Marshal(v)
}

// spent is the processor's time that this process has had.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	ok(b, unix.Getrusage(unix.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

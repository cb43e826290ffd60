package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"spliced/api"
	"spliced/store"
)

// A Catalogue says how many records the daemon is asked about, and how often.
type Catalogue struct {
	Spliced string // the daemon's program
	Records int    // OVAs, each with a profile and a system template
	Calls   int    // of each method
}

// Run fills a state folder, starts the daemon on it, and writes to w how long it
// takes to start and to answer each method, at its socket, and how much memory it
// has then.
func (c Catalogue) Run(ctx context.Context, w io.Writer) error {
	scratch, err := os.MkdirTemp("", "spliced-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // only scratch files
	if err := c.fill(ctx, filepath.Join(scratch, "state")); err != nil {
		return fmt.Errorf("fill the catalogue: %w", err)
	}
	s := setup{program: c.Spliced, scratch: scratch, pool: map[string]string{"driver": "dir", "path": filepath.Join(scratch, "pool")}}
	start := time.Now()
	return s.withDaemon(ctx, func(d daemon) error {
		l, err := dial(ctx, d.socket)
		if err != nil {
			return err
		}
		defer l.close()
		return errors.Join(c.measure(l, start, w), c.memory(d, w))
	})
}

// asked are the methods, with what they are asked.
func (c Catalogue) asked() []call {
	one := name(c.Records / 2)
	return []call{
		{"daemon.status", nil, false},
		{"ova.list", nil, true},
		{"ova.show", params{"name": one}, false},
		{"profile.list", nil, true},
		{"profile.show", params{"name": one}, false},
		{"template.list", nil, true},
		{"template.show", params{"kind": "system", "name": one}, false},
		{"userdata.list", nil, false},
		{"script.list", nil, false},
		{"image.list", nil, false},
		{"vm.list", nil, false},
		{"job.list", nil, false},
	}
}

func (c Catalogue) measure(l *line, start time.Time, w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintf(t, "%d OVAs, profiles and system templates; %d calls of each method, in turns\n", c.Records, c.Calls)
	if _, _, err := l.ask(call{method: "daemon.hello"}); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t, "from the start of the process to the first answer: %v\n", time.Since(start).Round(time.Millisecond))
	asked := c.asked()
	first, size, took := make([]time.Duration, len(asked)), make([]int, len(asked)), make([][]time.Duration, len(asked))
	for round := range c.Calls + 1 {
		for i, a := range asked {
			d, text, err := l.ask(a)
			if err == nil && a.all {
				err = c.complete(text)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", a.method, err)
			}
			if size[i] = len(text); round == 0 {
				first[i] = d
			} else {
				took[i] = append(took[i], d)
			}
		}
		if round == 0 {
			_, _ = fmt.Fprintf(t, "and until each method has answered once: %v\n", time.Since(start).Round(time.Millisecond))
		}
	}
	_, _ = fmt.Fprintln(t, "method\tbytes\tfirst ms\tmedian ms\t99 % within ms")
	for i, a := range asked {
		slices.Sort(took[i])
		_, _ = fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\n", a.method, size[i], ms(first[i]), ms(quantile(took[i], 50)), ms(quantile(took[i], 99)))
	}
	return t.Flush()
}

// complete counts what a list holds, when the clock has been stopped.
func (c Catalogue) complete(text []byte) error {
	var answer struct {
		Result []json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	if n := len(answer.Result); n != c.Records {
		return fmt.Errorf("%d of %d are listed", n, c.Records)
	}
	return nil
}

func (c Catalogue) memory(d daemon, w io.Writer) error {
	u, err := proc{root: "/proc"}.tree(d.pid)
	if err == nil {
		_, err = fmt.Fprintf(w, "the daemon's highest resident size: %d MiB\n", u.peak>>20)
	}
	return err
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }

// quantile is what so many per cent of the sorted times are within.
func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)*percent+99)/100-1]
}

func name(i int) string { return fmt.Sprintf("appliance-%05d", i) }

// fill writes the records. A copy of a file is enough where only names differ.
func (c Catalogue) fill(ctx context.Context, state string) error {
	files, err := store.Open(ctx, state, store.Options{})
	if err != nil {
		return err
	}
	const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	system := api.System{Key: model, Name: model, Profile: model, SystemTemplate: model, VCPUs: 2, Memory: 4 << 30, NICs: []api.NIC{{Network: "lan"}}}
	ova := api.OVA{Name: model, Pool: configPool, Job: "1", UploadedBy: "root", Created: time.Unix(1e9, 0).UTC()}
	for _, id := range []string{"sda", "sdb"} {
		system.Disks = append(system.Disks, api.OVADisk{
			ID: id, Volume: "ova_" + model + "_" + id, Size: 8 << 30, SHA256: digest, Member: id + ".vmdk",
		})
		ova.Members = append(ova.Members, api.Member{Name: id + ".vmdk", Size: 1 << 30, SHA256: digest, Manifest: api.Verified})
	}
	ova.Systems = []api.System{system}
	origin := api.OriginOVA(model)
	return errors.Join(
		crowd(c.Records, files, state, "ovas", ova),
		crowd(c.Records, files, state, "profiles", api.Profile{Type: api.ProfileOVA, OVA: model, SystemTemplate: model, Origin: origin}),
		crowd(c.Records, files, state, "system-templates", api.SystemTemplate{VCPUs: 2, VRAM: 4096, Serial: true, Firmware: "efi", Origin: origin}),
		files.Close(),
	)
}

// model stands for the name in a record that is copied.
const model = "NAME"

// crowd writes one record, and copies of its file under so many names.
func crowd[T any](many int, files *store.Store, state, kind string, v T) error {
	c := store.NewCollection[T](files, kind, 1)
	if err := c.Create(model, v); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(state, kind, model+".yaml"))
	for i := 0; i < many && err == nil; i++ {
		of := strings.ReplaceAll(string(text), model, name(i))
		err = os.WriteFile(filepath.Join(state, kind, name(i)+".yaml"), []byte(of), 0o600)
	}
	return errors.Join(err, c.Delete(model))
}

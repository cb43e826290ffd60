package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spliced/test/ovatest"
)

// VMs says what VMs are made of, and where.
type VMs struct {
	Spliced   string // the daemon's program
	Splicectl string
	Conf      string // the cluster's ceph.conf
	User      string // name at the cluster, without "client."
	Pool      string // pool of the cluster
	Libvirt   string // libvirt's socket
	Rounds    int    // measured VMs of each size, after one to warm up
}

// sizes are those of the OVAs' disks, in bytes: the time to make a VM mustn't
// depend on them.
func sizes() []int64 { return []int64{1 << 30, 1 << 40} }

// Run imports an OVA of each size and makes VMs of them in turns, each defined in
// libvirt and not started. To w it writes how long that took: from the request to
// its answer.
func (v VMs) Run(ctx context.Context, w io.Writer) error {
	scratch, err := os.MkdirTemp("", "spliced-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // only scratch files
	s := setup{
		program: v.Spliced, scratch: scratch, pool: rbdPool(v.Conf, v.User, v.Pool),
		libvirt: map[string]string{"socket": v.Libvirt, "kvm": "off", "serial_logs": scratch},
	}
	return s.withDaemon(ctx, func(d daemon) error {
		for _, size := range sizes() {
			if err := v.upload(ctx, d, scratch, size); err != nil {
				return err
			}
		}
		l, err := dial(ctx, d.socket)
		if err != nil {
			return err
		}
		defer l.close()
		if err := v.measure(l, w); err != nil {
			return err
		}
		for _, size := range sizes() {
			if err := command(v.splicectl(ctx, d, "ova", "remove", ovaOf(size), "--cascade", "-y")); err != nil {
				return err
			}
		}
		return nil
	})
}

func ovaOf(size int64) string { return fmt.Sprintf("gib-%d", size>>30) }

// upload imports an appliance whose disk the descriptor alone describes: what is
// on it makes no difference to a clone.
func (v VMs) upload(ctx context.Context, d daemon, scratch string, size int64) error {
	appliance := ovatest.OneDisk("", size)
	appliance.Files, appliance.Disks[0].File = nil, ""
	path := filepath.Join(scratch, ovaOf(size)+".ova")
	if err := os.WriteFile(path, ovatest.Archive(appliance.Member()), 0o600); err != nil {
		return err
	}
	return command(v.splicectl(ctx, d, "ova", "upload", ovaOf(size), path, "--pool", configPool))
}

func (v VMs) splicectl(ctx context.Context, d daemon, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, v.Splicectl, append([]string{"--socket", d.socket}, args...)...)
}

func (v VMs) measure(l *line, w io.Writer) error {
	took := map[int64][]time.Duration{}
	for round := range v.Rounds + 1 {
		for _, size := range sizes() {
			t, _, err := l.ask(call{method: "vm.create", params: params{
				"name": "bench", "profile": ovaOf(size), "start": false, "wait": true,
			}})
			if err != nil {
				return err
			}
			if round > 0 {
				took[size] = append(took[size], t)
			}
			if _, _, err := l.ask(call{method: "vm.remove", params: params{"name": "bench", "wait": true}}); err != nil {
				return err
			}
		}
	}
	var t strings.Builder
	fmt.Fprintf(&t, "vm.create, defined and not started, %d of each\tmedian ms\t99 %% within ms\n", v.Rounds)
	for _, size := range sizes() {
		slices.Sort(took[size])
		fmt.Fprintf(&t, "%d GiB\t%.0f\t%.0f\n", size>>30, ms(quantile(took[size], 50)), ms(quantile(took[size], 99)))
	}
	return tabulate(w, t.String())
}

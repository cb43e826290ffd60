package systemd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"spliced/api"
	"spliced/test/ovatest"
)

// pool is the folder of the default pool.
const pool = "/var/lib/spliced/pools/local"

// TestUnits boots one machine, on which the steps follow each other.
func TestUnits(t *testing.T) {
	m := start(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *machine)
	}{
		{"the first connection starts the daemon", firstConnection},
		{"members of the group may upload", members},
		{"scripts don't run in the unit as it is", scriptsAreRefused},
		{"scripts run with their drop-in", scriptsRun},
		{"VMs are QEMU's while they run", vms},
		{"a restart waits for an upload", restartDrains},
		{"a restart that can't wait undoes an upload", restartRollsBack},
		{"nothing is left when it is stopped", stopped},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, m) }) {
			t.Fatal(m.sh(t, "journalctl -b -u spliced -n 50 --no-pager; systemctl status spliced || true"))
		}
	}
}

func firstConnection(t *testing.T, m *machine) {
	m.sh(t, "touch /dev/kvm; systemctl enable --now spliced.socket") // that it is there must be seen
	if state, _ := m.run(t, nil, "systemctl", "is-active", "spliced.service"); strings.TrimSpace(state) != "inactive" {
		t.Fatalf("before anybody connects the daemon is %s", state)
	}
	m.does(t, "status")
	got := m.sh(t, `for property in ActiveState SubState StatusText; do systemctl show -P $property spliced.service; done
		p=$(systemctl show -P MainPID spliced.service)
		stat -c %U:%G /proc/$p
		ls /proc/$p/root/dev | grep kvm
		grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/$p/status`)
	want := "active\nrunning\n0 jobs running\nspliced:spliced\nkvm\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2"
	if got != want {
		t.Errorf("the daemon is %q, want %q", got, want)
	}
	if m.sh(t, "journalctl -b -o cat SPLICED_SOCKETS=1 _SYSTEMD_UNIT=spliced.service PRIORITY=6") == "" {
		t.Error("the journal lacks the fields of the daemon's first line")
	}
}

// appliance is an OVA of 8 MiB.
func appliance() []byte { return ovatest.OVA(ovatest.Data(8 << 20)) }

func members(t *testing.T, m *machine) {
	m.sh(t, "useradd --groups spliced alice; useradd bob")
	_, err := m.ctl(t, "bob", bytes.NewReader(appliance()), "ova", "upload", "bobs")
	if status(err) != 69 {
		t.Errorf("the upload of somebody who isn't in the group: %v", err)
	}
	_, err = m.ctl(t, "alice", bytes.NewReader(appliance()), "ova", "upload", "demo")
	must(t, err)
	var list []api.OVA
	m.asks(t, &list, "ova", "list")
	if len(list) != 1 || list[0].Name != "demo" {
		t.Errorf("the OVAs are %+v", list)
	}
	// The volumes are nobody else's, though their folder can be passed through.
	for _, as := range []string{"alice", "bob"} {
		if _, err := m.run(t, nil, "setpriv", "--reuid="+as, "--regid="+as, "--init-groups", "cat", pool+"/ova_demo_sda"); err == nil {
			t.Errorf("%s can read a volume", as)
		}
	}
	if got := m.sh(t, "stat -c %U:%G "+pool+"/ova_demo_sda"); got != "spliced:spliced" {
		t.Errorf("the volume is of %s", got)
	}
}

// provision says how it is confined, looks at the disk with a filesystem, and
// writes to the other one.
const provision = `#!/bin/sh -e
id -u
grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status
ls /var/lib/spliced /etc/spliced /run/libvirt 2>/dev/null || echo closed
qemu-io -f raw -c 'read -v 1080 2' "$SPLICED_DISK_SDB" | head -1
qemu-io -f raw -c 'write -P 0x61 64k 512' "$SPLICED_DISK_SDA"
`

// scriptsAreRefused makes the profile for the VMs, and demands that the unit
// doesn't let its script run.
func scriptsAreRefused(t *testing.T, m *machine) {
	m.sh(t, `mkdir /etc/spliced
		printf 'scripts: {allowed: true}\nlibvirt: {kvm: off}\nlimits: {pool_fill: 100}\n' >/etc/spliced/spliced.yaml
		systemctl restart spliced`)
	_, err := m.ctl(t, "root", bytes.NewReader(make([]byte, 4<<20)), "image", "upload", "base", "--pool=local", "--format=raw", "--size=4194304")
	must(t, err)
	m.takes(t, provision, "script", "create", "provision")
	m.takes(t, "#cloud-config\n{}\n", "userdata", "create", "seed")
	m.does(t, "template", "system", "create", "small", "--vcpus=1", "--vram=64", "--serial")
	m.does(t, "template", "network", "create", "none")
	m.does(t, "template", "storage", "create", "disks", "--disk=sda,pool=local,source=base",
		"--disk=sdb,pool=local,size=64MiB,filesystem=ext4,mountpoint=/srv")
	m.does(t, "profile", "create", "guest", "--system-template=small", "--network-template=none", "--storage-template=disks",
		"--userdata=seed", "--script=provision")
	_, err = m.ctl(t, "root", nil, "vm", "create", "caged", "--profile=guest", "--no-define")
	if status(err) != 6 || !strings.Contains(err.Error(), "confined") {
		t.Errorf("a script in the unit as it is: %v", err)
	}
	if left := m.sh(t, "ls "+pool+" | grep caged || true"); left != "" {
		t.Errorf("left is %q", left)
	}
}

func scriptsRun(t *testing.T, m *machine) {
	m.sh(t, `install -D -m 0644 /usr/share/doc/spliced/scripts.conf /etc/systemd/system/spliced.service.d/scripts.conf
		systemctl daemon-reload
		systemctl restart spliced`)
	m.does(t, "vm", "create", "caged", "--profile=guest", "--no-define")
	var v api.VM
	m.asks(t, &v, "vm", "show", "caged")
	var j api.Job
	m.asks(t, &j, "job", "show", v.Job)
	want := []string{"65534", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "closed"}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "\t", " ") // as what scripts say is kept
	}
	if len(j.Log) < len(want)+2 || !slices.Equal(j.Log[:len(want)], want) || !strings.Contains(j.Log[len(want)], "53 ef") {
		t.Errorf("the script said %q", j.Log)
	}
	if got := m.sh(t, "dd if="+pool+"/caged_sda bs=512 skip=128 count=1 status=none | tr -d a | wc -c"); got != "0" {
		t.Errorf("of what the script wrote %s bytes are missing", got)
	}
	m.does(t, "vm", "remove", "caged", "--yes")
}

// vms runs VMs on a libvirt as Debian configures it: QEMU is run as a user of its
// own, to whom libvirt gives the disks.
func vms(t *testing.T, m *machine) {
	owners := func() string {
		return m.sh(t, "cd "+pool+" && stat -c '%U %n' one_*")
	}
	m.sh(t, "usermod --append --groups libvirt spliced; systemctl restart spliced")
	m.does(t, "vm", "create", "one", "--profile=guest")
	const qemu, ours = "libvirt-qemu one_sda\nlibvirt-qemu one_sdb\nlibvirt-qemu one_seed", "spliced one_sda\nspliced one_sdb\nlibvirt-qemu one_seed"
	if got := owners(); got != qemu {
		t.Errorf("a running VM's disks are of %q", got)
	}
	var v api.VM
	if m.asks(t, &v, "vm", "show", "one"); v.State != "running" {
		t.Errorf("the VM is %s", v.State)
	}
	m.does(t, "fsck")
	m.does(t, "vm", "create", "two", "--profile=guest", "--no-start")
	m.sh(t, "virsh --quiet destroy one")
	if got := owners(); got != ours {
		t.Errorf("a stopped VM's disks are of %q", got)
	}
	m.sh(t, "virsh --quiet start one")
	m.does(t, "fsck")
	m.does(t, "vm", "remove", "one", "--yes", "--destroy")
	m.does(t, "vm", "remove", "two", "--yes")
	if left := m.sh(t, "ls "+pool); left != "base\nova_demo.record\nova_demo_sda" {
		t.Errorf("in the pool is %q", left)
	}
}

// half starts an upload whose sender doesn't stay to wait, and returns when half
// of it has been taken.
func half(t *testing.T, m *machine, name string) (job string, rest func()) {
	t.Helper()
	ova := appliance()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	out, err := m.ctl(t, "alice", r, "--output=json", "ova", "upload", name, "--no-wait")
	must(t, errors.Join(err, r.Close()))
	var begun api.Result
	must(t, json.Unmarshal([]byte(out), &begun))
	_, err = w.Write(ova[:len(ova)/2])
	must(t, err)
	return begun.Job, func() {
		_, _ = w.Write(ova[len(ova)/2:]) // the job tells whether it was of use
		_ = w.Close()
	}
}

// restarting starts a restart, which it doesn't wait for, and returns when it has
// begun.
func restarting(t *testing.T, m *machine) (before string) {
	t.Helper()
	before = m.sh(t, "systemctl show -P MainPID spliced.service; systemctl restart --no-block spliced.service")
	eventually(t, func() string {
		if m.sh(t, "systemctl show -P ActiveState spliced.service") != "deactivating" {
			return "it doesn't stop"
		}
		return ""
	})
	return before
}

// restarted waits until another process is the daemon.
func restarted(t *testing.T, m *machine, before string) {
	t.Helper()
	eventually(t, func() string {
		now := m.sh(t, "systemctl show -P MainPID spliced.service; systemctl show -P ActiveState spliced.service")
		if pid, state, _ := strings.Cut(now, "\n"); pid == before || state != "active" {
			return "it is " + now
		}
		return ""
	})
	m.does(t, "status")
}

func restartDrains(t *testing.T, m *machine) {
	job, rest := half(t, m, "drained")
	before := restarting(t, m)
	rest()
	restarted(t, m, before)
	var j api.Job
	if m.asks(t, &j, "job", "show", job); j.State != api.JobSucceeded {
		t.Errorf("the upload that was waited for is %+v", j)
	}
	m.asks(t, &api.OVA{}, "ova", "show", "drained")
	if m.sh(t, "journalctl -b -o cat SPLICED_WHY=terminated _SYSTEMD_UNIT=spliced.service") == "" {
		t.Error("the journal lacks why it stopped")
	}
}

func restartRollsBack(t *testing.T, m *machine) {
	job, rest := half(t, m, "undone")
	before := restarting(t, m)
	m.sh(t, "systemctl kill --kill-whom=main spliced.service") // a second SIGTERM: not to wait
	restarted(t, m, before)
	rest()
	var j api.Job
	if m.asks(t, &j, "job", "show", job); j.State != api.JobFailed || j.Failure == nil || j.Failure.Kind != "daemon-restart" {
		t.Errorf("the upload that was cut off is %+v", j)
	}
	left := m.sh(t, "ls -A "+pool+" /var/lib/spliced/intents | grep -E '^spliced[.]|^[.]spliced[.]new|undone' || true")
	if left != "" {
		t.Errorf("left is %q", left)
	}
}

func stopped(t *testing.T, m *machine) {
	m.sh(t, "systemctl stop spliced.socket spliced.service")
	got := m.sh(t, `systemctl show -P Result spliced.service
		ls -A /run/spliced
		find /tmp /var/tmp /dev/shm -user spliced
		for p in /proc/[0-9]*; do [ "$(stat -c %U $p 2>/dev/null)" != spliced ] || cat $p/cmdline; done
		systemctl list-units --failed --quiet`)
	if got != "success" {
		t.Errorf("left is %q", got)
	}
}

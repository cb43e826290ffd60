package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// output runs a program, which must go well, and returns what it printed.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// raw copies a volume into a file.
func raw(t *testing.T, p place, volume string) string {
	t.Helper()
	needProgram(t, "qemu", "qemu-img")
	path := filepath.Join(t.TempDir(), volume)
	qemuImg(t, "convert", "-f", "raw", "-O", "raw", p.qemu(volume), path)
	return path
}

// cd demands that a volume is a CD with that label, and that the domain has it as
// one, and returns its files.
func cd(t *testing.T, p place, dom domain, volume, label string) map[string]string {
	t.Helper()
	needProgram(t, "mkfs", "blkid")
	needProgram(t, "cloud-init", "bsdtar")
	attached := false
	for _, d := range dom.Disk {
		if path := d.Source.File + d.Source.Name; path == p.qemu(volume) || strings.HasSuffix(path, "/"+volume) {
			attached = d.Device == "cdrom" && d.Driver.Type == "raw"
		}
	}
	if !attached {
		t.Errorf("volume %q is no CD of %+v", volume, dom.Disk)
	}
	image := raw(t, p, volume)
	if said := output(t, "blkid", "-p", "-o", "export", image); !strings.Contains(said, "LABEL="+strings.ReplaceAll(label, " ", `\ `)+"\n") || !strings.Contains(said, "TYPE=iso9660\n") {
		t.Errorf("blkid says of %q: %s", volume, said)
	}
	files := map[string]string{}
	for name := range strings.FieldsSeq(output(t, "bsdtar", "-tf", image)) {
		if name != "." {
			files[name] = output(t, "bsdtar", "-xOf", image, name)
		}
	}
	return files
}

// TestSeed gives a VM what cloud-init reads.
func TestSeed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		m := newMachines(t, p)
		d := m.start(t, splicedProgram)
		c := d.dial(t)
		for name, text := range map[string]string{"plain": "#cloud-config\nhostname: \"" + strings.Repeat("x", 5000) + "\"\n", "mime": mimeUserdata} {
			must(t, c.Call(t.Context(), "userdata.create", params{"name": name, "spec": params{"content": text}}, nil))
			disk := params{"disks": []params{{"id": "sda", "pool": "p", "size": "1MiB"}}}
			network := params{"mac_template": "{prefix}:{vmid}:{netid}", "networks": []params{{"bridge": m.bridge}}}
			provisioner(t, c, name, params{"vcpus": 1, "vram": 64}, network, disk, params{"userdata": name})
			_, err := makeVM(t, c, "guest", name, params{"start": false, "vmid": 0x102})
			must(t, err)
			var v api.VM
			must(t, c.Call(t.Context(), "vm.show", params{"name": "guest"}, &v))
			files := cd(t, p, parsed(t, v.XML), "guest_seed", "cidata")
			if files["user-data"] != text {
				t.Errorf("user-data is %q, want %q", files["user-data"], text)
			}
			for file, holds := range map[string][]string{
				"meta-data": {"instance-id: " + v.UUID, "local-hostname: guest"}, "network-config": {"version: 2", "52:54:01:01:02:00"},
			} {
				for _, part := range holds {
					if !strings.Contains(files[file], part) {
						t.Errorf("%s lacks %q:\n%s", file, part, files[file])
					}
				}
			}
			if got := volumesOf(t, p, "guest"); !slices.Equal(got, []string{"guest_sda", "guest_seed"}) {
				t.Errorf("the volumes are %q", got)
			}
			removeVM(t, c, "guest", false)
			if got := volumesOf(t, p, "guest"); len(got) > 0 {
				t.Errorf("left are %q", got)
			}
		}
	})
}

// withProperties is an OVA that takes its properties from a CD.
func withProperties() []byte {
	disk := ovatest.Sparse(64 << 10)
	a := ovatest.OneDisk("disk.vmdk", int64(len(disk)))
	text := strings.Replace(string(a.Descriptor()), "<VirtualHardwareSection>", `<ProductSection><Info>Product</Info><Product>Web</Product>
<Property ovf:key="hostname" ovf:type="string" ovf:userConfigurable="true" ovf:value="unset"/>
<Property ovf:key="admin" ovf:type="string" ovf:password="true" ovf:userConfigurable="true"/>
</ProductSection>
<VirtualHardwareSection ovf:transport="iso">`, 1)
	return ovatest.Archive(ovatest.Member{Name: "web.ovf", Data: []byte(text)}, ovatest.Member{Name: "disk.vmdk", Data: ovatest.VMDK(disk)})
}

// TestPasswordsAreOnTheCDAlone gives a VM its OVF environment with a password, which
// is nowhere else.
func TestPasswordsAreOnTheCDAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		m := newMachines(t, p)
		d := m.start(t, splicedProgram)
		c := d.dial(t)
		m.imported(t, c, "web", withProperties())
		const password = `Pa55-wörd<&">`
		if err := c.Call(t.Context(), "profile.modify", params{"name": "web", "spec": params{"properties": params{"admin": password}}}, nil); code(err) != rpc.InvalidParams {
			t.Errorf("a profile with a password: %v", err)
		}
		_, err := makeVM(t, c, "guest", "web", params{"start": false, "properties": params{"none": "x"}})
		if code(err) != rpc.InvalidParams {
			t.Errorf("a property that there is not: %v", err)
		}
		made, err := makeVM(t, c, "guest", "web", params{"start": false, "properties": params{"admin": password, "hostname": "guest.example"}})
		must(t, err)
		var v api.VM
		must(t, c.Call(t.Context(), "vm.show", params{"name": "guest"}, &v))
		files := cd(t, p, parsed(t, v.XML), "guest_ovfenv", "OVF ENV")
		const escaped = `Pa55-wörd&lt;&amp;&#34;&gt;`
		env := files["ovf-env.xml"]
		for _, part := range []string{`oe:key="admin" oe:value="` + escaped + `"`, `oe:key="hostname" oe:value="guest.example"`} {
			if !strings.Contains(env, part) {
				t.Errorf("the environment lacks %q:\n%s", part, env)
			}
		}
		d.nowhere(t, c, "Pa55-w", "guest_ovfenv", made.XML, v.XML, d.ctl(t, "", "job", "show", made.Job, "-o", "json").out, d.said())
		removeVM(t, c, "guest", false)
		forgotten(t, c, "web")
	})
}

// nowhere demands that a secret is neither in the host's folder, nor in a volume but
// one, nor in the texts.
func (d *daemon) nowhere(t *testing.T, c *client.Client, secret, but string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %s", text)
		}
	}
	must(t, filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the secret is in %s", path)
		}
		return err
	}))
	found := []string{}
	for _, volume := range withoutDots(d.place.volumes(t, "_")) {
		if bytes.Contains(d.place.read(t, volume), []byte(secret)) {
			found = append(found, volume)
		}
	}
	if !slices.Equal(found, []string{but}) {
		t.Errorf("the secret is in the volumes %q", found)
	}
	var jobs []api.Job
	must(t, c.Call(t.Context(), "job.list", nil, &jobs))
	if said := fmt.Sprintf("%+v", jobs); strings.Contains(said, secret) {
		t.Errorf("the secret is in %s", said)
	}
}

// TestFilesystems makes one of each kind, and has its own program judge it.
func TestFilesystems(t *testing.T) {
	t.Parallel()
	rows := []struct {
		id, kind, size string
		args           []string
		check          []string // a program that fails when something is wrong
	}{
		{"sda", "ext4", "32MiB", []string{"-L", "the root"}, []string{"e2fsck", "-fn"}},
		{"sdb", "xfs", "320MiB", []string{"-L", "xroot"}, []string{"xfs_repair", "-n"}},
		{"sdc", "vfat", "16MiB", []string{"-n", "EFI"}, []string{"fsck.vfat", "-n"}},
		{"sdd", "swap", "4MiB", []string{"-L", "swapped"}, []string{"swaplabel"}},
	}
	var disks []params
	for _, r := range rows {
		needProgram(t, "mkfs", r.check[0])
		disks = append(disks, params{"id": r.id, "pool": "p", "size": r.size, "filesystem": r.kind, "filesystem_args": r.args})
	}
	onBoth(t, func(t *testing.T, p place) {
		d := newHost(t, p).start(t, splicedProgram)
		c := d.dial(t)
		provisioner(t, c, "web", params{"vcpus": 1, "vram": 64}, params{"networks": []params{}}, params{"disks": disks}, nil)
		_, err := makeVM(t, c, "guest", "web", params{"define": false})
		must(t, err)
		for _, r := range rows {
			image := raw(t, p, "guest_"+r.id)
			said := output(t, "blkid", "-p", "-o", "export", image)
			label := strings.ReplaceAll(r.args[1], " ", `\ `)
			if !strings.Contains(said, "\nTYPE="+r.kind+"\n") || !strings.Contains(said, "\nLABEL="+label+"\n") {
				t.Errorf("blkid says of %s: %s", r.kind, said)
			}
			output(t, r.check[0], append(r.check[1:], image)...)
		}
		if left, err := os.ReadDir(d.tmp); err != nil || len(left) > 0 {
			t.Errorf("in TMPDIR are %v, %v", left, err)
		}
		removeVM(t, c, "guest", false)
	})
}

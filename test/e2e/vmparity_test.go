package e2e

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// A domain is what the tests look at in a domain's XML.
type domain struct {
	Name string   `xml:"name"`
	NICs []domNIC `xml:"devices>interface"`
	Disk []struct {
		Device string `xml:"device,attr"`
		Type   string `xml:"type,attr"`
		Driver struct {
			Type string `xml:"type,attr"`
		} `xml:"driver"`
		Source struct {
			File string `xml:"file,attr"`
			Name string `xml:"name,attr"` // pool/image
		} `xml:"source"`
		Target struct {
			Dev string `xml:"dev,attr"`
		} `xml:"target"`
	} `xml:"devices>disk"`
	VNC []struct {
		Address string `xml:"address,attr"`
	} `xml:"devices>graphics>listen"`
	Serial []struct{} `xml:"devices>serial"`
}

type domNIC struct {
	MAC struct {
		Address string `xml:"address,attr"`
	} `xml:"mac"`
	Source struct {
		Bridge string `xml:"bridge,attr"`
	} `xml:"source"`
	Model struct {
		Type string `xml:"type,attr"`
	} `xml:"model"`
}

func parsed(t *testing.T, text string) (d domain) {
	t.Helper()
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		t.Errorf("the domain: %v\n%s", err, text)
	}
	return d
}

// adapters are the NICs as bridge and MAC.
func (d domain) adapters() []string {
	var all []string
	for _, n := range d.NICs {
		all = append(all, n.Source.Bridge+" "+n.MAC.Address)
	}
	return all
}

// wideStorage has 30 disks, so that the last ones are beyond sdz.
func wideStorage() params {
	var disks []params
	for n := range 30 {
		id := "sd" + string(rune('a'+n%26))
		if n >= 26 {
			id = "sda" + string(rune('a'+n-26))
		}
		disks = append(disks, params{"id": id, "pool": "p", "size": "64KiB"})
	}
	return params{"disks": disks}
}

// provisioner makes templates of the three kinds, and a profile of them, all of one
// name.
func provisioner(t *testing.T, c *client.Client, name string, system, network, storage params, more params) {
	t.Helper()
	spec := params{"type": "provisioner", "system_template": name, "network_template": name, "storage_template": name}
	for _, r := range []struct {
		entryRow
		spec params
	}{{systemRow(), system}, {networkRow(), network}, {storageRow(), storage}} {
		_, err := r.entry(t, c, "create", name, params{"spec": r.spec})
		must(t, err)
	}
	maps.Copy(spec, more)
	r := profileRow()
	_, err := r.entry(t, c, "create", name, params{"spec": spec})
	must(t, err)
}

// TestVMsHardware demands that adapters keep their order, that {vmid} is the VM's
// own number, and that disks go on beyond sdz, in what is rendered and in what is
// made.
func TestVMsHardware(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	c := d.dial(t)
	network := params{
		"mac_template": "{prefix}:{vmid}:{netid}",
		"networks":     []params{{"vni": 300}, {"bridge": "br-z"}, {"vni": "upstream"}, {"vni": "cluster"}, {"vni": "storage"}, {"bridge": "a"}},
	}
	provisioner(t, c, "web", params{"vcpus": 1, "vram": 64, "serial": true, "vnc": params{"enabled": true}, "nic_model": "vmxnet3"}, network, wideStorage(), nil)
	var r api.VMResult
	must(t, c.Call(t.Context(), "vm.render", params{"name": "guest", "profile": "web", "vmid": 0xabc}, &r))
	byCtl := d.ctl(t, "", "vm", "render", "guest", "--profile", "web", "--vmid", fmt.Sprint(0xabc))
	byCtl.want(t, 0)
	for _, text := range []string{r.XML, byCtl.out} {
		dom := parsed(t, text)
		want := []string{
			"vmbr300 52:54:01:0a:bc:00", "br-z 52:54:01:0a:bc:01", "brupstream 52:54:01:0a:bc:02",
			"brcluster 52:54:01:0a:bc:03", "brstorage 52:54:01:0a:bc:04", "a 52:54:01:0a:bc:05",
		}
		if got := dom.adapters(); !slices.Equal(got, want) {
			t.Errorf("the adapters are %q, want %q", got, want)
		}
		if len(dom.Disk) != 30 || dom.Disk[25].Target.Dev != "sdz" || dom.Disk[26].Target.Dev != "sdaa" || dom.Disk[29].Target.Dev != "sdad" {
			t.Errorf("the disks are %+v", dom.Disk)
		}
		if len(dom.VNC) != 1 || dom.VNC[0].Address != "127.0.0.1" || len(dom.Serial) != 1 || dom.NICs[0].Model.Type != "vmxnet3" {
			t.Errorf("the domain is\n%s", text)
		}
	}
	for _, vmid := range []int{-1, 65536} {
		if err := c.Call(t.Context(), "vm.render", params{"name": "guest", "profile": "web", "vmid": vmid}, nil); code(err) != rpc.InvalidParams {
			t.Errorf("the number %d: %v", vmid, err)
		}
	}
	random := networkRow()
	_, err := random.entry(t, c, "modify", "web", params{"spec": params{"mac_template": nil}})
	must(t, err)
	d.ctl(t, "", "vm", "render", "guest", "--profile", "web").want(t, 0, "52:54:00:")
	must(t, c.Call(t.Context(), "template.modify", params{"kind": "network", "name": "web", "spec": params{"networks": []params{}}}, nil))
	made, err := makeVM(t, c, "guest", "web", params{"define": false})
	must(t, err)
	if last := made.Volumes[len(made.Volumes)-1]; len(made.Volumes) != 30 || last.Volume != "guest_sdad" || len(volumesOf(t, d.place, "guest")) != 30 {
		t.Errorf("the volumes are %+v", made.Volumes)
	}
	removeVM(t, c, "guest", false)
}

// TestVMsNumbersDiffer gives two VMs different numbers, and a removed one's to the
// next.
func TestVMsNumbersDiffer(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	c := d.dial(t)
	provisioner(t, c, "web", params{"vcpus": 1, "vram": 64}, params{"networks": []params{}}, params{"disks": []params{{"id": "sda", "pool": "p", "size": "1MiB"}}}, nil)
	numbers := map[string]int{}
	for _, name := range []string{"web_1", "web-1", "web"} {
		d.ctl(t, "", "vm", "create", name, "--profile", "web", "--no-define").want(t, 0, `Made VM "`+name+`" with 1 volume`)
		numbers[name] = shown[api.VM](t, d, "vm", "show", name).VMID
	}
	if numbers["web_1"] != 1 || numbers["web-1"] != 2 || numbers["web"] != 3 {
		t.Errorf("the numbers are %v", numbers)
	}
	d.ctl(t, "", "vm", "create", "web", "--profile", "web", "--no-define").want(t, 3, `"web"`)
	d.ctl(t, "", "vm", "create", "other", "--profile", "web", "--no-define", "--vmid", "2").want(t, 3, "2")
	d.typed(t, "n\n", "vm", "remove", "web_1").want(t, 12, "Nothing was removed.")
	d.typed(t, "y\n", "vm", "remove", "web_1").want(t, 0, `Removed VM "web_1"`)
	if left := withoutDots(d.place.volumes(t, "")); !slices.Equal(left, []string{"web-1_sda", "web_sda"}) {
		t.Errorf("the pool has %q", left)
	}
	d.ctl(t, "", "vm", "create", "next", "--profile", "web", "--no-define").want(t, 0)
	if got := shown[api.VM](t, d, "vm", "show", "next").VMID; got != 1 {
		t.Errorf("the next VM is %d", got)
	}
	d.ctl(t, "", "vm", "remove", "web-1", "web", "next", "--yes").want(t, 0)
	d.ctl(t, "", "vm", "remove", "web", "--yes").want(t, 2, `"web"`)
	if list := shown[[]api.VM](t, d, "vm", "list"); len(list) != 0 {
		t.Errorf("listed are %v", list)
	}
}

// TestAppliancesDisksComeFirst adds a storage template's disks to those of an OVA.
func TestAppliancesDisksComeFirst(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	c := d.dial(t)
	d.importOVA(t, c, "web", fromFile)
	must(t, c.Call(t.Context(), "template.create", params{"kind": "storage", "name": "more", "spec": params{
		"disks": []params{{"id": "sda", "pool": "p", "size": "1MiB"}, {"id": "sdb", "pool": "p", "size": "2MiB"}},
	}}, nil))
	d.ctl(t, "", "profile", "modify", "web", "--storage-template", "more").want(t, 0)
	made, err := makeVM(t, c, "guest", "web", params{"define": false})
	must(t, err)
	var got []string
	for _, v := range made.Volumes {
		got = append(got, fmt.Sprintf("%s %d %s", v.Volume, v.Size, v.Source))
	}
	want := []string{
		"guest_sda 8389120 p/ova_web_sda", "guest_sdb 2163200 p/ova_web_sdb", "guest_sdc 1048576 ", "guest_sdd 2097152 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the volumes are %s, want %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
	for i, disk := range theAppliance().disks {
		sameBytes(t, d.place, made.Volumes[i].Volume, disk)
	}
	removeVM(t, c, "guest", false)
	removeOVA(t, c, "web")
}

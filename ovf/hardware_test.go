package ovf_test

import (
	"fmt"
	"testing"

	"spliced/ovf"
)

func TestFirmwareAndModels(t *testing.T) {
	guest := func(os, hardware, more string) *ovf.SystemPlan {
		p := mustPlan(t, envelope(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`)+
			`<VirtualSystem ovf:id="vm"><OperatingSystemSection vmw:osType="`+os+`"/><VirtualHardwareSection>`+hardware+
			it(17, 1, "HostResource=/disk/a", "Parent=2")+`</VirtualHardwareSection>`+more+`</VirtualSystem>`))
		return &p.Systems[0]
	}
	scsi := func(model string) string { return it(6, 2, "ResourceSubType="+model) }
	nic := func(model string) string { return it(10, 3, "ResourceSubType="+model, "Connection=n") }
	config := func(key, value string) string { return `<vmw:Config vmw:key="` + key + `" vmw:value="` + value + `"/>` }
	efi := config("firmware", "efi")
	for _, c := range []struct {
		name string
		got  *ovf.SystemPlan
		want string // firmware, secure boot, vTPM, machine, bus, controller, NIC
	}{
		{"linux pvscsi", guest("ubuntu64Guest", scsi("VirtualSCSI")+nic("VmxNet3"), ""), " false false q35 scsi vmpvscsi virtio"},
		{"linux sas", guest("rhel7_64Guest", scsi("lsilogicsas")+nic("E1000"), ""), " false false q35 scsi lsisas1068 e1000"},
		{"linux lsi", guest("debian10_64Guest", scsi("buslogic, lsilogic")+nic("VMXNET3 virtio"), ""), " false false q35 sata  virtio"},
		{"linux ide", guest("centosGuest", it(5, 2)+nic("PCNet32"), ""), " false false pc ide  virtio"},
		{"linux ide efi", guest("centosGuest", it(5, 2)+nic("e1000e")+efi, ""), "efi false false q35 sata  e1000e"},
		{"linux virtio", guest("fedoraGuest", scsi("virtio lsilogic")+nic("virtio"), ""), " false false q35 virtio  virtio"},
		{"windows", guest("windows9Server64Guest", scsi("lsilogicsas")+nic("VmxNet3")+efi+config("bootOptions.efiSecureBootEnabled", "true")+it(1, 9, "ResourceSubType=vmware.vtpm"), ""), "efi true true q35 sata  e1000e"},
		{"secure boot alone", guest("windows9_64Guest", config("bootOptions.efiSecureBootEnabled", "true"), ""), "efi true false q35 sata  e1000e"},
		{"secure boot on bios", guest("windows9_64Guest", config("firmware", "bios")+config("bootOptions.efiSecureBootEnabled", "true"), ""), "bios false false q35 sata  e1000e"},
		{"old windows", guest("winXPProGuest", scsi("buslogic")+nic("PCNet32"), ""), " false false pc ide  rtl8139"},
		{"esxi", guest("vmkernel7Guest", scsi("VirtualSCSI")+nic("VmxNet3"), ""), " false false q35 scsi vmpvscsi vmxnet3"},
		{"bsd", guest("freebsd12_64Guest", it(20, 2, "ResourceSubType=AHCI")+nic("E1000"), ""), " false false q35 sata  e1000"},
		{"nvme", guest("otherLinux64Guest", it(20, 2, "ResourceSubType=vmware.nvme.controller"), ""), " false false q35 sata  virtio"},
		{"virtualbox", guest("", it(20, 2, "ResourceSubType=AHCI"), `<vbox:Machine><vbox:Hardware><Firmware type="EFI64"/><TrustedPlatformModule type="v2_0"/></vbox:Hardware></vbox:Machine>`), "efi false true q35 sata  e1000"},
		{"ovirt", guest("", it(17, 7), `<BiosType>4</BiosType>`), "efi true false q35 sata  e1000"},
		{"xenserver", guest("", `<VirtualSystemOtherConfigurationData Name="HVM_boot_params"><Value>firmware=uefi;order=dc</Value></VirtualSystemOtherConfigurationData>`, ""), "efi false false q35 sata  e1000"},
		{"unfilled", guest("", config("firmware", "@@FIRMWARE@@"), ""), " false false q35 sata  e1000"},
	} {
		s := c.got
		got := fmt.Sprint(s.Firmware, " ", s.SecureBoot, " ", s.VTPM, " ", s.Machine, " ", s.DiskBus, " ", s.SCSIModel, " ", s.NICModel)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	var five string
	for n := range 5 {
		five += it(17, 20+n, "VirtualQuantity=1")
	}
	if s := guest("winXPProGuest", five, ""); s.DiskBus != "sata" {
		t.Errorf("six disks are on %s", s.DiskBus)
	}
	s := guest("centosGuest", it(5, 2), "")
	s.SetFirmware("efi", "the first disk has an EFI system partition")
	if s.Firmware != "efi" || s.Machine != "q35" || s.DiskBus != "sata" || !warned(&ovf.Plan{Systems: []ovf.SystemPlan{*s}}, "EFI system partition") {
		t.Errorf("after the disk was looked at: %+v", s)
	}
	s.SetFirmware("bios", "")
	if s.Firmware != "efi" {
		t.Error("the firmware was decided twice")
	}
}

func TestBootOrder(t *testing.T) {
	p := mustPlan(t, envelope(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`)+`<VirtualSystem ovf:id="vm"><VirtualHardwareSection>`+
		it(17, 5, "HostResource=/disk/a")+it(15, 6, "HostResource=ovf:/file/cd")+it(10, 7)+`</VirtualHardwareSection>
		<vmw:BootOrderSection vmw:instanceId="6" vmw:type="cdrom"/><vmw:BootOrderSection vmw:instanceId="5" vmw:type="disk"/></VirtualSystem>`))
	s := p.Systems[0]
	if s.Media[0].BootIndex != 1 || s.Disks[0].BootIndex != 2 || s.NICs[0].BootIndex != 0 {
		t.Errorf("boot order: %+v", s)
	}
}

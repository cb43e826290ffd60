package vm

import (
	"fmt"

	"libvirt.org/go/libvirtxml"
)

// Options are what a host has to say about a domain. The zero value is right for
// a host with KVM.
type Options struct {
	NoKVM      bool   // QEMU emulates the processor
	Emulator   string // path of QEMU; "": libvirt finds it
	SerialLogs string // folder for what VMs write to their serial ports; "": SerialLogs
}

// SerialLogs is libvirt's folder for what its VMs say. Its virtlogd writes there
// and keeps files small; their names end otherwise than those of QEMU's own logs,
// whatever VMs are called.
const SerialLogs = "/var/log/libvirt/qemu"

// Domain writes the VM as libvirt's domain XML
// (https://libvirt.org/formatdomain.html). where is asked for each volume, and
// its failure is returned.
func (p *Plan) Domain(o Options, where func(pool, volume string) (Location, error)) (string, error) {
	metadata, err := p.Metadata.xml()
	if err != nil {
		return "", err
	}
	devices, err := p.devices(o, where)
	if err != nil {
		return "", err
	}
	h := &p.Hardware
	d := &libvirtxml.Domain{
		Type: "kvm", Name: p.Name, UUID: p.UUID,
		Description: p.description(),
		Metadata:    metadata,
		Memory:      &libvirtxml.DomainMemory{Value: *number(int(h.Memory >> 20)), Unit: "MiB"},
		VCPU:        &libvirtxml.DomainVCPU{Placement: "static", Value: uint(h.VCPUs)},
		OS:          h.system(),
		Features:    h.features(o),
		CPU:         h.cpu(o),
		Clock:       h.clock(o),
		OnPoweroff:  "destroy", OnReboot: "restart", OnCrash: "destroy",
		PM: &libvirtxml.DomainPM{
			SuspendToMem: &libvirtxml.DomainPMPolicy{Enabled: "no"}, SuspendToDisk: &libvirtxml.DomainPMPolicy{Enabled: "no"},
		},
		Devices: devices,
	}
	if o.NoKVM {
		d.Type = "qemu"
	}
	text, err := d.Marshal()
	if err != nil {
		return "", err
	}
	return text + "\n", nil
}

// description says in one line where the VM comes from.
func (p *Plan) description() string {
	text := fmt.Sprintf("spliced: from profile %q", p.Metadata.Profile)
	if p.Metadata.OVA != "" {
		text += fmt.Sprintf(", OVA %q", p.Metadata.OVA)
	}
	return text
}

// system is the machine and its firmware. libvirt finds the firmware's files by
// what is asked of it; the machine's version is the newest, and libvirt writes
// down which one that was.
func (h *Hardware) system() *libvirtxml.DomainOS {
	system := &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Arch: "x86_64", Machine: h.Machine, Type: "hvm"}}
	if h.Firmware != "efi" {
		return system // SeaBIOS, which is QEMU's own
	}
	system.Firmware = "efi"
	feature := func(name, enabled string) libvirtxml.DomainOSFirmwareFeature {
		return libvirtxml.DomainOSFirmwareFeature{Name: name, Enabled: enabled}
	}
	system.FirmwareInfo = &libvirtxml.DomainOSFirmwareInfo{Features: []libvirtxml.DomainOSFirmwareFeature{feature("secure-boot", "no")}}
	if h.SecureBoot { // without the vendors' keys it would let everything start
		system.FirmwareInfo.Features = []libvirtxml.DomainOSFirmwareFeature{feature("enrolled-keys", "yes"), feature("secure-boot", "yes")}
	}
	return system
}

// features are what the platform has. Secure boot keeps its variables in memory
// that only system management mode writes to.
func (h *Hardware) features(o Options) *libvirtxml.DomainFeatureList {
	on := func() *libvirtxml.DomainFeatureState { return &libvirtxml.DomainFeatureState{State: "on"} }
	f := &libvirtxml.DomainFeatureList{
		ACPI: &libvirtxml.DomainFeature{}, APIC: &libvirtxml.DomainFeatureAPIC{},
		VMPort: &libvirtxml.DomainFeatureState{State: "off"},
	}
	if h.SecureBoot {
		f.SMM = &libvirtxml.DomainFeatureSMM{State: "on"}
	}
	if h.Windows && !o.NoKVM {
		f.HyperV = &libvirtxml.DomainFeatureHyperV{
			Relaxed: on(), VAPIC: on(),
			Spinlocks: &libvirtxml.DomainFeatureHyperVSpinlocks{DomainFeatureState: *on(), Retries: 8191},
		}
	}
	return f
}

// cpu is the host's own processor, or all that QEMU can emulate: today's
// distributions want more than its oldest model has. The processors are cores of
// one socket, because editions of Windows count sockets.
func (h *Hardware) cpu(o Options) *libvirtxml.DomainCPU {
	cpu := &libvirtxml.DomainCPU{
		Mode: "host-passthrough", Check: "none", Migratable: "on",
		Topology: &libvirtxml.DomainCPUTopology{Sockets: 1, Dies: 1, Cores: h.VCPUs, Threads: 1},
	}
	if o.NoKVM {
		cpu.Mode = "maximum"
	}
	return cpu
}

// clock keeps UTC, but for Windows, which wants the local time. Lost ticks are
// caught up with, as libvirt's documentation of timers advises for both.
func (h *Hardware) clock(o Options) *libvirtxml.DomainClock {
	clock := &libvirtxml.DomainClock{
		Offset: "utc",
		Timer: []libvirtxml.DomainTimer{
			{Name: "rtc", TickPolicy: "catchup"}, {Name: "pit", TickPolicy: "delay"}, {Name: "hpet", Present: "no"},
		},
	}
	if h.Windows {
		clock.Offset = "localtime"
		if !o.NoKVM {
			clock.Timer = append(clock.Timer, libvirtxml.DomainTimer{Name: "hypervclock", Present: "yes"})
		}
	}
	return clock
}

package vm

import (
	"fmt"
	"path"

	"libvirt.org/go/libvirtxml"
)

// devices lists all that is in the machine. What the guest has no driver for does
// no harm: the random numbers, the balloon and the agent's channel are of use as
// soon as it has one.
func (p *Plan) devices(o Options, where func(pool, volume string) (Location, error)) (*libvirtxml.DomainDeviceList, error) {
	h := &p.Hardware
	list := &libvirtxml.DomainDeviceList{
		Emulator:    o.Emulator,
		Controllers: p.controllers(),
		Channels: []libvirtxml.DomainChannel{{
			Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{Mode: "bind"}},
			Target: &libvirtxml.DomainChannelTarget{VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: "org.qemu.guest_agent.0"}},
		}},
		Videos:     []libvirtxml.DomainVideo{{Model: libvirtxml.DomainVideoModel{Type: "vga"}}},
		MemBalloon: &libvirtxml.DomainMemBalloon{Model: "virtio", Stats: &libvirtxml.DomainMemBalloonStats{Period: statsPeriod}},
		RNGs: []libvirtxml.DomainRNG{{
			Model:   "virtio",
			Backend: &libvirtxml.DomainRNGBackend{Random: &libvirtxml.DomainRNGBackendRandom{Device: "/dev/urandom"}},
		}},
	}
	for i := range p.Drives {
		disk, err := p.Drives[i].disk(h.SCSIModel, where)
		if err != nil {
			return nil, err
		}
		list.Disks = append(list.Disks, *disk)
	}
	for _, n := range p.NICs {
		list.Interfaces = append(list.Interfaces, n.adapter())
	}
	p.serial(list, o)
	h.graphics(list)
	if h.VTPM {
		list.TPMs = []libvirtxml.DomainTPM{{
			Model:   "tpm-crb",
			Backend: &libvirtxml.DomainTPMBackend{Emulator: &libvirtxml.DomainTPMBackendEmulator{Version: "2.0"}},
		}}
	}
	return list, nil
}

// statsPeriod is how often, in seconds, the guest reports its use of memory.
const statsPeriod = 10

// adapter is a NIC as libvirt has it.
func (n *NIC) adapter() libvirtxml.DomainInterface {
	return libvirtxml.DomainInterface{
		MAC:    &libvirtxml.DomainInterfaceMAC{Address: n.MAC},
		Source: &libvirtxml.DomainInterfaceSource{Bridge: &libvirtxml.DomainInterfaceSourceBridge{Bridge: n.Bridge}},
		Model:  &libvirtxml.DomainInterfaceModel{Type: n.Model},
		Boot:   boot(n.BootOrder),
	}
}

// boot is a place in the boot order, nil for none.
func boot(order int) *libvirtxml.DomainDeviceBoot {
	if order < 1 {
		return nil
	}
	return &libvirtxml.DomainDeviceBoot{Order: uint(order)}
}

// serial adds the serial port, and the console that is the same one.
func (p *Plan) serial(list *libvirtxml.DomainDeviceList, o Options) {
	if !p.Hardware.Serial {
		return
	}
	log := &libvirtxml.DomainChardevLog{File: path.Join(either(o.SerialLogs, SerialLogs), p.Name+".serial"), Append: "on"}
	pty := func() *libvirtxml.DomainChardevSource {
		return &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}}
	}
	list.Serials = []libvirtxml.DomainSerial{{
		Source: pty(), Log: log,
		Target: &libvirtxml.DomainSerialTarget{Type: "isa-serial", Port: new(uint)},
	}}
	list.Consoles = []libvirtxml.DomainConsole{{
		Source: pty(), Log: log,
		Target: &libvirtxml.DomainConsoleTarget{Type: "serial", Port: new(uint)},
	}}
}

// graphics adds the screen on the network. Its pointer is a tablet, which knows
// where it is; a mouse would drift away from the viewer's. The video adapter is
// there without it, too: firmware and boot loaders want one.
func (h *Hardware) graphics(list *libvirtxml.DomainDeviceList) {
	if h.VNC == "" {
		return
	}
	list.Graphics = []libvirtxml.DomainGraphic{{VNC: &libvirtxml.DomainGraphicVNC{
		Port: -1, AutoPort: "yes",
		Listeners: []libvirtxml.DomainGraphicListener{{Address: &libvirtxml.DomainGraphicListenerAddress{Address: h.VNC}}},
	}}}
	list.Inputs = []libvirtxml.DomainInput{{Type: "tablet", Bus: "usb"}}
}

// disk is a drive as libvirt has it.
func (d *Drive) disk(scsiModel string, where func(pool, volume string) (Location, error)) (*libvirtxml.DomainDisk, error) {
	location, err := where(d.Pool, d.Volume)
	if err != nil {
		return nil, err
	}
	source, err := location.source()
	if err != nil {
		return nil, fmt.Errorf("cannot attach volume %s/%s: %w", d.Pool, d.Volume, err)
	}
	disk := &libvirtxml.DomainDisk{
		Device: string(d.Device), Driver: location.driver(d), Source: source,
		Target:  &libvirtxml.DomainDiskTarget{Dev: d.Target, Bus: d.Bus},
		Boot:    boot(d.BootOrder),
		Address: d.address(scsiModel),
	}
	if d.Device != Floppy { // QEMU's has none
		disk.Serial = d.ID // as the guest finds it below /dev/disk/by-id
	}
	if d.ReadOnly {
		disk.ReadOnly = &libvirtxml.DomainDiskReadOnly{}
	}
	return disk, nil
}

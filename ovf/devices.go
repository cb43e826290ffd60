package ovf

import (
	"net"
	"slices"
	"strconv"
)

// nic reads a network adapter.
func (b *builder) nic(i *item) {
	n := NIC{Name: i.name, BootIndex: b.bootIndex(i)}
	n.Model = nicModel(i)
	if n.Model == "" && len(i.subtypes) > 0 {
		n.Model = i.subtypes[0]
		b.out.warn(i.at, "the network adapter model %s is not known", Display(n.Model))
	}
	for _, a := range []string{i.at.value("MACAddress"), i.at.value("Address")} {
		if mac, err := net.ParseMAC(a); err == nil && len(mac) == 6 && n.MAC == "" {
			n.MAC = mac.String()
		}
	}
	if len(i.connections) > 0 {
		n.Network = i.connections[0]
	}
	if len(i.connections) > 1 {
		b.out.warn(i.at, "the network adapter %s has %d connections; only the first is used", i.label(), len(i.connections))
	}
	if n.Network != "" {
		b.connect(n.Network, i)
	}
	b.out.NICs = append(b.out.NICs, n)
}

// connect lists a network that an adapter is connected to.
func (b *builder) connect(network string, i *item) {
	if !slices.Contains(b.out.Networks, network) {
		b.out.Networks = append(b.out.Networks, network)
	}
	if !slices.ContainsFunc(b.plan.Networks, func(n Network) bool { return n.Name == network }) {
		b.out.warn(i.at, "the network %s is not in the network section", Display(network))
		b.plan.Networks = append(b.plan.Networks, Network{Name: network})
	}
}

// nicModel is the first of the item's models that is known.
func nicModel(i *item) string {
	known := []string{
		"pcnet32", "pcnet", "flexible", "vlance", "vmxnet", "vmxnet2", "vmxnet3", "e1000", "e1000e", "virtio", "rtl8139",
		"am79c970a", "am79c973", "82540em", "82543gc", "82545em", "sriovethernetcard",
	}
	ovirt := map[string]string{"1": "rtl8139", "2": "e1000", "3": "virtio", "6": "e1000e"}
	for _, s := range i.subtypes {
		if slices.Contains(known, s) {
			return s
		}
		if m := ovirt[s]; m != "" {
			return m
		}
	}
	return ""
}

// media reads a CD or floppy drive. An empty drive is nothing to import.
func (b *builder) media(i *item, kind string) error {
	ref, id := hostRef(i.hostResource)
	if ref == "" && b.app.file(id) == nil && b.app.disk(id) == nil {
		return nil // empty, or the name of a host's own drive
	}
	file := b.app.file(id)
	if disk := b.app.disk(id); ref != "file" && disk != nil {
		file = b.app.file(disk.FileRef)
		b.attached[id] = b.out.Key + "/" + kind
	}
	if file == nil {
		if i.optional {
			b.out.warn(i.at, "the drive %s holds %s, which the descriptor does not have; it is left empty", i.label(), Display(id))
			return nil
		}
		return refuseAt(BadDescriptor, i.at, "the drive %s holds %s, which the descriptor does not have", i.label(), Display(id))
	}
	b.out.Media = append(b.out.Media, Media{
		ID: b.out.nextMedium(kind), Kind: kind, FileID: file.ID, Href: file.Href, Compression: file.Compression,
		BootIndex: b.bootIndex(i),
	})
	return nil
}

// nextMedium is the id of the next medium of a kind.
func (s *SystemPlan) nextMedium(kind string) string {
	letters := map[string]string{"iso": "cd", "floppy": "fd"}[kind]
	n := 0
	for _, m := range s.Media {
		if m.Kind == kind {
			n++
		}
	}
	return letters + strconv.Itoa(n)
}

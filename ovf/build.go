package ovf

// builder works out one system.
type builder struct {
	*planner
	sys         *System
	out         *SystemPlan
	items       []item
	controllers map[string]*Controller
	drives      []drive
}

// system plans one virtual machine.
func (p *planner) system(s *System, k *keys) error {
	out := SystemPlan{
		Key: k.next(s.Name), ID: s.ID, Name: s.Name, Collections: s.Collections, Guest: s.Guest,
		Families: s.Families, Transports: s.Transports, EULAs: s.EULAs, Annotations: s.Annotations,
		Products: p.values.products(s.Products), Disks: []Disk{}, Networks: []string{},
	}
	if out.Guest.Family == "" {
		out.Guest.Family = OtherGuest
	}
	items, err := p.chooseItems(s, &out)
	if err != nil {
		return err
	}
	b := &builder{planner: p, sys: s, out: &out, items: items, controllers: map[string]*Controller{}}
	if err := b.build(); err != nil {
		return err
	}
	p.plan.Systems = append(p.plan.Systems, out)
	return nil
}

// build goes over the items: controllers first, because disks name them.
func (b *builder) build() error {
	for n := range b.items {
		b.controller(&b.items[n])
	}
	if err := b.processors(); err != nil {
		return err
	}
	if err := b.memory(); err != nil {
		return err
	}
	for n := range b.items {
		if err := b.device(&b.items[n]); err != nil {
			return err
		}
	}
	if err := b.placeDisks(); err != nil {
		return err
	}
	b.settings()
	b.machine()
	return nil
}

// device reads an item that is neither processor, memory nor controller.
func (b *builder) device(i *item) error {
	switch i.resource {
	case typeCPU, typeMemory, typeIDE, typeSCSI:
	case typeStorage:
		if b.controllers[i.instance] == nil {
			b.out.warn(i.at, "the storage controller %s is not known and left out", i.label())
		}
	case typeEthernet:
		b.nic(i)
	case typeDisk, typeLogical, typeExtentUnit:
		return b.drive(i)
	case typeCD, typeDVD:
		return b.media(i, "iso")
	case typeFloppy:
		return b.media(i, "floppy")
	case typeSerial:
		b.out.Serial++
	case typeTPM:
		b.out.VTPM = true
	case typeUSB, typeGraphics, typeSound:
		// Every VM gets a USB controller and a display; sound is of no use to a server.
	default:
		b.other(i)
	}
	return nil
}

// other reads an item that has no type of its own.
func (b *builder) other(i *item) {
	switch {
	case i.has("vmware.vtpm"):
		b.out.VTPM = true
	case i.has("vmware.vmci"), i.has("vmware.soundcard.hdaudio"), i.has("vmware.soundcard.ensoniq1371"):
		// A channel to VMware's own host, and sound.
	default:
		b.out.warn(i.at, "the device %s of the resource type %d is left out", i.label(), i.resource)
	}
}

package ovf

// builder works out one system.
type builder struct {
	*planner
	sys         *System
	out         *SystemPlan
	items       []item
	controllers map[string]*Controller
	drives      []drive
	boot        map[string]int // instance ids in the order of booting, from 1
	dropped     dropped
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
	b := &builder{planner: p, sys: s, out: &out, items: items, controllers: map[string]*Controller{}, boot: bootOrder(s)}
	if err := b.build(); err != nil {
		return err
	}
	p.plan.Systems = append(p.plan.Systems, out)
	return nil
}

// build goes over the items: controllers first, because disks name them.
func (b *builder) build() error {
	for n := range b.items {
		if err := b.dropped.inspect(&b.items[n]); err != nil {
			return err
		}
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
	b.out.chooseHardware()
	b.dropped.warnings(b.out, b.sys.hardware)
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
	case typeDisk, typeLogical, typeExtent:
		return b.drive(i)
	case typeCD, typeDVD:
		return b.media(i, "iso")
	case typeFloppy:
		return b.media(i, "floppy")
	case typeSerial:
		b.out.Serial++
	case typeTPM:
		b.out.VTPM = true
	case typeUSB, typeGraphics:
		// Every VM gets a USB controller and a display.
	case typeSound:
		b.dropped.devices = note(b.dropped.devices, i.name)
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
		b.dropped.devices = note(b.dropped.devices, i.name)
	default:
		b.out.warn(i.at, "the device %s of the resource type %d is left out", i.label(), i.resource)
	}
}

// bootOrder reads VMware's boot order: a section for each device, the first
// first.
func bootOrder(s *System) map[string]int {
	order := map[string]int{}
	for _, e := range s.extras {
		id := e.at.get("instanceId")
		if e.name == "BootOrderSection" && id != "" && order[id] == 0 {
			order[id] = len(order) + 1
		}
	}
	return order
}

// bootIndex is an item's place in the order of booting, 0 when it has none.
func (b *builder) bootIndex(i *item) int {
	if n := number(i.at.value("BootOrder")); n > 0 {
		return n // oVirt
	}
	return b.boot[i.instance]
}

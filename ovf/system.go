package ovf

import (
	"slices"
	"strings"
)

// collection reads a VirtualSystemCollection and all in it.
func (p *parser) collection(n *node) error {
	id := n.get("id")
	p.path = append(p.path, id)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	for _, c := range n.children {
		switch name := sectionName(c); name {
		case "Info", "Name":
		case "VirtualSystem":
			if err := p.system(c); err != nil {
				return err
			}
		case "VirtualSystemCollection":
			if err := p.collection(c); err != nil {
				return err
			}
		case "StartupSection":
			p.startup(c, id)
		case "ProductSection", "EulaSection", "AnnotationSection":
			if err := p.about(c, name, &p.app.Products, &p.app.EULAs, &p.app.Annotations); err != nil {
				return err
			}
		default:
			if err := p.unknownSection(c, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// startup reads the order in which a collection's members start.
func (p *parser) startup(n *node, collection string) {
	var steps []StartStep
	for _, i := range n.all("Item") {
		steps = append(steps, StartStep{
			Collection: collection, ID: i.get("id"), Order: number(i.get("order")),
			StartDelay: number(i.get("startDelay")), StopDelay: number(i.get("stopDelay")),
			Start: i.get("startAction"), Stop: i.get("stopAction"), WaitGuest: isTrue(i.get("waitingForGuest")),
		})
	}
	slices.SortStableFunc(steps, func(a, b StartStep) int { return a.Order - b.Order })
	p.app.Startup = append(p.app.Startup, steps...)
}

// system reads a VirtualSystem.
func (p *parser) system(n *node) error {
	if err := full(n, len(p.app.Systems), maxSystems, "virtual systems"); err != nil {
		return err
	}
	s := System{ID: n.get("id"), Collections: slices.Clone(p.path)}
	s.Name = p.text(n.child("Name"))
	if s.Name == "" {
		s.Name = s.ID
	}
	for _, c := range n.children {
		if err := p.systemSection(&s, c); err != nil {
			return err
		}
	}
	if s.hardware == nil {
		return refuseAt(BadDescriptor, n, "the virtual system %s has no hardware section", Display(s.Name))
	}
	p.app.Systems = append(p.app.Systems, s)
	return nil
}

// systemSection reads a child of a VirtualSystem.
func (p *parser) systemSection(s *System, n *node) error {
	switch name := sectionName(n); name {
	case "Info", "Name":
	case "OperatingSystemSection":
		p.operatingSystem(s, n)
	case "VirtualHardwareSection":
		return p.hardware(s, n)
	case "ProductSection", "EulaSection", "AnnotationSection":
		return p.about(n, name, &s.Products, &s.EULAs, &s.Annotations)
	default:
		if knownExtra(n) {
			s.extras = append(s.extras, extra{name, n})
			return nil
		}
		return p.unknownSection(n, name)
	}
	return nil
}

// knownExtra reports whether a dialect's element is looked at when the hardware
// is chosen.
func knownExtra(n *node) bool {
	switch n.name {
	case "Machine", "BiosType", "BootOrderSection", "VirtualSystemOtherConfigurationData":
		return true
	}
	return false
}

// hardware reads a VirtualHardwareSection.
func (p *parser) hardware(s *System, n *node) error {
	if s.hardware != nil {
		p.warn(n, "the virtual system %s has another hardware section, which is not used", Display(s.Name))
		return nil
	}
	s.hardware = n
	s.Transports = strings.Fields(n.get("transport"))
	for _, c := range n.children {
		switch c.name {
		case "Info":
		case "System":
			s.Families = strings.Fields(strings.ReplaceAll(c.value("VirtualSystemType"), ",", " "))
		case "Item", "StorageItem", "EthernetPortItem":
			if err := full(c, len(s.items), maxItems, "items in one system"); err != nil {
				return err
			}
			i, err := p.item(c)
			if err != nil {
				return err
			}
			s.items = append(s.items, i)
		case "Config", "ExtraConfig":
			s.config = append(s.config, setting{c.get("key"), c.get("value"), c})
		default:
			if knownExtra(c) {
				s.extras = append(s.extras, extra{c.name, c})
				continue
			}
			p.warnOnce(c, "the hardware element %s is not used", Display(c.name))
		}
	}
	return nil
}

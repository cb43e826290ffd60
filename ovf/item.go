package ovf

import (
	"slices"
	"strconv"
	"strings"
)

// CIM_ResourceAllocationSettingData.ResourceType, and those that VMware added.
const (
	typeOther    = 1
	typeCPU      = 3
	typeMemory   = 4
	typeIDE      = 5
	typeSCSI     = 6
	typeEthernet = 10
	typeFloppy   = 14
	typeCD       = 15
	typeDVD      = 16
	typeDisk     = 17
	typeStorage  = 20
	typeSerial   = 21
	typeUSB      = 23
	typeGraphics = 24
	typeTPM      = 34
	typeSound    = 35
	typeLogical  = 31 // OVF 2: logical disk
	typeExtent   = 19 // XenServer: storage extent
)

// item is a piece of virtual hardware, in any of OVF's three spellings.
type item struct {
	instance       string
	resource       int
	subtypes       []string // in order of preference
	name           string   // for people
	parent         string
	address        string // Address or BusNumber
	onParent       int    // AddressOnParent, -1 when absent
	hostResource   string
	connections    []string
	quantity       string
	unit           string
	bound          string
	configurations []string
	optional       bool
	at             *node
}

// item reads an Item, StorageItem or EthernetPortItem (DSP0243, section 8.2).
func (p *parser) item(n *node) (item, error) {
	i := item{
		instance: n.value("InstanceID", "InstanceId"), name: n.value("ElementName", "Caption", "Description"),
		parent: n.value("Parent"), address: n.value("Address"), onParent: -1,
		hostResource: n.value("HostResource"), quantity: n.value("VirtualQuantity"), unit: n.value("AllocationUnits"),
		bound: n.get("bound"), configurations: strings.Fields(n.get("configuration")),
		optional: n.get("required") == "false", at: n,
	}
	for _, c := range n.all("Connection") {
		if c.text != "" {
			i.connections = append(i.connections, c.text)
		}
	}
	if i.address == "" {
		i.address = n.value("BusNumber")
	}
	if a, err := strconv.Atoi(n.value("AddressOnParent")); err == nil && a >= 0 {
		i.onParent = a
	}
	i.subtypes = strings.FieldsFunc(strings.ToLower(n.value("ResourceSubType")), func(r rune) bool {
		return r == ',' || r == ' ' || r == '\t' || r == '\n'
	})
	kind := n.value("ResourceType")
	resource, err := strconv.Atoi(kind)
	if err != nil || resource < 0 {
		return i, refuseAt(BadDescriptor, n, "the resource type %s of the item %s is no number", Display(kind), Display(i.name))
	}
	i.resource = resource
	return i, nil
}

// has reports whether a subtype is among those of the item.
func (i *item) has(subtype string) bool {
	return slices.Contains(i.subtypes, subtype)
}

// label names the item in messages.
func (i *item) label() string {
	if i.name != "" {
		return Display(i.name)
	}
	return "with instance id " + Display(i.instance)
}

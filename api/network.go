package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

const (
	// MaxNICs is how many adapters a VM can have: each takes a PCI slot.
	MaxNICs = 32
	// MaxVNI is the largest number of a VXLAN (RFC 7348, section 5: 24 bits).
	MaxVNI = 1<<24 - 1
	// maxInterface is the longest name of a network interface: IFNAMSIZ less its
	// end (linux/if.h).
	maxInterface = 15
)

// A VNI is a virtual network: its number, or one of the labels upstream, cluster
// and storage. Requests and files may give a number as a number.
type VNI string

// UnmarshalJSON takes a string or a whole number.
func (v *VNI) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte{'"'}) {
		return json.Unmarshal(data, (*string)(v))
	}
	n, err := strconv.ParseUint(string(data), 10, 32)
	if err != nil {
		return fmt.Errorf("%.80s is neither the number of a network nor a label", data)
	}
	*v = VNI(strconv.FormatUint(n, 10))
	return nil
}

// UnmarshalText takes a YAML scalar as it is.
func (v *VNI) UnmarshalText(text []byte) error {
	*v = VNI(text)
	return nil
}

// MarshalText writes the number or label.
func (v VNI) MarshalText() ([]byte, error) { return []byte(v), nil }

// JSONSchema describes what UnmarshalJSON takes.
func (VNI) JSONSchema() any {
	return map[string]any{
		"description": "number of a virtual network, or a label",
		"oneOf": []any{
			map[string]any{"type": "integer", "minimum": 1, "maximum": MaxVNI},
			map[string]any{"type": "string", "pattern": "^([1-9][0-9]{0,7}|upstream|cluster|storage)$"},
		},
	}
}

// Interface is the bridge on the host that the adapter is put into.
func (l NetworkLink) Interface() string {
	switch l.VNI {
	case "":
		return l.Bridge
	case "upstream", "cluster", "storage":
		return "br" + string(l.VNI)
	}
	return "vmbr" + string(l.VNI)
}

// Validate returns a *FieldError for the first key that can't be.
func (n *NetworkTemplate) Validate() error {
	if len(n.Networks) > MaxNICs {
		return wrong("networks", "has %d adapters, %d are allowed", len(n.Networks), MaxNICs)
	}
	first := map[string]int{}
	for i, link := range n.Networks {
		field := fmt.Sprintf("networks[%d]", i)
		if err := link.validate(field); err != nil {
			return err
		}
		before, again := first[link.Interface()]
		if again && !n.PermitDuplicate {
			return wrong(field, "is the same network as networks[%d]; permit_duplicate allows that", before)
		}
		first[link.Interface()] = i
	}
	return firstOf(checkMACTemplate(n.MACTemplate, len(n.Networks)), checkOrigin(n.Origin))
}

func (l NetworkLink) validate(field string) error {
	switch {
	case (l.VNI == "") == (l.Bridge == ""):
		return wrong(field, "must have either vni or bridge")
	case l.VNI != "":
		return l.VNI.validate(field + ".vni")
	}
	return checkInterface(field+".bridge", l.Bridge)
}

func (v VNI) validate(field string) error {
	switch v {
	case "upstream", "cluster", "storage":
		return nil
	}
	n, err := strconv.ParseUint(string(v), 10, 32)
	if err != nil || n == 0 || n > MaxVNI || v[0] == '0' || v[0] == '+' {
		return wrong(field, "is %.80q; it can be 1 to %d, upstream, cluster or storage", string(v), MaxVNI)
	}
	return nil
}

// checkInterface follows dev_valid_name (net/core/dev.c), and of what that lets
// pass it takes what can be printed.
func checkInterface(field, name string) error {
	printable := !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' })
	if len(name) > maxInterface || name == "." || name == ".." || !printable || strings.ContainsAny(name, "/:") {
		return wrong(field, "is %.80q, which is no name that a bridge can have", name)
	}
	return nil
}

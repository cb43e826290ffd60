package api

import (
	"errors"
	"fmt"
	"strings"
)

// macPrefix is what {prefix} stands for: QEMU's prefix, with a last octet of our
// own.
const macPrefix = "52:54:01"

// macDigits is how many hexadecimal digits an address has.
const macDigits = 12

// errMAC is a sentence's second half.
var errMAC = errors.New("must give six octets, like {prefix}:{vmid}:{netid}")

// MAC is the address of a VM's adapter after a template, in lower case with
// colons. vmid is the VM's number, netid the adapter's, from 0.
//
// In a template stand hexadecimal digits and colons, {prefix} for 52:54:01, and
// once each {vmid} and {netid}, which share the digits that are left to twelve.
// One of them alone takes all. Of both, {netid} takes two, or one where not more
// than three are left, and {vmid} the rest. A number that needs more digits than
// that is refused, so that no two VMs get the same address.
func MAC(template string, vmid, netid int) (string, error) {
	m, err := parseMAC(template)
	if err != nil {
		return "", err
	}
	id, err := digits("VMs", vmid, m.vmid)
	if err != nil {
		return "", err
	}
	nic, err := digits("adapters", netid, m.netid)
	if err != nil {
		return "", err
	}
	all := strings.ToLower(strings.NewReplacer("{vmid}", id, "{netid}", nic).Replace(m.text))
	octets := make([]string, 0, macDigits/2)
	for i := 0; i < len(all); i += 2 {
		octets = append(octets, all[i:i+2])
	}
	return strings.Join(octets, ":"), nil
}

// A macTemplate is a template without prefix and colons, and how many digits its
// numbers have.
type macTemplate struct {
	text        string
	vmid, netid int
}

func parseMAC(template string) (macTemplate, error) {
	text := strings.ReplaceAll(template, "{prefix}", macPrefix)
	m := macTemplate{text: strings.ReplaceAll(text, ":", "")}
	vmids, netids := strings.Count(text, "{vmid}"), strings.Count(text, "{netid}")
	fixed := strings.NewReplacer("{vmid}", "", "{netid}", "").Replace(m.text)
	left := macDigits - len(fixed)
	switch {
	case strings.Trim(fixed, "0123456789abcdefABCDEF") != "":
		return m, errors.New("has something else than hexadecimal digits, colons, {prefix}, {vmid} and {netid}")
	case vmids > 1 || netids > 1:
		return m, errors.New("has {vmid} or {netid} twice")
	case left < vmids+netids || vmids+netids == 0 && left != 0:
		return m, errMAC
	case vmids == 0:
		m.netid = left * netids
	case netids == 0:
		m.vmid = left
	default:
		m.netid = min(2, left/2)
		m.vmid = left - m.netid
	}
	if !m.aligned(text) {
		return m, errMAC
	}
	return m, m.unicast()
}

// aligned reports whether colons stand between octets, and there only. Inside
// of a number's digits none can be seen, so they can't be missed there either.
func (m macTemplate) aligned(text string) bool {
	text = strings.NewReplacer("{vmid}", strings.Repeat("v", m.vmid), "{netid}", strings.Repeat("n", m.netid)).Replace(text)
	at := 0
	for i, c := range text {
		if c == ':' {
			if at%2 != 0 || at == 0 || at == macDigits || text[i-1] == ':' {
				return false
			}
			continue
		}
		at++
	}
	return at == macDigits
}

// unicast wants the first octet to be fixed, and that of a single station: its
// lowest bit says group (IEEE 802, section 8.2). libvirt keeps fe for the host's
// end of a guest's cable (virNetDevTapCreateInBridgePort).
func (m macTemplate) unicast() error {
	if len(m.text) < 2 || strings.ContainsRune(m.text[:2], '{') {
		return errors.New("must begin with an octet, or {prefix}")
	}
	if !strings.ContainsRune("02468aceACE", rune(m.text[1])) {
		return fmt.Errorf("begins with %s, which makes group addresses; its second digit must be even", m.text[:2])
	}
	if strings.EqualFold(m.text[:2], "fe") {
		return fmt.Errorf("begins with %s, which libvirt keeps for the host's end of the cable", m.text[:2])
	}
	return nil
}

// digits writes a number in that many hexadecimal digits.
func digits(of string, n, width int) (string, error) {
	if width == 0 {
		return "", nil
	}
	if n < 0 || n >= 1<<(4*width) {
		return "", fmt.Errorf("the MAC template has room for %d numbers of %s, and this is %d", 1<<(4*width), of, n)
	}
	return fmt.Sprintf("%0*x", width, n), nil
}

// checkMACTemplate returns nil when all adapters of a VM get addresses of their
// own. One without {vmid} is good for a single VM.
func checkMACTemplate(template string, nics int) error {
	if template == "" {
		return nil
	}
	m, err := parseMAC(template)
	switch {
	case err != nil:
		return wrong("mac_template", "%v", err)
	case m.netid == 0 && nics > 1:
		return wrong("mac_template", "needs {netid}, or all adapters get the same address")
	case m.netid > 0 && nics > 1<<(4*m.netid):
		return wrong("mac_template", "has room for %d adapters, and there are %d", 1<<(4*m.netid), nics)
	}
	return nil
}

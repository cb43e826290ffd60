package vm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const (
	templatePrefix = "525401" // what {prefix} stands for
	stablePrefix   = "525400" // of addresses without a template; QEMU's own
	macDigits      = 12
)

// A macTemplate is a template for MAC addresses that was read. Colons only
// separate, and the hexadecimal digits count: those that are neither written nor
// {prefix}'s six are shared out among {vmid} and {netid}. One of them alone gets
// all. Of both, {netid} gets two, or one where not more than three are left,
// and {vmid} the rest:
//
//	{prefix}:{vmid}:{netid}        52:54:01:vv:vv:nn
//	{prefix}:ff:{vmid}:{netid}     52:54:01:ff:vv:nn
//	{prefix}:ff:f6:{vmid}{netid}   52:54:01:ff:f6:vn
type macTemplate struct {
	pieces      []string // digits, "{vmid}" or "{netid}"
	vmid, netid int      // digits of each
}

// CheckMACTemplate returns nil for what can become the MAC addresses of a VM.
// The failure is a clause.
func CheckMACTemplate(template string) error {
	t, err := readMACTemplate(template)
	if err != nil {
		return err
	}
	_, err = t.address(1, 0)
	return err
}

// readMACTemplate reads a template.
func readMACTemplate(template string) (*macTemplate, error) {
	t := &macTemplate{}
	written := 0
	for rest := template; rest != ""; {
		piece := rest[:1]
		for _, word := range []string{"{prefix}", "{vmid}", "{netid}"} {
			if strings.HasPrefix(rest, word) {
				piece = word
			}
		}
		rest = rest[len(piece):]
		switch {
		case piece == ":":
			continue
		case piece == "{vmid}":
			t.vmid++
		case piece == "{netid}":
			t.netid++
		case piece == "{prefix}":
			piece = templatePrefix
		case !strings.Contains("0123456789abcdefABCDEF", piece):
			return nil, fmt.Errorf("the MAC template %q has %q, where only hexadecimal digits, colons, {prefix}, {vmid} and {netid} may be",
				template, piece+rest)
		}
		if piece[0] != '{' {
			written += len(piece)
		}
		t.pieces = append(t.pieces, strings.ToLower(piece))
	}
	if !t.share(macDigits - written) {
		return nil, fmt.Errorf("the MAC template %q has %d digits, %d × {vmid} and %d × {netid}; together they must come to %d digits, each of the two at most once",
			template, written, t.vmid, t.netid, macDigits)
	}
	return t, nil
}

// share gives the placeholders, which were counted, their digits.
func (t *macTemplate) share(free int) bool {
	vmid, netid := t.vmid, t.netid
	if vmid > 1 || netid > 1 || free < vmid+netid || free > 0 && vmid+netid == 0 {
		return false
	}
	switch {
	case vmid == 0:
		t.netid = free
	case netid == 0:
		t.vmid = free
	case free <= 3:
		t.netid, t.vmid = 1, free-1
	default:
		t.netid, t.vmid = 2, free-2
	}
	return true
}

// address is the MAC of a VM's n-th adapter, from 0.
func (t *macTemplate) address(vmid, n int) (string, error) {
	var digits strings.Builder
	for _, piece := range t.pieces {
		value, width := 0, 0
		switch piece {
		case "{vmid}":
			value, width = vmid, t.vmid
		case "{netid}":
			value, width = n, t.netid
		default:
			digits.WriteString(piece)
			continue
		}
		number := fmt.Sprintf("%0*x", width, value)
		if len(number) > width {
			return "", fmt.Errorf("%s is %d, which has more hexadecimal digits than the MAC template leaves it (%d)", piece, value, width)
		}
		digits.WriteString(number)
	}
	mac := colons(digits.String())
	return mac, checkMAC(mac)
}

// colons writes twelve digits as six octets.
func colons(digits string) string {
	var octets []string
	for i := 0; i+2 <= len(digits); i += 2 {
		octets = append(octets, digits[i:i+2])
	}
	return strings.Join(octets, ":")
}

// checkMAC refuses what no adapter can have: the multicast bit is the lowest of
// the first octet (IEEE 802), and libvirt keeps fe for the host's ends.
func checkMAC(mac string) error {
	switch {
	case strings.ContainsAny(mac[1:2], "13579bdf"):
		return fmt.Errorf("the MAC address %s is a multicast one; the first octet must be even", mac)
	case strings.HasPrefix(mac, "fe:"):
		return fmt.Errorf("the MAC address %s begins with fe, which libvirt keeps for the host's end of the cable", mac)
	case strings.Trim(mac, "0:") == "":
		return fmt.Errorf("the MAC address %s is nobody's", mac)
	}
	return nil
}

// stableMAC is the MAC of a VM's n-th adapter where no template says it: of the
// UUID, so that it is the same whenever the VM is made. Another round gives
// another one.
func stableMAC(uuid string, n, round int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", strings.ToLower(uuid), n, round))
	return colons(stablePrefix + hex.EncodeToString(sum[:3]))
}

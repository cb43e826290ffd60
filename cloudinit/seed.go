package cloudinit

import (
	"errors"
	"fmt"
	"net"

	"gopkg.in/yaml.v3"
)

// Label is the volume identifier by which cloud-init finds a seed.
const Label = "cidata"

// A Seed is what one VM's cloud-init is told on its first boot, by the data
// source NoCloud: https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html.
type Seed struct {
	UserData   string // a document that Check takes; "" for none
	InstanceID string // a new one makes cloud-init run as on a first boot
	Hostname   string
	Network    []NIC // in the order in which the guest is to name them
}

// A NIC is one of the VM's network interfaces.
type NIC struct {
	MAC string // six bytes, as in 52:54:00:12:34:56
}

// ISO renders the seed as an image for a CD. The same seed gives the same
// bytes.
//
// Its user-data is there even when it is empty, since cloud-init demands the
// file. Without NICs there is no network-config, and cloud-init does what it
// does by itself: DHCP on the first interface that is connected.
func (s Seed) ISO() ([]byte, error) {
	files, err := s.Files()
	if err != nil {
		return nil, fmt.Errorf("cannot render the cloud-init seed: %w", err)
	}
	return ISO(Label, files)
}

// Files renders the files of the seed, by their names.
func (s Seed) Files() (map[string][]byte, error) {
	if s.InstanceID == "" {
		return nil, errors.New("it has no instance id")
	}
	meta, err := yaml.Marshal(metaData{InstanceID: s.InstanceID, Hostname: s.Hostname})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"user-data": []byte(s.UserData), "meta-data": meta}
	if len(s.Network) == 0 {
		return files, nil
	}
	config, err := network(s.Network)
	if err != nil {
		return nil, err
	}
	files["network-config"], err = yaml.Marshal(config)
	return files, err
}

type metaData struct {
	InstanceID string `yaml:"instance-id"`
	Hostname   string `yaml:"local-hostname,omitempty"`
}

// A networkConfig is of version 2, which is netplan's:
// https://docs.cloud-init.io/en/latest/reference/network-config-format-v2.html.
type networkConfig struct {
	Version   int                 `yaml:"version"`
	Ethernets map[string]ethernet `yaml:"ethernets"`
}

type ethernet struct {
	Match    match  `yaml:"match"`
	SetName  string `yaml:"set-name"`
	DHCP4    bool   `yaml:"dhcp4"`
	Optional bool   `yaml:"optional,omitempty"`
}

type match struct {
	MAC string `yaml:"macaddress"`
}

// network matches interfaces by their addresses, which the VM's definition has,
// and names them eth0, eth1 and so on: guests without netplan take the key for
// the name, so that both have to be the same. All ask for an address by DHCP;
// only the first holds up the boot until it has one.
func network(nics []NIC) (networkConfig, error) {
	all := make(map[string]ethernet, len(nics))
	seen := make(map[string]bool, len(nics))
	for i, nic := range nics {
		mac, err := net.ParseMAC(nic.MAC)
		switch {
		case err != nil || len(mac) != 6:
			return networkConfig{}, fmt.Errorf("%q is no MAC address of six bytes", nic.MAC)
		case seen[mac.String()]:
			return networkConfig{}, fmt.Errorf("two interfaces have the MAC address %s", mac)
		}
		seen[mac.String()] = true
		name := fmt.Sprintf("eth%d", i)
		all[name] = ethernet{Match: match{MAC: mac.String()}, SetName: name, DHCP4: true, Optional: i > 0}
	}
	return networkConfig{Version: 2, Ethernets: all}, nil
}

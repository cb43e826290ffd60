package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"spliced/api"
)

func systemFields() []field {
	return []field{
		{key: "vcpus", usage: "it has `N` virtual CPUs", parse: asNumber},
		{key: "vram", usage: "it has `N` MiB of memory", parse: asNumber},
		{key: "serial", usage: "it has a serial console, which is logged", shape: toggle, parse: asBool},
		{key: "vnc.enabled", flag: "vnc", usage: "its screen can be seen by VNC", shape: toggle, parse: asBool},
		{key: "vnc.bind", usage: "its screen can be seen at `ADDRESS`; 127.0.0.1 unless given", parse: asText},
		{key: "firmware", usage: "it boots by `FIRMWARE`: bios or efi", parse: asText, choices: []string{"bios", "efi"}},
		{key: "secure_boot", usage: "it boots what is signed only; needs efi", shape: toggle, parse: asBool},
		{key: "vtpm", usage: "it has an emulated TPM 2.0", shape: toggle, parse: asBool},
		{key: "machine", usage: "it is a `MACHINE`: q35 or pc", parse: asText, choices: []string{"q35", "pc"}},
		{key: "disk_bus", usage: "its disks are on the `BUS`: scsi, virtio, sata or ide", parse: asText, choices: []string{"scsi", "virtio", "sata", "ide"}},
		{
			key: "scsi_model", usage: "its SCSI controller is a `MODEL`: virtio-scsi, lsisas1068, lsilogic or vmpvscsi",
			parse: asText, choices: []string{"virtio-scsi", "lsisas1068", "lsilogic", "vmpvscsi"},
		},
		{
			key: "nic_model", usage: "its network adapters are of the `MODEL`: virtio, e1000e, e1000, rtl8139, vmxnet3 or pcnet",
			parse: asText, choices: []string{"virtio", "e1000e", "e1000", "rtl8139", "vmxnet3", "pcnet"},
		},
		{key: "node_limit", usage: "it may run on `HOST`; may be repeated", shape: many, parse: asText},
		{key: "node_selector", usage: "its host is chosen by `RULE`", parse: asText},
		{key: "node_autostart", usage: "it starts with its host", shape: toggle, parse: asBool},
		{
			key: "migration_method", usage: "it moves to other hosts by `METHOD`: none, live or shutdown",
			parse: asText, choices: []string{"none", "live", "shutdown"},
		},
	}
}

func networkFields() []field {
	return []field{
		{
			key: "networks", flag: "network", shape: many, parse: asNetwork, choices: []string{"upstream", "cluster", "storage", "bridge:"},
			usage: "an adapter in `NETWORK`: a VNI, upstream, cluster, storage, or bridge:NAME; may be repeated, replaces all",
		},
		{key: "mac_template", usage: "addresses are made as `TEMPLATE`, of {prefix}, {vmid}, {netid} and hexadecimal digits", parse: asText},
		{key: "permit_duplicate", usage: "a network may be there more than once", shape: toggle, parse: asBool},
	}
}

func storageFields() []field {
	return []field{{key: "disks", flag: "disk", shape: many, parse: asDisk, usage: "a disk: `ID,KEY=VALUE,…`; may be repeated, replaces all"}}
}

func profileFields() []field {
	return []field{
		{
			key: "type", usage: "it is a `TYPE`: provisioner, or ova, which --ova implies", parse: asText, fixed: true,
			choices: []string{api.ProfileProvisioner, api.ProfileOVA},
		},
		{key: "ova", usage: "VMs are made from the OVA `NAME`", parse: asText, fixed: true, names: "ova.list"},
		{key: "system", usage: "VMs are made from the system `KEY` of the OVA", parse: asText},
		{key: "configuration", usage: "VMs are made as the OVA's configuration `ID`", parse: asText},
		{key: "system_template", usage: "VMs have the hardware of the system template `NAME`", parse: asText, names: "system"},
		{key: "network_template", usage: "VMs have the adapters of the network template `NAME`", parse: asText, names: "network"},
		{key: "storage_template", usage: "VMs have the disks of the storage template `NAME`", parse: asText, names: "storage"},
		{key: "userdata", usage: "cloud-init in VMs gets the userdata `NAME`", parse: asText, names: "userdata"},
		{key: "script", usage: "VMs are provisioned by the script `NAME`", parse: asText, names: "script"},
		{key: "properties", flag: "property", usage: "a property of the OVA's descriptor: `KEY=VALUE`; may be repeated", shape: pairs, parse: asPair},
		{key: "arguments", flag: "argument", usage: "an argument for the script: `KEY=VALUE`; may be repeated", shape: pairs, parse: asPair},
	}
}

// asText and the next ones read the value of a flag.
func asText(text string) (any, error) { return text, nil }

func asNumber(text string) (any, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, errors.New("it is no whole number")
	}
	return n, nil
}

func asBool(text string) (any, error) {
	yes, err := strconv.ParseBool(text)
	if err != nil {
		return nil, errors.New("there is true and false")
	}
	return yes, nil
}

func asPair(text string) (any, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return nil, errors.New("it is not of the form KEY=VALUE")
	}
	return pair{key, value}, nil
}

// asNetwork reads a network: "bridge:br0", or anything else that is a VNI's.
func asNetwork(text string) (any, error) {
	if text == "" || text == "bridge:" {
		return nil, errors.New("it names no network")
	}
	if bridge, ok := strings.CutPrefix(text, "bridge:"); ok {
		return map[string]any{"bridge": bridge}, nil
	}
	return map[string]any{"vni": strings.TrimPrefix(text, "vni:")}, nil
}

// asDisk reads a disk as the help of storage templates has it. Quotes are those
// of RFC 4180.
func asDisk(text string) (any, error) {
	parts, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil || parts[0] == "" || strings.Contains(parts[0], "=") {
		return nil, errors.New("it is not of the form ID,KEY=VALUE,…")
	}
	d := map[string]any{"id": parts[0]}
	for _, part := range parts[1:] {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form KEY=VALUE", part)
		}
		if err := setDisk(d, strings.ReplaceAll(key, "-", "_"), value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func setDisk(d map[string]any, key, value string) error {
	switch key {
	case "filesystem_arg":
		if list, ok := d["filesystem_args"].([]any); ok {
			d["filesystem_args"] = append(list, value)
		} else {
			d["filesystem_args"] = []any{value}
		}
		return nil
	case "source":
		key = "source_volume"
	case "source_volume", "pool", "size", "filesystem", "mountpoint":
	default:
		return fmt.Errorf("a disk has no %q, but pool, size, source, filesystem, filesystem-arg and mountpoint", key)
	}
	if _, twice := d[key]; twice {
		return fmt.Errorf("%q is set twice", key)
	}
	d[key] = value
	if key != "size" {
		return nil
	}
	n, err := api.ParseSize(value)
	d[key] = n
	return err
}

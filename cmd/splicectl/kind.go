package main

import (
	"reflect"

	"spliced/api"
)

// A kind is what the commands have to know of one kind of entries in the
// catalogue.
type kind struct {
	id      api.Kind
	noun    string // "system template"
	nouns   string
	family  string       // of the methods: "template"
	spec    reflect.Type // what Entry.Spec holds
	fields  []field      // that flags set; none for userdata and scripts, which are text
	about   string       // the help's second paragraph
	example string       // a command line behind "create", or several
	table   tableOf[[]api.Entry]
	// complete adds to a new spec what may be left unsaid.
	complete func(spec map[string]any)
}

// template tells the kinds whose methods take the kind as a parameter.
func (k *kind) template() bool { return k.family == "template" }

// text tells the kinds whose spec is nothing but a text.
func (k *kind) text() bool { return len(k.fields) == 0 }

func (k *kind) method(verb string) string { return k.family + "." + verb }

// ref, list, write and remove make the methods' parameters.
func (k *kind) ref(name string) any {
	if k.template() {
		return api.TemplateRef{Kind: k.id, Name: name}
	}
	return api.EntryRef{Name: name}
}

func (k *kind) list(match string) any {
	if k.template() {
		return api.TemplateList{Kind: k.id, Match: match}
	}
	return api.List{Match: match}
}

func (k *kind) write(name string, spec api.Spec, generation string) any {
	if k.template() {
		return api.TemplateWrite{Kind: k.id, Name: name, Spec: spec, ExpectGeneration: generation}
	}
	return api.EntryWrite{Name: name, Spec: spec, ExpectGeneration: generation}
}

func (k *kind) remove(name string) any {
	if k.template() {
		return api.TemplateRemove{Kind: k.id, Name: name}
	}
	return api.EntryRemove{Name: name}
}

// kinds lists all kinds, what is referred to before what refers to it.
func kinds() []*kind {
	return []*kind{systemKind(), networkKind(), storageKind(), userdataKind(), scriptKind(), profileKind()}
}

func kindOf(id api.Kind) (*kind, bool) {
	for _, k := range kinds() {
		if k.id == id {
			return k, true
		}
	}
	return nil, false
}

func systemKind() *kind {
	return &kind{
		id: api.KindSystem, noun: "system template", nouns: "system templates", family: "template",
		spec: reflect.TypeFor[api.SystemTemplate](), fields: systemFields(), table: systemTable,
		about: "A system template is a VM's hardware but its disks and networks.",
		example: `  splicectl template system create small --vcpus 2 --vram 1024 --serial --firmware efi
  splicectl template system create small --file small.yaml`,
		complete: func(spec map[string]any) {
			if vnc, ok := spec["vnc"].(map[string]any); ok && vnc["enabled"] == nil {
				vnc["enabled"] = true // somebody chose where
			}
		},
	}
}

func networkKind() *kind {
	return &kind{
		id: api.KindNetwork, noun: "network template", nouns: "network templates", family: "template",
		spec: reflect.TypeFor[api.NetworkTemplate](), fields: networkFields(), table: networkTable,
		about: "A network template is a VM's network adapters, in order.",
		example: `  splicectl template network create lan --network 100 --network upstream --network bridge:br7
  splicectl template network create lan --network 100 --mac-template '{prefix}:ff:{vmid}:{netid}'`,
		complete: needsList("networks"),
	}
}

func storageKind() *kind {
	return &kind{
		id: api.KindStorage, noun: "storage template", nouns: "storage templates", family: "template",
		spec: reflect.TypeFor[api.StorageTemplate](), fields: storageFields(), table: storageTable,
		about: `A storage template is a VM's disks. A disk is ID,KEY=VALUE,…: its id (sda, sdb, …),
pool, and either size, for a new one, or source, for a clone of an image; optionally
filesystem, filesystem-arg (may be repeated) and mountpoint. What holds a comma itself
stands between double quotes: 'sda,pool=vms,size=4GiB,filesystem=ext4,filesystem-arg=-O,"filesystem-arg=^has_journal,extent"'.`,
		example: `  splicectl template storage create web --disk sda,pool=vms,source=debian \
      --disk sdb,pool=vms,size=4GiB,filesystem=ext4,mountpoint=/srv`,
		complete: needsList("disks"),
	}
}

// needsList makes the list that every spec has, but new ones may have empty.
func needsList(key string) func(spec map[string]any) {
	return func(spec map[string]any) {
		if spec[key] == nil {
			spec[key] = []any{}
		}
	}
}

func profileKind() *kind {
	return &kind{
		id: api.KindProfile, noun: "profile", nouns: "profiles", family: "profile",
		spec: reflect.TypeFor[api.Profile](), fields: profileFields(), table: profileTable,
		about: `A profile is what VMs are made from. Each part may be absent; what is still missing
for a VM is shown as what it lacks.`,
		example: `  splicectl profile create web --system-template small --network-template lan --storage-template web \
      --userdata web --script install --argument suite=bookworm`,
		complete: func(spec map[string]any) {
			switch {
			case spec["type"] != nil:
			case spec["ova"] != nil:
				spec["type"] = api.ProfileOVA
			default:
				spec["type"] = api.ProfileProvisioner
			}
		},
	}
}

func userdataKind() *kind {
	return &kind{
		id: api.KindUserdata, noun: "userdata", nouns: "userdata", family: "userdata",
		spec: reflect.TypeFor[api.Userdata](), table: textTable,
		about: "Userdata is a document for cloud-init, plain or MIME multipart.",
		example: `  splicectl userdata create web web.yaml
  cloud-init devel make-mime -a a.yaml:cloud-config -a b.sh:x-shellscript | splicectl userdata create web`,
		complete: func(map[string]any) {},
	}
}

func scriptKind() *kind {
	return &kind{
		id: api.KindScript, noun: "script", nouns: "scripts", family: "script",
		spec: reflect.TypeFor[api.Script](), table: textTable,
		about:    "A script provisions a VM's disks when it is made. Its first line names its interpreter.",
		example:  "  splicectl script create install install.sh",
		complete: func(map[string]any) {},
	}
}

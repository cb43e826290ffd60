package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
)

// specs returns all specs by kind and name.
func (f *catalogue) specs() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]string{}
	for key, e := range f.entries {
		all[key] = string(e.Spec)
	}
	return all
}

// hostileText are texts that a careless YAML writer would change.
func hostileText() []string {
	return []string{
		"", "\n", " ", "\n\n", "  indented\nnot\n", "\n  late\n", "a\n\n\n", "no end", "tab\tin\n", "\ttab first\n", "a\r\nb\r\n", "nul\x00\n",
		"\x1b[2J\n", "\u2028\n", "\ufeffbom\n", "---\n", "...\n", "# comment\nx: 1\n", "null", "true", "0123", "- a\n- b", "trailing \nblank \n", "\u0085\n", "\U000e0001😀\n",
		"key: |\n  block\n", "'", "\"\n\\", "%TAG\n", "  \n\nx", "\n0", strings.Repeat("long ", 100) + "\n",
	}
}

func contentSpec(t *testing.T, text string) string {
	t.Helper()
	spec, err := encode(map[string]any{"content": text})
	if err != nil {
		t.Fatal(err)
	}
	return string(spec)
}

func TestExportAndImport(t *testing.T) {
	from := newCatalogue()
	from.ovas = []api.OVA{{Name: "web"}}
	from.add(t, "system", "small", `{"vcpus":2,"vram":1024,"vnc":{"enabled":true,"bind":"::1"},"node_limit":["a"]}`)
	from.add(t, "network", "lan", `{"networks":[{"vni":"100"},{"vni":"upstream"},{"bridge":"br0"}]}`)
	from.add(t, "storage", "web", `{"disks":[{"id":"sda","pool":"vms","size":1536,"filesystem":"ext4","filesystem_args":["-L","x"]},{"id":"sdb","pool":"vms","size":4294967296}]}`)
	from.add(t, "profile", "a", `{"type":"provisioner","system_template":"small","storage_template":"web","userdata":"u1","arguments":{"n":"1","yes":"yes"}}`)
	from.add(t, "profile", "web", `{"type":"ova","ova":"web"}`)
	for i, text := range hostileText() {
		if text == "" || strings.Contains(text, "\x00") {
			continue // no content
		}
		from.add(t, "userdata", fmt.Sprint("u", i), contentSpec(t, text))
		from.add(t, "script", fmt.Sprint("s", i), contentSpec(t, "#!/bin/sh\n"+text))
	}
	entries := len(from.specs())
	exported := ctl(t, serve(t, from.methods()...), "export")
	if exported.code != 0 || exported.err != "" {
		t.Fatalf("exit %d: %s", exported.code, exported.err)
	}
	unharmful(t, exported.out)

	to := newCatalogue()
	to.ovas = from.ovas
	socket := serve(t, to.methods()...)
	got := ctlWith(t.Context(), lasting(t, exported.out), socket, "import", "-")
	if got.code != 0 || !strings.HasSuffix(got.out, fmt.Sprintf("%d created, 0 modified, 0 left as they are.\n", entries)) {
		t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
	}
	if diff := cmp.Diff(from.specs(), to.specs()); diff != "" {
		t.Errorf("specs (-exported +imported):\n%s", diff)
	}
	again := ctlWith(t.Context(), lasting(t, exported.out), socket, "import", "-")
	if again.code != 0 || !strings.HasSuffix(again.out, fmt.Sprintf("0 created, 0 modified, %d left as they are.\n", entries)) {
		t.Errorf("exit %d: %s%s", again.code, again.out, again.err)
	}
	if got := ctl(t, socket, "export"); got != exported {
		t.Errorf("exported again:\n%s", cmp.Diff(exported.out, got.out))
	}
}

func TestYAMLKeepsTexts(t *testing.T) {
	for _, text := range hostileText() {
		for _, content := range []string{text, "x" + text, text + text} {
			out, err := encodeYAML(yamlString(content))
			if err != nil {
				t.Fatal(err)
			}
			node, err := parseYAML(out)
			if err != nil {
				t.Errorf("%q: %v in\n%s", content, err, out)
				continue
			}
			if got, err := plain(node); err != nil || got != content {
				t.Errorf("%q became %q (%v) by\n%s", content, got, err, out)
			}
		}
	}
}

func TestExportOfSomeKinds(t *testing.T) {
	f := newCatalogue()
	f.add(t, "system", "small", `{"vcpus":2,"vram":1024}`)
	f.add(t, "script", "x", `{"content":"#!/bin/sh\ntrue\n"}`)
	f.add(t, "profile", "p", `{"type":"provisioner"}`)
	socket := serve(t, f.methods()...)
	ctl(t, socket, "export", "--kind", "profile", "--kind", "script").want(t, 0, `---
kind: script
name: x
spec:
  content: |
    #!/bin/sh
    true
---
kind: profile
name: p
spec:
  type: provisioner
`, "")
	ctl(t, socket, "export", "--kind", "network").want(t, 0, "", "There is nothing to export.\n")
}

// An export of what can't be read any more must not pass for a good one.
func TestExportOfBrokenFiles(t *testing.T) {
	socket := serve(t, says("profile.list", []api.Entry{{Kind: "profile", Name: "p", Spec: api.Spec(`{"type":"ova"}`), Problem: "line 3 is \x1b[2J"}}))
	ctl(t, socket, "export", "--kind", "profile").want(t, 17, "---\nkind: profile\nname: p\nspec:\n  type: ova\n",
		"The last good version is exported of profile \"p\": line 3 is \ufffd[2J\nExported what can be read, but files are broken.\n")
}

func TestImport(t *testing.T) {
	const (
		small   = "---\nkind: system\nname: small\nspec: {vcpus: 4, vram: 1024}\n"
		user    = "---\nkind: userdata\nname: u\nspec: {content: x}\n"
		profile = "---\nkind: profile\nname: p\nspec: {type: provisioner, system_template: small, userdata: u}\n"
	)
	for name, c := range map[string]struct {
		stream string
		flags  string
		refuse string
		code   int
		out    string
		err    string
		writes []string
	}{
		"in the order of references": {
			profile + user + small, "", "", 0,
			"Created system template \"small\".\nCreated userdata \"u\".\nCreated profile \"p\".\n3 created, 0 modified, 0 left as they are.\n", "",
			[]string{"create system/small", "create userdata/u", "create profile/p"},
		},
		"dry": {
			small + "---\nkind: network\nname: lan\nspec: {networks: [], permit_duplicate: false}\n", "--dry-run", "", 0,
			"Would create the system template \"small\".\nLeft the network template \"lan\" as it is.\nNothing was changed. It would be: 1 created, 0 modified, 1 left as they are.\n", "", nil,
		},
		"different": {
			user + "---\nkind: script\nname: old\nspec: {content: '#!/bin/new'}\n---\nkind: network\nname: lan\nspec: {networks: [{vni: 1}]}\n", "", "", 3, "",
			"Cannot import network template \"lan\": it is there, and different.\nHint: With --update it is made equal.\n" +
				"Cannot import script \"old\": it is there, and different.\nHint: With --update it is made equal.\nNothing was imported.\n", nil,
		},
		"update": {
			"---\nkind: storage\nname: d\nspec: {disks: [{id: sda, pool: vms, size: 1GiB}]}\n---\nkind: script\nname: old\nspec: {content: '#!/bin/new'}\n", "--update", "", 0,
			"Modified storage template \"d\".\nModified script \"old\".\n0 created, 2 modified, 0 left as they are.\n", "",
			[]string{"modify storage/d", "modify script/old"},
		},
		"equal in other words": {
			"---\nkind: storage\nname: d\nspec: {disks: [{pool: vms, id: sdb, size: 1024KiB}, {id: sda, pool: vms, size: 2GiB, filesystem: ''}], origin: ova x}\n", "", "", 0,
			"Left the storage template \"d\" as it is.\n0 created, 0 modified, 1 left as they are.\n", "", nil,
		},
		"a reference to nothing": {
			small + profile, "", "", 2, "",
			"Cannot import profile \"p\": there is no userdata \"u\".\nNothing was imported.\n", nil,
		},
		"an OVA that isn't here": {
			"---\nkind: profile\nname: p\nspec: {type: ova, ova: web}\n", "", "", 2, "",
			"Cannot import profile \"p\": there is no OVA \"web\".\nNothing was imported.\n", nil,
		},
		"another type": {
			"---\nkind: profile\nname: fixed\nspec: {type: ova}\n", "--update", "", 1, "",
			"Cannot import profile \"fixed\": its type is different, and can't be modified.\nHint: Remove it first.\nNothing was imported.\n", nil,
		},
		"refused midway": {
			small + user + "---\nkind: script\nname: s\nspec: {content: '#!/bin/sh'}\n", "", "userdata/u", 1,
			"Created system template \"small\".\n1 created, 0 modified, 0 left as they are, 2 not done.\n",
			"Cannot create userdata \"u\": it is forbidden.\n",
			[]string{"create system/small"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newCatalogue()
			f.add(t, "network", "lan", `{"networks":[]}`)
			f.add(t, "storage", "d", `{"disks":[{"id":"sda","pool":"vms","size":2147483648},{"id":"sdb","pool":"vms","size":1048576}],"origin":"ova web"}`)
			f.add(t, "script", "old", `{"content":"old"}`)
			f.add(t, "profile", "fixed", `{"type":"provisioner"}`)
			f.refuses[c.refuse] = "it is forbidden"
			args := append([]string{"import", "-"}, strings.Fields(c.flags)...)
			got := ctlWith(t.Context(), pipe(t, c.stream), serve(t, f.methods()...), args...)
			got.want(t, c.code, c.out, c.err)
			if diff := cmp.Diff(c.writes, f.written()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			if name == "update" {
				sameJSON(t, `{"disks":[{"id":"sda","pool":"vms","size":1073741824}],"origin":"ova web"}`, f.spec("storage", "d"))
			}
		})
	}
}

func TestImportAsDocument(t *testing.T) {
	f := newCatalogue()
	f.add(t, "userdata", "a", `{"content":"x"}`)
	stream := "kind: userdata\nname: a\nspec: {content: x}\n---\nkind: userdata\nname: b\nspec: {content: y}\n"
	got := ctlWith(t.Context(), pipe(t, stream), serve(t, f.methods()...), "import", "-", "-o", "json")
	if got.code != 0 || got.err != "" {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	sameJSON(t, `{"done":[{"kind":"userdata","name":"a","action":"leave"},{"kind":"userdata","name":"b","action":"create"}]}`, got.out)
}

// A stream that isn't understood to its end is refused before a connection is made.
func TestImportOfNonsense(t *testing.T) {
	for stream, want := range map[string]string{
		"- a":                                       "document 1: line 1: it is no mapping",
		"kind: script\nname: a\nspec: {":            "document 1: ",
		"kind: image\nname: a\nspec: {}":            `line 1: the kind "image" is none of`,
		"kind: script\nname: ../a\nspec: {}":        "line 2: the name",
		"kind: script\nname: a":                     "it has no spec",
		"kind: script\nname: a\nspec: 5":            "no mapping of keys",
		"kind: script\nname: a\nsepc: {}":           `line 3: "sepc" is not for this`,
		"kind: script\nname: a\nkind: script":       `line 3: "kind" is not for this, or twice`,
		"kind: script\nname: a\nspec: {x: 1}":       `document 1: script "a": unknown field "x"`,
		"kind: system\nname: a\nspec: {vcpus: two}": `its vcpus can't be a string`,
		"kind: userdata\nname: a\nspec: {content: x}\n---\nkind: userdata\nname: a\nspec: {content: x}":                     `document 2: userdata "a" is there twice`,
		"kind: userdata\nname: a\nspec: {content: x}\n---\nkind: storage\nname: a\nspec: {disks: [{size: 1.5}]}":            "document 2: ",
		"kind: system\nname: a\nspec: {vcpus: 1, vram: 1, vnc: &a {enabled: true}}":                                         "anchors",
		"kind: userdata\nname: a\nspec: {content: x}\n---\nkind: profile\nname: a\nspec: {type: provisioner, arguments: 1}": "its arguments can't be a number",
		"kind: script\nname: a\nspec: {content: x}":                                                                         "must begin with a line that names its interpreter",
		"kind: network\nname: a\nspec: {networks: [{vni: 0}]}":                                                              `"networks[0].vni" is "0"`,
	} {
		got := ctlWith(t.Context(), pipe(t, stream), "/nonexistent", "import", "-")
		if got.code != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "Cannot import document ") || !strings.Contains(got.err, want) {
			t.Errorf("%q: exit %d, stderr:\n%swant %s", stream, got.code, got.err, want)
		}
	}
}

func TestImportOfNothing(t *testing.T) {
	f := newCatalogue()
	ctlWith(t.Context(), pipe(t, ""), serve(t, f.methods()...), "import", "-").want(t, 0, "0 created, 0 modified, 0 left as they are.\n", "")
	if len(slices.Collect(maps.Keys(f.specs()))) > 0 {
		t.Error("something was made")
	}
}

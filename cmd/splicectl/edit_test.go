package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
)

// useEditor makes a command line the editor, and gives edited files a folder of
// their own.
func useEditor(t *testing.T, line string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("VISUAL", line)
	return folder
}

// leftIn returns what is in the file that an edit left, "" when it left none.
func leftIn(t *testing.T, folder string) string {
	t.Helper()
	found, err := filepath.Glob(folder + "/splicectl-*/*")
	if err != nil || len(found) > 1 {
		t.Fatalf("%v, %q", err, found)
	}
	if len(found) == 0 {
		return ""
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEdit(t *testing.T) {
	f := newCatalogue()
	f.add(t, "storage", "web", `{"disks":[{"id":"sda","pool":"vms","size":4294967296}],"origin":"ova web"}`)
	folder := useEditor(t, `sed -i -e s/4GiB/6GiB/ -e /origin/d`)
	got := ctl(t, serve(t, f.methods()...), "template", "storage", "edit", "web", "-y")
	got.want(t, 0, "Modified storage template \"web\".\n", `--- storage template web
+++ storage template web (edited)
@@ -1,5 +1,4 @@
 disks:
   - id: sda
     pool: vms
-    size: 4GiB
-origin: ova web
+    size: 6GiB
`)
	sameJSON(t, `{"disks":[{"id":"sda","pool":"vms","size":6442450944}]}`, f.spec("storage", "web"))
	if text := leftIn(t, folder); text != "" {
		t.Errorf("left:\n%s", text)
	}
}

func TestEditOfContent(t *testing.T) {
	f := newCatalogue()
	f.add(t, "script", "x", `{"content":"#!/bin/sh\n\techo \u001b[2J one\n"}`)
	useEditor(t, `sed -i s/one/two/`)
	got := ctl(t, serve(t, f.methods()...), "script", "edit", "x", "-y")
	if got.code != 0 || !strings.Contains(got.err, "+    echo \ufffd[2J two") {
		t.Errorf("exit %d:\n%s", got.code, got.err)
	}
	sameJSON(t, `{"content":"#!/bin/sh\n\techo \u001b[2J two\n"}`, f.spec("script", "x"))
}

func TestEditWithoutChange(t *testing.T) {
	f := newCatalogue()
	f.add(t, "storage", "web", `{"disks":[{"id":"sda","pool":"vms","size":4294967296}]}`)
	// The same size in other words, and a comment.
	for _, line := range []string{"true", `sed -i s/4GiB/4294967296/`, `sed -i '1i # well'`} {
		folder := useEditor(t, line)
		ctl(t, serve(t, f.methods()...), "template", "storage", "edit", "web", "-y").want(t, 0, "", "Nothing was changed.\n")
		if text := leftIn(t, folder); text != "" {
			t.Errorf("left:\n%s", text)
		}
	}
	if writes := f.written(); len(writes) > 0 {
		t.Errorf("wrote %q", writes)
	}
}

// Whatever goes wrong, the text is still there.
func TestEditLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		editor string
		code   int
		text   string
		told   string
	}{
		"wrong YAML":     {`sed -i 's/vcpus: 2/vcpus: [/'`, exitUsage, "vcpus: [\n", "Cannot use the spec: line 2"},
		"refused":        {`sed -i 's/vcpus: 2/vcpus: 3/'`, 1, "vcpus: 3\n", "Cannot modify system \"small\": it is forbidden."},
		"unknown key":    {`sed -i 's/vcpus: 2/cpus: 3/'`, exitUsage, "cpus: 3\n", "unknown field"},
		"editor fails":   {`f() { echo more >>"$1"; false; }; f`, exitOutput, "more\n", "ended with: exit status 1."},
		"gone meanwhile": {`f() { echo x: 1 >>"$1"; rm "$GONE"; }; f`, exitUnavailable, "x: 1\n", "Cannot reach the daemon"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newCatalogue()
			f.add(t, "system", "small", `{"vcpus":2,"vram":1024}`)
			f.refuses["system/small"] = map[string]string{"refused": "it is forbidden"}[name]
			folder := useEditor(t, c.editor)
			socket := serve(t, f.methods()...)
			t.Setenv("GONE", socket)
			got := ctl(t, socket, "template", "system", "edit", "small", "-y")
			if got.code != c.code || !strings.Contains(got.err, c.told) || !regexp.MustCompile(`The edited text is kept in /\S+\.yaml\n$`).MatchString(got.err) {
				t.Errorf("exit %d:\n%s", got.code, got.err)
			}
			if text := leftIn(t, folder); !strings.Contains(text, c.text) {
				t.Errorf("left %q", text)
			}
			sameJSON(t, `{"vcpus":2,"vram":1024}`, f.spec("system", "small"))
		})
	}
}

func TestEditSeesWhoElseChangedIt(t *testing.T) {
	f := newCatalogue()
	f.add(t, "system", "small", `{"vcpus":2,"vram":1024}`)
	socket := serve(t, f.methods()...)
	done := make(chan result, 1)
	folder := useEditor(t, `f() { echo >"$SEEN"; read -r _ <"$GO"; sed -i s/1024/2048/ "$1"; }; f`)
	seen, proceed := fifo(t), fifo(t)
	t.Setenv("SEEN", seen)
	t.Setenv("GO", proceed)
	go func() { done <- ctl(t, socket, "template", "system", "edit", "small", "-y") }()
	if _, err := os.ReadFile(seen); err != nil { // the editor is open
		t.Fatal(err)
	}
	if _, err := f.modify("system", "small", api.Spec(`{"vcpus":8}`), ""); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(proceed, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.code != 1 || !strings.Contains(got.err, "changed meanwhile") || !strings.Contains(leftIn(t, folder), "2048") {
		t.Errorf("exit %d:\n%s", got.code, got.err)
	}
	sameJSON(t, `{"vcpus":8,"vram":1024}`, f.spec("system", "small"))
}

// On a terminal everything is asked, and a refusal can be mended at once.
func TestEditOnATerminal(t *testing.T) {
	const question = `Change system template "small" so, or edit it again\? \[y/e/N\] `
	for name, c := range map[string]struct {
		typed, editor string
		code          int
		screen        string
		spec          string
	}{
		"yes":   {"y\n", `sed -i s/1024/2048/`, 0, question + `$`, `{"vcpus":2,"vram":2048}`},
		"no":    {"\n", `sed -i s/1024/2048/`, exitCancelled, question + `Nothing was changed\.\nHint: The edited text is kept in`, `{"vcpus":2,"vram":1024}`},
		"again": {"e\ny\n", `sed -i -e s/2048/4096/ -e s/1024/2048/`, 0, question + `(?s).*\+vram: 4096.*` + question + `$`, `{"vcpus":2,"vram":4096}`},
		"mended": {
			"y\ny\ny\n", `sed -i -e 's/vram: x/vram: 2048/' -e s/1024/x/`, 0, // send it, edit again, send that
			question + `Cannot modify system "small": .*\nEdit again\? \[y/N\] (?s).*` + question + `$`, `{"vcpus":2,"vram":2048}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newCatalogue()
			f.add(t, "system", "small", `{"vcpus":2,"vram":1024}`)
			useEditor(t, c.editor)
			keyboard, tty := openTerminal(t)
			if _, err := keyboard.WriteString(c.typed); err != nil {
				t.Fatal(err)
			}
			got := ctlWith(t.Context(), tty, serve(t, f.methods()...), "template", "system", "edit", "small")
			if got.code != c.code || !regexp.MustCompile(c.screen).MatchString(got.err) {
				t.Errorf("exit %d:\n%s", got.code, got.err)
			}
			sameJSON(t, c.spec, f.spec("system", "small"))
		})
	}
}

func TestNoEditor(t *testing.T) {
	f := newCatalogue()
	f.add(t, "system", "small", `{"vcpus":2,"vram":1024}`)
	folder := useEditor(t, "")
	t.Setenv("EDITOR", "")
	t.Setenv("PATH", folder)
	got := ctl(t, serve(t, f.methods()...), "template", "system", "edit", "small", "-y")
	got.want(t, exitUsage, "", "Cannot edit: neither VISUAL nor EDITOR is set, and there is no vi.\nHint: Say which one to use, for example: EDITOR=nano splicectl …\n")
	if text := leftIn(t, folder); text != "" {
		t.Errorf("left:\n%s", text)
	}
}

func TestMergePatch(t *testing.T) {
	type object = map[string]any
	for name, c := range map[string]struct{ old, wanted, patch object }{
		"equal":       {object{"a": "b"}, object{"a": "b"}, object{}},
		"added":       {object{}, object{"a": "b"}, object{"a": "b"}},
		"changed":     {object{"a": "b"}, object{"a": "c"}, object{"a": "c"}},
		"removed":     {object{"a": "b", "c": "d"}, object{"c": "d"}, object{"a": nil}},
		"null":        {object{"a": "b"}, object{"a": nil, "x": nil}, object{"a": nil}},
		"list":        {object{"a": []any{"b"}}, object{"a": []any{"b", "c"}}, object{"a": []any{"b", "c"}}},
		"within":      {object{"a": object{"b": "c", "d": "e"}}, object{"a": object{"b": "x"}}, object{"a": object{"b": "x", "d": nil}}},
		"within same": {object{"a": object{"b": "c"}}, object{"a": object{"b": "c", "d": nil}}, object{}},
		"other type":  {object{"a": object{"b": "c"}}, object{"a": "d"}, object{"a": "d"}},
	} {
		if diff := cmp.Diff(c.patch, mergePatch(c.old, c.wanted)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

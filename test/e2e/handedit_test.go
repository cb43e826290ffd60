package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// byHand writes a file of the state folder as editors do: beside it, and renamed.
func (h *host) byHand(t *testing.T, file, text string) {
	t.Helper()
	path := filepath.Join(h.state, file)
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path+"~", []byte(text), 0o600))
	must(t, os.Rename(path+"~", path))
}

func (h *host) content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.state, file))
	must(t, err)
	return string(text)
}

// corrupt lists the records that can't be read.
func corrupt(t *testing.T, c *client.Client) string {
	t.Helper()
	var s api.Status
	must(t, c.Call(t.Context(), "daemon.status", nil, &s))
	return strings.Join(s.Corrupt, "\n")
}

const editedByHand = `schema: system-templates/v1
# for web servers
vram: 1024 # MiB, was 512
vcpus: 2

# seen by the operator
vnc: {enabled: true}
...
`

// TestHandEdits adds, changes, breaks, mends and removes a template's file while
// the daemon runs.
func TestHandEdits(t *testing.T) {
	t.Parallel()
	const file = "system-templates/small.yaml"
	h := newHost(t, newDir(t))
	d := h.start(t, splicedProgram)
	c := d.dial(t)
	r := systemRow()
	h.byHand(t, file, editedByHand)
	added, err := r.entry(t, c, "show", "small", nil)
	must(t, err)
	sameSpec(t, params{"vcpus": 2, "vram": 1024, "vnc": params{"enabled": true}}, added.Spec)

	d.ctl(t, "", "template", "system", "modify", "small", "--vcpus", "3", "--vnc=false", "--serial").want(t, 0)
	want := strings.NewReplacer("vcpus: 2", "vcpus: 3\nserial: true", "enabled: true", "enabled: false").Replace(editedByHand)
	if got := h.content(t, file); got != want {
		t.Errorf("after a change the file is\n%s, want\n%s", got, want)
	}
	d.ctl(t, "", "template", "system", "modify", "small", "--unset", "serial").want(t, 0)
	good := h.content(t, file)
	h.byHand(t, file, strings.Replace(good, "vcpus: 3", "vcpus: 4", 1))
	if _, err := r.entry(t, c, "modify", "small", params{"spec": params{"vram": 1}, "expect_generation": added.Generation}); code(err) != rpc.Busy {
		t.Errorf("a change of what somebody else changed: %v", err)
	}
	d.ctl(t, "", "template", "system", "show", "small").want(t, 0, "vcpus: 4")

	for _, broken := range []string{"", "vcpus: [", strings.Replace(good, "vcpus: 3", "vcpus: 1.5", 1), strings.TrimSuffix(good, "...\n"), good + good, strings.Replace(good, "vcpus", "cpus", 1)} {
		h.byHand(t, file, broken)
		r.broken(t, d, c, broken)
	}
	h.byHand(t, file, good)
	if said := corrupt(t, c); said != "" {
		t.Errorf("a mended file is corrupt: %s", said)
	}
	d.ctl(t, "", "template", "system", "modify", "small", "--vram", "2048").want(t, 0)
	must(t, os.Remove(filepath.Join(h.state, file)))
	d.ctl(t, "", "template", "system", "show", "small").want(t, 2)
	if got := r.names(t, c, ""); len(got) > 0 {
		t.Errorf("listed are %q", got)
	}
}

// broken demands that a file that can't be used is told of, and neither lost nor
// in the way; its last good version has 4 CPUs.
func (r *entryRow) broken(t *testing.T, d *daemon, c *client.Client, text string) {
	t.Helper()
	e, err := r.entry(t, c, "show", "small", nil)
	must(t, err)
	if e.Problem == "" || !strings.Contains(string(e.Spec), `"vcpus":4`) {
		t.Errorf("of the file %q is shown: %s, problem %q", text, e.Spec, e.Problem)
	}
	if said := corrupt(t, c); !strings.Contains(said, "small") {
		t.Errorf("of the file %q the status says %q", text, said)
	}
	if _, err := r.entry(t, c, "modify", "small", params{"spec": params{"vcpus": 1}}); code(err) != rpc.StateCorrupt {
		t.Errorf("a change of the file %q: %v", text, err)
	}
	d.ctl(t, "", "template", "system", "show", "small").want(t, 0, "Problem:", "vcpus: 4")
	d.ctl(t, "", "template", "system", "modify", "small", "--vcpus", "1").want(t, 17)
	d.ctl(t, "", "status").want(t, 0, "small")
	d.ctl(t, "", "template", "system", "create", "small", "--vcpus", "1", "--vram", "1").want(t, 3)
	if got := d.content(t, "system-templates/small.yaml"); got != text {
		t.Errorf("the file %q became %q", text, got)
	}
}

// TestBrokenRecordsAtStart has the daemon start over records that nobody can read,
// serve the others, and keep them.
func TestBrokenRecordsAtStart(t *testing.T) {
	t.Parallel()
	h := newHost(t, newDir(t))
	d := h.start(t, splicedProgram)
	c := d.dial(t)
	for n, name := range []string{"good", "bad"} {
		ova, _ := small(n)
		_, err := upload(t, c, "ova.upload", name, source(t, fromFile, ova), params{"wait": true})
		must(t, err)
	}
	d.stop(t)
	broken := map[string]string{
		"ovas/bad.yaml": strings.Replace(h.content(t, "ovas/bad.yaml"), "size: ", "size: 1.5 # ", 1), "profiles/bad.yaml": "",
		"system-templates/bad.yaml": "a: &a [*a]\n", "profiles/else.yaml": strings.Repeat("x", 11<<20),
	}
	for file, text := range broken {
		h.byHand(t, file, text)
	}
	d = h.start(t, splicedProgram)
	c = d.dial(t)
	said := corrupt(t, c)
	for file, text := range broken {
		if !strings.Contains(said, file) {
			t.Errorf("the status doesn't name %s:\n%s", file, said)
		}
		if h.content(t, file) != text {
			t.Errorf("the file %s was changed", file)
		}
	}
	profile := profileRow()
	for _, name := range []string{"bad", "else"} {
		if _, err := profile.entry(t, c, "show", name, nil); code(err) != rpc.StateCorrupt {
			t.Errorf("profile %q: %v", name, err)
		}
		d.ctl(t, "", "profile", "show", name).want(t, 17, name)
	}
	d.ctl(t, "", "ova", "show", "bad").want(t, 17, `"bad"`)
	d.ctl(t, "", "ova", "show", "good").want(t, 0, "ova_good_sda")
	d.ctl(t, "", "profile", "show", "good").want(t, 0)
	d.ctl(t, "", "fsck").want(t, 9, "bad.yaml", "else.yaml")
	if left := d.place.volumes(t, "ova_bad_sda"); len(withoutDots(left)) != 1 {
		t.Errorf("of the OVA whose record is broken the pool has %q", left)
	}
}

// TestEdits changes entries in an editor, and is careful with what others changed.
func TestEdits(t *testing.T) {
	t.Parallel()
	h := newHost(t, newDir(t))
	d := h.start(t, splicedProgram)
	c := d.dial(t)
	system, script := systemRow(), scriptRow()
	h.byHand(t, "system-templates/small.yaml", editedByHand)
	d.edit(t, "sed -i 's/vcpus: 2/vcpus: 6/'", "template", "system", "edit", "small").want(t, 0, "-vcpus: 2\n+vcpus: 6\n", "Modified")
	if got, want := h.content(t, "system-templates/small.yaml"), strings.Replace(editedByHand, "vcpus: 2", "vcpus: 6", 1); got != want {
		t.Errorf("the file is\n%s, want\n%s", got, want)
	}
	d.edit(t, "true", "template", "system", "edit", "small").want(t, 0, "Nothing was changed.")
	d.edit(t, "sed -i s/1024/0/", "template", "system", "edit", "small").want(t, 70, "spec.vram", "The edited text is kept in")
	path := filepath.Join(h.state, "system-templates/small.yaml")
	d.edit(t, "sed -i 's/vcpus: 6/vcpus: 8/' "+path+"; sed -i s/1024/2048/", "template", "system", "edit", "small").want(t, 4, "The edited text is kept in")
	d.edit(t, "true", "template", "system", "edit", "none").want(t, 2, `"none"`)
	e, err := system.entry(t, c, "show", "small", nil)
	must(t, err)
	sameSpec(t, params{"vcpus": 8, "vram": 1024, "vnc": params{"enabled": true}}, e.Spec)
	_, err = script.entry(t, c, "create", "x", params{"spec": script.spec})
	must(t, err)
	d.edit(t, "sed -i s/echo/printf/", "script", "edit", "x").want(t, 0, "+printf")
	e, err = script.entry(t, c, "show", "x", nil)
	must(t, err)
	sameSpec(t, params{"content": strings.Replace(scriptRow().stdin, "echo", "printf", 1)}, e.Spec)
}

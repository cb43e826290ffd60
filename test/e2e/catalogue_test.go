package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// entry calls a method about a row's entries.
func (r *entryRow) entry(t *testing.T, c *client.Client, verb, name string, more params) (e api.Entry, err error) {
	t.Helper()
	var result api.EntryResult
	err = c.Call(t.Context(), r.family+"."+verb, r.params(name, more), &result)
	return result.Entry, err
}

// names lists a row's entries whose names match.
func (r *entryRow) names(t *testing.T, c *client.Client, match string) []string {
	t.Helper()
	p := params{"match": match}
	if r.family == "template" {
		p["kind"] = r.kind
	}
	var raw json.RawMessage
	must(t, c.Call(t.Context(), r.family+".list", p, &raw))
	var list []api.Entry
	must(t, json.Unmarshal(raw, &list))
	if list == nil {
		t.Errorf("a list of nothing is %s", raw)
	}
	names := []string{}
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

// sameSpec compares a spec with what it should be.
func sameSpec(t *testing.T, want params, got api.Spec) {
	t.Helper()
	text, err := json.Marshal(want)
	must(t, err)
	var a, b any
	must(t, json.Unmarshal(text, &a))
	if err := json.Unmarshal(got, &b); err != nil {
		t.Errorf("the spec %q: %v", got, err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the spec (-want +got):\n%s", diff)
	}
}

// references makes an entry of each kind called "ref", and an image "base".
func references(t *testing.T, c *client.Client) {
	t.Helper()
	_, err := upload(t, c, "image.upload", "base", source(t, fromFile, theAppliance().disks[1]), params{"wait": true, "format": "raw"})
	must(t, err)
	for _, r := range parityRows() {
		if r.kind != "profile" {
			_, err := r.entry(t, c, "create", "ref", params{"spec": r.least})
			must(t, err)
		}
	}
}

func (r *entryRow) afterCreation() params {
	if r.shown != nil {
		return r.shown
	}
	return r.spec
}

// TestEntriesThroughTheSocket does with each kind of entries all that can be done
// with them, as a manager does.
func TestEntriesThroughTheSocket(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	references(t, d.dial(t))
	for _, r := range parityRows() {
		t.Run(r.kind, func(t *testing.T) {
			t.Parallel()
			c := d.dial(t)
			made, err := r.entry(t, c, "create", "x_y", params{"spec": r.spec})
			must(t, err)
			sameSpec(t, r.afterCreation(), made.Spec)
			if _, err := r.entry(t, c, "create", "x_y", params{"spec": r.spec}); code(err) != rpc.Exists {
				t.Errorf("a second one of the name: %v", err)
			}
			_, err = r.entry(t, c, "create", "x-y", params{"spec": r.least})
			must(t, err)
			r.modifies(t, c, made.Generation)
			r.listsAndRemoves(t, c)
			r.refuses(t, c)
		})
	}
}

// modifies changes the entry x_y.
func (r *entryRow) modifies(t *testing.T, c *client.Client, generation string) {
	t.Helper()
	stale := params{"spec": r.patch, "expect_generation": "0123456789abcdef"}
	if _, err := r.entry(t, c, "modify", "x_y", stale); code(err) != rpc.Busy {
		t.Errorf("a change of another generation: %v", err)
	}
	changed, err := r.entry(t, c, "modify", "x_y", params{"spec": r.patch, "expect_generation": generation})
	must(t, err)
	if changed.Generation == generation {
		t.Error("the generation is as it was")
	}
	e, err := r.entry(t, c, "show", "x_y", nil)
	must(t, err)
	sameSpec(t, r.patched, e.Spec)
	if e.Generation != changed.Generation {
		t.Errorf("the generation is %q, the change said %q", e.Generation, changed.Generation)
	}
	e, err = r.entry(t, c, "show", "x-y", nil) // whose name a wildcard would have hit
	must(t, err)
	sameSpec(t, r.least, e.Spec)
	if _, err := r.entry(t, c, "modify", "x.y", params{"spec": r.patch}); code(err) != rpc.NotFound {
		t.Errorf("a change of what is not there: %v", err)
	}
}

// listsAndRemoves removes x_y, and x-y stays.
func (r *entryRow) listsAndRemoves(t *testing.T, c *client.Client) {
	t.Helper()
	if got := r.names(t, c, `^x[-_]y$`); !slices.Equal(got, []string{"x-y", "x_y"}) {
		t.Errorf("listed are %q", got)
	}
	if got := r.names(t, c, "^nothing$"); len(got) != 0 {
		t.Errorf("listed are %q", got)
	}
	_, err := r.entry(t, c, "remove", "x_y", nil)
	must(t, err)
	for _, verb := range []string{"show", "remove"} {
		if _, err := r.entry(t, c, verb, "x_y", nil); code(err) != rpc.NotFound {
			t.Errorf("%s of what was removed: %v", verb, err)
		}
	}
	if got := r.names(t, c, "^x"); !slices.Equal(got, []string{"x-y"}) {
		t.Errorf("listed are %q", got)
	}
}

// refuses demands that what can't be is refused, with the key at fault.
func (r *entryRow) refuses(t *testing.T, c *client.Client) {
	t.Helper()
	for field, spec := range r.refused {
		_, err := r.entry(t, c, "create", "bad", params{"spec": spec})
		var wire *rpc.Error
		if code(err) != rpc.InvalidParams || errors.As(err, &wire) && wire.Data.Field != field {
			t.Errorf("the spec %v: %v, with the field %q; want %q", spec, err, wire.Data.Field, field)
		}
	}
	for _, name := range []string{"", "../x", "a b", "%", "-x", "x/y", "x\n", "é", strings.Repeat("x", 64)} {
		if _, err := r.entry(t, c, "create", name, params{"spec": r.least}); code(err) != rpc.InvalidParams {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	if got := r.names(t, c, "bad"); len(got) != 0 {
		t.Errorf("what was refused is there: %q", got)
	}
}

// TestProfilesParts demands that references are kept whole from both ends, and that
// a profile says what it lacks.
func TestProfilesParts(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	c := d.dial(t)
	references(t, c)
	r := profileRow()
	e, err := r.entry(t, c, "create", "web", params{"spec": r.least})
	must(t, err)
	if diff := cmp.Diff([]string{"system_template", "network_template", "storage_template"}, e.Lacks); diff != "" {
		t.Errorf("lacks (-want +got):\n%s", diff)
	}
	e, err = r.entry(t, c, "modify", "web", params{"spec": r.spec})
	must(t, err)
	if len(e.Lacks) > 0 {
		t.Errorf("a whole profile lacks %q", e.Lacks)
	}
	e, err = r.entry(t, c, "create", "appliance", params{"spec": params{"type": "ova"}})
	must(t, err)
	if !slices.Contains(e.Lacks, "ova") || !slices.Contains(e.Lacks, "system_template") {
		t.Errorf("an OVA's profile without one lacks %q", e.Lacks)
	}
	if _, err := r.entry(t, c, "modify", "web", params{"spec": params{"type": "ova"}}); code(err) != rpc.InvalidParams {
		t.Errorf("a change of the type: %v", err)
	}
	for _, part := range parityRows() {
		if part.kind == "profile" {
			continue
		}
		_, err := part.entry(t, c, "remove", "ref", nil)
		if code(err) != rpc.Busy || !strings.Contains(err.Error(), `profile "web"`) {
			t.Errorf("the removal of a %s in use: %v", part.kind, err)
		}
		e, err := part.entry(t, c, "show", "ref", nil)
		must(t, err)
		if !slices.Equal(e.UsedBy, []string{`profile "web"`}) {
			t.Errorf("the %s is used by %q", part.kind, e.UsedBy)
		}
	}
	d.ctl(t, "", "profile", "modify", "web", "--system-template", "other").want(t, 2, `"other"`)
	d.ctl(t, "", "template", "system", "remove", "ref", "-y").want(t, 4, `profile "web"`)
	must(t, c.Call(t.Context(), "profile.remove", params{"name": "web"}, nil))
	d.ctl(t, "", "template", "system", "remove", "ref", "-y").want(t, 0, "Removed")
}

// TestEntriesThroughSplicectl does the same as a person at a terminal.
func TestEntriesThroughSplicectl(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	references(t, d.dial(t))
	for _, r := range parityRows() {
		t.Run(r.kind, func(t *testing.T) {
			t.Parallel()
			name := "x_" + r.kind
			d.ctl(t, r.stdin, append(r.command("create", name), r.flags...)...).want(t, 0, `Made the `+r.title()+` "`+name+`"`)
			sameSpec(t, r.afterCreation(), shown[api.Entry](t, d, r.command("show", name)...).Spec)
			d.ctl(t, r.stdin, append(r.command("create", name), r.flags...)...).want(t, 3, name, "Hint: ")
			d.ctl(t, r.restdin, append(r.command("modify", name), r.reflags...)...).want(t, 0, name)
			sameSpec(t, r.patched, shown[api.Entry](t, d, r.command("show", name)...).Spec)
			d.ctl(t, "", r.command("show", name)...).want(t, 0, name, "Generation:")
			r.ctlLists(t, d, name)
			r.ctlRefuses(t, d, name)
			r.ctlRemoves(t, d, name)
		})
	}
}

func (r *entryRow) ctlLists(t *testing.T, d *daemon, name string) {
	t.Helper()
	d.ctl(t, "", r.command("list", "--match", "^"+name+"$")...).want(t, 0, "NAME", "\n"+name)
	none := d.ctl(t, "", r.command("list", "--match", "^none$")...)
	none.want(t, 0, "none")
	if none.out != "" {
		t.Errorf("a list of nothing on standard output: %q", none.out)
	}
	if list := shown[[]api.Entry](t, d, r.command("list", "--match", "^none$")...); list == nil || len(list) > 0 {
		t.Errorf("a list of nothing is %v", list)
	}
}

func (r *entryRow) ctlRefuses(t *testing.T, d *daemon, name string) {
	t.Helper()
	for says, flags := range r.misused {
		refused := d.ctl(t, r.stdin, append(r.command("create", "bad"), flags...)...)
		if refused.code == 0 || !strings.Contains(refused.err, says) || refused.out != "" {
			t.Errorf("%q: exit %d, %q, and not %q", flags, refused.code, refused.err, says)
		}
	}
	d.ctl(t, r.stdin, append(r.command("create", "../bad"), r.flags...)...).want(t, 64, "../bad")
	d.ctl(t, r.stdin, append(r.command("create", "a\x1b[2Jb"), r.flags...)...).want(t, 64, "Cannot")
	d.ctl(t, "", r.command("show", "nothing")...).want(t, 2, "nothing")
	d.ctl(t, r.restdin, append(r.command("modify", "nothing"), r.reflags...)...).want(t, 2, "nothing")
	d.ctl(t, r.restdin, append(r.command("modify", name, "--expect-generation", "g"), r.reflags...)...).want(t, 4, name)
}

func (r *entryRow) ctlRemoves(t *testing.T, d *daemon, name string) {
	t.Helper()
	there := func(want bool) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(d.state, r.file, name+".yaml")); (err == nil) != want {
			t.Errorf("whether its file is there: %v", err)
		}
	}
	d.ctl(t, "", r.command("remove", name)...).want(t, 64, "--yes")
	for _, keys := range []string{"n\n", "\n", "\x04"} {
		d.typed(t, keys, r.command("remove", name)...).want(t, 12, "[y/N]", "Nothing was removed.")
	}
	there(true)
	d.typed(t, "y\n", r.command("remove", name)...).want(t, 0, "Removed")
	there(false)
	gone := d.ctl(t, "", r.command("remove", name, "--yes")...)
	gone.want(t, 2, name)
	if strings.Contains(gone.out, "Removed") {
		t.Errorf("it says %q", gone.out)
	}
}

package handlers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spliced/api"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// Scripts run on the host, so who may write may not write those.
func TestScriptsAreForAdmins(t *testing.T) {
	t.Parallel()
	f := serve(t)
	admin, writer := f.dial(t, rpc.AccessAdmin), f.dial(t, rpc.AccessWrite)
	ok(t, admin.Call(t.Context(), "script.create", spec("s", params{"content": "#!/bin/sh\n"}), nil))
	for _, method := range []string{"script.create", "script.modify"} {
		e := wire(t, writer.Call(t.Context(), method, spec("s", params{"content": "#!/bin/sh\nreboot\n"}), nil))
		if e.Code != rpc.Denied {
			t.Errorf("%s: %d %q", method, e.Code, e.Message)
		}
	}
	var s api.Entry
	ok(t, writer.Call(t.Context(), "script.show", params{"name": "s"}, &s))
	if string(s.Spec) != `{"content":"#!/bin/sh\n"}` {
		t.Errorf("script %s", s.Spec)
	}
	ok(t, writer.Call(t.Context(), "profile.create", spec("p", params{"type": "provisioner", "script": "s"}), nil))
	ok(t, writer.Call(t.Context(), "profile.remove", params{"name": "p"}, nil))
	ok(t, writer.Call(t.Context(), "script.remove", params{"name": "s"}, nil))
}

// An entry comes back as it went in, each with its kind, generation, and what
// else is known of it.
func TestAnswersOfEntries(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessAdmin)
	ok(t, c.Call(t.Context(), "ova.upload", upload("web", nil), nil, sent(t, ovatest.OVA(disk()))))
	request := params{"request_id": "00000000-0000-4000-8000-00000000000a"}
	net := of("network", "lan", params{"networks": []params{{"vni": 7}}})
	net["request_id"] = request["request_id"]
	var first, again api.EntryResult
	ok(t, c.Call(t.Context(), "template.create", net, &first))
	ok(t, c.Call(t.Context(), "template.create", net, &again))
	if first.Kind != api.KindNetwork || first.Name != "lan" || string(first.Spec) != `{"networks":[{"vni":"7"}]}` || len(first.Generation) == 0 {
		t.Errorf("made %+v", first)
	}
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("the same request answers %+v, then %+v", first, again)
	}
	var p api.EntryResult
	ok(t, c.Call(t.Context(), "profile.modify", params{
		"name": "web", "spec": params{"network_template": "lan", "arguments": params{"A": "1"}},
	}, &p))
	var shown api.Entry
	ok(t, c.Call(t.Context(), "template.show", of("network", "lan", nil), &shown))
	if !slices.Equal(shown.UsedBy, []string{`profile "web"`}) {
		t.Errorf("used by %q", shown.UsedBy)
	}
	var profiles []api.Entry
	ok(t, c.Call(t.Context(), "profile.list", params{}, &profiles))
	var web api.Profile
	ok(t, json.Unmarshal([]byte(profiles[0].Spec), &web))
	if len(profiles) != 1 || len(profiles[0].Lacks) != 0 || web.Arguments["A"] != "1" || web.OVA != "web" || web.Origin != "ova web" {
		t.Errorf("profiles %+v, %+v", profiles, web)
	}
	ok(t, c.Call(t.Context(), "profile.create", spec("bare", params{"type": "provisioner"}), &p))
	if !slices.Equal(p.Lacks, []string{"system_template", "network_template", "storage_template"}) {
		t.Errorf("a bare profile lacks %q", p.Lacks)
	}
}

// daemon.status tells of entries that somebody broke, and they stay to be seen.
func TestBrokenEntry(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	ok(t, c.Call(t.Context(), "template.create", of("system", "s", params{"vcpus": 1, "vram": 64}), nil))
	path := filepath.Join(f.state, "system-templates", "s.yaml")
	ok(t, os.WriteFile(path, []byte("schema: system-templates/v1\nvcpus: 0\nvram: 64\n...\n"), 0o600))
	var s api.Status
	ok(t, c.Call(t.Context(), "daemon.status", params{}, &s))
	if len(s.Corrupt) != 1 || !strings.Contains(s.Corrupt[0], path) || !strings.Contains(s.Corrupt[0], `"vcpus" is 0; 1 to 255 are allowed`) {
		t.Errorf("corrupt %q", s.Corrupt)
	}
	var list []api.Entry
	ok(t, c.Call(t.Context(), "template.list", params{}, &list))
	if len(list) != 1 || list[0].Problem != s.Corrupt[0] || !strings.Contains(string(list[0].Spec), `"vcpus":1`) {
		t.Errorf("list %+v", list)
	}
	e := wire(t, c.Call(t.Context(), "template.modify", of("system", "s", params{"vcpus": 2}), nil))
	sentence(t, e.Message)
	if e.Code != rpc.StateCorrupt {
		t.Errorf("modified: %d %q", e.Code, e.Message)
	}
	ok(t, c.Call(t.Context(), "template.remove", of("system", "s", nil), nil))
}

package handlers_test

import (
	"os"
	"path/filepath"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// lose imports an OVA and an image "lost" and removes what the state folder has of
// them: as a host sees what another one imported.
func (f *fixture) lose(t *testing.T, c *client.Client) {
	t.Helper()
	ok(t, c.Call(t.Context(), "ova.upload", upload("lost", nil), nil, sent(t, ovatest.OVA(disk()))))
	ok(t, c.Call(t.Context(), "image.upload", upload("lost", nil), nil, sent(t, disk())))
	for _, file := range []string{"ovas/lost.yaml", "descriptors/lost.ovf", "system-templates/lost.yaml", "profiles/lost.yaml", "images-local/lost.yaml"} {
		ok(t, os.Remove(filepath.Join(f.state, file)))
	}
}

func adoptRows() []row {
	lost := params{"pool": "local", "name": "lost", "wait": true}
	local := params{"pool": "local"}
	return []row{
		{"catalog.check", params{"pool": "local", "wait": true}, nil, 0, `Checked 6 volumes in 1 pool: found 2 things.`, "", false},
		{"catalog.check", params{"wait": true}, nil, rpc.ClusterUnavailable, `Cannot check all of the catalogue: pool "gone": cannot connect…`, "", true},
		{"catalog.check", params{"pool": "else"}, nil, rpc.NotFound, `Cannot check the catalogue: there is no pool "else".`, "pool", true},
		{"catalog.check", params{"pool": "/"}, nil, rpc.InvalidParams, `Cannot check the catalogue: the name…`, "pool", false},
		{"catalog.check", params{"request_id": "x"}, nil, rpc.InvalidParams, `Cannot check the catalogue: "x" is no UUID.`, "request_id", false},
		{"ova.adoptable", local, nil, 0, "", "", false},
		{"ova.adoptable", params{"pool": "else"}, nil, rpc.NotFound, `Cannot list the OVAs that can be adopted: there is no pool "else".`, "pool", true},
		{"ova.adoptable", params{"pool": ""}, nil, rpc.InvalidParams, `Cannot list the OVAs that can be adopted: the name is empty.`, "pool", false},
		{"image.adoptable", local, nil, 0, "", "", false},
		{"image.adoptable", params{"pool": "else"}, nil, rpc.NotFound, `Cannot list the images that can be adopted: there is no pool "else".`, "pool", true},
		{"image.adoptable", params{"pool": "gone"}, nil, rpc.ClusterUnavailable, `Cannot list the images that can be adopted: cannot connect…`, "", false},
		{"ova.adopt", params{"pool": "local", "name": "nope", "wait": true}, nil, rpc.NotFound, `Cannot adopt OVA "nope": the pool has no volume "ova_nope.record".`, "", true},
		{"ova.adopt", params{"pool": "else", "name": "x"}, nil, rpc.NotFound, `Cannot adopt OVA "x": there is no pool "else".`, "pool", true},
		{"ova.adopt", params{"pool": "local", "name": "/"}, nil, rpc.InvalidParams, `Cannot adopt OVA "/": the name…`, "name", false},
		{"ova.adopt", lost, nil, 0, `Adopted OVA "lost" with 1 disk.`, "", false},
		{"ova.adopt", lost, nil, rpc.Exists, `Cannot adopt OVA "lost": there is one already.`, "", true},
		{"image.adopt", params{"pool": "local", "name": "ova_lost_sda"}, nil, rpc.InvalidParams, `Cannot adopt image "ova_lost_sda": names that begin…`, "name", false},
		{"image.adopt", params{"pool": "local", "name": "nope", "wait": true}, nil, rpc.NotFound, `Cannot adopt image "nope": the pool has no volume "nope".`, "", true},
		{"image.adopt", lost, nil, 0, `Adopted image "lost" with 65536 bytes.`, "", false},
		{"image.adopt", lost, nil, rpc.Exists, `Cannot adopt image "lost": there is one already.`, "", true},
		{"ova.remove", params{"name": "lost", "cascade": true, "wait": true}, nil, 0, `Removed OVA "lost" with 1 system template and 1 profile.`, "", false},
		{"image.remove", lost, nil, 0, `Removed image "lost".`, "", false},
	}
}

// A check that wasn't waited for is asked again by its request.
func TestFindingsOfTheSameRequest(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessRead)
	f.lose(t, f.dial(t, rpc.AccessAdmin))
	p := params{"pool": "local", "request_id": "00000000-0000-4000-8000-000000000001"}
	var first, again api.CheckResult
	ok(t, c.Call(t.Context(), "catalog.check", p, &first))
	p["wait"] = true
	ok(t, c.Call(t.Context(), "catalog.check", p, &again))
	if first.Job != again.Job || len(again.Findings) != 2 || again.Findings[0].Kind != api.AdoptableObject {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

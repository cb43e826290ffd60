package handlers_test

import (
	"spliced/rpc"
)

// spec are parameters with a name and a spec.
func spec(name string, of params) params { return params{"name": name, "spec": of} }

// of are parameters for a kind of template.
func of(kind, name string, spec params) params {
	p := params{"kind": kind, "name": name}
	if spec != nil {
		p["spec"] = spec
	}
	return p
}

const cloudConfig = "#cloud-config\nhostname: web\n"

func entryRows() []row {
	small := params{"vcpus": 1, "vram": 512}
	disk := func(more ...params) params { return params{"disks": more} }
	return []row{
		{"template.create", of("system", "small", small), nil, 0, `Made the system template "small".`, "", false},
		{"template.create", of("system", "small", small), nil, rpc.Exists, `Cannot make the system template "small": there is one already.`, "", true},
		{"template.create", of("shape", "x", small), nil, rpc.InvalidParams, `Cannot make the template "x": "shape" is no kind of template; system, network and storage are.`, "kind", false},
		{"template.create", of("system", "a/b", small), nil, rpc.InvalidParams, `Cannot make the system template "a/b": the name…`, "name", false},
		{"template.create", of("system", "x", params{"vcpus": 0, "vram": 1}), nil, rpc.InvalidParams, `Cannot make the system template "x": "spec.vcpus" is 0; 1 to 255 are allowed.`, "spec.vcpus", false},
		{"template.create", of("system", "x", params{"vcpus": 1, "vram": 1, "colour": "red"}), nil, rpc.InvalidParams, `Cannot make the system template "x": cannot take parameter "spec.colour": it is unknown.`, "spec.colour", false},
		{"template.create", of("system", "x", params{"vram": 1}), nil, rpc.InvalidParams, `Cannot make the system template "x": cannot go without parameter "spec.vcpus".`, "spec.vcpus", false},
		{"template.create", params{"kind": "system", "name": "x", "spec": 7}, nil, rpc.InvalidParams, `Cannot use parameter "spec": an object is needed.`, "spec", false},
		{"template.create", params{"kind": "system", "name": "x", "spec": small, "request_id": "7"}, nil, rpc.InvalidParams, `Cannot make the system template "x": "7" is no UUID.`, "request_id", false},
		{"template.create", of("network", "net", params{"networks": []params{{"vni": 100}, {"bridge": "br0"}}}), nil, 0, `Made the network template "net".`, "", false},
		{"template.create", of("network", "x", params{"networks": []params{{"vni": 0}}}), nil, rpc.InvalidParams, `Cannot make the network template "x": "spec.networks[0].vni" is "0"; it can be…`, "spec.networks[0].vni", false},
		{"template.create", of("storage", "one", disk(params{"id": "sda", "pool": "local", "size": "1GiB", "filesystem": "ext4"})), nil, 0, `Made the storage template "one".`, "", false},
		{"template.create", of("storage", "x", disk(params{"id": "sda", "pool": "local"}, params{"id": "sdb", "pool": "local", "size": 7})), nil, rpc.InvalidParams, `Cannot make the storage template "x": "spec.disks[0].size" is missing;…`, "spec.disks[0].size", false},
		{"template.create", of("storage", "x", disk(params{"id": "sda", "pool": "else", "size": "1GiB"})), nil, rpc.NotFound, `Cannot make the storage template "x": there is no pool "else".`, "spec.disks[0].pool", true},
		{"template.create", of("storage", "x", disk(params{"id": "sda", "pool": "local", "source_volume": "nope"})), nil, rpc.NotFound, `Cannot make the storage template "x": there is no image "nope" in the pool "local".`, "spec.disks[0].source_volume", true},
		{"template.create", of("storage", "x", disk(params{"id": "sda", "pool": "local", "size": "2GiB"})), nil, rpc.InvalidParams, `Cannot make the storage template "x": "spec.disks[0].size" is 2GiB; limits.max_virtual_size allows 1GiB.`, "spec.disks[0].size", false},
		{"template.modify", of("system", "small", params{"vcpus": 2, "firmware": "efi"}), nil, 0, `Modified the system template "small".`, "", false},
		{"template.modify", of("system", "small", params{"vcpus": nil}), nil, rpc.InvalidParams, `Cannot modify the system template "small": cannot go without parameter "spec.vcpus".`, "spec.vcpus", false},
		{"template.modify", of("system", "small", params{"vpcus": nil}), nil, rpc.InvalidParams, `Cannot modify the system template "small": cannot take parameter "spec.vpcus": it is unknown.`, "spec.vpcus", false},
		{"template.modify", of("system", "nope", params{}), nil, rpc.NotFound, `Cannot modify the system template "nope": there is no such system template.`, "", false},
		{"template.modify", of("shape", "x", params{}), nil, rpc.InvalidParams, `Cannot modify the template "x": "shape" is no…`, "kind", false},
		{"template.modify", params{"kind": "system", "name": "small", "spec": params{"vcpus": 4}, "expect_generation": "old"}, nil, rpc.Busy, `Cannot modify the system template "small": it was changed meanwhile.`, "", true},
		{"template.list", nil, nil, 0, "", "", false},
		{"template.list", params{"kind": "system", "match": "^s"}, nil, 0, "", "", false},
		{"template.list", params{"kind": "shape"}, nil, rpc.InvalidParams, `Cannot list the templates: "shape" is no…`, "kind", false},
		{"template.list", params{"match": "("}, nil, rpc.InvalidParams, `Cannot list the templates: "(" is no regular expression…`, "match", false},
		{"template.show", of("system", "small", nil), nil, 0, "", "", false},
		{"template.show", of("network", "small", nil), nil, rpc.NotFound, `Cannot show the network template "small": there is no such network template.`, "", false},
		{"template.show", of("shape", "small", nil), nil, rpc.InvalidParams, `Cannot show the template "small": "shape" is no…`, "kind", false},
		{"template.show", of("system", "..", nil), nil, rpc.InvalidParams, `Cannot show the system template "..": the name…`, "name", false},
		{"userdata.create", spec("cloud", params{"content": cloudConfig}), nil, 0, `Made the userdata "cloud".`, "", false},
		{"userdata.create", spec("x", params{"content": ""}), nil, rpc.InvalidParams, `Cannot make the userdata "x": "spec.content" is empty.`, "spec.content", false},
		{"userdata.create", spec("x", params{"content": "nonsense"}), nil, rpc.InvalidParams, `Cannot make the userdata "x": "spec.content" is no userdata: it is nonsense.`, "spec.content", false},
		{"userdata.modify", spec("cloud", params{"content": "#!/bin/sh\n"}), nil, 0, `Modified the userdata "cloud".`, "", false},
		{"userdata.modify", spec("nope", params{}), nil, rpc.NotFound, `Cannot modify the userdata "nope": there is no such userdata.`, "", false},
		{"userdata.list", nil, nil, 0, "", "", false},
		{"userdata.list", params{"match": "*"}, nil, rpc.InvalidParams, `Cannot list the userdata: "*" is no regular expression…`, "match", false},
		{"userdata.show", params{"name": "cloud"}, nil, 0, "", "", false},
		{"userdata.show", params{"name": "nope"}, nil, rpc.NotFound, `Cannot show the userdata "nope": there is no such userdata.`, "", false},
		{"script.create", spec("setup", params{"content": "#!/bin/sh\n"}), nil, 0, `Made the script "setup".`, "", false},
		{"script.create", spec("x", params{"content": "echo"}), nil, rpc.InvalidParams, `Cannot make the script "x": "spec.content" must begin with a line that names its interpreter, like #!/bin/sh.`, "spec.content", false},
		{"script.modify", spec("setup", params{"content": "#!/bin/bash\n"}), nil, 0, `Modified the script "setup".`, "", false},
		{"script.modify", spec("setup", params{"content": "#!bash"}), nil, rpc.InvalidParams, `Cannot modify the script "setup": "spec.content" names the interpreter "bash"; an absolute path is needed, like #!/bin/sh.`, "spec.content", false},
		{"script.list", nil, nil, 0, "", "", false},
		{"script.list", params{"match": "("}, nil, rpc.InvalidParams, `Cannot list the scripts: "(" is no regular expression…`, "match", false},
		{"script.show", params{"name": "setup"}, nil, 0, "", "", false},
		{"script.show", params{"name": "nope"}, nil, rpc.NotFound, `Cannot show the script "nope": there is no such script.`, "", false},
		{"profile.create", spec("web", params{"type": "provisioner", "system_template": "small", "userdata": "cloud", "script": "setup"}), nil, 0, `Made the profile "web".`, "", false},
		{"profile.create", spec("x", params{"type": "provisioner", "system_template": "none"}), nil, rpc.NotFound, `Cannot make the profile "x": there is no system template "none".`, "spec.system_template", true},
		{"profile.create", spec("x", params{"type": "ova", "ova": "none"}), nil, rpc.NotFound, `Cannot make the profile "x": there is no OVA "none".`, "spec.ova", true},
		{"profile.create", spec("x", params{"type": "other"}), nil, rpc.InvalidParams, `Cannot make the profile "x": "spec.type" is "other"; it can be provisioner or ova.`, "spec.type", false},
		{"profile.create", spec("x", params{"type": "provisioner", "ova": "web"}), nil, rpc.InvalidParams, `Cannot make the profile "x": "spec.ova" needs the type ova.`, "spec.ova", false},
		{"profile.modify", spec("web", params{"network_template": "net", "storage_template": "one"}), nil, 0, `Modified the profile "web".`, "", false},
		{"profile.modify", spec("web", params{"type": "ova"}), nil, rpc.InvalidParams, `Cannot modify the profile "web": "spec.type" is provisioner and can't be changed; make another profile.`, "spec.type", false},
		{"profile.list", nil, nil, 0, "", "", false},
		{"profile.list", params{"match": "("}, nil, rpc.InvalidParams, `Cannot list the profiles: "(" is no regular expression…`, "match", false},
		{"profile.show", params{"name": "web"}, nil, 0, "", "", false},
		{"profile.show", params{"name": "nope"}, nil, rpc.NotFound, `Cannot show the profile "nope": there is no such profile.`, "", false},
		{"template.remove", of("storage", "one", nil), nil, rpc.Busy, `Cannot remove the storage template "one": profile "web" refers to it.`, "", true},
		{"script.remove", params{"name": "setup"}, nil, rpc.Busy, `Cannot remove the script "setup": profile "web" refers to it.`, "", true},
		{"userdata.remove", params{"name": "cloud"}, nil, rpc.Busy, `Cannot remove the userdata "cloud": profile "web" refers to it.`, "", true},
		{"profile.remove", params{"name": "web", "expect_generation": "old"}, nil, rpc.Busy, `Cannot remove the profile "web": it was changed meanwhile.`, "", true},
		{"profile.remove", params{"name": "web"}, nil, 0, `Removed the profile "web".`, "", false},
		{"profile.remove", params{"name": "web"}, nil, rpc.NotFound, `Cannot remove the profile "web": there is no such profile.`, "", false},
		{"template.remove", of("storage", "one", nil), nil, 0, `Removed the storage template "one".`, "", false},
		{"template.remove", of("shape", "one", nil), nil, rpc.InvalidParams, `Cannot remove the template "one": "shape" is no…`, "kind", false},
		{"script.remove", params{"name": "setup"}, nil, 0, `Removed the script "setup".`, "", false},
		{"userdata.remove", params{"name": "cloud"}, nil, 0, `Removed the userdata "cloud".`, "", false},
	}
}

package handlers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/handlers"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// A row is one call and what it answers.
type row struct {
	method string
	params params
	file   *os.File
	code   rpc.Code // 0: it succeeds
	text   string   // of the message, or its beginning before an ellipsis
	field  string
	hint   bool // something can be done about it
}

const nobody = "18f0000000000000000"

func damaged() []byte {
	b := ovatest.VMDK(disk())
	return b[:len(b)/2]
}

func imageRows(t *testing.T) []row {
	t.Helper()
	raw := func() *os.File { return sent(t, disk()) }
	return []row{
		{"image.upload", upload("web", nil), raw(), 0, `Imported image "web" with 65536 bytes from raw.`, "", false},
		{"image.upload", upload("vm", nil), stream(t, ovatest.VMDK(disk())), 0, `Imported image "vm" with 65536 bytes from vmdk.`, "", false},
		{"image.upload", upload("web", nil), raw(), rpc.Exists, `Cannot import image "web": there is one already.`, "", true},
		{"image.upload", upload("a/b", nil), raw(), rpc.InvalidParams, `Cannot import image "a/b": the name "a/b" has the character '/' at position 2;…`, "name", false},
		{"image.upload", upload("", nil), raw(), rpc.InvalidParams, `Cannot import image "": the name is empty.`, "name", false},
		{"image.upload", upload("ova_x_sda", nil), raw(), rpc.InvalidParams, `Cannot import image "ova_x_sda": names that begin with "ova_" are kept for…`, "name", false},
		{"image.upload", upload("spliced.1", nil), raw(), rpc.InvalidParams, `Cannot import image "spliced.1": names that begin with "spliced." are kept for…`, "name", false},
		{"image.upload", upload("x", params{"pool": "else"}), raw(), rpc.NotFound, `Cannot import image "x": there is no pool "else".`, "pool", true},
		{"image.upload", upload("x", params{"pool": "gone"}), raw(), rpc.ClusterUnavailable, `Cannot import image "x": cannot connect…`, "", false},
		{"image.upload", upload("x", params{"format": "qcow2"}), raw(), rpc.InvalidParams, `Cannot import image "x": "qcow2" is no format that can be imported;…`, "format", false},
		{"image.upload", upload("x", params{"sha256": "12"}), raw(), rpc.InvalidParams, `Cannot import image "x": "12" is no SHA-256: 64 hexadecimal digits.`, "sha256", false},
		{"image.upload", upload("x", params{"sha256": strings.Repeat("0", 64)}), raw(), rpc.Integrity, `Cannot import image "x": the SHA-256 of the source is…`, "", false},
		{"image.upload", upload("x", params{"size": 5}), raw(), rpc.Integrity, `Cannot import image "x": the file has 65536 bytes, 5 were announced.`, "", false},
		{"image.upload", upload("x", params{"request_id": "7"}), raw(), rpc.InvalidParams, `Cannot import image "x": "7" is no UUID.`, "request_id", false},
		{"image.upload", upload("x", params{"source": params{"fd": 1}}), raw(), rpc.InvalidParams, `Cannot import image "x": cannot take descriptor 1:…`, "", false},
		{"image.upload", upload("x", nil), nil, rpc.InvalidParams, `Cannot call image.upload with 0 descriptors: it takes 1.`, "fds", false},
		{"image.upload", upload("x", nil), sent(t, damaged()), rpc.BadImage, `Cannot import image "x": …`, "", false},
		{"image.upload", upload("x", nil), sent(t, nil), rpc.BadImage, `Cannot import image "x": it is empty (at byte 0 of the image).`, "", false},
		{"image.upload", upload("x", nil), sent(t, []byte("QFI\xfb\x00\x00\x00\x03")), rpc.Unsupported, `Cannot import image "x": …`, "", false},
		{"image.upload", upload("x", nil), hole(t, 2<<30), rpc.Limit, `Cannot import image "x": …`, "", false},
		{"image.list", nil, nil, 0, "", "", false},
		{"image.list", params{"pool": "else"}, nil, rpc.NotFound, `Cannot list the images: there is no pool "else".`, "pool", true},
		{"image.list", params{"match": "("}, nil, rpc.InvalidParams, `Cannot list the images: "(" is no regular expression…`, "match", false},
		{"image.show", params{"pool": "local", "name": "web"}, nil, 0, "", "", false},
		{"image.show", params{"pool": "local", "name": "nope"}, nil, rpc.NotFound, `Cannot show image "nope": there is no such image.`, "", false},
		{"image.show", params{"pool": "local", "name": "../x"}, nil, rpc.InvalidParams, `Cannot show image "../x": the name…`, "name", false},
		{"image.show", params{"pool": "else", "name": "web"}, nil, rpc.NotFound, `Cannot show image "web": there is no pool "else".`, "pool", true},
		{"image.inspect", params{"source": params{"fd": 0}}, raw(), 0, "", "", false},
		{"image.inspect", params{"source": params{"fd": 0}}, sent(t, damaged()), 0, "", "", false},
		{"image.inspect", params{"source": params{"fd": 0}}, opened(t, t.TempDir(), os.O_RDONLY), rpc.BadSource, `Cannot inspect the image: …`, "", false},
		{"image.remove", params{"pool": "local", "name": "web", "wait": true}, nil, 0, `Removed image "web".`, "", false},
		{"image.remove", params{"pool": "local", "name": "web"}, nil, rpc.NotFound, `Cannot remove image "web": there is no such image.`, "", false},
		{"image.remove", params{"pool": "local", "name": ".."}, nil, rpc.InvalidParams, `Cannot remove image "..": the name…`, "name", false},
		{"image.remove", params{"pool": "else", "name": "web"}, nil, rpc.NotFound, `Cannot remove image "web": there is no pool "else".`, "pool", true},
		{"image.remove", params{"pool": "local", "name": "web", "request_id": "x"}, nil, rpc.InvalidParams, `Cannot remove image "web": "x" is no UUID.`, "request_id", false},
	}
}

func ovaRows(t *testing.T) []row {
	t.Helper()
	good := func() *os.File { return sent(t, ovatest.OVA(disk())) }
	desc := ovatest.OneDisk("disk.vmdk", 0)
	vmdk := ovatest.Member{Name: "disk.vmdk", Data: ovatest.VMDK(disk())}
	other := ovatest.Member{Name: "disk.vmdk", Data: ovatest.VMDK(make([]byte, 512))}
	return []row{
		{"ova.upload", upload("web", nil), good(), 0, `Imported OVA "web" with 1 disk.`, "", false},
		{"ova.upload", upload("web", nil), good(), rpc.Exists, `Cannot import OVA "web": there is one already.`, "", true},
		{"ova.upload", upload("-", nil), good(), rpc.InvalidParams, `Cannot import OVA "-": the name "-" has the character '-' at position 1;…`, "name", false},
		{"ova.upload", upload("x", params{"pool": "else"}), good(), rpc.NotFound, `Cannot import OVA "x": there is no pool "else".`, "pool", true},
		{"ova.upload", upload("x", params{"configuration": "big"}), good(), rpc.InvalidParams, `Cannot import OVA "x": …`, "", false},
		{"ova.upload", upload("x", params{"sha256": strings.Repeat("0", 64)}), good(), rpc.Integrity, `Cannot import OVA "x": the SHA-256 of…`, "", false},
		{"ova.upload", upload("x", nil), sent(t, disk()), rpc.BadImage, `Cannot import OVA "x": …`, "", false},
		{"ova.upload", upload("x", nil), sent(t, ovatest.OVA(disk())[:4096]), rpc.BadImage, `Cannot import OVA "x": …`, "", false},
		{"ova.upload", upload("x", nil), sent(t, ovatest.Archive(vmdk)), rpc.BadImage, `Cannot import OVA "x": it has no descriptor (.ovf).`, "", true},
		{"ova.upload", upload("x", nil), sent(t, ovatest.Archive(desc.Member())), rpc.BadImage, `Cannot import OVA "x": the file…`, "", false},
		{"ova.upload", upload("x", nil), sent(t, ovatest.Archive(desc.Member(), ovatest.Manifest(vmdk), other)), rpc.Integrity, `Cannot import OVA "x": member "disk.vmdk" does not match the manifest…`, "", false},
		{"ova.upload", upload("x", params{"require_manifest": true}), sent(t, ovatest.Archive(desc.Member(), vmdk)), rpc.Integrity, `Cannot import OVA "x": …`, "", false},
		{"ova.upload", upload("x", nil), sent(t, ovatest.Archive(desc.Member(), ovatest.Member{Name: "disk.vmdk", Data: damaged()})), rpc.BadImage, `Cannot import OVA "x": member "disk.vmdk"…`, "", false},
		{"ova.list", params{"match": "^w"}, nil, 0, "", "", false},
		{"ova.list", params{"match": "["}, nil, rpc.InvalidParams, `Cannot list the OVAs: "[" is no regular expression…`, "match", false},
		{"ova.show", params{"name": "web", "descriptor": true}, nil, 0, "", "", false},
		{"ova.show", params{"name": "nope"}, nil, rpc.NotFound, `Cannot show OVA "nope": there is no such OVA.`, "", false},
		{"ova.show", params{"name": "a/b"}, nil, rpc.InvalidParams, `Cannot show OVA "a/b": the name…`, "name", false},
		{"ova.inspect", params{"source": params{"fd": 0}}, good(), 0, "", "", false},
		{"ova.inspect", params{"source": params{"fd": 0}}, sent(t, disk()), rpc.BadImage, `Cannot inspect the OVA: …`, "", false},
		{"ova.inspect", params{"source": params{"fd": 0}}, opened(t, "/dev/zero", os.O_RDONLY), rpc.BadSource, `Cannot inspect the OVA: …`, "", false},
		{"ova.configure", params{"name": "web", "configuration": "", "as": "again"}, nil, 0, `Made the profile "again" of OVA "web".`, "", false},
		{"ova.configure", params{"name": "web", "configuration": "", "as": "again"}, nil, rpc.Exists, `Cannot configure OVA "web": there is a system template "again" already.`, "as", true},
		{"ova.configure", params{"name": "web", "configuration": ""}, nil, rpc.InvalidParams, `Cannot configure OVA "web": without a configuration, what is made needs a name.`, "as", false},
		{"ova.configure", params{"name": "web", "configuration": "big"}, nil, rpc.InvalidParams, `Cannot configure OVA "web": it has no configuration "big"; it has none at all.`, "", false},
		{"ova.configure", params{"name": "web", "configuration": "", "as": "/"}, nil, rpc.InvalidParams, `Cannot configure OVA "web": the name…`, "as", false},
		{"ova.configure", params{"name": "nope", "configuration": "big"}, nil, rpc.NotFound, `Cannot configure OVA "nope": there is no such OVA.`, "", false},
		{"profile.remove", params{"name": "again"}, nil, 0, `Removed the profile "again".`, "", false},
		{"template.remove", params{"kind": "system", "name": "again"}, nil, 0, `Removed the system template "again".`, "", false},
		{"ova.remove", params{"name": "web"}, nil, rpc.Busy, `Cannot remove OVA "web": profile "web" refers to it.`, "", true},
		{"ova.remove", params{"name": "web", "cascade": true, "wait": true}, nil, 0, `Removed OVA "web" with 1 system template and 1 profile.`, "", false},
		{"ova.remove", params{"name": "web"}, nil, rpc.NotFound, `Cannot remove OVA "web": there is no such OVA.`, "", false},
		{"ova.remove", params{"name": "/"}, nil, rpc.InvalidParams, `Cannot remove OVA "/": the name…`, "name", false},
	}
}

// jobRows work on a job that waits for job.finalize, and one that has ended.
func jobRows(pending, doomed, ended string) []row {
	job := func(id string) params { return params{"id": id} }
	return []row{
		{"job.list", nil, nil, 0, "", "", false},
		{"job.show", job(pending), nil, 0, "", "", false},
		{"job.show", job(nobody), nil, rpc.NotFound, `Cannot show job "` + nobody + `": there is no such job.`, "", false},
		{"job.wait", params{"id": pending, "timeout_ms": 1}, nil, 0, "", "", false},
		{"job.wait", params{"id": ended}, nil, 0, "", "", false},
		{"job.wait", params{"id": ended, "timeout_ms": -1}, nil, rpc.InvalidParams, fmt.Sprintf("Cannot wait for job %q: -1 is negative.", ended), "timeout_ms", false},
		{"job.wait", job(nobody), nil, rpc.NotFound, `Cannot wait for job "` + nobody + `": there is no such job.`, "", false},
		{"job.subscribe", nil, nil, 0, "Subscribed to job events.", "", false},
		{"job.subscribe", job(nobody), nil, rpc.NotFound, `Cannot subscribe to job "` + nobody + `": there is no such job.`, "", false},
		{"job.forget", job(pending), nil, rpc.InvalidState, fmt.Sprintf("Cannot forget job %q: it is still pending.", pending), "", false},
		{"job.finalize", params{"id": pending, "bytes": 65536}, nil, 0, fmt.Sprintf("Told job %q that 65536 bytes are all.", pending), "", false},
		{"job.wait", job(pending), nil, 0, "", "", false},
		{"job.finalize", params{"id": pending, "bytes": 1}, nil, rpc.InvalidState, fmt.Sprintf("Cannot finalize job %q: it does not wait for that.", pending), "", false},
		{"job.finalize", params{"id": nobody, "bytes": 1}, nil, rpc.NotFound, `Cannot finalize job "` + nobody + `": there is no such job.`, "", false},
		{"job.cancel", job(pending), nil, rpc.InvalidState, fmt.Sprintf("Cannot cancel job %q: it has succeeded already.", pending), "", false},
		{"job.cancel", job(doomed), nil, 0, fmt.Sprintf("Asked job %q to end.", doomed), "", false},
		{"job.wait", job(doomed), nil, 0, `Cannot import image "doomed": the job was cancelled.`, "", false},
		{"job.cancel", job(nobody), nil, rpc.NotFound, `Cannot cancel job "` + nobody + `": there is no such job.`, "", false},
		{"job.forget", job(ended), nil, 0, fmt.Sprintf("Forgot job %q.", ended), "", false},
		{"job.forget", job(ended), nil, rpc.NotFound, fmt.Sprintf("Cannot forget job %q: there is no such job.", ended), "", false},
	}
}

func otherRows() []row {
	return []row{
		{"daemon.hello", nil, nil, 0, "", "", false},
		{"daemon.status", nil, nil, 0, "", "", false},
		{"pool.list", nil, nil, 0, "", "", false},
		{"rpc.discover", nil, nil, 0, "", "", false},
	}
}

// Every method's texts, of success and of failure.
func TestMethods(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessAdmin)
	var pending, doomed, ended struct{ Job string }
	ok(t, c.Call(t.Context(), "image.upload", upload("pending", params{"wait": false}), &pending, stream(t, disk())))
	ok(t, c.Call(t.Context(), "image.upload", upload("doomed", params{"wait": false}), &doomed, stream(t, disk())))
	awaitState(t, c, pending.Job, api.JobPending)
	awaitState(t, c, doomed.Job, api.JobPending)
	ok(t, c.Call(t.Context(), "image.upload", upload("ended", nil), &ended, sent(t, disk())))
	f.lose(t, c)
	table := map[string]rpc.Method{}
	for _, m := range handlers.Table(f.daemon) {
		table[m.Name] = m
	}
	succeeded, failed := map[string]bool{}, map[string]bool{}
	for _, r := range slices.Concat(adoptRows(), imageRows(t), ovaRows(t), entryRows(), vmRows(t), jobRows(pending.Job, doomed.Job, ended.Job), otherRows()) {
		t.Run(fmt.Sprintf("%s %v", r.method, r.params), func(t *testing.T) {
			if check(t, c, table[r.method], r) {
				succeeded[r.method] = true
			} else {
				failed[r.method] = true
			}
		})
	}
	for name := range table {
		t.Run("unknown parameter of "+name, func(t *testing.T) {
			e := wire(t, c.Call(t.Context(), name, params{"colour": "red"}, nil, filesFor(t, table[name])...))
			sentence(t, e.Message)
			if e.Code != rpc.InvalidParams || e.Data.Field != "colour" || !strings.Contains(e.Message, `"colour"`) {
				t.Errorf("got %d, %q, field %q", e.Code, e.Message, e.Data.Field)
			}
		})
		if !succeeded[name] {
			t.Errorf("no row shows how %s succeeds", name)
		}
		if !failed[name] && !slices.ContainsFunc(otherRows(), func(r row) bool { return r.method == name }) && name != "job.list" {
			t.Errorf("no row shows how %s fails", name)
		}
	}
	// What failed left nothing: these are what the rows above imported and kept.
	if got := f.names(t); !slices.Equal(got, []string{"ended", "pending", "vm"}) {
		t.Errorf("the pool holds %q", got)
	}
}

// check makes a row's call and holds the answer against it.
func check(t *testing.T, c *client.Client, m rpc.Method, r row) (succeeded bool) {
	t.Helper()
	var files []*os.File
	if r.file != nil {
		files = append(files, r.file)
	}
	var answer json.RawMessage
	if r.params == nil {
		r.params = params{}
	}
	err := c.Call(t.Context(), r.method, r.params, &answer, files...)
	if r.code == 0 {
		ok(t, err)
		var result struct{ Message *string }
		if json.Unmarshal(answer, &result) == nil && result.Message != nil && r.text != "" {
			sentence(t, *result.Message)
			matches(t, *result.Message, r.text)
		} else if r.text != "" || m.Access > rpc.AccessRead {
			t.Errorf("no message in %s", answer)
		}
		return true
	}
	if err == nil {
		t.Fatalf("succeeded: %s", answer)
	}
	e := wire(t, err)
	matches(t, e.Message, r.text)
	// A text may end with an underlying cause's own words; of the rows only the
	// one that shows that does.
	if r.code != rpc.ClusterUnavailable {
		sentence(t, e.Message)
	}
	if e.Code != r.code || e.Data.Kind != r.code.Kind() || e.Data.Field != r.field && r.field != "" {
		t.Errorf("got %d %s, field %q: %q; want %d, %q", e.Code, e.Data.Kind, e.Data.Field, e.Message, r.code, r.field)
	}
	if r.hint && e.Data.Hint == "" {
		t.Errorf("%q comes without a hint", e.Message)
	}
	if e.Code > 0 && !slices.Contains(m.Errors, e.Code) {
		t.Errorf("%s answers %s, which its row doesn't list", r.method, e.Code.Kind())
	}
	return false
}

// matches compares a text with a pattern that may end in an ellipsis.
func matches(t *testing.T, text, want string) {
	t.Helper()
	if head, open := strings.CutSuffix(want, "…"); text != want && (!open || !strings.HasPrefix(text, head)) {
		t.Errorf("got  %q\nwant %q", text, want)
	}
}

func filesFor(t *testing.T, m rpc.Method) []*os.File {
	t.Helper()
	var files []*os.File
	for range m.MinFDs {
		files = append(files, sent(t, disk()))
	}
	return files
}

func awaitState(t *testing.T, c *client.Client, id string, want api.JobState) api.Job {
	t.Helper()
	seq := int64(-1)
	for {
		var j api.Job
		ok(t, c.Call(t.Context(), "job.wait", params{"id": id, "since": seq, "timeout_ms": patience.Milliseconds()}, &j))
		if j.State == want {
			return j
		}
		if j.State.Ended() || j.Seq == seq {
			t.Fatalf("job is %s, %s; want %s", j.State, j.Message, want)
		}
		seq = j.Seq
	}
}

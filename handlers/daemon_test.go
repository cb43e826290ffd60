package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"spliced/api"
	"spliced/handlers"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// Who may not, is told so, whatever else the request is.
func TestAccess(t *testing.T) {
	t.Parallel()
	f := serve(t)
	reader := f.dial(t, rpc.AccessRead)
	for _, m := range handlers.Table(f.daemon) {
		if m.Access == rpc.AccessRead {
			continue
		}
		e := wire(t, reader.Call(t.Context(), m.Name, params{}, nil, filesFor(t, m)...))
		sentence(t, e.Message)
		if e.Code != rpc.Denied || e.Data.Kind != "denied" {
			t.Errorf("%s by a reader: %d %q", m.Name, e.Code, e.Message)
		}
	}
	var list []api.Volume
	ok(t, reader.Call(t.Context(), "image.list", params{}, &list))
	nobody := f.dial(t, rpc.AccessNone)
	if err := nobody.Call(t.Context(), "daemon.hello", params{}, nil); err == nil {
		t.Error("a peer without access was answered")
	}
	if jobs := f.daemon.Jobs.List(); len(jobs) != 0 {
		t.Errorf("%d jobs were started", len(jobs))
	}
}

func TestAnswersOfUploads(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	var at map[string]string
	ok(t, c.Call(t.Context(), "image.upload", upload("now", params{"wait": false}), &at, sent(t, disk())))
	id := at["job"]
	if len(at) != 2 || id == "" || at["message"] != fmt.Sprintf("Job %q works on it.", id) {
		t.Errorf("at once: %v", at)
	}
	ended := awaitState(t, c, id, api.JobSucceeded)
	sentence(t, ended.Message)
	if ended.Kind != "image.upload" || ended.Name != "now" || ended.Pool != "local" || ended.Ended == nil {
		t.Errorf("in the end: %+v", ended)
	}

	var image api.ImageResult
	ok(t, c.Call(t.Context(), "image.upload", upload("later", nil), &image, sent(t, disk())))
	if image.Volume == nil || image.Size != 64<<10 || image.SourceFormat != "raw" || image.Origin != "image" {
		t.Errorf("when done: %+v", image)
	}
	var ova api.OVAResult
	ok(t, c.Call(t.Context(), "ova.upload", upload("web", nil), &ova, stream(t, ovatest.OVA(disk()))))
	if ova.OVA == nil || len(ova.Systems) != 1 || ova.Systems[0].Disks[0].Volume != "ova_web_sda" || ova.Systems[0].Memory != 512<<20 {
		t.Errorf("when done: %+v", ova.OVA)
	}
	var shown api.OVA
	ok(t, c.Call(t.Context(), "ova.show", params{"name": "web", "descriptor": true}, &shown))
	if !strings.Contains(shown.Descriptor, "<Envelope") {
		t.Errorf("descriptor %q", shown.Descriptor)
	}
	var volume api.Volume
	ok(t, c.Call(t.Context(), "image.show", params{"pool": "local", "name": "later"}, &volume))
	if volume.Allocated == nil || *volume.Allocated < 64<<10 || volume.Size != 64<<10 {
		t.Errorf("shown %+v", volume)
	}
}

// The same request twice does the work once, also when both come at a time.
func TestSameRequestTwice(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	for n := range 20 {
		again := params{"request_id": fmt.Sprintf("00000000-0000-4000-8000-%012d", n)}
		name := fmt.Sprintf("web%d", n)
		var ids sync.Map
		var calls sync.WaitGroup
		for i := range 4 {
			file := sent(t, disk())
			calls.Go(func() {
				var answer api.ImageResult
				if err := c.Call(t.Context(), "image.upload", upload(name, again), &answer, file); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
				ids.Store(answer.Job, true)
			})
		}
		calls.Wait()
		var later api.ImageResult
		ok(t, c.Call(t.Context(), "image.upload", upload(name, again), &later, sent(t, disk())))
		ids.Store(later.Job, true)
		jobs := 0
		ids.Range(func(any, any) bool { jobs++; return true })
		if jobs != 1 {
			t.Errorf("%d jobs for one request", jobs)
		}
	}
	if jobs := f.daemon.Jobs.List(); len(jobs) != 20 {
		t.Errorf("%d jobs", len(jobs))
	}
}

// An unknown parameter is refused before anything is done: the descriptor is
// given back, and there is no job.
func TestUnknownParameterHasNoEffect(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	r, w, err := os.Pipe()
	ok(t, err)
	e := wire(t, c.Call(t.Context(), "image.upload", upload("x", params{"colour": 1}), nil, r))
	if e.Code != rpc.InvalidParams || e.Data.Field != "colour" {
		t.Errorf("got %d %q", e.Code, e.Message)
	}
	ok(t, r.Close())
	if _, err := w.WriteString("x"); err == nil {
		t.Error("somebody still holds the other end of the pipe")
	}
	ok(t, w.Close())
	if jobs := f.daemon.Jobs.List(); len(jobs) != 0 {
		t.Errorf("%d jobs were started", len(jobs))
	}
}

// A connection that goes away before it said that its upload was whole aborts it.
func TestConnectionClosesWhilePending(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c, watcher := f.dial(t, rpc.AccessWrite), f.dial(t, rpc.AccessWrite)
	var answer api.ImageResult
	ok(t, c.Call(t.Context(), "image.upload", upload("x", params{"wait": false}), &answer, stream(t, disk())))
	awaitState(t, watcher, answer.Job, api.JobPending)
	ok(t, c.Close())
	j := awaitState(t, watcher, answer.Job, api.JobFailed)
	if j.Failure.Code != int(rpc.BadSource) || len(f.names(t)) != 0 {
		t.Errorf("job %+v, volumes %q", j, f.names(t))
	}
}

// Events come to those who asked for them, and to nobody else.
func TestEvents(t *testing.T) {
	t.Parallel()
	f := serve(t)
	watcher, other := f.dial(t, rpc.AccessRead), f.dial(t, rpc.AccessWrite)
	events, stop, err := watcher.Subscribe(t.Context(), params{})
	ok(t, err)
	none, quiet := other.Events()
	var answer api.ImageResult
	ok(t, other.Call(t.Context(), "image.upload", upload("x", nil), &answer, sent(t, disk())))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ended := false; !ended; {
		select {
		case e := <-events:
			var j api.Job
			ok(t, json.Unmarshal(e.Params, &j))
			if j.ID != answer.Job {
				t.Errorf("an event of job %q", j.ID)
			}
			ended = j.State.Ended()
		case <-ctx.Done():
			t.Fatal("no event tells of the job's end")
		}
	}
	select {
	case e := <-none:
		t.Errorf("got %s without asking", e.Params)
	default:
	}
	stop()
	quiet()
}

func TestStatus(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	var pools []api.Pool
	ok(t, c.Call(t.Context(), "pool.list", params{}, &pools))
	if len(pools) != 2 || pools[0].Health != api.HealthUnavailable || pools[0].Reason == "" || pools[1].Health != api.HealthOK || *pools[1].Free == 0 {
		t.Errorf("pools %+v", pools)
	}
	for _, name := range []string{"good", "bad"} {
		ok(t, c.Call(t.Context(), "ova.upload", upload(name, nil), nil, stream(t, ovatest.OVA(disk()))))
	}
	ok(t, os.WriteFile(filepath.Join(f.state, "ovas", "bad.yaml"), []byte("kind: [nonsense\n"), 0o600))
	var list []api.OVASummary
	ok(t, c.Call(t.Context(), "ova.list", params{}, &list))
	if len(list) != 2 || list[0].Name != "bad" || !strings.Contains(list[0].Problem, "bad.yaml") || list[1].Problem != "" || list[1].Systems[0].Disks[0].Volume != "ova_good_sda" {
		t.Errorf("list %+v", list)
	}
	e := wire(t, c.Call(t.Context(), "ova.show", params{"name": "bad"}, nil))
	if e.Code != rpc.StateCorrupt {
		t.Errorf("show of a corrupt record: %d %q", e.Code, e.Message)
	}
	if e := wire(t, c.Call(t.Context(), "ova.remove", params{"name": "bad", "wait": true}, nil)); e.Code != rpc.StateCorrupt {
		t.Errorf("removal of a corrupt record: %d %q", e.Code, e.Message)
	}
	if e := wire(t, c.Call(t.Context(), "ova.upload", upload("bad", nil), nil, stream(t, ovatest.OVA(disk())))); e.Code != rpc.StateCorrupt {
		t.Errorf("upload over a corrupt record: %d %q", e.Code, e.Message)
	}
	var s api.Status
	ok(t, c.Call(t.Context(), "daemon.status", params{}, &s))
	if len(s.Corrupt) != 1 || !strings.Contains(s.Corrupt[0], "bad") || s.Jobs["succeeded"] != 2 || s.Version != "1.2.3" || s.Cleanup != 0 {
		t.Errorf("status %+v", s)
	}
}

// The description lists every method, and all that it refers to is in it.
func TestDiscover(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessRead)
	var text json.RawMessage
	ok(t, c.Call(t.Context(), "rpc.discover", params{}, &text))
	var doc struct {
		OpenRPC string `json:"openrpc"`
		Methods []struct {
			Name, Summary string
			Params        []struct{ Name string }
			Result        struct{ Schema any }
			FDs           struct{ Min, Max int } `json:"x-fds"`
			Access        string                 `json:"x-access"`
		}
	}
	var tree any
	ok(t, errors.Join(json.Unmarshal(text, &doc), json.Unmarshal(text, &tree)))
	described := map[string]bool{}
	for _, m := range doc.Methods {
		described[m.Name] = true
		sentence(t, m.Summary)
		if m.Result.Schema == nil || m.Access == "" {
			t.Errorf("%s lacks its result or access", m.Name)
		}
		for _, p := range m.Params {
			if p.Name == "source" && m.FDs.Max != 1 {
				t.Errorf("%s has a source and takes %d descriptors", m.Name, m.FDs.Max)
			}
		}
	}
	for _, m := range handlers.Table(f.daemon) {
		if !described[m.Name] {
			t.Errorf("%s is not described", m.Name)
		}
	}
	references(t, tree, tree)
}

// references follows every $ref in a part of the document.
func references(t *testing.T, doc, part any) {
	t.Helper()
	switch part := part.(type) {
	case map[string]any:
		for key, value := range part {
			if ref, is := value.(string); is && key == "$ref" {
				at := doc
				for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					at, _ = at.(map[string]any)[step]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
				continue
			}
			references(t, doc, value)
		}
	case []any:
		for _, value := range part {
			references(t, doc, value)
		}
	}
}

// Each feature is one of the formats or has methods, and every noun of the table
// that is no part of every daemon is a feature.
func TestFeatures(t *testing.T) {
	t.Parallel()
	f := serve(t)
	var hello api.Hello
	ok(t, f.dial(t, rpc.AccessRead).Call(t.Context(), "daemon.hello", params{}, &hello))
	has := map[string]bool{"image.raw": true, "image.vmdk": true}
	for _, m := range handlers.Table(f.daemon) {
		noun, verb, _ := strings.Cut(m.Name, ".")
		has[noun], has[verb], has[m.Name] = true, true, true
		if _, always := map[string]bool{"daemon": true, "image": true, "job": true, "pool": true, "rpc": true}[noun]; always {
			continue
		}
		if !slices.ContainsFunc(hello.Features, func(feature string) bool { return feature == noun || feature == m.Name }) {
			t.Errorf("%s is of no feature", m.Name)
		}
	}
	for _, feature := range hello.Features {
		if !has[feature] {
			t.Errorf("the feature %s is nowhere", feature)
		}
	}
}

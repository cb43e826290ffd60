package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/failpoint"
	"spliced/rpc"
)

// A crash is a process killed at a point of the work.
type crash struct {
	point  failpoint.Point
	parent bool // the daemon of the worker that gets to the point
	from   kind
}

// inWorker lists the points that a worker gets to.
func inWorker() []failpoint.Point {
	return []failpoint.Point{
		failpoint.StageCreated, failpoint.StageWritten, failpoint.StageFlushed,
		failpoint.CommitMetadata, failpoint.CommitRenamed, failpoint.CommitSnapshot, failpoint.VolumeGone,
		failpoint.DomainDefined, failpoint.DomainStarted,
	}
}

// decided lists the points of an import from which on it is done.
func decided() []failpoint.Point {
	return []failpoint.Point{failpoint.RecordWritten, failpoint.ImportIntentGone}
}

func (k crash) String() string {
	if k.parent {
		return string(k.point) + ":parent"
	}
	return string(k.point)
}

// daemonDies tells whether it is the daemon that is killed.
func (k crash) daemonDies() bool { return k.parent || !slices.Contains(inWorker(), k.point) }

// crashes lists every process that can be killed at the points.
func crashes(points []failpoint.Point, kinds ...kind) []crash {
	var all []crash
	for _, p := range points {
		for _, from := range kinds {
			all = append(all, crash{p, false, from})
			if slices.Contains(inWorker(), p) {
				all = append(all, crash{p, true, from})
			}
		}
	}
	return all
}

// TestKilledInImport kills the daemon and its worker at each step of an import.
func TestKilledInImport(t *testing.T) {
	everywhere(t, crashes(failpoint.Import(), fromFile, fromPipe), killedInImport)
}

// TestKilledInRemoval kills the daemon and its worker at each step of a removal.
func TestKilledInRemoval(t *testing.T) {
	everywhere(t, crashes(failpoint.Removal(), fromFile), killedInRemoval)
}

// everywhere runs a test for each crash, on folders and on Ceph. On Ceph all
// share a pool, and tell their volumes apart by name.
func everywhere(t *testing.T, all []crash, test func(t *testing.T, k crash, p place, name string)) {
	t.Helper()
	rows := func(t *testing.T, newPlace func(t *testing.T) place) {
		t.Helper()
		for _, k := range all {
			name := strings.NewReplacer(".", "-", ":", "-").Replace(k.String() + "-" + string(k.from))
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, k, newPlace(t), name)
			})
		}
	}
	t.Run("dir", func(t *testing.T) {
		t.Parallel()
		rows(t, newDir)
	})
	t.Run("ceph", func(t *testing.T) {
		t.Parallel()
		p := newCeph(t)
		rows(t, func(*testing.T) place { return p })
	})
}

func killedInImport(t *testing.T, k crash, p place, name string) {
	t.Helper()
	h := newHost(t, p)
	d := h.start(t, failpointProgram, "SPLICED_FAILPOINT="+k.String())
	request, before := newRequest(), d.descriptors(t)
	c := d.dial(t)
	src := source(t, k.from, theAppliance().ova)
	_, err := upload(t, c, "ova.upload", name, src, params{"wait": true, "request_id": request})
	if err == nil {
		t.Error("the call succeeded")
	}
	must(t, src.Close())
	if k.daemonDies() {
		d.dies(t)
	} else {
		d.outlives(t, k, c, request, before)
	}
	h.alone(t, nil)
	d = h.start(t, splicedProgram)
	before = d.descriptors(t)
	c = d.dial(t)
	done := slices.Contains(decided(), k.point)
	if i := slices.Index(failpoint.Import(), k.point); i < slices.Index(failpoint.Import(), failpoint.CommitIntent) {
		// What is left lies under names that nobody else wants: the next import
		// need not wait for it.
		d.importOVA(t, c, name, k.from)
		removeOVA(t, c, name)
	}
	clean(t, c, time.Minute)
	j := byRequest(t, c, request)
	if j == nil {
		t.Fatal("the job is not known")
	}
	d.told(t, k, ends(t, c, j.ID), done)
	h.keeps(t, name, done)
	if done {
		d.whole(t, c, name)
		removeOVA(t, c, name)
	} else if err := c.Call(t.Context(), "ova.show", params{"name": name}, nil); code(err) != rpc.NotFound {
		t.Errorf("the OVA is there: %v", err)
	}
	if left := d.place.volumes(t, j.ID); len(left) > 0 {
		t.Errorf("of the job stay: %q", left)
	}
	d.importOVA(t, c, name, k.from)
	removeOVA(t, c, name)
	must(t, c.Close())
	d.nothing(t, name, before)
	d.stop(t)
	h.alone(t, nil)
}

// keeps demands that all that an import writes down is there, or nothing of it.
func (h *host) keeps(t *testing.T, name string, all bool) {
	t.Helper()
	for _, file := range []string{"ovas/" + name + ".yaml", "descriptors/" + name + ".ovf", "system-templates/" + name + ".yaml", "profiles/" + name + ".yaml"} {
		if _, err := os.Stat(filepath.Join(h.state, file)); (err == nil) != all {
			t.Errorf("whether %s is there: %v; want %v", file, err == nil, all)
		}
	}
}

// outlives demands that a daemon whose worker was killed goes on, with the job
// failed, and stops it. After an upload from a pipe, it has to clean up first:
// otherwise that is for the next daemon.
func (d *daemon) outlives(t *testing.T, k crash, c *client.Client, request string, before []string) {
	t.Helper()
	j := byRequest(t, c, request)
	if j == nil {
		t.Fatal("the job is not known")
	}
	d.told(t, k, ends(t, c, j.ID), false)
	must(t, c.Close())
	d.noNewDescriptors(t, before)
	if k.from == fromPipe {
		clean(t, d.dial(t), time.Minute)
		d.nothing(t, j.ID, d.descriptors(t))
	}
	d.stop(t)
}

// told demands that the job's record says how it ended.
func (d *daemon) told(t *testing.T, k crash, j api.Job, done bool) {
	t.Helper()
	switch {
	case done && (j.State != api.JobSucceeded || j.Failure != nil):
		t.Errorf("the job's record says: %+v", j)
	case done:
	case j.State != api.JobFailed || j.Failure == nil || j.Message == "":
		t.Errorf("the job's record says: %+v", j)
	case k.daemonDies() && rpc.Code(j.Failure.Code) != rpc.DaemonRestart:
		t.Errorf("the job ended with %+v", j.Failure)
	}
}

func killedInRemoval(t *testing.T, k crash, p place, name string) {
	t.Helper()
	h := newHost(t, p)
	d := h.start(t, failpointProgram, "SPLICED_FAILPOINT="+k.String())
	c := d.dial(t)
	d.importOVA(t, c, name, k.from)
	request := newRequest()
	err := c.Call(t.Context(), "ova.remove", params{"name": name, "cascade": true, "wait": true, "request_id": request}, nil)
	if k.daemonDies() {
		if err == nil {
			t.Error("the call succeeded")
		}
		d.dies(t)
	} else {
		// Each worker that goes on with the removal is killed as well.
		if err != nil {
			t.Errorf("a removal that is decided failed: %v", err)
		}
		d.stop(t)
	}
	h.alone(t, nil)
	d = h.start(t, splicedProgram)
	before := d.descriptors(t)
	c = d.dial(t)
	clean(t, c, time.Minute)
	j := byRequest(t, c, request)
	if j == nil {
		t.Fatal("the job is not known")
	}
	if *j = ends(t, c, j.ID); j.State != api.JobSucceeded || j.Message == "" {
		t.Errorf("the job's record says: %+v", j)
	}
	if err := c.Call(t.Context(), "ova.show", params{"name": name}, nil); code(err) != rpc.NotFound {
		t.Errorf("the OVA is there: %v", err)
	}
	if left := d.place.volumes(t, name); len(left) > 0 {
		t.Errorf("in the pool stay: %q", left)
	}
	d.importOVA(t, c, name, k.from)
	removeOVA(t, c, name)
	must(t, c.Close())
	d.nothing(t, name, before)
}

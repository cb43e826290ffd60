package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// TestCallerGoneFromFile cuts the connection of a caller that waits for its
// upload from a file: the job goes on without it.
func TestCallerGoneFromFile(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		t.Helper()
		d := newHost(t, p).start(t, splicedProgram)
		before := d.descriptors(t)
		watcher := d.dial(t)
		src := source(t, fromFile, theAppliance().ova)
		request := newRequest()
		abandon(t, d, watcher, src, request, params{"name": "web"})
		must(t, src.Close())
		j := ends(t, watcher, byRequest(t, watcher, request).ID)
		if j.State != api.JobSucceeded {
			t.Fatalf("the job ended so: %+v %+v", j, j.Failure)
		}
		d.whole(t, watcher, "web")
		removeOVA(t, watcher, "web")
		must(t, watcher.Close())
		d.nothing(t, "", before)
	})
}

// abandon starts an upload that is waited for, and cuts the connection once its
// job is there.
func abandon(t *testing.T, d *daemon, watcher *client.Client, src *os.File, request string, more params) {
	t.Helper()
	method := "ova.upload"
	if more["format"] != nil {
		method = "image.upload"
	}
	p := params{"pool": "p", "source": params{"fd": 0}, "wait": true, "request_id": request}
	maps.Copy(p, more)
	caller := d.dial(t)
	answer := make(chan error, 1)
	go func() { answer <- caller.Call(t.Context(), method, p, nil, src) }()
	eventually(t, patience, func() string {
		if byRequest(t, watcher, request) == nil {
			return "there is no job"
		}
		return ""
	})
	must(t, caller.Close())
	if err := <-answer; err == nil {
		t.Error("the call was answered although its connection is closed")
	}
}

// TestSenderGone ends the sender of a pipe with half of it sent, and the caller
// too: a pipe that was cut off looks as if it had ended, and must not pass for
// whole.
func TestSenderGone(t *testing.T) {
	t.Parallel()
	raw := ovatest.Data(6 << 20)
	rows := []struct {
		name string
		data []byte
		more params
		want []rpc.Code
	}{
		{"ova", theAppliance().ova, params{}, []rpc.Code{rpc.BadImage, rpc.Integrity}},
		{"vmdk", ovatest.VMDK(raw), params{"format": "vmdk"}, []rpc.Code{rpc.BadImage}},
		{"raw-said", raw, params{"format": "raw", "size": len(raw)}, []rpc.Code{rpc.BadImage, rpc.Integrity}},
		{"raw-unsaid", raw, params{"format": "raw"}, []rpc.Code{rpc.BadSource}},
	}
	onBoth(t, func(t *testing.T, p place) {
		d := newHost(t, p).start(t, splicedProgram)
		before := d.descriptors(t)
		watcher := d.dial(t)
		for _, r := range rows {
			request := newRequest()
			r.more["name"] = r.name
			src := sender(t, r.data[:len(r.data)/2])
			abandon(t, d, watcher, src, request, r.more)
			must(t, src.Close())
			j := ends(t, watcher, byRequest(t, watcher, request).ID)
			if j.State != api.JobFailed || !slices.Contains(r.want, rpc.Code(j.Failure.Code)) {
				t.Errorf("%s: the job ended so: %+v %+v", r.name, j, j.Failure)
			}
			clean(t, watcher, time.Minute)
		}
		must(t, watcher.Close())
		d.nothing(t, "", before)
	})
}

// sender is a pipe into which a process writes data; then it is killed.
func sender(t *testing.T, data []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "half")
	must(t, os.WriteFile(path, data, 0o600))
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `cat "$0"; kill -9 $$`, path)
	cmd.Stdout = w
	must(t, spawn(cmd))
	must(t, w.Close())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return r
}

// TestCommandLineKilled kills splicectl in the middle of an upload whose sender
// goes on: the job does too.
func TestCommandLineKilled(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	before := d.descriptors(t)
	c := d.dial(t)
	half, goOn := make(chan struct{}), make(chan struct{})
	src, sent := pipe(t, inHalves(theAppliance().ova, half, goOn))
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, splicectlProgram), "--socket", d.socket, "ova", "upload", "web")
	cmd.Stdin = src
	must(t, spawn(cmd))
	must(t, src.Close())
	<-half
	jobs := waitForJobs(t, c, 1)
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	close(goOn)
	must(t, <-sent)
	if j := ends(t, c, jobs[0].ID); j.State != api.JobSucceeded {
		t.Errorf("the job ended so: %+v %+v", j, j.Failure)
	}
	d.whole(t, c, "web")
	removeOVA(t, c, "web")
	must(t, c.Close())
	d.nothing(t, "", before)
}

// waitForJobs waits until so many jobs run.
func waitForJobs(t *testing.T, c *client.Client, n int) []api.Job {
	t.Helper()
	var jobs []api.Job
	eventually(t, patience, func() string {
		must(t, c.Call(t.Context(), "job.list", nil, &jobs))
		running := 0
		for _, j := range jobs {
			if j.State == api.JobRunning {
				running++
			}
		}
		if running < n {
			return "too few jobs run"
		}
		return ""
	})
	return jobs
}

// TestWorkerKilled kills the worker of a running upload from outside.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d, c, j, before := midUpload(t, p)
		for _, pid := range d.workers() {
			must(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		if j = ends(t, c, j.ID); j.State != api.JobFailed || j.Failure.Hint == "" {
			t.Errorf("the job ended so: %+v %+v", j, j.Failure)
		}
		goesOn(t, d, c, before)
	})
}

// TestHangingWorkerIsCancelled stops the worker of a running upload, as a
// storage library that hangs would, and cancels the job.
func TestHangingWorkerIsCancelled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d, c, j, before := midUpload(t, p)
		for _, pid := range d.workers() {
			must(t, syscall.Kill(pid, syscall.SIGSTOP))
		}
		begun := time.Now()
		must(t, c.Call(soon(t, time.Second), "job.cancel", params{"id": j.ID}, nil))
		j = ends(t, c, j.ID)
		if took := time.Since(begun); j.State != api.JobCancelled || took > cancelledWithin {
			t.Errorf("%v after its cancellation the job ended as %s", took, j.State)
		}
		goesOn(t, d, c, before)
	})
}

// midUpload is a daemon with an upload that has begun to write and goes on for
// ever.
func midUpload(t *testing.T, p place) (*daemon, *client.Client, api.Job, []string) {
	t.Helper()
	d := newHost(t, p).start(t, splicedProgram)
	before := d.descriptors(t)
	c := d.dial(t)
	src, _ := pipe(t, endless)
	j, err := upload(t, c, "image.upload", "web", src, params{"format": "raw", "size": int64(1) << 40, "force": true})
	must(t, err)
	must(t, src.Close())
	eventually(t, patience, func() string {
		must(t, c.Call(t.Context(), "job.show", params{"id": j.ID}, &j))
		if j.Progress == nil || j.Progress.Done < 64<<20 {
			return "it has not begun"
		}
		return ""
	})
	return d, c, j, before
}

// goesOn demands that nothing is left of an upload, and that the next one of that
// name can be had at once.
func goesOn(t *testing.T, d *daemon, c *client.Client, before []string) {
	t.Helper()
	_, err := upload(t, c, "image.upload", "web", source(t, fromFile, theAppliance().disks[0]), params{"wait": true})
	must(t, err)
	sameBytes(t, d.place, "web", theAppliance().disks[0])
	must(t, c.Call(t.Context(), "image.remove", params{"pool": "p", "name": "web", "wait": true}, nil))
	clean(t, c, time.Minute)
	must(t, c.Close())
	d.nothing(t, "", before)
}

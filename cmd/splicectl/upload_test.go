package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/rpc"
)

func done(message string) api.Job { return ending(api.JobSucceeded, message, nil) }

func TestUploadPassesTheFile(t *testing.T) {
	job := newFakeJob(at(api.JobRunning, copied(0, 7)), at(api.JobCommitting, copied(7, 7)), done(`Imported image "web".`))
	var seen api.ImageUpload
	read := make(chan []byte, 1)
	socket := serve(t, append(job.methods(), takes("image.upload", read, &seen))...)
	file := filepath.Join(t.TempDir(), "web.raw")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := strings.Repeat("ab", 32)
	got := ctl(t, socket, "image", "upload", "web", file, "--size", "1KiB", "--sha256", sum, "--format", "raw")
	got.want(t, 0, "Imported image \"web\".\n", "copying: 0 B of 7 B (0%)\n")
	if content := <-read; string(content) != "content" {
		t.Errorf("the daemon read %q", content)
	}
	size := api.Size(1024)
	if diff := cmp.Diff(api.ImageUpload{Pool: "vms", Name: "web", Format: "raw", Size: &size, SHA256: sum}, seen); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestUploadPassesStdin(t *testing.T) {
	for _, args := range [][]string{{"ova", "upload", "web"}, {"ova", "upload", "web", "-"}} {
		job := newFakeJob(done(`Imported OVA "web".`))
		var seen api.OVAUpload
		read := make(chan []byte, 1)
		socket := serve(t, append(job.methods(), takes("ova.upload", read, &seen))...)
		args = append(args, "--pool", "fast", "--require-manifest", "--configuration", "small", "--property", "a=1=2", "--property", "b=")
		ctlWith(t.Context(), pipe(t, "archive"), socket, args...).want(t, 0, "Imported OVA \"web\".\n", "")
		if content := <-read; string(content) != "archive" {
			t.Errorf("the daemon read %q", content)
		}
		want := api.OVAUpload{
			Pool: "fast", Name: "web", RequireManifest: true, Configuration: "small",
			Properties: map[string]string{"a": "1=2", "b": ""},
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("parameters (-want +got):\n%s", diff)
		}
	}
}

func TestUploadEndsAsItsJob(t *testing.T) {
	full := &api.JobFailure{Code: 10, Kind: "no-space", Hint: "Make room in the pool."}
	broken := &api.JobFailure{Code: -32603, Kind: "internal"}
	for _, c := range []struct {
		name string
		end  api.Job
		code int
		err  string
	}{
		{
			"hint", ending(api.JobFailed, `Cannot import OVA "web": pool "vms" is full.`, full), 10,
			"Cannot import OVA \"web\": pool \"vms\" is full.\nHint: Make room in the pool.\n",
		},
		{"protocol code", ending(api.JobFailed, "Cannot go on.", broken), 70, "Cannot go on.\n"},
		{"cancelled by another", ending(api.JobCancelled, "The job was cancelled.", nil), 12, "The job was cancelled.\n"},
		{"hostile text", ending(api.JobFailed, "No \x1b[2Jdisk \u202e\u009b1m.\nGone.", broken), 70, "No \ufffd[2Jdisk \ufffd\ufffd1m. Gone.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := newFakeJob(c.end)
			socket := serve(t, append(job.methods(), starts("image.upload"))...)
			ctl(t, socket, "image", "upload", "web").want(t, c.code, "", c.err)
		})
	}
}

func TestUploadRefusedAtOnce(t *testing.T) {
	socket := serve(t, onePool(), fails("image.upload", rpc.Errorf(rpc.Exists, "Cannot import image %q: there is one.", "web").WithHint("Take another name.")))
	ctl(t, socket, "image", "upload", "web").want(t, 3, "", "Cannot import image \"web\": there is one.\nHint: Take another name.\n")
}

func TestUploadWithoutWaiting(t *testing.T) {
	socket := serve(t, onePool(), starts("image.upload"))
	got := ctlWith(t.Context(), pipe(t, ""), socket, "image", "upload", "web", "--no-wait", "--size", "5")
	got.want(t, 0, "Job \"j1\" works on it.\n", "Follow it with: splicectl job wait j1\n")
	got = ctlWith(t.Context(), pipe(t, ""), socket, "-o", "json", "image", "upload", "web", "--no-wait", "--size", "5")
	got.want(t, 0, "{\n  \"job\": \"j1\",\n  \"message\": \"Job \\\"j1\\\" works on it.\"\n}\n", "")
	got = ctlWith(t.Context(), pipe(t, ""), socket, "image", "upload", "web", "--no-wait")
	if got.code != exitUsage {
		t.Errorf("exit %d for a stream whose end nobody could ask about:\n%s", got.code, got.err)
	}
}

func TestUnprovenStreamIsCancelled(t *testing.T) {
	asks := at(api.JobRunning, nil)
	asks.NeedsFinalize = true
	job := newFakeJob(asks)
	socket := serve(t, append(job.methods(), starts("image.upload"))...)
	got := ctlWith(t.Context(), pipe(t, "raw"), socket, "image", "upload", "web")
	if got.code != exitUsage || got.out != "" || !strings.Contains(got.err, "--trust-eof") {
		t.Errorf("exit %d, stdout %q, stderr:\n%s", got.code, got.out, got.err)
	}
	if cancelled, finalized := job.calls(); cancelled != 1 || len(finalized) > 0 {
		t.Errorf("cancelled %d times, finalized with %v", cancelled, finalized)
	}
}

func TestTrustedStreamIsFinalized(t *testing.T) {
	running, pending := at(api.JobRunning, copied(1, 9)), at(api.JobPending, copied(3, 9))
	running.NeedsFinalize, pending.NeedsFinalize = true, true
	job := newFakeJob(running, pending)
	socket := serve(t, append(job.methods(), starts("image.upload"))...)
	got := ctlWith(t.Context(), pipe(t, "raw"), socket, "image", "upload", "web", "--trust-eof")
	got.want(t, 0, "Imported.\n", "copying: 1 B of 9 B (11%)\n")
	cancelled, finalized := job.calls()
	if diff := cmp.Diff([]api.Size{3}, finalized); diff != "" || cancelled > 0 {
		t.Errorf("cancelled %d times, finalized (-want +got):\n%s", cancelled, diff)
	}
}

func TestInterruptedUploadIsCancelled(t *testing.T) {
	const told = "Cancelling job j1. Interrupt again to leave at once.\n"
	for _, c := range []struct {
		name string
		end  api.Job
		code int
		out  string
		err  string
	}{
		{"undone", ending(api.JobCancelled, "Cancelled it.", &api.JobFailure{Code: 12}), 12, "", told + "Cancelled it.\n"},
		{"its sender died too", ending(api.JobFailed, "It was cut off.", &api.JobFailure{Code: 8}), 12, "", told + "It was cut off.\n"},
		{"too late", done("Imported."), 0, "Imported.\n", told},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := newFakeJob()
			job.onCancel = func() { job.push(c.end) }
			started := make(chan struct{})
			upload := stub("image.upload", 1, func(*rpc.Call, api.ImageUpload) (api.Result, error) {
				close(started)
				return api.Result{Job: "j1"}, nil
			})
			socket := serve(t, append(job.methods(), upload)...)
			ctx, interrupt := context.WithCancel(t.Context())
			go func() {
				<-started
				interrupt()
			}()
			ctlWith(ctx, pipe(t, ""), socket, "image", "upload", "web").want(t, c.code, c.out, c.err)
			if cancelled, _ := job.calls(); cancelled != 1 {
				t.Errorf("cancelled %d times", cancelled)
			}
		})
	}
}

// A request on its way when the signal comes must not leave a job behind.
func TestInterruptWhileStarting(t *testing.T) {
	job := newFakeJob()
	ctx, interrupt := context.WithCancel(t.Context())
	upload := stub("image.upload", 1, func(*rpc.Call, api.ImageUpload) (api.Result, error) {
		interrupt()
		timer := time.NewTimer(100 * time.Millisecond)
		<-timer.C
		return api.Result{Job: "j1"}, nil
	})
	socket := serve(t, append(job.methods(), upload)...)
	got := ctlWith(ctx, pipe(t, ""), socket, "image", "upload", "web")
	if cancelled, _ := job.calls(); got.code != exitCancelled || cancelled != 1 {
		t.Errorf("exit %d, cancelled %d times:\n%s", got.code, cancelled, got.err)
	}
}

func TestUploadNeverTrustsAnInterruptedStream(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	f := &follower{cli: &cli{}, id: "j1"}
	interrupt()
	if err := f.vouch(ctx, at(api.JobPending, copied(1, 1))); err == nil || f.finalized {
		t.Error("an interrupted upload was declared whole")
	}
}

func TestDaemonStopsMidway(t *testing.T) {
	job := newFakeJob(at(api.JobRunning, nil))
	methods := []rpc.Method{onePool(), starts("image.upload"), stub("job.wait", 0, func(c *rpc.Call, p api.JobWait) (api.Job, error) {
		if *p.Since >= 0 {
			return api.Job{}, rpc.Errorf(rpc.DaemonRestart, "Cannot wait: the daemon is being stopped.")
		}
		return job.wait(c, p)
	})}
	got := ctl(t, serve(t, methods...), "image", "upload", "web")
	got.want(t, 16, "", "Cannot wait: the daemon is being stopped.\nHint: How the job ended will say: splicectl job show j1\n")
}

func TestPoolMustBeChosen(t *testing.T) {
	two := says("pool.list", []api.Pool{{Name: "fast"}, {Name: "slow"}})
	ctl(t, serve(t, two), "image", "upload", "web").want(t, exitUsage, "",
		"Cannot choose a pool: the daemon has \"fast\" and \"slow\".\nHint: Add --pool NAME.\n")
	none := says("pool.list", []api.Pool{})
	if got := ctl(t, serve(t, none), "image", "show", "web"); got.code != exitUsage || !strings.Contains(got.err, "none") {
		t.Errorf("exit %d:\n%s", got.code, got.err)
	}
}

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// TestSecondDaemonIsRefused starts a daemon on a state folder that has one.
func TestSecondDaemonIsRefused(t *testing.T) {
	t.Parallel()
	h := newHost(t, newDir(t))
	d := h.start(t, splicedProgram)
	second := h.launch(t, nil, filepath.Join(bin, splicedProgram), "--listen", h.socket+"2")
	select {
	case <-second.ended:
	case <-time.After(patience):
		t.Fatal("the second daemon runs")
	}
	if second.status == nil || !strings.Contains(second.said(), h.state) {
		t.Errorf("the second daemon ended with %v and said:\n%s", second.status, second.said())
	}
	t.Logf("it said: %s", second.said())
	must(t, d.dial(t).Call(t.Context(), "daemon.hello", nil, nil))
}

// TestKilledWithTwoJobs kills the daemon while two uploads run; the next one
// knows how they ended, and does the work of no request twice.
func TestKilledWithTwoJobs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		h := newHost(t, p)
		d := h.start(t, splicedProgram)
		c := d.dial(t)
		done, cut := newRequest(), newRequest()
		finished, err := upload(t, c, "ova.upload", "done", source(t, fromFile, theAppliance().ova), params{"wait": true, "request_id": done})
		must(t, err)
		for name, request := range map[string]string{"cut": cut, "other": newRequest()} {
			src, _ := pipe(t, endless)
			_, err := upload(t, c, "image.upload", name, src,
				params{"format": "raw", "size": int64(1) << 40, "force": true, "request_id": request})
			must(t, err)
			must(t, src.Close())
		}
		jobs := waitForJobs(t, c, 2)
		d.kill()
		h.alone(t, nil)

		d = h.start(t, splicedProgram)
		before := d.descriptors(t)
		c = d.dial(t)
		clean(t, c, time.Minute)
		for _, j := range jobs[1:] {
			if j = ends(t, c, j.ID); j.State != api.JobFailed || rpc.Code(j.Failure.Code) != rpc.DaemonRestart || j.Message == "" {
				t.Errorf("the job's record says: %+v %+v", j, j.Failure)
			}
		}
		repeated(t, c, "ova.upload", "done", done, finished.ID, 0)
		repeated(t, c, "image.upload", "cut", cut, "", rpc.DaemonRestart)
		d.whole(t, c, "done")
		removeOVA(t, c, "done")
		must(t, c.Close())
		d.nothing(t, "", before)
	})
}

// repeated repeats a request, and demands the answer of the job that it started:
// its id, or how it failed.
func repeated(t *testing.T, c *client.Client, method, name, request, job string, want rpc.Code) {
	t.Helper()
	null, err := os.CreateTemp(t.TempDir(), "empty")
	must(t, err)
	j, err := upload(t, c, method, name, null, params{"request_id": request, "wait": true})
	if j.ID != job || code(err) != want {
		t.Errorf("the repeated request answers job %q, %v; want job %q, code %d", j.ID, err, job, want)
	}
	must(t, null.Close())
}

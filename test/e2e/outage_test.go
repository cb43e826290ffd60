package e2e

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/cephnode"
	"spliced/test/ovatest"
)

const (
	// statusWithin is how soon daemon.status has to answer, whatever the storage
	// does.
	statusWithin = 100 * time.Millisecond
	// poolsWithin is how long pool.list may wait for a pool, and a moment to
	// answer.
	poolsWithin = 12 * time.Second
	// cancelledWithin is how soon a job that hangs in the storage has to end.
	cancelledWithin = 15 * time.Second
)

// TestOSDStopped stops the OSD in mid-import: the daemon answers, the job can be
// cancelled, and what stays goes away once the OSD goes on.
func TestOSDStopped(t *testing.T) {
	t.Parallel()
	n := cephnode.ForTest(t, cephnode.Options{Pools: []string{"p"}})
	p := cephPlace{n.Conf(), "p"}
	d := newHost(t, p).start(t, splicedProgram)
	before := d.descriptors(t)
	c := d.dial(t)
	src, _ := pipe(t, endless)
	j, err := upload(t, c, "image.upload", "stuck", src, params{"format": "raw", "size": int64(1) << 40, "force": true})
	must(t, err)
	must(t, src.Close())
	eventually(t, patience, func() string {
		if got := p.used(t); got < 32<<20 {
			return fmt.Sprintf("%d bytes are in the pool", got)
		}
		return ""
	})
	must(t, n.PauseOSD())
	answersSoon(t, c)
	hangs(t, c, j.ID)
	answersSoon(t, c)

	begun := time.Now()
	must(t, c.Call(soon(t, time.Second), "job.cancel", params{"id": j.ID}, nil))
	j = ends(t, c, j.ID)
	if took := time.Since(begun); j.State != api.JobCancelled || took > cancelledWithin {
		t.Errorf("%v after its cancellation the job ended as %s", took, j.State)
	}
	answersSoon(t, c)
	must(t, n.ResumeOSD())
	// The killed worker counts as alive for half a minute from here, and the OSD has
	// much to catch up with, on a machine that other tests use.
	clean(t, c, 3*time.Minute)
	if left := p.volumes(t, "spliced"); len(left) > 0 {
		t.Errorf("in the pool are: %q", left)
	}
	d.importOVA(t, c, "next", fromPipe)
	removeOVA(t, c, "next")
	must(t, c.Close())
	d.nothing(t, "", before)
}

// endless sends data until nobody wants it.
func endless(w io.Writer) error {
	data := ovatest.Data(4 << 20)
	for {
		if _, err := w.Write(data); err != nil {
			return nil //nolint:nilerr // which is how it ends
		}
	}
}

// answersSoon demands that the daemon answers while its storage doesn't. The
// fastest quarter stands for the daemon, the rest for a busy machine; a daemon
// that waited for its storage would have no fast quarter.
func answersSoon(t *testing.T, c *client.Client) {
	t.Helper()
	var times []time.Duration
	for range 40 {
		begun := time.Now()
		must(t, c.Call(soon(t, patience), "daemon.status", nil, nil))
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	if quartile := times[len(times)/4]; quartile > statusWithin {
		t.Errorf("daemon.status answers after %v", quartile)
	}
	begun := time.Now()
	must(t, c.Call(soon(t, patience), "pool.list", nil, nil))
	if took := time.Since(begun); took > poolsWithin {
		t.Errorf("pool.list answered after %v", took)
	}
}

// hangs waits until the job makes no progress for a second.
func hangs(t *testing.T, c *client.Client, id string) {
	t.Helper()
	var j api.Job
	must(t, c.Call(t.Context(), "job.show", params{"id": id}, &j))
	eventually(t, patience, func() string {
		seq := j.Seq
		must(t, c.Call(t.Context(), "job.wait", params{"id": id, "since": seq, "timeout_ms": 1500}, &j))
		if j.State.Ended() {
			t.Fatalf("the job ended: %+v", j)
		}
		if j.Seq != seq {
			return "the job still goes on"
		}
		return ""
	})
}

// TestMonitorDownAtStart starts the daemon while the cluster can't be reached.
func TestMonitorDownAtStart(t *testing.T) {
	t.Parallel()
	n := cephnode.ForTest(t, cephnode.Options{Pools: []string{"p"}})
	p := cephPlace{n.Conf(), "p"}
	n.StopMon()
	d := newHost(t, p).start(t, splicedProgram)
	c := d.dial(t)
	answersSoon(t, c)
	var pools []api.Pool
	must(t, c.Call(soon(t, patience), "pool.list", nil, &pools))
	if len(pools) != 1 || pools[0].Health != api.HealthUnavailable || pools[0].Reason == "" {
		t.Errorf("the pools are %+v", pools)
	}
	_, err := upload(t, c, "ova.upload", "web", source(t, fromFile, theAppliance().ova), params{"wait": true})
	if code(err) != rpc.ClusterUnavailable {
		t.Errorf("an import into a cluster that isn't there: %v", err)
	}
	must(t, n.StartMon())
	clean(t, c, time.Minute)
	eventually(t, time.Minute, func() string {
		must(t, c.Call(soon(t, patience), "pool.list", nil, &pools))
		if pools[0].Health != api.HealthOK {
			return fmt.Sprintf("the pool is %s: %s", pools[0].Health, pools[0].Reason)
		}
		return ""
	})
	d.importOVA(t, c, "web", fromPipe)
}

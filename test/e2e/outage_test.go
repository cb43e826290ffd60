package e2e

import (
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

// statusBound is how long daemon.status may take, whatever the cluster does.
const statusBound = 100 * time.Millisecond

// ownNode is a pool on a cluster of this test's own, which it may stop.
func ownNode(t *testing.T) (*cephnode.Node, place) {
	t.Helper()
	node := cephnode.ForTest(t, cephnode.Options{Pools: []string{"own"}})
	return node, cephPlace{node.Conf(), "own"}
}

// statusTakes is the median time of a daemon.status, and its answer.
func statusTakes(t *testing.T, c *client.Client) (time.Duration, api.Status) {
	t.Helper()
	var s api.Status
	var took []time.Duration
	for range 9 {
		start := time.Now()
		must(t, c.Call(soon(t, 10*time.Second), "daemon.status", nil, &s))
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2], s
}

// TestOSDStopsInMidImport stops the cluster's OSD under an import: the daemon
// answers as ever, the job that hangs can be cancelled, and what it left goes
// when the OSD is back.
func TestOSDStopsInMidImport(t *testing.T) {
	t.Parallel()
	node, p := ownNode(t)
	d := newHost(t, p).start(t, splicedProgram)
	c := d.dial(t)
	before := d.descriptors(t)
	hold, held := make(chan struct{}), make(chan struct{})
	src, _ := pipe(t, func(w io.Writer) error {
		for n := 0; ; n++ {
			if _, err := w.Write(ovatest.Data(8 << 20)); err != nil {
				return nil //nolint:nilerr // the reader is gone, as it is to be
			}
			if n == 2 {
				close(held)
				<-hold
			}
		}
	})
	j, err := upload(t, c, "image.upload", "stuck", src, params{"format": "raw", "size": 4 << 30})
	must(t, err)
	<-held
	must(t, node.PauseOSD())
	close(hold)
	eventually(t, patience, func() string { return stands(t, c, j.ID) })

	if took, _ := statusTakes(t, c); took > statusBound {
		t.Errorf("with the OSD stopped, daemon.status takes %v", took)
	}
	var pools []api.Pool
	must(t, c.Call(soon(t, 30*time.Second), "pool.list", nil, &pools))
	if len(pools) != 1 || pools[0].Driver != "rbd" {
		t.Errorf("the pools are %+v", pools)
	}
	start := time.Now()
	must(t, c.Call(t.Context(), "job.cancel", params{"id": j.ID}, nil))
	if took := time.Since(start); took > time.Second {
		t.Errorf("job.cancel takes %v", took)
	}
	if ended := ends(t, c, j.ID); ended.State != api.JobCancelled || ended.Failure.Code != int(rpc.Cancelled) {
		t.Errorf("the job ended so: %+v", ended)
	}

	must(t, node.ResumeOSD())
	clean(t, c, patience)
	d.nothing(t, "s", before)
	d.importOVA(t, c, "after", fromFile)
}

// stands says "" when a job's progress hasn't moved for a while.
func stands(t *testing.T, c *client.Client, id string) string {
	t.Helper()
	var before, after api.Job
	must(t, c.Call(t.Context(), "job.show", params{"id": id}, &before))
	if before.State != api.JobRunning || before.Progress == nil || before.Progress.Done < 24<<20 {
		return "the import has not begun"
	}
	must(t, c.Call(t.Context(), "job.wait", params{"id": id, "since": before.Seq, "timeout_ms": 2000}, &after))
	if after.Seq != before.Seq {
		return "the import goes on"
	}
	return ""
}

// TestMonitorIsDownAtStart starts a daemon whose cluster can't be reached.
func TestMonitorIsDownAtStart(t *testing.T) {
	t.Parallel()
	node, p := ownNode(t)
	node.StopMon()
	d := newHost(t, p).start(t, splicedProgram)
	c := d.dial(t)
	var pools []api.Pool
	must(t, c.Call(soon(t, 30*time.Second), "pool.list", nil, &pools))
	if len(pools) != 1 || pools[0].Health != api.HealthUnavailable || pools[0].Reason == "" {
		t.Errorf("the pools are %+v", pools)
	}
	took, s := statusTakes(t, c)
	if took > statusBound || len(s.Pools) != 1 || s.Pools[0].Health != api.HealthUnavailable {
		t.Errorf("daemon.status takes %v and says %+v", took, s)
	}
	_, err := upload(t, c, "ova.upload", "web", source(t, fromFile, theAppliance().ova), params{"wait": true})
	if code(err) != rpc.ClusterUnavailable {
		t.Errorf("an upload ends with: %v", err)
	}
	must(t, node.StartMon())
	clean(t, c, patience)
	eventually(t, patience, func() string {
		_, err := upload(t, c, "ova.upload", "web", source(t, fromFile, theAppliance().ova), params{"wait": true})
		return text(err)
	})
	d.whole(t, c, "web")
}

package cephnode

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
)

// PauseOSD makes the OSD stop answering, as a hung host does: requests wait.
func (n *Node) PauseOSD() error { return n.signal(n.osd, syscall.SIGSTOP) }

// ResumeOSD lets a paused OSD go on where it was.
func (n *Node) ResumeOSD() error { return n.signal(n.osd, syscall.SIGCONT) }

// PauseMon makes the monitor stop answering; connections to it still succeed.
func (n *Node) PauseMon() error { return n.signal(n.mon, syscall.SIGSTOP) }

// ResumeMon lets a paused monitor go on where it was.
func (n *Node) ResumeMon() error { return n.signal(n.mon, syscall.SIGCONT) }

// StopMon ends the monitor: connections to it are refused.
func (n *Node) StopMon() { n.mon.stop(syscall.SIGTERM) }

// StartMon starts the monitor again.
func (n *Node) StartMon() error { return n.launch(n.mon) }

// StopOSD ends the OSD in good order, which keeps its data.
func (n *Node) StopOSD() { n.osd.stop(syscall.SIGTERM) }

// StartOSD starts the OSD again and waits until the cluster has it.
func (n *Node) StartOSD(ctx context.Context) error {
	before, err := n.osdEpoch(ctx)
	if err != nil {
		return err
	}
	if err := n.launch(n.osd); err != nil {
		return err
	}
	return n.poll(ctx, func() (bool, error) {
		now, err := n.osdEpoch(ctx)
		return now > before, err
	})
}

// osdEpoch is the number of the map with which the OSD last came up.
func (n *Node) osdEpoch(ctx context.Context) (int, error) {
	text, err := n.ceph(ctx, "osd", "dump", "--format", "json")
	if err != nil {
		return 0, err
	}
	var dump struct {
		OSDs []struct {
			UpFrom int `json:"up_from"`
		} `json:"osds"`
	}
	if err := json.Unmarshal(text, &dump); err != nil || len(dump.OSDs) != 1 {
		return 0, fmt.Errorf("cannot read the OSD map: %d OSDs, %w", len(dump.OSDs), err)
	}
	return dump.OSDs[0].UpFrom, nil
}

func (n *Node) signal(d *daemon, sig syscall.Signal) error {
	if err := syscall.Kill(d.pid, sig); err != nil {
		return fmt.Errorf("cannot signal %s: %w", d.name, err)
	}
	return nil
}

package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"spliced/vm"
	"spliced/worker"
)

// Scripts say whether and how scripts of profiles are run.
type Scripts struct {
	Allowed   bool
	Network   bool // they have the host's
	TimeLimit time.Duration
	Memory    int64 // bytes
}

// script lets the profile's script work on the staged volumes.
func (m *vmMaking) script(ctx context.Context, w *worker.Worker) error {
	if m.parts.script == "" {
		return nil
	}
	s := m.c.here.Scripts
	task := worker.ScriptTask{
		Job: m.run.ID(), Pools: m.c.poolsOf(m.plan), Arguments: m.parts.arguments(),
		Network: s.Network, TimeLimit: s.TimeLimit, Memory: s.Memory,
	}
	for i, d := range m.plan.Drives {
		if d.Device == vm.Disk {
			task.Disks = append(task.Disks, worker.ScriptDisk{ID: d.ID, Pool: d.Pool, Volume: m.staged[i].Volume})
		}
	}
	described, err := m.described()
	if err != nil {
		return err
	}
	content, err := inMemory([]byte(m.parts.script))
	if err != nil {
		return err
	}
	plan, err := inMemory(described)
	if err == nil {
		m.run.Progress("running the script", 0, 1, "scripts")
		err = errors.Join(w.RunScript(ctx, task, content, plan, m.run.Log), plan.Close())
	}
	return errors.Join(err, content.Close())
}

// A scriptNIC is a network adapter as a script is told of it.
type scriptNIC struct {
	Bridge string `json:"bridge"`
	MAC    string `json:"mac"`
}

// described is the VM as its script reads it: an api.VM with a few things more.
func (m *vmMaking) described() ([]byte, error) {
	record := vmRecord(m.order, m.plan)
	nics := []scriptNIC{}
	for _, n := range m.plan.NICs {
		nics = append(nics, scriptNIC{n.Bridge, n.MAC})
	}
	text, err := json.MarshalIndent(map[string]any{
		"vm": record, "vcpus": m.plan.Hardware.VCPUs, "memory": m.plan.Hardware.Memory, "nics": nics, "arguments": m.parts.arguments(),
	}, "", "  ")
	return append(text, '\n'), err // a shell's read wants the end of the last line
}

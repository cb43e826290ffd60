package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"spliced/rpc"
	"spliced/script"
)

// A ScriptTask asks for a script to be run on staged volumes.
type ScriptTask struct {
	Job       string            `json:"job"`   // whose the sockets of the disks are
	Pools     []PoolSpec        `json:"pools"` // of the disks
	Disks     []ScriptDisk      `json:"disks"`
	Arguments map[string]string `json:"arguments,omitempty"`
	Network   bool              `json:"network,omitempty"` // the host's
	TimeLimit time.Duration     `json:"time_limit"`
	Memory    int64             `json:"memory"` // bytes
}

// A ScriptDisk is a volume that a script may write to.
type ScriptDisk struct {
	ID     string `json:"id"`
	Pool   string `json:"pool"`
	Volume string `json:"volume"`
}

const (
	methodScript = "script.run"
	notifyLine   = "line"
)

type lineNote struct {
	Text string `json:"text"`
}

// RunScript runs a script, which reads plan from its standard input, to its end.
// Each line that it says is given to said. Both files stay the caller's.
func (w *Worker) RunScript(ctx context.Context, t ScriptTask, content, plan *os.File, said func(line string)) error {
	w.mu.Lock()
	w.said = said
	w.mu.Unlock()
	return w.call(ctx, methodScript, t, nil, content, plan)
}

// scriptFolder is where a job's script has the sockets of its disks.
func scriptFolder(job string) string { return filepath.Join(os.TempDir(), "spliced-"+job) }

// ForgetScript removes what a worker that was killed in a job's script left
// outside of pools: the folder of the sockets. That there is none is right as
// well, and one that this user may not remove is somebody else's.
func ForgetScript(job string) error {
	if err := os.RemoveAll(scriptFolder(job)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("cannot remove the sockets of a script's disks: %w", err)
	}
	return nil
}

// maxScript bounds what is read of a script, or of its plan: far above what the
// catalogue keeps.
const maxScript = 4 << 20

func (s *server) runScript(ctx context.Context, c *rpc.Call, t ScriptTask) (done, error) {
	task := script.Task{
		Arguments: t.Arguments, Network: t.Network, Limits: script.Limits{Time: t.TimeLimit, Memory: t.Memory},
	}
	content, err := text(c, 0)
	if err == nil {
		task.Content = string(content)
		task.Plan, err = text(c, 1)
	}
	if err != nil {
		return done{}, err
	}
	var volumes []script.Volume
	for _, d := range t.Disks {
		source, err := exported(t.Pools, d)
		if err != nil {
			return done{}, err
		}
		volumes = append(volumes, script.Volume{ID: d.ID, Source: source})
	}
	return done{}, script.WithExports(ctx, scriptFolder(t.Job), volumes, func(ctx context.Context, disks []script.Disk) error {
		task.Disks = disks
		return script.Run(ctx, task, func(line string) {
			_ = c.Notify(ctx, notifyLine, lineNote{line}) // a daemon that can't be told is gone
		})
	})
}

// text reads a file that came with a call.
func text(c *rpc.Call, index int) (data []byte, err error) {
	file, err := c.TakeFD(index)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(file, maxScript+1)); err == nil && len(data) > maxScript {
		err = fmt.Errorf("a script's text is longer than %d bytes", maxScript)
	}
	return data, err
}

// exported is a volume as QEMU finds it.
func exported(pools []PoolSpec, d ScriptDisk) (script.Source, error) {
	for _, spec := range pools {
		switch {
		case spec.Name != d.Pool:
		case spec.Driver == DriverDir:
			return script.File(path.Join(spec.Path, d.Volume)), nil
		case spec.Driver == DriverRBD:
			return script.RBD{Conf: spec.Conf, User: spec.User, Pool: spec.Pool, Namespace: spec.Namespace, Image: d.Volume}.Source(), nil
		}
	}
	return script.Source{}, fmt.Errorf("nobody told how pool %q is reached", d.Pool)
}

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// qemuVolume is the volume that qemu-img writes to.
const qemuVolume = "bench-qemu-img"

// qemuImport is the contestant to beat: it has the VMDK at hand as a file, and
// the volume was made before.
type qemuImport struct {
	contest Contest
}

func (q qemuImport) prepare(ctx context.Context) error {
	disk, err := os.Stat(filepath.Join(q.contest.Data, rawName))
	if err != nil {
		return err
	}
	return command(q.rbd(ctx, "create", "--size", fmt.Sprintf("%dB", disk.Size())))
}

func (q qemuImport) run(ctx context.Context) (sample, error) {
	cmd := exec.CommandContext(ctx, "qemu-img", "convert", "-n", "-W", "-m", "16", "-f", "vmdk", "-O", "raw",
		q.contest.file(".vmdk"), q.contest.uri(qemuVolume))
	wall, err := elapsed(cmd)
	if err != nil {
		return sample{}, err
	}
	s := sample{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = r.Maxrss << 10 // KiB, getrusage(2)
	}
	return s, nil
}

func (q qemuImport) clear(ctx context.Context) error {
	return command(q.rbd(ctx, "rm", "--no-progress"))
}

func (q qemuImport) rbd(ctx context.Context, verb string, args ...string) *exec.Cmd {
	c := q.contest
	args = append([]string{"--conf", c.Conf, "--id", c.User, verb, c.Pool + "/" + qemuVolume}, args...)
	return exec.CommandContext(ctx, "rbd", args...)
}

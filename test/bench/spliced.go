package bench

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// splicedImport is our own contestant. Its time includes what qemu-img doesn't
// do: making the volume, reading the archive, checking digests, committing.
type splicedImport struct {
	contest Contest
	daemon  daemon
	proc    proc
}

// How often the daemon's processes are looked at, and how long a worker that has
// answered may take to end.
const (
	sampleEvery  = 20 * time.Millisecond
	workerLinger = 2 * time.Second
)

func (s splicedImport) prepare(context.Context) error {
	return s.proc.forgetPeak(s.daemon.pid)
}

func (s splicedImport) run(ctx context.Context) (sample, error) {
	ova, err := os.Open(s.contest.file(".ova"))
	if err != nil {
		return sample{}, err
	}
	defer ova.Close() //nolint:errcheck // only read from
	before, err := s.proc.tree(s.daemon.pid)
	if err != nil {
		return sample{}, err
	}
	cmd := s.splicectl(ctx, "upload", OVAName, "--pool", configPool)
	cmd.Stdin = ova
	var wall time.Duration
	peak := s.watch(ctx, func() { wall, err = elapsed(cmd) })
	if err != nil {
		return sample{}, err
	}
	after, err := s.settled(ctx, before.processes)
	if err != nil {
		return sample{}, err
	}
	own := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return sample{wall: wall, cpu: after.cpu - before.cpu + own, peak: max(peak, after.peak)}, nil
}

func (s splicedImport) clear(ctx context.Context) error {
	return command(s.splicectl(ctx, "remove", OVAName, "--cascade", "-y"))
}

func (s splicedImport) splicectl(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"--socket", s.daemon.socket, "ova"}, args...)
	return exec.CommandContext(ctx, s.contest.Splicectl, args...)
}

// watch calls do, and returns the largest peak that daemon and workers together
// had meanwhile. Each process counts with its own highest size, so that what
// happens between two looks isn't missed; the sum is never too small.
func (s splicedImport) watch(ctx context.Context, do func()) int64 {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	peak := make(chan int64)
	go func() {
		var most int64
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			if u, err := s.proc.tree(s.daemon.pid); err == nil {
				most = max(most, u.peak)
			}
			select {
			case <-ctx.Done():
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	do()
	cancel()
	return <-peak
}

// settled waits until the import's worker has ended and been waited for, and
// returns the usage then. A worker that stays counts as it is.
func (s splicedImport) settled(ctx context.Context, processes int) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, workerLinger)
	defer cancel()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		u, err := s.proc.tree(s.daemon.pid)
		if err != nil || u.processes <= processes {
			return u, err
		}
		select {
		case <-ctx.Done():
			return u, nil
		case <-tick.C:
		}
	}
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// ErrStuck is returned by Run when the work didn't end within StopTimeout of
// its context. Goroutines are then left behind: the process should end.
var ErrStuck = errors.New("serving did not end in time after it was told to; what it left is put right at the next start")

// Options is what Run needs. Serve and Logger are required.
type Options struct {
	// Listeners are closed by Run as soon as it stops, before Drain: no new
	// connection is accepted, and with it Accept returns net.ErrClosed. Where
	// systemd holds the sockets too, clients wait there for the next start.
	Listeners []*net.UnixListener

	// Serve does the work and calls ready once requests are answered; READY=1
	// goes out then. It returns soon after its context ends, which happens only
	// after the drain. Before that it returns nothing but a fault.
	Serve func(ctx context.Context, ready func()) error

	// Drain refuses new work and returns when none is running, or soon after its
	// context ends. It is called once, when Run stops, next to the running
	// Serve. nil: there is nothing to wait for.
	Drain func(ctx context.Context) error

	// DrainTimeout is how long Drain may take; 0 is DefaultDrainTimeout. Work
	// that still runs is then ended through the context of Serve.
	DrainTimeout time.Duration

	// StopTimeout is how long Serve may take to return after its context ended;
	// 0 is DefaultStopTimeout. The sum of both belongs below TimeoutStopSec=.
	StopTimeout time.Duration

	// Activated says that the service manager holds the sockets and starts the
	// daemon again on the next connection. Without it there is no idle exit.
	Activated bool

	// IdleExit ends an activated daemon after it had nothing to do for so long;
	// 0 is never.
	IdleExit time.Duration

	// Busy says whether anything runs: a request, a job, a connection that must
	// not be cut. It is asked several times per IdleExit. nil: always busy.
	Busy func() bool

	// Healthy returns nil if requests are answered; it is asked at half the
	// watchdog's interval, and its context ends at a quarter. It has to go the
	// way that a request goes, through the dispatcher, and no further: a cluster
	// that is down is no reason to be restarted. nil: always healthy.
	Healthy func(ctx context.Context) error

	// Status is one line for "systemctl status", asked every few seconds and
	// sent when it changed. nil: "serving".
	Status func() string

	// Logger gets the few things that Run has to tell.
	Logger *slog.Logger
}

const (
	// DefaultDrainTimeout lets a small upload finish and a short clone land; a
	// long one is rolled back, and the client sends it again.
	DefaultDrainTimeout = 60 * time.Second
	// DefaultStopTimeout is time to kill workers and to roll their work back.
	DefaultStopTimeout = 20 * time.Second
)

// Run serves until ctx ends, SIGTERM or SIGINT arrives, the daemon was idle for
// long enough, or Serve fails; then it drains and returns. It returns nil after
// an orderly end, also when the drain ran out of time, what Serve returned if
// Serve ended by itself, and ErrStuck if it wouldn't end.
//
// The first SIGTERM or SIGINT, and the end of ctx, drain; a signal during the
// drain ends running work at once, with StopTimeout to roll back; one after that
// doesn't wait for the end either. SIGHUP is ignored, because the configuration
// is read at start only: restart to change it. SIGPIPE is ignored too, until Run
// returns: a log reader that went away is no reason to end.
//
// To the service manager, where there is one, it says READY=1 when Serve is
// ready, STOPPING=1 when it stops, STATUS= in between, and WATCHDOG=1 as long
// as Healthy says so (sd_notify(3), sd_watchdog_enabled(3)). A process that
// stops answering gets SIGABRT from systemd, on which the Go runtime prints
// what every goroutine was waiting for.
func Run(ctx context.Context, o Options) error {
	every, err := sd.SdWatchdogEnabled(true)
	if err != nil {
		return fmt.Errorf("read the watchdog's interval from the environment: %w", err)
	}
	stop, hup, pipe := make(chan os.Signal, 3), make(chan os.Signal, 1), make(chan os.Signal, 1)
	// A channel each: a flood of one must not push the other out.
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	signal.Notify(hup, syscall.SIGHUP)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(stop)
	defer signal.Stop(hup)
	defer signal.Stop(pipe)

	p := process{Options: o.filled(), watchdog: every, stop: stop, hup: hup, tell: func(state string) error {
		_, err := sd.SdNotify(false, state)
		return err
	}}
	return p.run(ctx)
}

// filled returns the options with their defaults.
func (o Options) filled() Options {
	if o.DrainTimeout == 0 {
		o.DrainTimeout = DefaultDrainTimeout
	}
	if o.StopTimeout == 0 {
		o.StopTimeout = DefaultStopTimeout
	}
	if o.Drain == nil {
		o.Drain = func(context.Context) error { return nil }
	}
	if o.Busy == nil {
		o.Busy = func() bool { return true }
	}
	if o.Healthy == nil {
		o.Healthy = func(context.Context) error { return nil }
	}
	if o.Status == nil {
		o.Status = func() string { return "serving" }
	}
	return o
}

package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// guests is the least that can be served: who connects is greeted, and is
// running work until it hangs up.
type guests struct {
	listener *net.UnixListener
	all      sync.WaitGroup
	now      atomic.Int32
}

func (g *guests) serve(ctx context.Context, ready func()) error {
	ready()
	for {
		c, err := g.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			<-ctx.Done()
			return nil
		}
		if err != nil {
			return err
		}
		g.now.Add(1)
		g.all.Go(func() {
			defer g.now.Add(-1)
			defer func() { _ = c.Close() }()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			_, _ = io.WriteString(c, "served\n")
			_, _ = io.Copy(io.Discard, c)
		})
	}
}

func (g *guests) drain(ctx context.Context) error {
	gone := make(chan struct{})
	go func() { g.all.Wait(); close(gone) }()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runChild is a daemon with everything real but what it serves.
func runChild() int {
	log := Logger(os.Stderr, slog.LevelDebug)
	all, err := Sockets("spliced.sock")
	activated := len(all) > 0
	if err == nil && !activated {
		var l *net.UnixListener
		l, err = Listen(context.Background(), "s", "")
		all = []*net.UnixListener{l}
	}
	if err != nil {
		log.Error("no socket", slog.Any("cause", err))
		return 2
	}
	g := &guests{listener: all[0]}
	idle, _ := time.ParseDuration(os.Getenv("CHILD_IDLE"))
	err = Run(context.Background(), Options{
		Listeners: all, Serve: g.serve, Drain: g.drain, Logger: log, Activated: activated, IdleExit: idle,
		Busy: func() bool { return g.now.Load() > 0 },
		Healthy: func(context.Context) error {
			if os.Getenv("CHILD_SICK") != "" {
				return errors.New("sick")
			}
			return nil
		},
	})
	if err != nil {
		log.Error("ended", slog.Any("cause", err))
		return 3
	}
	return 0
}

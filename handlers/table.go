package handlers

import (
	"context"
	"log/slog"
	"time"

	"spliced/api"
	"spliced/catalog"
	"spliced/job"
	"spliced/rpc"
)

// Daemon is what the methods work on.
type Daemon struct {
	Version string
	Socket  string // path of the daemon's own socket, which is no source; "" when unknown
	Limits  api.Limits
	Started time.Time
	Catalog *catalog.Catalog
	Jobs    *job.Jobs
	Logger  *slog.Logger

	subscriptions subscriptions
}

// Table returns all methods.
func Table(d *Daemon) []rpc.Method {
	table := append(d.daemonMethods(), d.imageMethods()...)
	table = append(table, d.ovaMethods()...)
	table = append(table, d.adoptMethods()...)
	table = append(table, d.checkMethods()...)
	table = append(table, d.templateMethods()...)
	table = append(table, d.entryMethods(api.KindProfile, write)...)
	table = append(table, d.entryMethods(api.KindUserdata, write)...)
	table = append(table, d.entryMethods(api.KindScript, admin)...) // scripts run on the host
	table = append(table, d.vmMethods()...)
	table = append(table, d.jobMethods()...)
	// The description holds itself: it is bound last, and shown all the same.
	var all []rpc.Method
	all = append(table, rpc.Bind(read("rpc.discover", "Describes all methods as an OpenRPC document."),
		func(context.Context, *rpc.Call, api.None) (any, error) {
			return rpc.Discover(rpc.Info{Title: "spliced", Version: d.Version}, all), nil
		}))
	return all
}

// read, write, admin and work are rows that differ in what they need: reading,
// changing something at once, the same with power over the host, and changing
// something by a job.
func read(name, doc string, errors ...rpc.Code) rpc.Method {
	return rpc.Method{Name: name, Access: rpc.AccessRead, Doc: doc, Errors: errors}
}

func write(name, doc string, errors ...rpc.Code) rpc.Method {
	return rpc.Method{Name: name, Access: rpc.AccessWrite, Doc: doc, Errors: append(errors, rpc.Denied)}
}

func admin(name, doc string, errors ...rpc.Code) rpc.Method {
	m := write(name, doc, errors...)
	m.Access = rpc.AccessAdmin
	return m
}

func work(name, doc string, errors ...rpc.Code) rpc.Method {
	m := write(name, doc, append(errors, rpc.Busy, rpc.ClusterUnavailable, rpc.Cancelled, rpc.DaemonRestart, rpc.StateCorrupt)...)
	m.Job = true
	return m
}

// taking is a row for a method that takes one descriptor.
func taking(m rpc.Method) rpc.Method {
	m.MinFDs, m.MaxFDs = 1, 1
	return m
}

package handlers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"

	"spliced/api"
	"spliced/catalog"
	"spliced/rpc"
)

// firstOf returns the first failure.
func firstOf(failures ...error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// inField makes a failure one of that parameter.
func inField(field string, err error) error {
	if err == nil {
		return nil
	}
	return rpc.Errorf(rpc.InvalidParams, "%w.", err).WithField(field)
}

func named(field, name string) error { return inField(field, api.CheckName(name)) }

// unreserved keeps images from names that other volumes get by themselves.
func unreserved(name string) error {
	for _, prefix := range []string{"spliced.", "ova_"} {
		if strings.HasPrefix(name, prefix) {
			return inField("name", fmt.Errorf("names that begin with %q are kept for volumes that the daemon names", prefix))
		}
	}
	return nil
}

// source takes the descriptor that an upload comes from, if it is one to read
// from.
func (d *Daemon) source(c *rpc.Call, s api.Source) (*os.File, error) {
	src, err := c.TakeFD(s.FD)
	if err != nil {
		return nil, err
	}
	if _, err := rpc.CheckSource(src, d.Socket); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return src, nil
}

func caller(c *rpc.Call) catalog.Caller {
	name := strconv.FormatUint(uint64(c.Peer.UID), 10)
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	return catalog.Caller{UID: c.Peer.UID, User: name, Gone: c.Closed()}
}

// absent puts the absence of an object in words.
func absent(err error, what string) error {
	if errors.Is(err, fs.ErrNotExist) && !errors.As(err, new(*rpc.Error)) {
		return rpc.Errorf(rpc.NotFound, "there is no such %s.", what)
	}
	return err
}

package main

import (
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"spliced/rpc"
)

// policy makes the access rules of the configuration a function of the peer.
// Names are looked up once: a user or group that isn't there has no access.
func (a accessConfig) policy() (func(rpc.Peer) rpc.Access, error) {
	levels := []struct {
		level rpc.Access
		names []string
	}{{rpc.AccessAdmin, a.Admin}, {rpc.AccessWrite, a.Write}, {rpc.AccessRead, a.Read}}
	users, groups := map[uint32]rpc.Access{0: rpc.AccessAdmin}, map[uint32]rpc.Access{}
	for _, l := range levels {
		for _, name := range l.names {
			id, ok, err := lookUp(name)
			if err != nil {
				return nil, fmt.Errorf("access.%s: %w", l.level, err)
			}
			to := users
			if strings.HasPrefix(name, "@") {
				to = groups
			}
			if ok {
				to[id] = max(to[id], l.level)
			}
		}
	}
	return func(p rpc.Peer) rpc.Access {
		level := users[p.UID]
		for _, g := range append(slices.Clone(p.Groups), p.GID) {
			level = max(level, groups[g])
		}
		return level
	}, nil
}

// lookUp finds the number of a user, or of a @group; numbers stand for
// themselves. ok is false where the system has none of that name.
func lookUp(name string) (id uint32, ok bool, err error) {
	plain, group := strings.CutPrefix(name, "@")
	if plain == "" {
		return 0, false, fmt.Errorf("%q names nobody", name)
	}
	text := plain
	if _, err := strconv.Atoi(plain); err != nil {
		if text = numberOf(plain, group); text == "" {
			return 0, false, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, false, fmt.Errorf("%q is no user or group id", name)
	}
	return uint32(n), true, nil
}

func numberOf(name string, group bool) string {
	if group {
		if g, err := user.LookupGroup(name); err == nil {
			return g.Gid
		}
		return ""
	}
	if u, err := user.Lookup(name); err == nil {
		return u.Uid
	}
	return ""
}

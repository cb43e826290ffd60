package main

import (
	"os/user"
	"strconv"
	"testing"

	"spliced/rpc"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	const some, group = 54321, 65432 // numbers that no system gives out
	for _, c := range []struct {
		name   string
		access accessConfig
		peer   rpc.Peer
		want   rpc.Access
	}{
		{"root", accessConfig{}, rpc.Peer{}, rpc.AccessAdmin},
		{"nobody in particular", accessConfig{}, rpc.Peer{UID: some, GID: group}, rpc.AccessNone},
		{"user by number", accessConfig{Read: []string{"54321"}}, rpc.Peer{UID: some}, rpc.AccessRead},
		{"user by name", accessConfig{Write: []string{"daemon"}}, rpc.Peer{UID: uid(t, "daemon")}, rpc.AccessWrite},
		{"primary group", accessConfig{Write: []string{"@65432"}}, rpc.Peer{UID: some, GID: group}, rpc.AccessWrite},
		{"further group", accessConfig{Admin: []string{"@65432"}}, rpc.Peer{UID: some, GID: 1, Groups: []uint32{2, group}}, rpc.AccessAdmin},
		{"most of several", accessConfig{Read: []string{"54321"}, Write: []string{"@65432"}}, rpc.Peer{UID: some, GID: group}, rpc.AccessWrite},
		{"most, whatever the order", accessConfig{Admin: []string{"54321"}, Read: []string{"54321"}}, rpc.Peer{UID: some}, rpc.AccessAdmin},
		{"a user's number is no group's", accessConfig{Admin: []string{"65432"}}, rpc.Peer{UID: some, GID: group}, rpc.AccessNone},
		{"a group's number is no user's", accessConfig{Admin: []string{"@54321"}}, rpc.Peer{UID: some, GID: 1}, rpc.AccessNone},
		{"names that nobody has", accessConfig{Admin: []string{"no-such-user", "@no-such-group"}}, rpc.Peer{UID: some}, rpc.AccessNone},
		{"group root is not root", accessConfig{}, rpc.Peer{UID: some, GID: 0}, rpc.AccessNone},
	} {
		policy, err := c.access.policy()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := policy(c.peer); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, name := range []string{"", "@", "-1", "@-1", "99999999999"} {
		if _, err := (accessConfig{Read: []string{name}}).policy(); err == nil {
			t.Errorf("%q was taken for a name", name)
		}
	}
}

func uid(t *testing.T, name string) uint32 {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Skipf("no user %s: %v", name, err)
	}
	n, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

package ceph

import (
	"testing"

	"github.com/ceph/go-ceph/rados"
)

// Features are those of new images.
const Features = features

// SetFeatures gives the pool's new images other features, for comparison.
func SetFeatures(p *Pool, bits uint64) { p.features = bits }

// Address is the pool's own network address, as "osd blocklist" takes it.
func Address(tb testing.TB, p *Pool) string {
	tb.Helper()
	const object = "spliced.test"
	if err := p.ioctx.Create(object, rados.CreateIdempotent); err != nil {
		tb.Fatal(err)
	}
	if _, err := p.ioctx.LockExclusive(object, "who", "me", "", 0, nil); err != nil {
		tb.Fatal(err)
	}
	info, err := p.ioctx.ListLockers(object, "who")
	if err != nil || len(info.Addrs) != 1 {
		tb.Fatalf("%v %v", info, err)
	}
	return info.Addrs[0]
}

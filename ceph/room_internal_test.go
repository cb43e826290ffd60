package ceph

import (
	"testing"

	"spliced/block"
)

func TestQuotaIsThePoolsSize(t *testing.T) {
	for _, test := range []struct {
		stored, free, quota int64
		want                block.Room
	}{
		{10, 90, 0, block.Room{Size: 100, Free: 90}},
		{10, 90, 50, block.Room{Size: 50, Free: 40}},
		{60, 40, 50, block.Room{Size: 50, Free: 0}},
		{10, 90, 1000, block.Room{Size: 100, Free: 90}},
		{0, 0, 0, block.Room{}},
	} {
		if got := room(test.stored, test.free, test.quota); got != test.want {
			t.Errorf("room(%d, %d, %d) = %+v, want %+v", test.stored, test.free, test.quota, got, test.want)
		}
	}
}

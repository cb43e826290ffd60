package ceph

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"

	"spliced/block"
)

// A df is what the monitors' command "df detail" answers, as far as it matters.
type df struct {
	Pools []struct {
		Name  string `json:"name"`
		Stats struct {
			Stored int64 `json:"stored"`      // bytes of data, each copy counted once
			Free   int64 `json:"max_avail"`   // bytes that could still be stored
			Quota  int64 `json:"quota_bytes"` // 0: none
		} `json:"stats"`
	} `json:"pools"`
}

// Room implements block.Pool. Ceph knows it to some seconds and, as full OSDs
// hold up all, only roughly. A namespace has the room of its pool.
func (p *Pool) Room(ctx context.Context) (block.Room, error) {
	err := ready(ctx)
	var room block.Room
	if err == nil {
		room, err = p.room()
	}
	if err != nil {
		return block.Room{}, fmt.Errorf("cannot tell the room of pool %q: %w", p.name, cause(err))
	}
	return room, nil
}

func (p *Pool) room() (block.Room, error) {
	command, err := json.Marshal(map[string]string{"prefix": "df", "detail": "detail", "format": "json"})
	if err != nil {
		return block.Room{}, err
	}
	text, status, err := p.conn.MonCommand(command)
	if err != nil {
		return block.Room{}, fmt.Errorf("%w %s", cause(err), status)
	}
	var answer df
	if err := json.Unmarshal(text, &answer); err != nil {
		return block.Room{}, fmt.Errorf("cannot read the answer of Ceph's command df: %w", err)
	}
	for _, pool := range answer.Pools {
		if s := pool.Stats; pool.Name == p.name {
			return room(s.Stored, s.Free, s.Quota), nil
		}
	}
	return block.Room{}, fs.ErrNotExist
}

// room is the room of a pool that has stored and free bytes; a quota of 0 is none.
func room(stored, free, quota int64) block.Room {
	r := block.Room{Size: stored + free, Free: free}
	if quota > 0 && quota < r.Size {
		r = block.Room{Size: quota, Free: max(quota-stored, 0)}
	}
	return r
}

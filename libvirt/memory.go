package libvirt

import (
	"context"
	"fmt"
	"math"

	remote "github.com/digitalocean/go-libvirt"
)

// Memory is the memory of the host, in bytes.
type Memory struct {
	Total int64
	Free  int64 // with what only caches hold
}

// Memory tells what the host has.
func (h *Host) Memory(ctx context.Context) (Memory, error) {
	const allCells = -1 // VIR_NODE_MEMORY_STATS_ALL_CELLS
	var stats []remote.NodeGetMemoryStats
	err := h.do(ctx, func() error {
		_, count, err := h.remote.NodeGetMemoryStats(0, allCells, 0) // asks how many there are
		if err == nil {
			stats, _, err = h.remote.NodeGetMemoryStats(count, allCells, 0)
		}
		return err
	})
	if err != nil {
		return Memory{}, fmt.Errorf("cannot tell the memory of the host: %w", err)
	}
	var m Memory
	for _, s := range stats {
		bytes := int64(min(s.Value, math.MaxInt64>>10)) << 10 // libvirt counts KiB
		switch s.Field {
		case "total":
			m.Total = bytes
		case "free", "buffers", "cached":
			m.Free += bytes
		}
	}
	return m, nil
}

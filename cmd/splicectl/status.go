package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

func (c *cli) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how the daemon is",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				status, err := ask[api.Status](cmd.Context(), conn, "daemon.status", nil)
				if err != nil {
					return err
				}
				return write(c, status, statusTable)
			})
		},
	}
}

func statusTable(w io.Writer, s api.Status) {
	row(w, "Version:", dash(s.Version))
	row(w, "Up for:", span(time.Duration(s.Uptime)*time.Second))
	row(w, "Jobs:", jobCounts(s.Jobs))
	if s.Cleanup > 0 {
		row(w, "Clean-up:", "the remains of "+count(s.Cleanup, "job", "jobs")+" are still to be removed")
	}
	for _, text := range s.Corrupt {
		row(w, "Corrupt:", clean(text))
	}
	if len(s.Pools) > 0 {
		row(w)
		poolTable(w, s.Pools)
	}
}

// jobCounts lists states in the order in which a job goes through them, and at
// the end those that only a newer daemon has.
func jobCounts(counts map[string]int) string {
	order := []string{"queued", "running", "pending", "committing", "succeeded", "failed", "cancelled"}
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		if !slices.Contains(order, state) {
			order = append(order, state)
		}
	}
	var parts []string
	for _, state := range order {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, clean(state)))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

package main

import (
	"cmp"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"spliced/api"
)

// pool makes the commands about pools.
func (c *cli) pool() *cobra.Command {
	return group(&cobra.Command{Use: "pool", Short: "Where images are kept"}, &cobra.Command{
		Use:   "list",
		Short: "List the pools with their room",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, "pool.list", nil, "", "pools", poolTable)
		},
	})
}

func poolTable(w io.Writer, pools []api.Pool) {
	slices.SortFunc(pools, func(a, b api.Pool) int { return cmp.Compare(a.Name, b.Name) })
	row(w, "NAME", "DRIVER", "SIZE", "FREE", "HEALTH", "REASON")
	for _, p := range pools {
		row(w, dash(p.Name), dash(p.Driver), humanOrDash(p.Size), humanOrDash(p.Free), dash(string(p.Health)), clean(p.Reason))
	}
}

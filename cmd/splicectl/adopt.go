package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

const adoptHelp = `Makes the records of appliances anew, with their templates and profiles, from what their
pool knows of them: on another host that has the same pool, or on a rebuilt one.`

func (c *cli) ovaAdopt() *cobra.Command {
	var (
		pool string
		all  bool
	)
	cmd := &cobra.Command{
		Use:   "adopt [NAME…]",
		Short: "Take over appliances that are in a pool already",
		Long:  adoptHelp,
		Example: `  splicectl ova adopt web --pool vms
  splicectl ova adopt --all --pool vms`,
		Args: between(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return misuse(seeHelp(cmd), "Cannot adopt: name appliances, or say --all.")
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
				names := args
				if pool, err = onlyPool(cmd.Context(), conn, pool); err == nil && all {
					names, err = c.adoptable(cmd.Context(), conn, pool)
				}
				if err != nil {
					return err
				}
				return c.each(cmd.Context(), names, func(name string) error {
					return c.work(cmd.Context(), conn, "ova.adopt", api.OVAAdopt{Pool: pool, Name: name}, quick)
				})
			})
		},
	}
	c.poolFlag(cmd, &pool)
	cmd.Flags().BoolVar(&all, "all", false, "all that can be")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return c.names(cmd.Context(), "ova.adoptable", api.OVAAdoptable{Pool: pool}), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// adoptable names all OVAs that can be adopted.
func (c *cli) adoptable(ctx context.Context, conn *client.Client, pool string) ([]string, error) {
	list, err := ask[[]api.Adoptable](ctx, conn, "ova.adoptable", api.OVAAdoptable{Pool: pool})
	if err == nil && len(list.value) == 0 {
		c.note("Pool %q has no OVAs to adopt.", pool)
	}
	var names []string
	for _, a := range list.value {
		names = append(names, a.Name)
	}
	return names, err
}

func (c *cli) ovaAdoptable() *cobra.Command {
	var params api.OVAAdoptable
	cmd := &cobra.Command{
		Use:     "adoptable",
		Short:   "List the appliances in a pool that this host has no record of",
		Example: "  splicectl ova adoptable --pool vms",
		Args:    between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			err = c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
				params.Pool, err = onlyPool(cmd.Context(), conn, params.Pool)
				return err
			})
			if err != nil {
				return err
			}
			return listing(cmd.Context(), c, "ova.adoptable", &params, "", "OVAs to adopt", adoptableTable)
		},
	}
	c.poolFlag(cmd, &params.Pool)
	return cmd
}

func adoptableTable(w io.Writer, list []api.Adoptable) {
	slices.SortFunc(list, func(a, b api.Adoptable) int { return cmp.Compare(a.Name, b.Name) })
	row(w, "NAME", "DISKS", "FROM HOST")
	for _, a := range list {
		row(w, dash(a.Name), fmt.Sprint(a.Disks), dash(a.Host))
	}
}

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

// An adoption is what the commands for images and for OVAs differ in.
type adoption struct {
	method string // without its verb
	whats  string
	long   string
	params func(pool, name string) any
	list   func(pool string) any
}

func ovaAdoption() adoption {
	return adoption{
		method: "ova", whats: "OVAs",
		long: `Makes the records of appliances anew, with their templates and profiles, from what their
pool knows of them: on another host that has the same pool, or on a rebuilt one.`,
		params: func(pool, name string) any { return api.OVAAdopt{Pool: pool, Name: name} },
		list:   func(pool string) any { return api.OVAAdoptable{Pool: pool} },
	}
}

func imageAdoption() adoption {
	return adoption{
		method: "image", whats: "images",
		long: `Makes the records of images anew from what their pool knows of them: on another host that
has the same pool, or on a rebuilt one.`,
		params: func(pool, name string) any { return api.ImageAdopt{Pool: pool, Name: name} },
		list:   func(pool string) any { return api.ImageAdoptable{Pool: pool} },
	}
}

func (c *cli) adopt(a adoption) *cobra.Command {
	var (
		pool string
		all  bool
	)
	cmd := &cobra.Command{
		Use:     "adopt [NAME…]",
		Short:   "Take over " + a.whats + " that are in a pool already",
		Long:    a.long,
		Example: fmt.Sprintf("  splicectl %[1]s adopt web --pool vms\n  splicectl %[1]s adopt --all --pool vms", a.method),
		Args:    between(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return misuse(seeHelp(cmd), "Cannot adopt: name %s, or say --all.", a.whats)
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
				names := args
				if pool, err = onlyPool(cmd.Context(), conn, pool); err == nil && all {
					names, err = c.adoptable(cmd.Context(), conn, a, pool)
				}
				if err != nil {
					return err
				}
				return c.each(cmd.Context(), names, func(name string) error {
					return c.work(cmd.Context(), conn, a.method+".adopt", a.params(pool, name), quick)
				})
			})
		},
	}
	c.poolFlag(cmd, &pool)
	cmd.Flags().BoolVar(&all, "all", false, "all that can be")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return c.names(cmd.Context(), a.method+".adoptable", a.list(pool)), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// adoptable names all that can be adopted.
func (c *cli) adoptable(ctx context.Context, conn *client.Client, a adoption, pool string) ([]string, error) {
	list, err := ask[[]api.Adoptable](ctx, conn, a.method+".adoptable", a.list(pool))
	if err == nil && len(list.value) == 0 {
		c.note("Pool %q has no %s to adopt.", pool, a.whats)
	}
	var names []string
	for _, found := range list.value {
		names = append(names, found.Name)
	}
	return names, err
}

func (c *cli) adoptables(a adoption) *cobra.Command {
	var pool string
	cmd := &cobra.Command{
		Use:     "adoptable",
		Short:   "List the " + a.whats + " in a pool that this host has no record of",
		Example: fmt.Sprintf("  splicectl %s adoptable --pool vms", a.method),
		Args:    between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			err = c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
				pool, err = onlyPool(cmd.Context(), conn, pool)
				return err
			})
			if err != nil {
				return err
			}
			return listing(cmd.Context(), c, a.method+".adoptable", a.list(pool), "", a.whats+" to adopt", adoptableTable)
		},
	}
	c.poolFlag(cmd, &pool)
	return cmd
}

func adoptableTable(w io.Writer, list []api.Adoptable) {
	slices.SortFunc(list, func(a, b api.Adoptable) int { return cmp.Compare(a.Name, b.Name) })
	row(w, "NAME", "DISKS", "FROM HOST")
	for _, a := range list {
		row(w, dash(a.Name), fmt.Sprint(a.Disks), dash(a.Host))
	}
}

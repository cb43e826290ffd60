package main

import (
	"context"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

// vm makes the commands about virtual machines.
func (c *cli) vm() *cobra.Command {
	return group(&cobra.Command{Use: "vm", Short: "Virtual machines made from profiles"},
		c.vmCreate(), c.vmRender(), c.vmList(), c.vmShow(), c.vmRemove())
}

const vmCreateHelp = `Makes a virtual machine from a profile: clones of the disks that the profile has, new ones,
and what cloud-init reads. Then it is defined in libvirt and started, unless told otherwise.
Everything that can be is verified first; should anything fail later, nothing is left.`

func (c *cli) vmCreate() *cobra.Command {
	var (
		flags             vmFlags
		noDefine, noStart bool
		dryRun, noWait    bool
	)
	cmd := &cobra.Command{
		Use:   "create NAME --profile PROFILE",
		Short: "Make a virtual machine",
		Long:  vmCreateHelp,
		Example: `  splicectl vm create web1 --profile web
  splicectl vm create web2 --profile web --disk-pool sda=fast --argument suite=trixie --no-start
  splicectl vm create web3 --profile web --dry-run`,
		Args: between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			params, err := flags.params("create", args[0])
			if err != nil {
				return err
			}
			params.DryRun = dryRun
			if noDefine {
				params.Define = new(false)
			}
			if noStart {
				params.Start = new(false)
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				return c.createVM(cmd.Context(), conn, params, noWait)
			})
		},
	}
	flags.add(c, cmd)
	cmd.Flags().BoolVar(&noDefine, "no-define", false, "don't define it in libvirt, so don't start it either")
	cmd.Flags().BoolVar(&noStart, "no-start", false, "don't start it")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "verify everything, and make nothing")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "start the job and leave")
	return cmd
}

func (c *cli) createVM(ctx context.Context, conn *client.Client, params *api.VMCreate, noWait bool) error {
	switch {
	case params.DryRun:
		plan, err := ask[api.VMResult](ctx, conn, "vm.create", params)
		if err != nil {
			return err
		}
		return write(c, plan, vmPlan)
	case noWait:
		started, err := c.begin(ctx, conn, "vm.create", params)
		if err != nil {
			return err
		}
		return c.begun(started)
	}
	return c.work(ctx, conn, "vm.create", params, quick)
}

func (c *cli) vmRender() *cobra.Command {
	var flags vmFlags
	cmd := &cobra.Command{
		Use:   "render NAME --profile PROFILE",
		Short: "Write the domain XML that a virtual machine would have",
		Long:  "Writes the libvirt domain that vm create would define, and touches nothing.",
		Example: `  splicectl vm render web1 --profile web >web1.xml
  splicectl vm render web1 --profile web -o json`,
		Args: between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			params, err := flags.params("render", args[0])
			if err != nil {
				return err
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				plan, err := ask[api.VMResult](cmd.Context(), conn, "vm.render", params)
				if err != nil {
					return err
				}
				if c.format != formatTable || plan.value.VM == nil {
					return c.writeDocument(plan.raw)
				}
				c.warn(plan.value.Warnings)
				return c.writeForeign(plan.value.XML)
			})
		},
	}
	flags.add(c, cmd)
	return cmd
}

// warn tells of warnings where the result has no place for them.
func (c *cli) warn(warnings []string) {
	for _, text := range warnings {
		c.note("Warning: %s", clean(text))
	}
}

func (c *cli) vmList() *cobra.Command {
	var params api.List
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the virtual machines that were made here",
		Example: "  splicectl vm list --match '^web'",
		Args:    between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, "vm.list", &params, params.Match, "VMs", vmTable)
		},
	}
	matchFlag(cmd, &params.Match)
	return cmd
}

func (c *cli) vmShow() *cobra.Command {
	var xml bool
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a virtual machine",
		Example: "  splicectl vm show web1 --xml",
		Args:    between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				vm, err := ask[api.VM](cmd.Context(), conn, "vm.show", api.VMRef{Name: args[0]})
				if err != nil {
					return err
				}
				if xml {
					return c.writeForeign(vm.value.XML)
				}
				return write(c, vm, vmDetails)
			})
		},
	}
	cmd.Flags().BoolVar(&xml, "xml", false, "write its domain XML, and nothing else")
	cmd.ValidArgsFunction = c.completeNames("vm.list", nil, 1)
	return cmd
}

func (c *cli) vmRemove() *cobra.Command {
	var yes, destroy bool
	cmd := &cobra.Command{
		Use:     "remove NAME…",
		Aliases: []string{"rm"},
		Short:   "Remove virtual machines and their volumes",
		Long: `Removes virtual machines from libvirt, and exactly the volumes that were made for them.
One that runs stays, unless --destroy allows to cut its power.`,
		Example: "  splicectl vm remove --yes --destroy web1 web2",
		Args:    between(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				return c.remove(cmd.Context(), conn, removal{
					method: "vm.remove", what: "VM", whats: "VMs", names: args, yes: yes,
					params: func(name string) any { return api.VMRemove{Name: name, Destroy: destroy} },
				})
			})
		},
	}
	yesFlag(cmd, &yes)
	cmd.Flags().BoolVar(&destroy, "destroy", false, "also those that run: their power is cut")
	cmd.ValidArgsFunction = c.completeNames("vm.list", nil, -1)
	return cmd
}

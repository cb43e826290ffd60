package main

import (
	"github.com/spf13/cobra"

	"spliced/api"
)

// vmFlags are the flags that vm create and vm render have in common.
type vmFlags struct {
	vm         api.VMCreate
	diskPools  []string
	arguments  []string
	properties []string
}

func (f *vmFlags) add(c *cli, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.vm.Profile, "profile", "", "make it from the profile `NAME`")
	must(cmd.RegisterFlagCompletionFunc("profile", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return c.names(cmd.Context(), "profile.list", nil), cobra.ShellCompDirectiveNoFileComp
	}))
	c.poolFlag(cmd, &f.vm.Pool)
	flags.Lookup("pool").Usage = "all disks go to the pool `NAME`, in place of what templates say"
	flags.StringArrayVar(&f.diskPools, "disk-pool", nil, "a disk goes to a pool of its own: `DISK=POOL`; may be repeated")
	flags.IntVar(&f.vm.VMID, "vmid", 0, "its number is `N`, of 1 to 65535; the lowest free one unless given")
	flags.StringArrayVar(&f.arguments, "argument", nil, "an argument for the script, over the profile's: `KEY=VALUE`; may be repeated")
	flags.StringArrayVar(&f.properties, "property", nil, "a property of the OVA's descriptor, over those of its upload: `KEY=VALUE`; may be repeated")
	flags.BoolVar(&f.vm.Force, "force", false, "even if a pool gets fuller than the limit")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
}

// params checks what was given.
func (f *vmFlags) params(verb, name string) (*api.VMCreate, error) {
	if err := checkName(verb+" VM", name); err != nil {
		return nil, err
	}
	if f.vm.Profile == "" {
		return nil, misuse("", "Cannot %s VM %q: --profile says from what.", verb, name)
	}
	f.vm.Name = name
	for _, one := range []struct {
		flag  string
		pairs []string
		into  *map[string]string
	}{{"disk-pool", f.diskPools, &f.vm.Pools}, {"argument", f.arguments, &f.vm.Arguments}, {"property", f.properties, &f.vm.Properties}} {
		var err error
		if *one.into, err = parsePairs(one.flag, one.pairs); err != nil {
			return nil, err
		}
	}
	return &f.vm, nil
}

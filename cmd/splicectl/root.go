package main

import (
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"spliced/client"
)

const rootHelp = `splicectl asks the spliced daemon to take disk images and virtual appliances into
its storage pools, to keep templates and profiles, and to make virtual machines of
them, and shows what is there.

Exit status:
  0     done
  1-17  the daemon's answer: 1 invalid-state, 2 not-found, 3 exists, 4 busy, 5 denied,
        6 unsupported, 7 bad-source, 8 bad-image, 9 integrity, 10 no-space,
        11 cluster-unavailable, 12 cancelled, 13 limit, 14 source-io, 15 stalled,
        16 daemon-restart, 17 state-corrupt
  64    the command line can't be used, or has a value that the daemon refuses
  66    a file can't be opened
  69    the daemon can't be reached
  70    the daemon and splicectl don't understand each other
  74    the result can't be written`

// root makes the tree of commands.
func (c *cli) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:           "splicectl",
		Short:         "Take disk images and appliances into storage pools, and make VMs of them",
		Long:          rootHelp,
		Version:       version(),
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
	}, c.image(), c.ova(), c.template(), c.entries(profileKind()), c.entries(userdataKind()), c.entries(scriptKind()), c.export(), c.importCommand(),
		c.vm(), c.fsck(), c.job(), c.pool(), c.status(), c.man())
	root.PersistentFlags().StringVar(&c.socket, "socket", client.DefaultSocket, "the daemon's socket is at `PATH`")
	root.PersistentFlags().VarP(&c.format, "output", "o", "write results as table, json or yaml")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return misuse(seeHelp(cmd), "Cannot use the flags: %v.", err)
	})
	root.SetVersionTemplate("splicectl {{.Version}}\n")
	must(root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp)))
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.InitDefaultCompletionCmd() // it writes to what was set up to here
	for _, cmd := range root.Commands() {
		if shell, _, err := cmd.Find([]string{"powershell"}); err == nil && shell != cmd {
			cmd.RemoveCommand(shell) // where spliced runs, there is none
		}
	}
	return root
}

// version is what the Go tool recorded at build time.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown version)"
}

// must is for what only a mistake in this program can make fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// group makes a command that only holds others. By itself it is no request, and
// must not succeed.
func group(cmd *cobra.Command, members ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(members...)
	cmd.Args = cobra.ArbitraryArgs
	cmd.SuggestionsMinimumDistance = 2 // letters wrong
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return misuse(seeHelp(cmd), "Cannot do %q: it needs a command behind it: %s.", cmd.CommandPath(), strings.Join(memberNames(cmd), ", "))
		}
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return misuse("Did you mean "+strings.Join(near, " or ")+"?", "Cannot do %q: there is no such command.", cmd.CommandPath()+" "+args[0])
		}
		return misuse(seeHelp(cmd), "Cannot do %q: there is no such command.", cmd.CommandPath()+" "+args[0])
	}
	return cmd
}

func memberNames(cmd *cobra.Command) []string {
	var names []string
	for _, member := range cmd.Commands() {
		if !member.Hidden {
			names = append(names, member.Name())
		}
	}
	return names
}

func seeHelp(cmd *cobra.Command) string { return "See " + cmd.CommandPath() + " --help" }

// between checks how many arguments there are; most is -1 for no limit.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return misuse(seeHelp(cmd), "Cannot do %q: it needs more arguments: %s.", cmd.CommandPath(), cmd.UseLine())
		case most >= 0 && len(args) > most:
			return misuse(seeHelp(cmd), "Cannot do %q: %q is one argument too many: %s.", cmd.CommandPath(), args[most], cmd.UseLine())
		}
		return nil
	}
}

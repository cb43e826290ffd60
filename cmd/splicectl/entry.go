package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

// template makes the commands about templates.
func (c *cli) template() *cobra.Command {
	return group(&cobra.Command{Use: "template", Short: "Hardware, networks and disks that profiles refer to"},
		c.entries(systemKind()), c.entries(networkKind()), c.entries(storageKind()), c.templateList())
}

// entries makes the commands about one kind of entries.
func (c *cli) entries(k *kind) *cobra.Command {
	short := strings.ToUpper(k.nouns[:1]) + k.nouns[1:]
	return group(&cobra.Command{Use: string(k.id), Short: short, Long: k.about},
		c.entryCreate(k), c.entryModify(k), c.entryEdit(k), c.entryRemove(k), c.entryList(k), c.entryShow(k))
}

func (c *cli) entryCreate(k *kind) *cobra.Command {
	source := specSource{cli: c, kind: k}
	cmd := &cobra.Command{
		Short:   fmt.Sprintf("Create %s", article(k.noun)),
		Long:    fmt.Sprintf("Creates %s.\n\n%s\n\n%s", article(k.noun), k.about, source.help()),
		Example: k.example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkName("create "+k.noun, args[0]); err != nil {
				return err
			}
			spec, err := source.spec(cmd.Context(), args[1:])
			if err != nil {
				return err
			}
			k.complete(spec)
			return c.putEntry(cmd.Context(), k, "create", args[0], spec, "")
		},
	}
	source.flags(cmd, "create", k.fields)
	cmd.ValidArgsFunction = completeUpload
	return cmd
}

func (c *cli) entryModify(k *kind) *cobra.Command {
	source := specSource{cli: c, kind: k}
	var generation string
	cmd := &cobra.Command{
		Short:   fmt.Sprintf("Modify %s", article(k.noun)),
		Long:    fmt.Sprintf("Modifies %s. What isn't named stays as it is.\n\n%s", article(k.noun), source.help()),
		Example: modifyExample(k),
		RunE: func(cmd *cobra.Command, args []string) error {
			patch, err := source.spec(cmd.Context(), args[1:])
			if err != nil {
				return err
			}
			if len(patch) == 0 {
				return misuse(seeHelp(cmd), "Cannot modify %s %q: nothing says what is to be changed.", k.noun, args[0])
			}
			return c.putEntry(cmd.Context(), k, "modify", args[0], patch, generation)
		},
	}
	source.flags(cmd, "modify", modifiable(k.fields))
	cmd.Flags().StringVar(&generation, "expect-generation", "", "only if its generation is still `G`, as show has it")
	if !k.text() {
		source.unsetFlag(cmd)
	}
	cmd.ValidArgsFunction = c.completeEntry(k)
	return cmd
}

func modifyExample(k *kind) string {
	switch k.id {
	case api.KindSystem:
		return "  splicectl template system modify small --vram 2048 --unset vnc --unset machine"
	case api.KindNetwork:
		return "  splicectl template network modify lan --network 100 --network 101"
	case api.KindStorage:
		return "  echo 'disks: [{id: sda, pool: vms, size: 8GiB}]' | splicectl template storage modify web --file -"
	case api.KindProfile:
		return "  splicectl profile modify web --network-template dmz --unset script --unset arguments.suite"
	case api.KindUserdata, api.KindScript:
	}
	return fmt.Sprintf("  splicectl %s modify web new.txt", k.id)
}

// putEntry creates or modifies an entry.
func (c *cli) putEntry(ctx context.Context, k *kind, verb, name string, object map[string]any, generation string) error {
	spec, err := encode(object)
	if err != nil {
		return err
	}
	return c.daemon(ctx, func(conn *client.Client) error {
		result, err := ask[api.EntryResult](ctx, conn, k.method(verb), k.write(name, spec, generation))
		if err != nil {
			return err
		}
		return c.tell(result.raw, result.value.Message)
	})
}

func (c *cli) entryRemove(k *kind) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "remove NAME…",
		Aliases: []string{"rm"},
		Short:   "Remove " + k.nouns,
		Long:    "Removes " + k.nouns + ". One that something refers to stays, and the refusal names what.",
		Example: fmt.Sprintf("  splicectl %sremove --yes old older", commandOf(k)),
		Args:    between(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				return c.remove(cmd.Context(), conn, removal{
					method: k.method("remove"), what: k.noun, whats: k.nouns, names: args, yes: yes, params: k.remove,
				})
			})
		},
	}
	yesFlag(cmd, &yes)
	cmd.ValidArgsFunction = c.completeNames(k.method("list"), k.list(""), -1)
	return cmd
}

func (c *cli) entryList(k *kind) *cobra.Command {
	var match string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the " + k.nouns,
		Example: fmt.Sprintf("  splicectl %slist --match '^web'", commandOf(k)),
		Args:    between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, k.method("list"), k.list(match), match, k.nouns, k.table)
		},
	}
	matchFlag(cmd, &match)
	return cmd
}

func (c *cli) templateList() *cobra.Command {
	var params api.TemplateList
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the templates of all kinds",
		Example: "  splicectl template list --match '^web'",
		Args:    between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, "template.list", &params, params.Match, "templates", templateTable)
		},
	}
	matchFlag(cmd, &params.Match)
	return cmd
}

func (c *cli) entryShow(k *kind) *cobra.Command {
	var content bool
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show " + article(k.noun),
		Example: fmt.Sprintf("  splicectl %sshow web -o yaml", commandOf(k)),
		Args:    between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				entry, err := ask[api.Entry](cmd.Context(), conn, k.method("show"), k.ref(args[0]))
				if err != nil {
					return err
				}
				if content {
					return c.writeForeign(textOf(entry.value.Spec))
				}
				return write(c, entry, k.details)
			})
		},
	}
	if k.text() {
		cmd.Flags().BoolVar(&content, "content", false, "write its content as it is, and nothing else")
		cmd.Example += fmt.Sprintf("\n  splicectl %sshow web --content >web.txt", commandOf(k))
	}
	cmd.ValidArgsFunction = c.completeEntry(k)
	return cmd
}

func (c *cli) completeEntry(k *kind) cobra.CompletionFunc {
	first := c.completeNames(k.method("list"), k.list(""), 1)
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 && k.text() && cmd.Name() == "modify" {
			return nil, cobra.ShellCompDirectiveDefault // a file
		}
		return first(cmd, args, begun)
	}
}

// commandOf is what stands before the verb, with a blank behind it.
func commandOf(k *kind) string {
	if k.template() {
		return "template " + string(k.id) + " "
	}
	return string(k.id) + " "
}

func article(noun string) string {
	if noun == "userdata" {
		return noun
	}
	return "a " + noun
}

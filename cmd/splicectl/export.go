package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

const exportHelp = `Writes templates, userdata, scripts and profiles as a stream of YAML documents, which
splicectl import reads. Volumes and the records of images and OVAs are not in it: they
are made anew from their pools, see splicectl ova adopt.`

func (c *cli) export() *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the whole catalogue as YAML",
		Long:  exportHelp,
		Example: `  splicectl export >catalogue.yaml
  splicectl export --kind profile --kind script | splicectl --socket /run/other.sock import -`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := chooseKinds(only)
			if err != nil {
				return err
			}
			if c.format == formatJSON {
				return misuse("", "Cannot use -o json: an export is a stream of YAML documents.")
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) error { return c.exportAll(cmd.Context(), conn, chosen) })
		},
	}
	cmd.Flags().StringArrayVar(&only, "kind", nil, "only entries of the `KIND`: "+strings.Join(kindNames(), ", ")+"; may be repeated")
	must(cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kindNames(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, string(k.id))
	}
	return names
}

// chooseKinds returns the named kinds, or all, in the order of kinds.
func chooseKinds(names []string) ([]*kind, error) {
	for _, name := range names {
		if _, ok := kindOf(api.Kind(name)); !ok {
			return nil, misuse("", "Cannot use --kind: %q is none of %s.", name, strings.Join(kindNames(), ", "))
		}
	}
	return slices.DeleteFunc(kinds(), func(k *kind) bool {
		return len(names) > 0 && !slices.Contains(names, string(k.id))
	}), nil
}

// exportAll writes nothing before it has all: half an export would look like one.
func (c *cli) exportAll(ctx context.Context, conn *client.Client, chosen []*kind) error {
	var b strings.Builder
	var broken []string
	for _, k := range chosen {
		entries, err := fetchEntries(ctx, conn, k, nil)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Problem != "" {
				broken = append(broken, fmt.Sprintf("%s %q: %s", k.noun, e.Name, e.Problem))
			}
			if err := writeEntry(&b, k, e); err != nil {
				return fmt.Errorf("the daemon's %s %q can't be understood: %w", k.noun, e.Name, err)
			}
		}
	}
	if b.Len() == 0 {
		c.note("There is nothing to export.")
		return nil
	}
	if err := c.writeText(b.String()); err != nil || len(broken) == 0 {
		return err
	}
	for _, text := range broken {
		c.note("The last good version is exported of %s", clean(text))
	}
	return &failure{code: int(rpc.StateCorrupt), message: "Exported what can be read, but files are broken."}
}

// fetchEntries returns the entries of a kind with their specs, by name. Those of
// which want knows nothing may lack the spec; nil wants all.
func fetchEntries(ctx context.Context, conn *client.Client, k *kind, want func(name string) bool) ([]api.Entry, error) {
	list, err := ask[[]api.Entry](ctx, conn, k.method("list"), k.list(""))
	if err != nil {
		return nil, err
	}
	var entries []api.Entry
	for _, e := range list.value {
		if len(e.Spec) == 0 && (want == nil || want(e.Name)) {
			shown, err := ask[api.Entry](ctx, conn, k.method("show"), k.ref(e.Name))
			if remote, ok := errors.AsType[*rpc.Error](err); ok && remote.Code == rpc.NotFound {
				continue // removed since it was listed
			}
			if err != nil {
				return nil, err
			}
			e = shown.value
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b api.Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

// writeEntry adds a document to a stream.
func writeEntry(b *strings.Builder, k *kind, e api.Entry) error {
	spec, err := k.node(e.Spec)
	if err != nil {
		return err
	}
	document := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
		yamlString("kind"), yamlString(string(k.id)), yamlString("name"), yamlString(e.Name), yamlString("spec"), spec,
	}}
	text, err := encodeYAML(document)
	if err != nil {
		return err
	}
	b.WriteString("---\n" + text)
	return nil
}

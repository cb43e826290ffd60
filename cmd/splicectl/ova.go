package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

// ova makes the commands about appliances.
func (c *cli) ova() *cobra.Command {
	return group(&cobra.Command{Use: "ova", Short: "Virtual appliances: OVF packages in one archive"},
		c.ovaUpload(), c.ovaList(), c.ovaShow(), c.ovaRemove(), c.ovaInspect(), c.ovaConfigure(),
		c.adoptables(ovaAdoption()), c.adopt(ovaAdoption()))
}

const ovaUploadHelp = `Takes an appliance into a pool: each of its disks becomes a raw volume, and what its
descriptor says of its machines is kept.

The archive comes from FILE, or from stdin where FILE is "-" or absent. It goes from
there to the daemon directly, in one pass: it may be a pipe. An archive that was cut
off is refused.`

func (c *cli) ovaUpload() *cobra.Command {
	var (
		params     api.OVAUpload
		proof      proofs
		properties []string
		noWait     bool
	)
	cmd := &cobra.Command{
		Use:   "upload NAME [FILE]",
		Short: "Take an appliance into a pool",
		Long:  ovaUploadHelp,
		Example: `  splicectl ova upload web web.ova --pool vms
  curl -sSf https://example.org/web.ova | splicectl ova upload web --require-manifest`,
		Args: between(1, 2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			params.Name = args[0]
			if params.Size, err = checkUpload("OVA", params.Name, &proof); err != nil {
				return err
			}
			params.SHA256 = proof.sha256
			if params.Properties, err = parsePairs("property", properties); err != nil {
				return err
			}
			u := upload{what: "OVA", name: params.Name, method: "ova.upload", params: &params, detach: noWait}
			return c.withSource(cmd.Context(), args[1:], func(source *os.File) error {
				return c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
					if params.Pool, err = onlyPool(cmd.Context(), conn, params.Pool); err != nil {
						return err
					}
					return c.upload(cmd.Context(), conn, u, source)
				})
			})
		},
	}
	c.poolFlag(cmd, &params.Pool)
	proof.flags(cmd, "archive")
	forceFlag(cmd, &params.Force)
	cmd.Flags().BoolVar(&params.RequireManifest, "require-manifest", false, "only if a manifest vouches for every member")
	cmd.Flags().StringVar(&params.Configuration, "configuration", "", "deploy the configuration `ID` of those that the descriptor offers")
	cmd.Flags().StringArrayVar(&properties, "property", nil, "set a property of the descriptor: `KEY=VALUE`; may be repeated")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "start the job and leave")
	cmd.ValidArgsFunction = completeUpload
	return cmd
}

// parsePairs reads the values KEY=VALUE of a flag. A value may be empty and hold
// anything.
func parsePairs(flag string, pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	set := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, misuse("", "Cannot use --%s: %q is not of the form KEY=VALUE.", flag, pair)
		}
		if _, twice := set[key]; twice {
			return nil, misuse("", "Cannot use --%s: %q is set twice.", flag, key)
		}
		set[key] = value
	}
	return set, nil
}

func (c *cli) ovaList() *cobra.Command {
	var params api.List
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the appliances",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, "ova.list", &params, params.Match, "OVAs", ovaTable)
		},
	}
	matchFlag(cmd, &params.Match)
	return cmd
}

func (c *cli) ovaShow() *cobra.Command {
	var params api.OVARef
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show an appliance",
		Args:  between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			params.Name = args[0]
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				ova, err := ask[api.OVA](cmd.Context(), conn, "ova.show", &params)
				if err != nil {
					return err
				}
				if params.Descriptor && c.format == formatTable {
					return c.writeForeign(ova.value.Descriptor)
				}
				return write(c, ova, ovaDetails)
			})
		},
	}
	cmd.Flags().BoolVar(&params.Descriptor, "descriptor", false, "write its descriptor (the .ovf), and in a table nothing else")
	cmd.ValidArgsFunction = c.completeNames("ova.list", nil, 1)
	return cmd
}

// writeForeign writes a text as it is, byte for byte, unless a terminal would
// have to bear what its author put into it.
func (c *cli) writeForeign(text string) error {
	if _, ok := terminal(c.stdout); ok {
		text = strings.TrimSuffix(cleanLines(text), "\n") + "\n"
	}
	return c.writeText(text)
}

func (c *cli) ovaRemove() *cobra.Command {
	var yes, cascade, flatten bool
	cmd := &cobra.Command{
		Use:     "remove NAME…",
		Aliases: []string{"rm"},
		Short:   "Remove appliances and their disks",
		Example: "  splicectl ova remove web --cascade",
		Args:    between(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				return c.remove(cmd.Context(), conn, removal{
					method: "ova.remove", what: "OVA", whats: "OVAs", names: args, yes: yes,
					params: func(name string) any { return api.OVARemove{Name: name, Cascade: cascade, Flatten: flatten} },
				})
			})
		},
	}
	yesFlag(cmd, &yes)
	cmd.Flags().BoolVar(&cascade, "cascade", false, "also the templates and profiles that were made with them")
	flattenFlag(cmd, &flatten)
	cmd.ValidArgsFunction = c.completeNames("ova.list", nil, -1)
	return cmd
}

func (c *cli) ovaInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect [FILE]",
		Short: "Tell what an upload of an appliance would make",
		Long: `Tells what an upload of the appliance in FILE, or in stdin, would make, and takes
nothing in. FILE may also be a bare descriptor (.ovf).`,
		Args: between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inspect(cmd.Context(), c, "ova.inspect", args, writePlan)
		},
	}
}

package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

const configureHelp = `Makes system templates and profiles for another of an appliance's configurations, from
the disks that are there already. Which ones its descriptor offers is in splicectl ova show.`

func (c *cli) ovaConfigure() *cobra.Command {
	var (
		params     api.OVAConfigure
		properties []string
	)
	cmd := &cobra.Command{
		Use:     "configure NAME --configuration ID",
		Short:   "Make profiles for another configuration of an appliance",
		Long:    configureHelp,
		Example: "  splicectl ova configure web --configuration large --as web-large --property host=web2",
		Args:    between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			params.Name = args[0]
			if params.Configuration == "" {
				return misuse("", "Cannot configure OVA %q: --configuration says as what.", params.Name)
			}
			if params.Properties, err = parsePairs("property", properties); err != nil {
				return err
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				made, err := ask[api.OVAConfigured](cmd.Context(), conn, "ova.configure", &params)
				if err != nil {
					return err
				}
				return write(c, made, configuredText)
			})
		},
	}
	cmd.Flags().StringVar(&params.Configuration, "configuration", "", "the configuration `ID` of those that the descriptor offers")
	cmd.Flags().StringVar(&params.As, "as", "", "what is made is called `NAME`")
	cmd.Flags().StringArrayVar(&properties, "property", nil, "set a property of the descriptor: `KEY=VALUE`; may be repeated")
	cmd.ValidArgsFunction = c.completeNames("ova.list", nil, 1)
	return cmd
}

func configuredText(w io.Writer, made api.OVAConfigured) {
	row(w, clean(made.Message))
	row(w)
	optional(w, "Profiles:", strings.Join(made.Profiles, ", "))
	optional(w, "System templates:", strings.Join(made.SystemTemplates, ", "))
}

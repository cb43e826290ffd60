package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

const fsckHelp = `Compares the records with the volumes in the pools, and lists what doesn't fit. It
changes nothing. The exit status is 9 (integrity) when there are findings.

With --digests all volumes are read, and what is in them is compared with what was taken
in; that takes as long as reading them does.`

func (c *cli) fsck() *cobra.Command {
	var params api.Check
	cmd := &cobra.Command{
		Use:   "fsck",
		Short: "Check records against pools",
		Long:  fsckHelp,
		Example: `  splicectl fsck
  splicectl fsck --digests --pool vms -o json`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			params.RequestID = uuid.NewString()
			return c.daemon(cmd.Context(), func(conn *client.Client) error { return c.check(cmd.Context(), conn, params) })
		},
	}
	c.poolFlag(cmd, &params.Pool)
	cmd.Flags().Lookup("pool").Usage = "check the pool `NAME` only"
	cmd.Flags().BoolVar(&params.Digests, "digests", false, "read all volumes")
	return cmd
}

// check runs the job, and asks for its findings by the same request once more.
func (c *cli) check(ctx context.Context, conn *client.Client, params api.Check) error {
	started, err := c.begin(ctx, conn, "catalog.check", params)
	if err != nil {
		return err
	}
	job, err := (&follower{cli: c, conn: conn, id: started.value.Job, cancels: true, quiet: quick}).run(ctx)
	if err != nil {
		return err
	}
	if err := outcome(job.value); err != nil {
		return err
	}
	params.Wait = true
	result, err := ask[api.CheckResult](ctx, conn, "catalog.check", params)
	if err != nil {
		return err
	}
	return c.found(result)
}

func (c *cli) found(result answer[api.CheckResult]) error {
	findings := result.value.Findings
	if len(findings) == 0 {
		return c.tell(result.raw, result.value.Message)
	}
	if err := write(c, result, findingTable); err != nil {
		return err
	}
	return &failure{code: int(rpc.Integrity), message: result.value.Message}
}

func findingTable(w io.Writer, result api.CheckResult) {
	slices.SortStableFunc(result.Findings, func(a, b api.Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Volume, b.Volume))
	})
	row(w, "FINDING", "OBJECT", "VOLUME", "WHAT")
	for _, f := range result.Findings {
		volume := f.Volume
		if f.Pool != "" && volume != "" {
			volume = f.Pool + "/" + volume
		}
		what := f.Text
		if f.Hint != "" {
			what = fmt.Sprintf("%s %s", f.Text, f.Hint)
		}
		row(w, dash(string(f.Kind)), dash(f.Object), dash(cmp.Or(volume, f.Pool)), dash(what))
	}
}

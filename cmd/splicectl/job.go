package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

// job makes the commands about the daemon's work.
func (c *cli) job() *cobra.Command {
	return group(&cobra.Command{Use: "job", Short: "Long work: uploads and removals"},
		c.jobList(), c.jobShow(), c.jobWait(), c.jobCancel())
}

func (c *cli) jobList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the jobs, oldest first",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, "job.list", nil, "", "jobs", jobTable)
		},
	}
}

func (c *cli) jobShow() *cobra.Command {
	return &cobra.Command{
		Use:               "show ID",
		Short:             "Show a job",
		Args:              between(1, 1),
		ValidArgsFunction: c.completeNames("job.list", nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				job, err := ask[api.Job](cmd.Context(), conn, "job.show", api.JobRef{ID: args[0]})
				if err != nil {
					return err
				}
				return write(c, job, jobDetails)
			})
		},
	}
}

func (c *cli) jobWait() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait ID",
		Short: "Wait for a job, and end as it ends",
		Long: `Waits until a job has ended, shows its progress, and exits with its outcome.
Interrupting the wait leaves the job as it is.`,
		Args:              between(1, 1),
		ValidArgsFunction: c.completeNames("job.list", nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := cmd.Context(), context.CancelFunc(func() {})
			if timeout > 0 {
				ctx, cancel = context.WithTimeout(ctx, timeout)
			}
			defer cancel()
			return c.daemon(ctx, func(conn *client.Client) error {
				job, err := (&follower{cli: c, conn: conn, id: args[0]}).run(ctx)
				if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
					return &failure{exitCancelled, fmt.Sprintf("Job %s has not ended within %v.", args[0], timeout), ""}
				}
				return c.ended(job, err)
			})
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "wait no longer than `TIME`, such as 90s or 2h")
	return cmd
}

func (c *cli) jobCancel() *cobra.Command {
	return &cobra.Command{
		Use:               "cancel ID",
		Short:             "Ask a job to end",
		Long:              "Asks a job to end, and doesn't wait for it. It ends either done or as if it had never been.",
		Args:              between(1, 1),
		ValidArgsFunction: c.completeNames("job.list", nil, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				result, err := ask[api.Result](cmd.Context(), conn, "job.cancel", api.JobRef{ID: args[0]})
				if err != nil {
					return err
				}
				return c.tell(result.raw, result.value.Message)
			})
		},
	}
}

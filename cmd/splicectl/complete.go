package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"spliced/client"
)

// completionTime is how long somebody who pressed the tab key waits.
const completionTime = 2 * time.Second

// names lists what a method lists; nothing when the daemon doesn't answer soon:
// completion can't tell why.
func (c *cli) names(ctx context.Context, method string, params any) []string {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	var names []string
	_ = c.daemon(ctx, func(conn *client.Client) error {
		list, err := ask[[]struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		}](ctx, conn, method, params)
		for _, object := range list.value {
			if object.ID != "" {
				names = append(names, clean(object.ID))
			} else {
				names = append(names, clean(object.Name))
			}
		}
		return err
	})
	return names
}

// completeNames completes up to most names of objects, -1 for no limit.
func (c *cli) completeNames(method string, params any, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.names(cmd.Context(), method, params), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeUpload completes a file behind a new name.
func completeUpload(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

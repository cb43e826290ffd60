package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// man writes the manual. It is for packagers, so the help doesn't list it.
func (*cli) man() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual's pages into a folder",
		Long:   "Writes a manual page for each command into FOLDER, which must exist. They are dated by SOURCE_DATE_EPOCH where that is set.",
		Hidden: true,
		Args:   between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true // the same pages from the same source
			header := &doc.GenManHeader{Section: "1", Source: "spliced", Manual: "spliced"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return &failure{exitOutput, fmt.Sprintf("Cannot write the manual: %v.", err), ""}
			}
			return nil
		},
	}
}

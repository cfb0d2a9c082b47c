package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the manual pages; make man calls it.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIRECTORY",
		Short:  "Write the manual pages into a directory",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return outputError{args[0], err}
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			date := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) // the same pages from the same source
			return wrapOutput(args[0], doc.GenManTree(root,
				&doc.GenManHeader{Section: "1", Source: "rstexplain", Manual: "User Commands", Date: &date}, args[0]))
		},
	}
}

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// glossaryTopic is the help topic for the terms that reports use.
const glossaryTopic = "glossary"

// helpCommand differs from cobra's for unknown names: because the root command takes any word for a FILE, cobra would
// silently print the help of the root command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | glossary]",
		Short: "Print the usage of a command, or explain the terms of reports",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return append(commandNames(cmd.Root()), glossaryTopic), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == glossaryTopic {
				out := &output{Writer: cmd.OutOrStdout()}
				return wrapOutput("", report.GlossaryText(out, out.layout(false)))
			}
			found, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if !found.HasParent() && len(rest) > 0 {
				if rules.Find(rest[0]) != nil {
					return errHelpRule(rest[0])
				}
				return errHelp(strings.Join(rest, " "), append(commandNames(found), glossaryTopic))
			}
			found.InitDefaultHelpFlag() // which is shown too
			return found.Help()
		},
	}
}

// commandNames lists the commands that help names.
func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

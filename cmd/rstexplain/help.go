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

// severalValues says how the flags that select resets take several values. It is part of the help of each command that
// has them.
const severalValues = `Flags that select resets take several values, separated by commas or by
repeating the flag, any of which may match: --severity error,warning. If there
are several flags, all must match.`

// exitCodes lists the exit codes in the help of a command; gate adds that of --fail-on.
func exitCodes(gate bool) string {
	s := `Exit codes:

    0  everything was read
    1  something could not be read completely, or not be written
    2  usage error, also --frame with a frame that is not a reset`
	if gate {
		s += `
    3  there are findings that match --fail-on or --fail-severity`
	}
	return s
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

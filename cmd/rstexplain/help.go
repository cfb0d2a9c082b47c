package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/rules"
)

// helpCommand is cobra's, but for names that are no command: as the root command takes any word for a FILE,
// cobra would print the root's help without a word.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return commandNames(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if !found.HasParent() && len(rest) > 0 {
				if rules.Find(rest[0]) != nil {
					return errHelpRule(rest[0])
				}
				return errHelp(strings.Join(rest, " "), commandNames(found))
			}
			found.InitDefaultHelpFlag() // which is shown too
			return found.Help()
		},
	}
}

// commandNames lists the commands that a user is told of.
func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

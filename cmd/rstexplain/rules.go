package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

func rulesCommand() *cobra.Command {
	noColor := false
	cmd := &cobra.Command{
		Use:   "rules [ID]",
		Short: "List the details that a reset can have, or document one",
		Example: `  rstexplain rules
  rstexplain rules keepalive-race`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errOneRule(len(args))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return printRules(outOf(cmd), args, noColor)
		},
	}
	cmd.Flags().BoolVar(&noColor, "no-color", false,
		"no colours; the default if NO_COLOR is set or the output is not a terminal")
	return cmd
}

func printRules(stdout io.Writer, ids []string, noColor bool) error {
	out := &output{Writer: stdout}
	opts := out.layout(noColor)
	if len(ids) == 0 {
		return wrapOutput("", report.RuleList(out, rules.All(), opts))
	}
	r := rules.Find(ids[0])
	if r == nil {
		return errUnknownRule(ids[0], ruleIDs())
	}
	return wrapOutput("", report.RuleText(out, r, opts))
}

func ruleIDs() []string {
	var ids []string
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

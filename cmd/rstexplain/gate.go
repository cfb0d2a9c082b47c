package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A gate gives findings an exit code of their own, for continuous integration.
type gate struct {
	failOn      []string // causes, details, or "any"
	minSeverity string

	failed  int          // findings
	numbers map[int]bool // of their incidents, as far as these were known
	groups  report.Grouping
}

const anyFinding = "any"

func (g *gate) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&g.failOn, "fail-on", nil, "exit with 3 if there is a finding with this `CAUSE` or detail, or any")
	f.StringVar(&g.minSeverity, "fail-severity", "", "exit with 3 only for findings of this `SEVERITY` or worse: info, "+
		"warning or error; it selects nothing, for which see --severity")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "min-severity" { // as the flag was called
			name = "fail-severity"
		}
		return pflag.NormalizedName(name)
	})
	cmd.RegisterFlagCompletionFunc("fail-on",
		cobra.FixedCompletions(append(causeNames(), anyFinding), cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("fail-severity",
		cobra.FixedCompletions(severityNames, cobra.ShellCompDirectiveNoFileComp))
}

func (g *gate) check() error {
	allowed := append(append(causeNames(), anyFinding), ruleIDs()...)
	for _, c := range g.failOn {
		if !slices.Contains(allowed, c) {
			return errUnknownGate(c, allowed)
		}
	}
	if g.minSeverity != "" && !slices.Contains(severityNames, g.minSeverity) {
		return errUnknownValue("fail-severity", g.minSeverity, severityNames)
	}
	return nil
}

// fails returns a function that reports whether a finding fails the run, nil if none can.
func (g *gate) fails() func(*report.Reset) bool {
	if len(g.failOn) == 0 && g.minSeverity == "" {
		return nil
	}
	worst := len(severityNames)
	if g.minSeverity != "" {
		worst = slices.Index(severityNames, g.minSeverity) + 1 // severityNames begins with the worst
	}
	return func(r *report.Reset) bool {
		named := len(g.failOn) == 0 || slices.Contains(g.failOn, anyFinding) || slices.Contains(g.failOn, string(r.Cause)) ||
			slices.Contains(g.failOn, r.Detail)
		return named && slices.Contains(severityNames[:worst], string(r.Severity))
	}
}

// watch returns a Renderer that counts the findings that fail the run and passes all on to r.
func (g *gate) watch(r report.Renderer) report.Renderer {
	fails := g.fails()
	if fails == nil {
		return r
	}
	g.numbers = map[int]bool{}
	return watched{r, fails, g}
}

type watched struct {
	report.Renderer
	fails func(*report.Reset) bool
	gate  *gate
}

func (w watched) BeginFile(path string) error {
	w.gate.groups.BeginFile(path)
	return w.Renderer.BeginFile(path)
}

func (w watched) Reset(r *report.Reset) error {
	if r.Provisional {
		return w.Renderer.Reset(r)
	}
	w.gate.groups.Add(r)
	if r.Repeats == 0 && w.fails(r) {
		w.gate.failed++
		w.gate.numbers[r.Incident] = true
	}
	return w.Renderer.Reset(r)
}

// verdict returns an error if a finding fails the run. It says how many, and in how many incidents.
func (g *gate) verdict() error {
	if g.failed == 0 {
		return nil
	}
	now, incidents := g.groups.Now(), map[int]bool{}
	for n := range g.numbers {
		incidents[now[n]] = true
	}
	return gateError{g.failed, len(incidents)}
}

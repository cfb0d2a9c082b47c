package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/job"
)

// Every message for users stands in this file: lower case, what and where, and what to try.

// A usageError means that the command line asks for something that cannot be done.
type usageError struct{ what, try string }

func (e usageError) Error() string { return e.what + "\n" + e.try }

var errNoInput = usageError{"no captures named", "try: rstfleet --input 'captures/**.pcapng' --output out"}

var errNoOutput = usageError{"no directory for the results named", "name an empty one with --output"}

var errNegative = usageError{"--shard and --max-memory cannot be negative", "leave them out for the default"}

var errDivide = usageError{"--divide without --ring: independent captures are divided among workers anyway",
	"leave it out, or name the taps with --ring"}

func errNothing(pattern string) error {
	return usageError{fmt.Sprintf("no capture matches %s", pattern),
		"* matches no /: to search directories below, use **"}
}

func errInput(name string, err error) error { return fmt.Errorf("%s: cannot be listed: %w", name, err) }

func errNotEmpty(dir string) error {
	return usageError{dir + " holds something already", "name another directory, or delete its contents with --overwrite"}
}

func errInputInOutput(err error) error {
	return usageError{err.Error(), "name another directory with --output: --overwrite deletes what this one holds"}
}

func errOutput(dir string, err error) error { return fmt.Errorf("%s: cannot be written: %w", dir, err) }

func errRing(text string, err error) error {
	return usageError{fmt.Sprintf("--ring: %q is not a pattern: %v", text, err),
		"{tap} stands for the name of the tap, such as in {tap}/* or {tap}_*.pcapng"}
}

func errNoTap(name, text string) error {
	return usageError{fmt.Sprintf("%s: does not match --ring %s, so its tap is not known", name, text),
		"adjust the pattern, or name fewer captures with --input"}
}

func errFailAbove(text string) error {
	return usageError{fmt.Sprintf("--fail-above: %q is neither a share nor a number", text), "try: --fail-above 1%"}
}

func errBeamFlag(text string, err error) error {
	return usageError{fmt.Sprintf("--beam-flag %s: %v", text, err), "rstfleet --beam-help lists the flags of Beam"}
}

func errRunner(name string, known []string) error {
	return usageError{fmt.Sprintf("unknown runner %q", name), fmt.Sprintf("allowed: %v", known)}
}

func errReport(name string, known []string) error {
	return usageError{fmt.Sprintf("--report: unknown format %q", name), fmt.Sprintf("allowed: %v", known)}
}

// errJob is for a job that failed. Beam wraps the error of a step in many lines, of which the last is the error.
func errJob(runner, output string, err error) error {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return fmt.Errorf("the job failed on %s: %s\n%s is incomplete; start the job again with --overwrite", runner,
		strings.TrimSpace(lines[len(lines)-1]), output)
}

// A partialError means that more captures than allowed were not read completely.
type partialError struct {
	total  *job.Summary
	unit   string
	output string
}

func (e partialError) Error() string {
	text := fmt.Sprintf("%d of %d %s could not be read completely\n", e.total.Partial, e.total.Captures, e.unit)
	reasons := slices.SortedFunc(maps.Keys(e.total.Failures), func(a, b string) int {
		return cmp.Or(e.total.Failures[b]-e.total.Failures[a], strings.Compare(a, b))
	})
	for _, r := range reasons[:min(len(reasons), mostReasons)] {
		text += fmt.Sprintf("%s: %d\n", r, e.total.Failures[r])
	}
	return text + fmt.Sprintf("captures.jsonl in %s says more; --fail-above allows for some", e.output)
}

// mostReasons is how many reasons are printed; the manifest has all.
const mostReasons = 5

// says is what is printed when a job has finished.
func says(m *job.Manifest, output string) string {
	t := &m.Total
	return fmt.Sprintf("%d %s (%d not read completely), %d packets, %d resets in %d findings, %d incidents: %s",
		t.Captures, unitOf(m), t.Partial, t.Packets, t.Resets, t.Findings, t.Incidents, output)
}

// unitOf returns what is counted as a capture.
func unitOf(m *job.Manifest) string {
	if len(m.Groups) > 0 {
		return "taps"
	}
	return "captures"
}

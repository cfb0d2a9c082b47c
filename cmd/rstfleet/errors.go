package main

import (
	"fmt"
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

func errNothing(pattern string) error {
	return usageError{fmt.Sprintf("no capture matches %s", pattern),
		"* matches no /: to search directories below, use **"}
}

func errInput(name string, err error) error { return fmt.Errorf("%s: cannot be listed: %w", name, err) }

func errNotEmpty(dir string) error {
	return usageError{dir + " holds something already", "name another directory, or delete its contents with --overwrite"}
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
	partial, of int
	output      string
}

func (e partialError) Error() string {
	return fmt.Sprintf("%d of %d captures could not be read completely\ncaptures.jsonl in %s says why; --fail-above "+
		"allows for some", e.partial, e.of, e.output)
}

// says is what is printed when a job has finished.
func says(m *job.Manifest, output string) string {
	t := &m.Total
	unit := "captures"
	if len(m.Groups) > 0 {
		unit = "taps"
	}
	return fmt.Sprintf("%d %s (%d not read completely), %d packets, %d resets in %d findings, %d incidents: %s",
		t.Captures, unit, t.Partial, t.Packets, t.Resets, t.Findings, t.Incidents, output)
}

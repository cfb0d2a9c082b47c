package report

import (
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// Severities counts findings by their severity.
type Severities struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
}

// bySeverity lists the severities in the order of reports, the worst first.
var bySeverity = [...]rules.Severity{rules.Error, rules.Warning, rules.Info}

// of returns the count of one severity.
func (s *Severities) of(v rules.Severity) *int {
	switch v {
	case rules.Error:
		return &s.Error
	case rules.Warning:
		return &s.Warning
	case rules.Info:
	}
	return &s.Info
}

// add counts r, unless it repeats a finding.
func (s *Severities) add(r *Reset) {
	if r.Repeats == 0 {
		*s.of(r.Severity)++
	}
}

// String prints the counts that are not zero: "1 error, 12 info".
func (s Severities) String() string {
	var parts []string
	for _, v := range bySeverity {
		one, many := string(v), string(v)+"s"
		if v == rules.Info {
			many = one
		}
		if n := *s.of(v); n > 0 {
			parts = append(parts, counted(n, one, many))
		}
	}
	return strings.Join(parts, ", ")
}

// cell prints the severities of several findings in a table: the one that all have, or the count of each.
func (s Severities) cell(worst rules.Severity) string {
	if n := *s.of(worst); n == 0 || n == s.Error+s.Warning+s.Info {
		return string(worst)
	}
	return s.String()
}

// counts lists the counts of a file.
func (f *File) counts() []string {
	parts := []string{counted(f.Packets, "packet", "packets"), counted(f.Connections, "connection", "connections")}
	parts = append(parts, resetCounts(f.ResetCount, f.FindingCount, f.Severities, f.LeftOut)...)
	if f.First != 0 {
		parts = append(parts, f.First.shown(0), lasted(f.Last.Std().Sub(f.First.Std())))
	}
	return parts
}

// resetCounts lists the numbers of resets, of findings by severity, and of resets that were filtered out.
func resetCounts(resets, findings int, by Severities, leftOut int) []string {
	parts := []string{"no resets"}
	if resets > 0 {
		parts[0] = counted(resets, "reset", "resets")
		if findings < resets {
			parts[0] += " in " + counted(findings, "finding", "findings")
		}
		if s := by.String(); s != "" {
			parts[0] += " (" + s + ")"
		}
	}
	if leftOut > 0 {
		parts = append(parts, thousands(leftOut)+" filtered out")
	}
	return parts
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// An incidentView is which incidents, and how much of them, a report for a terminal shows.
type incidentView struct {
	all      bool
	summary  bool
	incident int
}

func (v *incidentView) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&v.summary, "summary", false, "with --format text: only the table of incidents")
	f.BoolVar(&v.all, "all", false, "with --format text or html: all findings in full, and not a few of each incident")
	f.IntVar(&v.incident, "incident", 0, "with --format text, markdown or html: the incident with number `N` of the "+
		"table, with all its findings")
}

// check returns an error for flags that make no sense together.
func (v *incidentView) check(of *view) error {
	given := 0
	for _, set := range [...]bool{v.all, v.summary, v.incident != 0} {
		if set {
			given++
		}
	}
	switch {
	case given == 0:
		return nil
	case v.incident < 0:
		return errNoIncident(v.incident)
	case given > 1:
		return errIncidentFlags
	case v.all && of.format == "html":
		return nil
	case v.incident != 0 && (of.format == "html" || of.format == "markdown" && !of.brief):
		return nil
	case of.format != "text" || of.live || of.brief:
		return errIncidentFormat
	}
	return nil
}

func (v *incidentView) apply(opts *report.TextOptions) {
	opts.All, opts.Summary, opts.Incident = v.all, v.summary, v.incident
}

package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A view is what a report shows and how: the flags that explain and render have in common.
type view struct {
	format  string
	output  string
	noColor bool
	brief   bool
	live    bool // set by --follow
	incidentView
	selection
	asked frameSearch
	gate
}

// formats are the values of --format, and what renders each.
var formats = []struct {
	name string
	live bool // can print each finding as it comes
	make func(*output, *view) report.Renderer
}{
	{"text", true, func(o *output, v *view) report.Renderer {
		opts := o.layout(v.noColor)
		opts.Live, opts.Brief = v.live, v.brief
		v.incidentView.apply(&opts)
		return report.Text(o, opts)
	}},
	{"list", true, func(o *output, _ *view) report.Renderer { return report.List(o) }},
	{"markdown", false, func(o *output, v *view) report.Renderer {
		return report.Markdown(o, report.MarkdownOptions{Brief: v.brief, Incident: v.incident})
	}},
	{"html", false, func(o *output, v *view) report.Renderer {
		return report.HTML(o, report.HTMLOptions{All: v.all, Incident: v.incident})
	}},
	{"json", false, func(o *output, _ *view) report.Renderer { return report.JSON(o) }},
	{"jsonl", true, func(o *output, _ *view) report.Renderer { return report.JSONL(o) }},
	{"csv", true, func(o *output, _ *view) report.Renderer { return report.CSV(o) }},
	{"junit", false, func(o *output, v *view) report.Renderer {
		return report.JUnit(o, report.JUnitOptions{Fails: v.gate.fails()})
	}},
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// flags adds the flags of the view to cmd.
func (v *view) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&v.format, "format", "f", "text",
		"print the report as text, list, markdown, html, json, jsonl, csv or junit")
	f.StringVarP(&v.output, "output", "o", "", "write the report to `FILE`, which appears only when it is complete")
	f.BoolVar(&v.brief, "brief", false, "with --format text or markdown: one paragraph per capture")
	f.BoolVar(&v.noColor, "no-color", false, "no colours; the default if NO_COLOR is set or the output is not a terminal")
	v.incidentView.flags(cmd)
	v.selection.flags(cmd)
	v.gate.flags(cmd)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
}

// check returns an error for flags that make no sense together.
func (v *view) check() error {
	i := slices.Index(formatNames(), v.format)
	if i < 0 {
		return errUnknownValue("format", v.format, formatNames())
	}
	if v.brief && v.format != "markdown" && v.format != "text" {
		return errBriefFormat
	}
	if v.live && !formats[i].live {
		return errFollowFormat
	}
	if v.live && v.brief {
		return errFollowBrief
	}
	if err := v.incidentView.check(v); err != nil {
		return err
	}
	if err := v.selection.check(); err != nil {
		return err
	}
	return v.gate.check()
}

// show writes one report: it calls write with the renderer to pass resets to.
func (v *view) show(ctx context.Context, stdout io.Writer, write func(report.Renderer) error) error {
	out, err := awaited(ctx, v.output, func() (*output, error) { return openOutput(v.output, stdout) })
	if err != nil {
		return err
	}
	defer out.discard()
	r := formats[slices.Index(formatNames(), v.format)].make(out, v)
	if v.live {
		r = report.Live(r)
	}
	r = v.gate.watch(r)
	if v.selection.some() {
		v.asked = searchFrames(v.selection.frames.list)
		r = report.Select(r, func(m *report.Reset) bool {
			v.asked.look(m)
			return v.selection.wants(m)
		})
	}
	if err := write(r); err != nil {
		if none := (*report.NoIncidentError)(nil); errors.As(err, &none) {
			return errMissingIncident(none)
		}
		return err
	}
	return out.commit()
}

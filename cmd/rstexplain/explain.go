package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// explainFlags are the flags of the root command.
type explainFlags struct {
	format  string
	output  string
	noColor bool
	quiet   bool
}

// formats are the values of --format, and what renders each.
var formats = []struct {
	name string
	make func(*output, explainFlags) report.Renderer
}{
	{"text", func(o *output, f explainFlags) report.Renderer { return report.Text(o, o.layout(f.noColor)) }},
	{"markdown", func(o *output, f explainFlags) report.Renderer { return report.Markdown(o, report.MarkdownOptions{}) }},
	{"html", func(o *output, _ explainFlags) report.Renderer { return report.HTML(o) }},
	{"json", func(o *output, _ explainFlags) report.Renderer { return report.JSON(o) }},
	{"jsonl", func(o *output, _ explainFlags) report.Renderer { return report.JSONL(o) }},
	{"csv", func(o *output, _ explainFlags) report.Renderer { return report.CSV(o) }},
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// rootCommand is rstexplain itself: it explains the captures named.
func rootCommand(stderr io.Writer) *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "rstexplain [flags] FILE...",
		Short: "Explain why the TCP connections of a capture were reset",
		Long: `rstexplain reads packet captures (pcapng or pcap, also compressed) and explains each TCP reset in
them: who sent it, which of five causes it has, how sure that is, which frames show it, what the
application saw, and what to do next.`,
		Example: `  rstexplain capture.pcapng
  rstexplain --format json --output report.json *.pcapng
  tcpdump -w - port 443 | rstexplain -
  rstexplain rules keepalive-race`,
		Version:           version(),
		Args:              cobra.ArbitraryArgs, // a FILE is no unknown command
		ValidArgsFunction: completeCaptures,
		SilenceErrors:     true,
		SilenceUsage:      true,
		RunE: func(cmd *cobra.Command, files []string) error {
			return explain(cmd.Context(), files, flags, cmd.OutOrStdout(), stderr)
		},
	}
	cmd.SetVersionTemplate("rstexplain {{.Version}}\n")
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&flags.format, "format", "f", "text", "print the report as text, markdown, html, json, jsonl or csv")
	f.StringVarP(&flags.output, "output", "o", "", "write the report to `FILE`, which appears when it is complete")
	f.BoolVar(&flags.noColor, "no-color", false, "no colours; also where NO_COLOR is set or the output is no terminal")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "no word on standard error of what could not be read; the report and the exit code tell")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(annotateCommand(stderr), sliceCommand(stderr), rulesCommand())
	return cmd
}

// completeCaptures offers files whose names look like captures; any other can still be typed.
func completeCaptures(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"pcapng", "pcap", "cap", "ntar", "dmp", "gz", "zst", "lz4"}, cobra.ShellCompDirectiveFilterFileExt
}

func explain(ctx context.Context, files []string, flags explainFlags, stdout, stderr io.Writer) error {
	if len(files) == 0 {
		return errNoFile
	}
	if i := slices.Index(files, "-"); i >= 0 && slices.Contains(files[i+1:], "-") {
		return errStdinTwice()
	}
	i := slices.Index(formatNames(), flags.format)
	if i < 0 {
		return errUnknownFormat(flags.format)
	}
	out, err := openOutput(flags.output, stdout)
	if err != nil {
		return err
	}
	defer out.discard()

	if flags.quiet {
		stderr = io.Discard
	}
	loss, err := explainAll(ctx, files, formats[i].make(out, flags), stderr)
	if err != nil {
		return outputError{flags.output, err}
	}
	if err := out.commit(); err != nil {
		return err
	}
	if loss {
		return lossError{}
	}
	return nil
}

// explainAll renders one report over files and reports whether any was not read whole. Errors are the
// renderer's.
func explainAll(ctx context.Context, files []string, r report.Renderer, stderr io.Writer) (loss bool, err error) {
	if err := r.Begin("rstexplain " + version()); err != nil {
		return false, err
	}
	for _, path := range files {
		file, err := analyzer.Explain(ctx, path, r, analyzer.Options{})
		if err != nil {
			return false, err
		}
		for _, w := range file.Warnings {
			if w.Lost {
				warn(stderr, path, w)
			}
		}
		loss = loss || file.Partial
		if ctx.Err() != nil {
			break
		}
	}
	return loss, r.End()
}

package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// compareFlags are the flags of compare.
type compareFlags struct {
	format  string
	output  string
	noColor bool
	quiet   bool
	convert bool
	kernels []string
	bounds  boundFlags
}

// compareFormats are the values of --format, and what renders each.
var compareFormats = []struct {
	name  string
	write func(*output, *compareFlags, *report.Comparison) error
}{
	{"text", func(o *output, f *compareFlags, c *report.Comparison) error {
		return report.CompareText(o, c, o.layout(f.noColor))
	}},
	{"markdown", func(o *output, _ *compareFlags, c *report.Comparison) error { return report.CompareMarkdown(o, c) }},
	{"html", func(o *output, _ *compareFlags, c *report.Comparison) error { return report.CompareHTML(o, c) }},
	{"json", func(o *output, _ *compareFlags, c *report.Comparison) error { return report.CompareJSON(o, c) }},
	{"jsonl", func(o *output, _ *compareFlags, c *report.Comparison) error { return report.CompareJSONL(o, c) }},
	{"csv", func(o *output, _ *compareFlags, c *report.Comparison) error { return report.CompareCSV(o, c) }},
}

func compareFormatNames() []string {
	var names []string
	for _, f := range compareFormats {
		names = append(names, f.name)
	}
	return names
}

func compareCommand(stderr io.Writer) *cobra.Command {
	var flags compareFlags
	cmd := &cobra.Command{
		Use:   "compare NAME=FILE NAME=FILE...",
		Short: "Explain resets from captures of several places",
		Long: `compare reads captures of the same connections that were made at two or more
places of the path, and explains each reset once, with all of them: who sent it
is proven where one capture can only infer it. A RST that its sender's own
capture holds left that host; one that arrives at the other end and never left
was made on the way.

NAME says where a capture was made; client and server are read as the hosts at
the ends, names such as router, firewall or balancer as places in between. FILE
is a capture, or a directory or pattern for the files of a rotating capture.

Connections are paired without trusting addresses: NAT may have rewritten them,
and a firewall may have shifted sequence numbers. How far the clocks are apart
is found from the packets of both directions; they need not be synchronized.
Each capture is read once.

` + exitCodes(false),
		Example: `  rstexplain compare client=client.pcapng server=server.pcapng
  rstexplain compare client=a.pcap router=b.pcap server=c.pcap --format json
  rstexplain compare client=client.pcapng server=ring/ -f html -o both.html`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"client=", "server=", "router="}, cobra.ShellCompDirectiveNoSpace
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return compare(cmd.Context(), args, &flags, outOf(cmd), stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&flags.format, "format", "f", "text", "print the report as text, markdown, html, json, jsonl or csv")
	f.StringVarP(&flags.output, "output", "o", "", "write the report to `FILE`, which appears only when it is complete")
	f.BoolVar(&flags.noColor, "no-color", false,
		"no colours; the default if NO_COLOR is set or the output is not a terminal")
	f.BoolVar(&flags.convert, "convert", false,
		"have Wireshark's editcap convert captures of other programs: NetMon, snoop, ERF, Sniffer, K12")
	flags.bounds.register(cmd)
	kernelFlag(f, &flags.kernels)
	f.BoolVarP(&flags.quiet, "quiet", "q", false,
		"do not report unreadable parts on standard error; the report and the exit code still show them")
	cmd.RegisterFlagCompletionFunc("format",
		cobra.FixedCompletions(compareFormatNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// vantagePoints reads the arguments of compare.
func vantagePoints(args []string, convert bool, stderr io.Writer) ([]analyzer.VantagePoint, error) {
	if len(args) < 2 {
		return nil, errOneVantage
	}
	var list []analyzer.VantagePoint
	stdin := 0
	for _, arg := range args {
		name, path, ok := strings.Cut(arg, "=")
		if !ok {
			path = arg
			name, _, _ = strings.Cut(filepath.Base(arg), ".")
		}
		if name == "" || path == "" {
			return nil, errVantage(arg)
		}
		if slices.ContainsFunc(list, func(p analyzer.VantagePoint) bool { return p.Name == name }) {
			return nil, errVantageTwice(name)
		}
		if path == "-" {
			if stdin++; stdin > 1 {
				return nil, errStdinTwice()
			}
		}
		in := &inputList{convert: convert, tell: func(line string) { note(stderr, "%s", line) }}
		in.add(path)
		if len(in.paths) == 0 {
			in.paths = []string{path}
		}
		list = append(list, analyzer.VantagePoint{Name: name, Paths: in.paths})
	}
	return list, nil
}

func compare(ctx context.Context, args []string, flags *compareFlags, stdout, stderr io.Writer) error {
	i := slices.Index(compareFormatNames(), flags.format)
	if i < 0 {
		return errUnknownValue("format", flags.format, compareFormatNames())
	}
	if flags.quiet {
		stderr = io.Discard
	}
	flags.bounds.bound()
	points, err := awaited(ctx, "", func() ([]analyzer.VantagePoint, error) {
		return vantagePoints(args, flags.convert, stderr)
	})
	if err != nil {
		return err
	}
	sources := kernelFiles(flags.kernels)
	for _, p := range points {
		sources = append(sources, p.Paths...)
	}
	if path := overwritten(flags.output, sources); path != "" {
		return errSameFile(path)
	}
	opts := analyzer.Options{Generator: "rstexplain " + version()}
	flags.bounds.apply(&opts)
	opts.Capture.Convert = flags.convert
	if opts.Kernel, err = awaited(ctx, strings.Join(flags.kernels, ", "),
		func() ([]*kernel.Record, error) { return kernelRecords(flags.kernels, flags.bounds.memory) }); err != nil {
		return err
	}
	// What is recorded of all captures takes about as much as explaining one.
	expect(max(1, min(len(points)+1, int(flags.bounds.memory)/(4*heapFloor))))
	c, err := analyzer.Compare(ctx, points, opts)
	if err != nil {
		return err
	}
	out, err := awaited(ctx, flags.output, func() (*output, error) { return openOutput(flags.output, stdout) })
	if err != nil {
		return err
	}
	defer out.discard()
	if err := compareFormats[i].write(out, flags, c); err != nil {
		return outputError{flags.output, err}
	}
	if err := out.commit(); err != nil {
		return err
	}
	loss := false
	for _, v := range c.Vantages {
		for _, w := range v.Warnings {
			if w.Lost {
				warn(stderr, v.Path, w)
			}
		}
		loss = loss || v.Partial
	}
	for _, w := range c.Warnings {
		note(stderr, "%s", w.Says)
	}
	if loss {
		return lossError{}
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// explainFlags are the flags of the root command.
type explainFlags struct {
	view
	quiet    bool
	globs    []string
	lists    []string
	join     bool
	convert  bool
	follow   bool
	bounds   boundFlags
	kernels  []string // files, or NAME=FILE
	records  []*kernel.Record
	timeouts string          // file of the user's own idle times
	known    *facts.Timeouts // nil: those that come with the program
}

// helpWidth is the columns that --help keeps to.
const helpWidth = 80

// rootCommand is rstexplain itself: it explains the captures named.
func rootCommand(stderr io.Writer) *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "rstexplain [flags] FILE...",
		Short: "Explain why the TCP connections of a capture were reset",
		Long: `rstexplain reads packet captures (pcapng or pcap, also compressed) and explains
each TCP reset in them: who sent it, which of five causes it has, how probable
that is, which frames show it, what the application saw, and what to do next.
Wireshark's exports (JSON, PDML) are read too, and text in which somebody pasted
what tcpdump, tshark or Wireshark printed. A FILE can be a directory, for the
captures in and below it, or - for standard input.

` + severalValues + `

` + exitCodes(true),
		Example: `  rstexplain capture.pcapng
  rstexplain --format html --output report.html capture.pcapng
  rstexplain --since 90s --host 10.0.0.0/8 --severity error captures/
  rstexplain --join ring_*.pcapng
  find /var/traces -name '*.pcap' -mtime -1 | rstexplain --files-from -
  tcpdump -U -w - port 443 | rstexplain --follow -
  rstexplain --format junit -o resets.xml --fail-on any test.pcapng
  rstexplain rules keepalive-race`,
		Version:           version(),
		Args:              cobra.ArbitraryArgs, // a FILE is no unknown command
		ValidArgsFunction: completeCaptures,
		SilenceErrors:     true,
		SilenceUsage:      true,
		RunE: func(cmd *cobra.Command, files []string) error {
			if near := commandMeant(cmd, files); near != "" {
				return errCommand(files[0], near)
			}
			return explain(cmd.Context(), files, &flags, cmd.InOrStdin(), outOf(cmd), stderr)
		},
	}
	cmd.SetVersionTemplate("rstexplain {{.Version}}\n")
	cmd.SetFlagErrorFunc(errFlag)
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), "FlagUsages |",
		fmt.Sprintf("FlagUsagesWrapped %d |", helpWidth)))
	f := cmd.Flags()
	f.SortFlags = false
	flags.view.flags(cmd)
	f.StringSliceVar(&flags.globs, "glob", nil, "in directories, read only files whose names match `PATTERN`")
	f.StringArrayVar(&flags.lists, "files-from", nil,
		"read the names of captures from `LIST`, one per line; - is standard input")
	f.BoolVar(&flags.join, "join", false, "explain the files of a rotating capture as one, in chronological order")
	convertFlag(f, &flags.convert)
	f.BoolVar(&flags.follow, "follow", false,
		"explain a capture while it is being written, each reset at once, until Ctrl-C")
	flags.bounds.register(cmd)
	kernelFlag(f, &flags.kernels)
	f.StringVar(&flags.timeouts, "timeouts", "", "also compare with the idle timeouts in `FILE`, one per line: "+
		"seconds, server|path|kernel|client, whose timeout it is and a source, separated by tabs")
	f.BoolVarP(&flags.quiet, "quiet", "q", false,
		"do not report unreadable parts on standard error, and show no progress; "+
			"the report and the exit code still show them")
	cmd.AddCommand(compareCommand(stderr), renderCommand(), annotateCommand(stderr), sliceCommand(stderr),
		importCommand(stderr),
		rulesCommand(), recordHelpCommand(), manCommand(), mcpCommand(), pluginCommand(stderr), serveCommand())
	cmd.SetHelpCommand(helpCommand())
	return cmd
}

// convertFlag adds the flag --convert.
func convertFlag(f *pflag.FlagSet, convert *bool) {
	f.BoolVar(convert, "convert", false, "have Wireshark's editcap convert captures of other programs: NetMon, snoop, "+
		"ERF, Sniffer, K12")
}

// commandMeant returns the command that the first name most likely means, "" for none: the name of a file that does
// not exist, and that looks like a mistyped command.
func commandMeant(cmd *cobra.Command, names []string) string {
	if len(names) == 0 || strings.ContainsAny(names[0], "./\\*?[") {
		return ""
	}
	if _, err := os.Lstat(names[0]); err == nil {
		return ""
	}
	for _, c := range cmd.Commands() {
		if !c.Hidden && distance(names[0], c.Name()) <= 2 {
			return c.Name()
		}
	}
	return ""
}

// completeCaptures completes files whose names look like captures; any other name can still be typed.
func completeCaptures(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"pcapng", "pcap", "cap", "ntar", "dmp", "gz", "zst", "lz4", "bz2", "xz"},
		cobra.ShellCompDirectiveFilterFileExt
}

func explain(ctx context.Context, args []string, flags *explainFlags, stdin io.Reader, stdout, stderr io.Writer) error {
	flags.live = flags.follow
	if err := flags.check(args); err != nil {
		return err
	}
	if flags.quiet {
		stderr = io.Discard
	}
	flags.bounds.bound()
	known, err := awaited(ctx, flags.timeouts, func() (*facts.Timeouts, error) { return knownTimeouts(flags.timeouts) })
	if err != nil {
		return err
	}
	flags.known = known
	if flags.records, err = awaited(ctx, strings.Join(flags.kernels, ", "),
		func() ([]*kernel.Record, error) { return kernelRecords(flags.kernels, flags.bounds.memory) }); err != nil {
		return err
	}
	inputs, err := awaited(ctx, strings.Join(flags.lists, ", "),
		func() (*inputList, error) { return flags.inputs(args, stdin, stderr) })
	if err != nil {
		return err
	}
	sources := slices.Concat(inputs.paths, flags.lists)
	if flags.timeouts != "" {
		sources = append(sources, flags.timeouts)
	}
	sources = append(sources, kernelFiles(flags.kernels)...)
	if path := overwritten(flags.output, sources); path != "" {
		return errSameFile(path)
	}
	loss := inputs.lost
	if hint := ringHint(inputs.paths); hint != "" && !flags.join {
		note(stderr, "%s", hint)
	}
	progress := startProgress(inputs.paths, stderr)
	defer progress.end()
	err = flags.show(ctx, progress.writer(stdout), func(r report.Renderer) error {
		lost, err := explainAll(ctx, inputs.paths, flags, r, progress, stderr)
		loss = loss || lost
		if err != nil {
			return outputError{flags.output, err}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case flags.gate.failed > 0:
		return flags.gate.verdict()
	case loss:
		return lossError{}
	}
	return flags.asked.missing("")
}

// knownTimeouts returns the idle times that come with the program and those of the file at path, nil without one.
func knownTimeouts(path string) (*facts.Timeouts, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errTimeouts(path, err)
	}
	defer f.Close()
	t := facts.KnownTimeouts()
	in := &boundedReader{in: f, left: maxTimeouts}
	err = t.Add(in)
	if in.left < 0 { // the last line was cut
		err = errTooManyTimeouts
	}
	if err != nil {
		return nil, errTimeouts(path, err)
	}
	return t, nil
}

// maxTimeouts bounds a file of idle times, in bytes.
const maxTimeouts = 1 << 20

// A boundedReader reads so many bytes. Less than none are left where there are more.
type boundedReader struct {
	in   io.Reader
	left int
}

func (r *boundedReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p[:min(len(p), r.left+1)])
	if r.left -= n; r.left < 0 {
		return 0, io.EOF
	}
	return n, err
}

// check returns an error for combinations of flags and names that make no sense.
func (f *explainFlags) check(args []string) error {
	stdin := 0
	for _, name := range args {
		if name == "-" {
			stdin++
		}
	}
	fromStdin := slices.Contains(f.lists, "-")
	switch {
	case len(args)+len(f.lists) == 0:
		return errNoFile
	case stdin > 1:
		return errStdinTwice()
	case stdin > 0 && fromStdin:
		return errListStdin
	case stdin > 0 && f.join:
		return errJoinStdin
	case f.follow && (len(args) != 1 || len(f.lists) > 0 || f.join):
		return errFollowOne
	}
	for _, g := range f.globs {
		if _, err := filepath.Match(g, ""); err != nil {
			return errBadGlob(g)
		}
	}
	return f.view.check()
}

// inputs finds the captures that are named.
func (f *explainFlags) inputs(args []string, stdin io.Reader, stderr io.Writer) (*inputList, error) {
	list := &inputList{globs: f.globs, convert: f.convert, tell: func(line string) { note(stderr, "%s", line) }}
	for _, name := range args {
		list.add(name)
	}
	for _, name := range f.lists {
		in := stdin
		if name != "-" {
			file, err := os.Open(name)
			if err != nil {
				return nil, inputError{name, err}
			}
			defer file.Close()
			in = file
		}
		if err := list.addList(in); err != nil {
			return nil, inputError{name, err}
		}
	}
	if hint := list.foreignHint(); hint != "" {
		note(stderr, "%s", hint)
	}
	return list, nil
}

// explainAll renders one report over paths and reports whether any was not read whole. Errors are the
// renderer's.
func explainAll(ctx context.Context, paths []string, flags *explainFlags, r report.Renderer, progress *progress,
	stderr io.Writer) (loss bool, err error) {
	opts := analyzer.Options{Follow: flags.follow, Read: progress.counter(), Generator: "rstexplain " + version()}
	flags.bounds.apply(&opts)
	opts.Rules.Timeouts = flags.known
	opts.Capture.Convert = flags.convert
	opts.Kernel = flags.records
	var files []*report.File
	done := func(f *report.File) {
		for _, w := range f.Warnings {
			if w.Lost && progress == nil {
				warn(stderr, f.Path, w)
			}
		}
		if progress != nil && f.Partial {
			files = append(files, f)
		}
		loss = loss || f.Partial
	}
	switch {
	case flags.join && len(paths) > 0:
		var f *report.File
		if f, err = analyzer.ExplainJoined(ctx, paths, r, opts); err == nil {
			done(f)
		}
	default:
		err = analyzer.ExplainAll(ctx, paths, r, opts, done)
	}
	progress.end()
	for _, f := range files { // once the progress bar is gone
		for _, w := range f.Warnings {
			if w.Lost {
				warn(stderr, f.Path, w)
			}
		}
	}
	return loss, err
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/spf13/cobra"
)

// gcPercent is how much garbage may stand beside what is in use: several captures are explained at a time, and less
// memory lets more workers run beside each other. It costs no measurable time.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// Workers of remote runners start this program with flags of Beam.
	if slices.ContainsFunc(os.Args[1:], isWorkerFlag) {
		flag.Parse()
		beam.Init()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func isWorkerFlag(arg string) bool {
	name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && name == "worker" && value != "false"
}

// The exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitPartial = 3
)

// run is the whole program except for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := rootCommand(stderr)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "rstfleet: %s\n", strings.TrimSuffix(line, "\n"))
	}
	var usage usageError
	var partial partialError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &partial):
		return exitPartial
	}
	return exitFailed
}

func rootCommand(stderr io.Writer) *cobra.Command {
	var f fleetFlags
	cmd := &cobra.Command{
		Use:   "rstfleet --input PATTERN --output DIRECTORY [flags]",
		Short: "Explain the TCP resets of very many captures, on one machine or on a cluster",
		Long: `rstfleet explains each TCP reset in captures that are too many for one run of
rstexplain. It reads them from directories and object stores (s3://, gs://,
azblob://), and writes its results there: the resets as JSON lines and Parquet,
their incidents, and a report.

Without --ring, each capture is explained by itself, and incidents are found
across all of them. With --ring, the captures of each tap are explained as one,
as with rstexplain --join. The work is done by Apache Beam: in this process, or
on Flink, Spark or Dataflow with --runner.

Exit codes:

    0  everything was read
    1  the job failed
    2  usage error
    3  more captures than --fail-above could not be read completely`,
		Example: `  rstfleet --input 'captures/**.pcapng' --output out
  rstfleet --input 's3://traces/2026/**.pcap.zst?region=eu-west-1' --output s3://results/2026
  rstfleet --ring --input 'ring/**' --output out
  rstfleet --ring='{tap}_*.pcapng' --input 'ring/*.pcapng' --output out
  rstfleet --runner flink --beam-flag endpoint=jobserver:8099 --input … --output …`,
		Version:       version(),
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), stderr)
		},
	}
	cmd.SetVersionTemplate("rstfleet {{.Version}}\n")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{err.Error(), "rstfleet --help lists the flags"}
	})
	cmd.CompletionOptions.DisableDefaultCmd = true
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringArrayVarP(&f.inputs, "input", "i", nil, "explain the captures that `PATTERN` names: * stands for any "+
		"characters but /, ** for any; a name that ends in / stands for all below it")
	fs.StringArrayVar(&f.lists, "files-from", nil, "read names of captures from `LIST`, one per line")
	fs.StringVarP(&f.output, "output", "o", "", "write the results below `DIRECTORY`, which must be empty")
	fs.BoolVar(&f.overwrite, "overwrite", false, "delete what is in the output directory")
	fs.StringVar(&f.ring, "ring", "", "explain the captures of each tap as one; `PATTERN` says which part of a name is "+
		"the tap, by default the directory: {tap}/*")
	fs.Lookup("ring").NoOptDefVal = "{tap}/*"
	fs.BoolVar(&f.divide, "divide", false, "with --ring, have several workers read the captures of one tap; one of them "+
		"then explains headers, and the data of connections with a RST")
	fs.StringSliceVar(&f.reports, "report", []string{"html", "markdown"}, "also write a report as html or markdown, or "+
		"none, which takes less time where resets are many")
	fs.StringVar(&f.failAbove, "fail-above", "0", "exit with 3 only if more captures than this `SHARE` (1%) or number "+
		"could not be read completely")
	fs.IntVar(&f.shard, "shard", 0, "captures whose resets go to one file (default 64)")
	fs.IntVar(&f.maxMemory, "max-memory", 0, "memory for the connections of each capture or tap that is read, in `MIB` "+
		"(default 768)")
	fs.StringVar(&f.runner, "runner", "prism", "what runs the job: prism, in this process, or flink, spark, dataflow")
	fs.StringArrayVar(&f.beam, "beam-flag", nil, "a flag of Beam or of its runner, `NAME=VALUE`; --beam-help lists them")
	fs.BoolVar(&f.beamHelp, "beam-help", false, "list the flags of Beam and its runners")
	return cmd
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q", args[0]),
			"captures are named with --input; quote a pattern, so that the shell does not expand it"}
	}
	return nil
}

// version is the module's version as the go command recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

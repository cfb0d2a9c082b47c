package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"

	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow" // the runners that --runner names
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/flink"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/spark"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/job"
	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// runnerNames are the values of --runner.
var runnerNames = []string{"prism", "flink", "spark", "dataflow"}

// reportNames are the values of --report.
var reportNames = []string{"html", "markdown", "none"}

// reportsOf returns the reports that are written.
func reportsOf(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "none" })
}

// fleetFlags are the flags of the program.
type fleetFlags struct {
	inputs, lists []string
	output        string
	overwrite     bool
	ring          string
	divide        bool
	failAbove     string
	reports       []string
	shard         int
	maxMemory     int
	runner        string
	beam          []string
	beamHelp      bool
}

// run carries out the job that the flags describe.
func (f *fleetFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if f.beamHelp {
		flag.CommandLine.SetOutput(stdout)
		flag.CommandLine.PrintDefaults()
		return nil
	}
	allowed, err := f.check()
	if err != nil {
		return err
	}
	j := job.Job{Params: map[string]string{}, Ring: f.ring != "", Divide: f.divide, ShardSize: f.shard,
		Reports:   reportsOf(f.reports),
		MaxMemory: int64(f.maxMemory) << 20, Generator: "rstfleet " + version()}
	j.Output = f.bucket(f.output, j.Params)
	w := job.NewWorker(&j)
	defer w.Close()
	objects, err := f.list(ctx, w.Store(), j.Params)
	if err != nil {
		return err
	}
	taps, err := f.taps(objects)
	if err != nil {
		return err
	}
	err = w.Prepare(ctx, j.Units(objects, taps), f.overwrite)
	var input *job.InputError
	switch {
	case errors.Is(err, job.ErrNotEmpty):
		return errNotEmpty(f.output)
	case errors.As(err, &input):
		return errInputInOutput(input)
	case err != nil:
		return errOutput(f.output, err)
	}
	if err := f.execute(ctx, j); err != nil {
		return errJob(f.runner, f.output, err)
	}
	m, err := w.Finish(ctx)
	if err != nil {
		return errOutput(f.output, err)
	}
	fmt.Fprintln(stderr, says(m, f.output))
	if allowed.exceeded(m.Total.Partial, m.Total.Captures) {
		return partialError{&m.Total, unitOf(m), f.output}
	}
	return nil
}

// check returns an error for flags that make no sense.
func (f *fleetFlags) check() (allowance, error) {
	switch {
	case len(f.inputs)+len(f.lists) == 0:
		return allowance{}, errNoInput
	case f.output == "":
		return allowance{}, errNoOutput
	case f.shard < 0 || f.maxMemory < 0:
		return allowance{}, errNegative
	case f.divide && f.ring == "":
		return allowance{}, errDivide
	case !slices.Contains(runnerNames, f.runner):
		return allowance{}, errRunner(f.runner, runnerNames)
	}
	for _, r := range f.reports {
		if !slices.Contains(reportNames, r) {
			return allowance{}, errReport(r, reportNames)
		}
	}
	if f.ring != "" {
		if _, err := job.NewTapPattern(f.ring); err != nil {
			return allowance{}, errRing(f.ring, err)
		}
	}
	for _, b := range f.beam {
		name, value, ok := strings.Cut(b, "=")
		if !ok {
			value = "true"
		}
		if err := flag.CommandLine.Set(strings.TrimLeft(name, "-"), value); err != nil {
			return allowance{}, errBeamFlag(b, err)
		}
	}
	return parseAllowance(f.failAbove)
}

// bucket returns name without the parameters of its bucket, which it keeps.
func (f *fleetFlags) bucket(name string, params map[string]string) string {
	name, bucket, p := store.SplitParams(name)
	if p != "" {
		params[bucket] = p
	}
	return name
}

// list finds the captures, in the order of their names.
func (f *fleetFlags) list(ctx context.Context, s *store.Store, params map[string]string) ([]store.Object, error) {
	names := slices.Clone(f.inputs)
	for _, l := range f.lists {
		more, err := readList(l)
		if err != nil {
			return nil, errInput(l, err)
		}
		names = append(names, more...)
	}
	var all []store.Object
	for _, n := range names {
		found, err := s.List(ctx, f.bucket(n, params))
		if err != nil && !store.NotExist(err) {
			return nil, errInput(n, err)
		}
		if len(found) == 0 {
			return nil, errNothing(n)
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b store.Object) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b store.Object) bool { return a.Name == b.Name }), nil
}

// readList returns the lines of a file.
func readList(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if n := strings.TrimSuffix(lines.Text(), "\r"); n != "" {
			names = append(names, n)
		}
	}
	return names, lines.Err()
}

// taps returns the tap of each capture, nil without --ring.
func (f *fleetFlags) taps(objects []store.Object) ([]string, error) {
	if f.ring == "" {
		return nil, nil
	}
	p, err := job.NewTapPattern(f.ring)
	if err != nil {
		return nil, errRing(f.ring, err)
	}
	taps := make([]string, len(objects))
	for i, o := range objects {
		tap, ok := p.Tap(o.Name)
		if !ok {
			return nil, errNoTap(o.Name, f.ring)
		}
		taps[i] = tap
	}
	return taps, nil
}

// execute runs the job.
func (f *fleetFlags) execute(ctx context.Context, j job.Job) error {
	beamlog.LogLevel, beamlog.LogKind = "error", "text"
	beam.Init()
	if f.runner == "prism" { // what fails is in the error of the job
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	p, s := beam.NewPipelineWithRoot()
	pipeline(s, j)
	_, err := beam.Run(ctx, f.runner, p)
	return err
}

// An allowance is how many captures may be read only in part.
type allowance struct {
	share  float64
	number int
}

func parseAllowance(text string) (allowance, error) {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		p, err := strconv.ParseFloat(share, 64)
		if err != nil || p < 0 || p > 100 {
			return allowance{}, errFailAbove(text)
		}
		return allowance{share: p / 100}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return allowance{}, errFailAbove(text)
	}
	return allowance{number: n}, nil
}

func (a allowance) exceeded(partial, of int) bool {
	return partial > a.number && float64(partial) > a.share*float64(of)
}

// Package analyzer is the whole way from a capture file to an explained report. This file is the way; the
// rooms along it are packages of their own.
package analyzer

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/rules"
)

// Options set up an analysis. The zero value is right for nearly all.
type Options struct {
	Capture capture.Options
	Flows   track.TableOptions
	Rules   rules.Options

	// Follow explains a capture that is still being written: each reset as soon as Flows.LookaheadTime has
	// passed after it, or 60 ms where that is 0, and once more when all is known that follows it: the Provisional of its
	// model says which. The end of the context is the end of the capture.
	Follow bool

	// Read, where set, grows by each byte that is read.
	Read *atomic.Int64

	// Kernel holds what hosts' kernels recorded while the capture was made. It is joined with the resets.
	Kernel []*kernel.Record

	watch func(*flows.Segment) // gets every segment, in order; keeps nothing of it
	// gets every reset, and reports whether it keeps the first
	keep func(*flows.Reset, *rules.Finding, *report.Reset) bool

	// Generator names the program in the report; "" is rstexplain.
	Generator string
}

// Explain explains the capture at path ("-" is standard input), or an export of one or a text that shows packets, and
// writes the report to r: its resets come one by one, in the order of their frames. What cannot be read stands in the
// warnings of the File; the error is r's alone. When ctx ends, all that was read until then is explained, and the File
// says that it is partial.
func Explain(ctx context.Context, path string, r report.Renderer, opts Options) (*report.File, error) {
	return opts.report(r, func() (*report.File, error) { return explainFile(ctx, path, r, opts) })
}

// report writes the report on one file.
func (o *Options) report(r report.Renderer, explain func() (*report.File, error)) (*report.File, error) {
	if err := r.Begin(o.generator()); err != nil {
		return nil, err
	}
	file, err := explain()
	if err != nil {
		return nil, err
	}
	return file, r.End()
}

// capture returns how the input is read.
func (o *Options) capture() capture.Options {
	opts := o.Capture
	opts.Follow = opts.Follow || o.Follow
	return opts
}

func (o *Options) generator() string { return cmp.Or(o.Generator, "rstexplain") }

// explainFile writes the part of a report that is about one file.
func explainFile(ctx context.Context, path string, r report.Renderer, opts Options) (*report.File, error) {
	if err := r.BeginFile(path); err != nil {
		return nil, err
	}
	file := &report.File{Path: path}
	in, err := awaitInput(ctx, path, opts.capture())
	if err != nil {
		refused(file, err)
		return file, r.EndFile(file)
	}
	return explainInput(ctx, in, file, r, opts)
}

// explainInput explains what in brings.
func explainInput(ctx context.Context, in input, file *report.File, r report.Renderer, opts Options) (*report.File,
	error) {
	if opts.Follow {
		opts.Flows.LookaheadTime = cmp.Or(opts.Flows.LookaheadTime, followLookahead)
	}
	x := newAnalysis(ctx, in, r, opts)
	if x.live.live = opts.Follow; opts.Follow {
		defer context.AfterFunc(ctx, in.stop)()
	}
	err := x.run()
	a := account{file, in, &x.span, x.headers.end(), x.table}
	switch {
	case !x.left:
		a.whole()
	case opts.Follow && ctx.Err() != nil:
		a.ended()
	default:
		a.interrupted()
	}
	if bug := (*bug)(nil); errors.As(err, &bug) {
		file.Warnings = append(file.Warnings, bug.warning())
	} else if err != nil {
		return nil, err
	}
	a.settle()
	x.joined.finish(file)
	file.Notes = x.failed.notes()
	x.kernel.finish(file)
	x.builder.Finish(file)
	x.text.finish(file)
	return file, r.EndFile(file)
}

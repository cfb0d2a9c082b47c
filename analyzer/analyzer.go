// Package analyzer is the whole way from a capture file to an explained report. This file is the way; the
// rooms along it are packages of their own.
package analyzer

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// Options set up an analysis. The zero value is right for nearly all.
type Options struct {
	Capture capture.Options
	Flows   flows.TableOptions
	Rules   rules.Options

	// Follow explains a capture that is still being written: each reset as soon as Flows.LookaheadTime has
	// passed after it, or 60 ms where that is 0. The end of the context is the end of the capture.
	Follow bool

	// Read, where set, grows by each octet that is read.
	Read *atomic.Int64
}

// Explain reads the capture at path ("-" is standard input), or an export of one, and hands its resets to
// r, one by one and in the order of their frames. What cannot be read stands in the warnings of the File;
// the error is r's alone. When ctx ends, all that was read until then is explained, and the File says that
// it is partial.
func Explain(ctx context.Context, path string, r report.Renderer, opts Options) (*report.File, error) {
	if opts.Follow {
		opts.Capture.Follow = true
		opts.Flows.LookaheadTime = cmp.Or(opts.Flows.LookaheadTime, followLookahead)
	}
	if err := r.BeginFile(path); err != nil {
		return nil, err
	}
	file := &report.File{Path: path}
	in, err := openInput(path, opts.Capture)
	if err != nil {
		refused(file, err)
		return file, r.EndFile(file)
	}
	return explainInput(ctx, in, file, r, opts)
}

// explainInput does the work in five stages that pass on what they make: the input is read and its headers decoded,
// while its octets are in the processor's cache; segments in good order are put by; connections are followed; resets
// are explained; the report is written. Each stage is one goroutine that takes things in the order of the input, so
// the report does not depend on how many cores there are.
func explainInput(ctx context.Context, in input, file *report.File, r report.Renderer, opts Options) (*report.File, error) {
	decoded := make(chan []*segments, 1)
	deferred := make(chan []*segments, 1)
	resets := make(chan []*flows.Reset, 1)
	explained := make(chan []*report.Reset, 1)
	var (
		headers  decoding
		found    []*flows.Reset
		engine   = rules.NewEngine(opts.Rules)
		builder  report.Builder
		span     timeSpan
		failed   unreachables
		joined   = joinedOf(in)
		live     = newLiveClock(opts.Follow)
		read     = make(chan error, 2) // of the first two stages, when all is read
		finished = make(chan struct{}) // closed when the report takes no more
		left     = true                // something of the input has not been followed
	)
	table := flows.NewTable(opts.Flows, func(r *flows.Reset) {
		if found = append(found, r); len(found) == resetsAtOnce {
			send(resets, found, finished)
			found = nil
		}
	})
	defer live.stop()
	if opts.Follow {
		defer context.AfterFunc(ctx, in.stop)()
	}
	// Reading may block for ever, on a pipe that brings nothing: it is not waited for, and what it still
	// reads after the end of ctx is dropped.
	go func() {
		defer close(decoded)
		read <- guarded(func() error {
			defer in.close()
			headers.decodeAll(in, decoded, finished, table, &opts)
			return nil
		})()
	}()
	go func() {
		defer close(deferred)
		read <- guarded(func() error {
			deferAll(decoded, deferred, finished, opts.Follow)
			return nil
		})()
	}()
	var stages errgroup.Group
	stages.Go(guarded(func() error {
		defer close(resets)
		for more := true; more; {
			var list []*segments
			select {
			case list, more = <-deferred:
				left = more
			case <-live.tick:
				table.Settle(live.now())
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				list, more = nil, false
			}
			for _, s := range list {
				if !span.seen && s.seen {
					builder.Start(report.Time(s.start))
				}
				span.add(&s.timeSpan)
				live.heard(s.last)
				s.follow(table, &failed)
				s.release()
			}
			if !more {
				table.Flush()
			}
			if len(found) > 0 && (opts.Follow || !more) {
				send(resets, found, finished)
				found = nil
			}
			select {
			case <-finished:
				return nil
			default:
			}
		}
		return nil
	}))
	stages.Go(guarded(func() error {
		defer close(explained)
		next := handOn[*report.Reset]{to: explained, finished: finished, most: resetsAtOnce}
		for some := range resets {
			for _, reset := range some {
				m := builder.Reset(reset, engine.Explain(reset))
				joined.place(m)
				reset.Release()
				if !next.add(m, opts.Follow) {
					return nil
				}
			}
		}
		next.flush()
		return nil
	}))
	stages.Go(guarded(func() error {
		defer close(finished)
		for some := range explained {
			for _, m := range some {
				if err := r.Reset(m); err != nil {
					return err
				}
				m.Release()
			}
		}
		return nil
	}))
	err := stages.Wait()
	a := account{file, in, &span, headers.end(), table}
	for range cap(read) {
		select {
		case e := <-read:
			err = errors.Join(err, e)
		default: // it still waits for more
		}
	}
	switch {
	case !left:
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
	joined.finish(file)
	file.Notes = failed.notes()
	builder.Finish(file)
	return file, r.EndFile(file)
}

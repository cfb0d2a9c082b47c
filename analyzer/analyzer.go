// Package analyzer is the whole way from a capture file to an explained report. This file is the way; the
// rooms along it are packages of their own.
package analyzer

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// Options set up an analysis. The zero value is right for nearly all.
type Options struct {
	Capture capture.Options
	Flows   flows.TableOptions
	Rules   rules.Options
}

// Explain reads the capture at path ("-" is standard input) and hands its resets to r, one by one and in
// the order of their frames. What cannot be read stands in the warnings of the File; the error is r's
// alone. When ctx ends, all that was read until then is explained, and the File says that it is partial.
//
// The work is done in four stages that pass batches on: the file is read, headers are decoded, connections
// are followed, resets are explained. Each stage is one goroutine that takes batches in the order of the
// file, so the report does not depend on how many cores there are.
func Explain(ctx context.Context, path string, r report.Renderer, opts Options) (*report.File, error) {
	if err := r.BeginFile(path); err != nil {
		return nil, err
	}
	file := &report.File{Path: path}
	reader, err := capture.Open(path, opts.Capture)
	if err != nil {
		refused(file, err)
		return file, r.EndFile(file)
	}

	batches := make(chan capture.Batch, depth)
	decoded := make(chan *segments, depth)
	resets := make(chan []*flows.Reset, depth)
	var (
		decoder  = &decode.Decoder{}
		found    []*flows.Reset
		table    = flows.NewTable(opts.Flows, func(r *flows.Reset) { found = append(found, r) })
		engine   = rules.NewEngine(opts.Rules)
		builder  report.Builder
		span     timeSpan
		failed   unreachables
		read     = make(chan error, 1) // holds a value when all is read
		finished = make(chan struct{}) // closed when the report takes no more
	)
	// Reading may block for ever, on a pipe that brings nothing: it is not waited for, and what it still
	// reads after the end of ctx is dropped.
	go func() {
		read <- guarded(func() error {
			defer reader.Close()
			for b := (capture.Batch{}); reader.Next(&b) == nil; b = (capture.Batch{}) {
				if !send(batches, b, finished) {
					break
				}
			}
			return nil
		})()
		close(batches)
	}()
	var stages errgroup.Group
	stages.Go(guarded(func() error {
		defer close(decoded)
		for b := range until(ctx, batches) {
			span.extend(b.Packets)
			if !send(decoded, decodeBatch(decoder, b), finished) {
				return nil
			}
		}
		decoder.Flush()
		return nil
	}))
	stages.Go(guarded(func() error {
		defer close(resets)
		for s := range decoded {
			s.follow(table, &failed)
			s.release()
			if len(found) > 0 && !send(resets, found, finished) {
				return nil
			}
			found = nil
		}
		table.Flush()
		send(resets, found, finished)
		return nil
	}))
	stages.Go(guarded(func() error {
		defer close(finished)
		for some := range resets {
			for _, reset := range some {
				if err := r.Reset(builder.Reset(reset, engine.Explain(reset))); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	err = stages.Wait()
	a := account{file, reader, decoder, table}
	select {
	case e := <-read:
		a.whole()
		err = errors.Join(err, e)
	default:
		a.interrupted()
	}
	if bug := (*bug)(nil); errors.As(err, &bug) {
		file.Warnings = append(file.Warnings, bug.warning())
	} else if err != nil {
		return nil, err
	}
	a.settle(span)
	file.Notes = failed.notes()
	builder.Finish(file)
	return file, r.EndFile(file)
}

// depth is how many batches may wait between two stages: enough to even out their pace, few enough to
// stay in the cache.
const depth = 4

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/job"
)

// The steps of a job as Beam's functions. Beam may call each any number of times for the same element, on any worker:
// what they write has names that depend on the element alone.

// Beam calls them by reflection: its generated wrappers make the compiler work for minutes, and save microseconds for
// elements that take seconds.
func init() {
	for _, step := range []any{readUnits{}, explainUnit{}, divideUnit{}, scanPiece{}, gatherUnit{}, cutPiece{},
		explainExcerpts{}, mergeGroup{}, publishShard{}} {
		beam.RegisterDoFn(reflect.TypeOf(step))
	}
}

// pipeline lays out a job:
//
//	units → reshuffle → explain → by group → merge → by shard → publish
//
// and with Job.Divide, between the units and what is explained:
//
//	captures → reshuffle → scan → by unit → gather → reshuffle → cut → by unit → explain
func pipeline(s beam.Scope, j job.Job) {
	at := worker{Job: j}
	units := beam.Reshuffle(s, beam.ParDo(s.Scope("read the list"), &readUnits{at}, beam.Impulse(s)))
	var explained beam.PCollection
	if j.Divide {
		pieces := beam.Reshuffle(s, beam.ParDo(s.Scope("divide"), &divideUnit{}, units))
		withResets := beam.ParDo(s.Scope("scan"), &scanPiece{at}, pieces)
		pieces = beam.Reshuffle(s, beam.ParDo(s.Scope("gather"), &gatherUnit{at}, beam.GroupByKey(s, withResets)))
		excerpts := beam.ParDo(s.Scope("cut"), &cutPiece{at}, pieces)
		explained = beam.ParDo(s.Scope("explain"), &explainExcerpts{at}, beam.GroupByKey(s, excerpts))
	} else {
		explained = beam.ParDo(s.Scope("explain"), &explainUnit{at}, units)
	}
	numbered := beam.ParDo(s.Scope("merge"), &mergeGroup{at}, beam.GroupByKey(s, explained))
	beam.ParDo0(s.Scope("publish"), &publishShard{at}, beam.GroupByKey(s, numbered))
}

// A worker is what the functions have in common.
type worker struct {
	Job job.Job
	at  *job.Worker
}

// Setup is called by Beam.
func (w *worker) Setup() { w.at = job.NewWorker(&w.Job) }

// Teardown is called by Beam.
func (w *worker) Teardown() error { return w.at.Close() }

type readUnits struct{ worker }

// ProcessElement emits the units of the list.
func (f *readUnits) ProcessElement(ctx context.Context, _ []byte, emit func(job.Unit)) error {
	in, err := f.at.Store().Open(ctx, f.Job.List())
	if err != nil {
		return err
	}
	defer in.Close()
	dec := json.NewDecoder(bufio.NewReader(in))
	for {
		var u job.Unit
		if err := dec.Decode(&u); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		emit(u)
	}
}

// The counters of a job.
var (
	captures     = beam.NewCounter("rstfleet", "captures")
	partial      = beam.NewCounter("rstfleet", "partial")
	inputBytes   = beam.NewCounter("rstfleet", "input_bytes")
	packets      = beam.NewCounter("rstfleet", "packets")
	resets       = beam.NewCounter("rstfleet", "resets")
	intermediate = beam.NewCounter("rstfleet", "intermediate_bytes")
	scanned      = beam.NewCounter("rstfleet", "scanned_captures")
	excerptBytes = beam.NewCounter("rstfleet", "excerpt_bytes")
	whole        = beam.NewCounter("rstfleet", "whole_captures")
)

type explainUnit struct{ worker }

// ProcessElement explains a unit.
func (f *explainUnit) ProcessElement(ctx context.Context, u job.Unit, emit func(string, job.Explained)) error {
	e, c, err := f.at.Explain(ctx, u)
	if err != nil {
		return err
	}
	count(ctx, &c)
	emit(e.Group, e)
	return nil
}

// count adds what a step counted to the counters.
func count(ctx context.Context, c *job.Counts) {
	captures.Inc(ctx, c.Captures)
	partial.Inc(ctx, c.Partial)
	inputBytes.Inc(ctx, c.Bytes)
	packets.Inc(ctx, c.Packets)
	resets.Inc(ctx, c.Resets)
	intermediate.Inc(ctx, c.Intermediate)
}

type divideUnit struct{}

// ProcessElement emits the captures of a unit.
func (f *divideUnit) ProcessElement(_ context.Context, u job.Unit, emit func(job.Piece)) {
	for _, p := range u.Pieces() {
		emit(p)
	}
}

type scanPiece struct{ worker }

// ProcessElement finds the connections of a capture that have a RST.
func (f *scanPiece) ProcessElement(ctx context.Context, p job.Piece, emit func(int, job.Scanned)) error {
	s, err := f.at.Scan(ctx, p)
	if err != nil {
		return err
	}
	scanned.Inc(ctx, 1)
	emit(p.Unit, s)
	return nil
}

type gatherUnit struct{ worker }

// ProcessElement gathers the connections of a unit that have a RST, and emits its captures again.
func (f *gatherUnit) ProcessElement(ctx context.Context, _ int, each func(*job.Scanned) bool,
	emit func(job.Piece)) error {
	pieces, err := f.at.Gather(ctx, all(each))
	if err != nil {
		return err
	}
	for _, p := range pieces {
		emit(p)
	}
	return nil
}

type cutPiece struct{ worker }

// ProcessElement writes the excerpt of a capture.
func (f *cutPiece) ProcessElement(ctx context.Context, p job.Piece, emit func(int, job.Excerpt)) error {
	e, err := f.at.Cut(ctx, p)
	if err != nil {
		return err
	}
	if e.Path == "" {
		whole.Inc(ctx, 1)
	}
	excerptBytes.Inc(ctx, e.Size)
	emit(p.Unit, e)
	return nil
}

type explainExcerpts struct{ worker }

// ProcessElement explains a unit by its excerpts.
func (f *explainExcerpts) ProcessElement(ctx context.Context, _ int, each func(*job.Excerpt) bool,
	emit func(string, job.Explained)) error {
	e, c, err := f.at.ExplainExcerpts(ctx, all(each))
	if err != nil {
		return err
	}
	count(ctx, &c)
	emit(e.Group, e)
	return nil
}

type mergeGroup struct{ worker }

// ProcessElement merges the reports of a group.
func (f *mergeGroup) ProcessElement(ctx context.Context, group string, each func(*job.Explained) bool,
	emit func(string, job.Numbered)) error {
	units, err := f.at.Merge(ctx, group, all(each))
	if err != nil {
		return err
	}
	for _, u := range units {
		emit(group+"/"+strconv.Itoa(f.Job.Shard(&u.Explained)), u)
	}
	return nil
}

type publishShard struct{ worker }

// ProcessElement writes a shard.
func (f *publishShard) ProcessElement(ctx context.Context, _ string, each func(*job.Numbered) bool) error {
	units := all(each)
	return f.at.Publish(ctx, f.Job.Shard(&units[0].Explained), units)
}

// all returns what an iterator of Beam brings.
func all[T any](each func(*T) bool) []T {
	var list []T
	for {
		var v T
		if !each(&v) {
			return list
		}
		list = append(list, v)
	}
}

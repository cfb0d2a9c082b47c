package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/job"
)

// The steps of a job as Beam's functions. Beam may call each any number of times for the same element, on any worker:
// what they write has names that depend on the element alone.

func init() {
	register.DoFn3x1[context.Context, []byte, func(job.Unit), error](&readUnits{})
	register.DoFn3x1[context.Context, job.Unit, func(string, job.Explained), error](&explainUnit{})
	register.DoFn4x1[context.Context, string, func(*job.Explained) bool, func(string, job.Numbered), error](&mergeGroup{})
	register.DoFn3x1[context.Context, string, func(*job.Numbered) bool, error](&publishShard{})
	register.Emitter1[job.Unit]()
	register.Emitter2[string, job.Explained]()
	register.Emitter2[string, job.Numbered]()
	register.Iter1[job.Explained]()
	register.Iter1[job.Numbered]()
}

// pipeline lays out a job:
//
//	units → reshuffle → explain → by group → merge → by shard → publish
func pipeline(s beam.Scope, j job.Job) {
	at := worker{Job: j}
	units := beam.Reshuffle(s, beam.ParDo(s.Scope("read the list"), &readUnits{at}, beam.Impulse(s)))
	explained := beam.ParDo(s.Scope("explain"), &explainUnit{at}, units)
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
)

type explainUnit struct{ worker }

// ProcessElement explains a unit.
func (f *explainUnit) ProcessElement(ctx context.Context, u job.Unit, emit func(string, job.Explained)) error {
	e, c, err := f.at.Explain(ctx, u)
	if err != nil {
		return err
	}
	captures.Inc(ctx, c.Captures)
	partial.Inc(ctx, c.Partial)
	inputBytes.Inc(ctx, c.Bytes)
	packets.Inc(ctx, c.Packets)
	resets.Inc(ctx, c.Resets)
	intermediate.Inc(ctx, c.Intermediate)
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

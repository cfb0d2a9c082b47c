package analyzer

import (
	"context"
	"errors"
	"os"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// queueLength is how many resets of a file wait until the files before it have been reported.
const queueLength = 512

// ExplainAll explains the files at paths as Explain does, several in parallel, and writes one report on them to r, in
// the order of paths. It calls each with every file after r has got it.
func ExplainAll(ctx context.Context, paths []string, r report.Renderer, opts Options, each func(*report.File)) error {
	if err := r.Begin(opts.generator()); err != nil {
		return err
	}
	if err := explainAll(ctx, paths, r, opts, each); err != nil {
		return err
	}
	return r.End()
}

func explainAll(ctx context.Context, paths []string, r report.Renderer, opts Options, each func(*report.File)) error {
	if len(paths) == 1 { // nothing to wait for
		f, err := explainFile(ctx, paths[0], r, opts)
		if err == nil {
			each(f)
		}
		return err
	}
	room := opts.Flows.MaxMemory // for the connections of all files that are explained at a time
	if room <= 0 {
		room = 768 << 20
	}
	cores := runtime.GOMAXPROCS(0)
	line := make(chan *queue, 4*cores) // of files that are being explained, in the order of paths
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		defer close(line)
		slots, memory := semaphore.NewWeighted(int64(cores)), semaphore.NewWeighted(room)
		for _, path := range paths {
			q := &queue{path: path, resets: make(chan *report.Reset, queueLength), finished: finished}
			// Files get their room in their order, so the one that r waits for always has some.
			n := min(room, roomFor(path, room)+2*capture.WindowOf(path))
			if slots.Acquire(ctx, 1) != nil || memory.Acquire(ctx, n) != nil {
				q.file = &report.File{Path: path}
				refused(q.file, errNotBegun)
				close(q.resets)
				if !send(line, q, finished) {
					return
				}
				continue
			}
			if !send(line, q, finished) {
				return
			}
			go func() {
				defer slots.Release(1)
				defer memory.Release(n)
				defer close(q.resets)
				q.explain(ctx, opts)
			}()
		}
	}()
	for q := range line {
		if err := q.drain(r); err != nil {
			return err
		}
		each(q.file)
	}
	return nil
}

// roomFor estimates how much memory the connections of a file can take, from its size.
func roomFor(path string, most int64) int64 {
	const least, perByte = 8 << 20, 8
	st, err := os.Stat(path)
	if err != nil {
		return min(most, least)
	}
	return min(most, least+perByte*min(st.Size(), most))
}

// A queue is a Renderer that keeps the resets of one file until it is its turn.
type queue struct {
	path     string
	resets   chan *report.Reset
	finished <-chan struct{} // closed when they are no longer received
	file     *report.File
	err      error
}

// errNotBegun is for the files of a batch that were still to be read when the context ended.
var errNotBegun = errors.New("interrupted before it was read")

// explain explains the file. A panic is reported for this file alone.
func (q *queue) explain(ctx context.Context, opts Options) {
	err := guarded(func() error {
		q.file, q.err = explainFile(ctx, q.path, q, opts)
		return nil
	})
	if err != nil {
		q.file, q.err = &report.File{Path: q.path}, nil
		refused(q.file, err)
	}
}

var errAbandoned = errors.New("the report has ended")

func (q *queue) Begin(string) error         { return nil }
func (q *queue) BeginFile(string) error     { return nil }
func (q *queue) EndFile(*report.File) error { return nil }
func (q *queue) End() error                 { return nil }

func (q *queue) Reset(r *report.Reset) error {
	if !send(q.resets, r.Clone(), q.finished) {
		return errAbandoned
	}
	return nil
}

// tell hands the file to r as it comes in.
func (q *queue) drain(r report.Renderer) error {
	if err := r.BeginFile(q.path); err != nil {
		return err
	}
	var bugs []report.Warning // of resets that could not be written
	for m := range q.resets {
		err := guarded(func() error { return r.Reset(m) })
		if bug := (*bug)(nil); errors.As(err, &bug) {
			w := bug.warning()
			w.Frame, w.Count = m.Frame, 1
			bugs = append(bugs, w)
		} else if err != nil {
			return err
		}
	}
	if q.err != nil {
		return q.err
	}
	if len(bugs) > 0 {
		q.file.Partial = true
		q.file.Warnings = append(q.file.Warnings, bugs[0])
	}
	return r.EndFile(q.file)
}

// send sends v and reports whether it was received.
func send[T any](c chan<- T, v T, finished <-chan struct{}) bool {
	select {
	case c <- v:
		return true
	case <-finished:
		return false
	}
}

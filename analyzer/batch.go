package analyzer

import (
	"context"
	"errors"
	"os"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// queueLength is how many resets of a file wait until the files before it are told.
const queueLength = 512

// ExplainAll explains the files at paths as Explain does, several at a time, and hands them to r in the
// order of paths, whatever is done first. It calls each with every file once r has it.
func ExplainAll(ctx context.Context, paths []string, r report.Renderer, opts Options, each func(*report.File)) error {
	if len(paths) == 1 { // nothing to wait for
		f, err := Explain(ctx, paths[0], r, opts)
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
			// Files get their room in their order, so the one that r waits for always has some.
			n := roomFor(path, room)
			if slots.Acquire(ctx, 1) != nil || memory.Acquire(ctx, n) != nil {
				return
			}
			q := &queue{path: path, resets: make(chan *report.Reset, queueLength), finished: finished}
			if !send(line, q, finished) {
				return
			}
			go func() {
				defer slots.Release(1)
				defer memory.Release(n)
				defer close(q.resets)
				q.file, q.err = Explain(ctx, path, q, opts)
			}()
		}
	}()
	for q := range line {
		if err := q.tell(r); err != nil {
			return err
		}
		each(q.file)
	}
	return nil
}

// roomFor estimates how much memory the connections of a file can take, from its size.
func roomFor(path string, most int64) int64 {
	const least, perOctet = 8 << 20, 8
	st, err := os.Stat(path)
	if err != nil {
		return min(most, least)
	}
	return min(most, least+perOctet*min(st.Size(), most))
}

// A queue is a Renderer that keeps the resets of one file until it is its turn.
type queue struct {
	path     string
	resets   chan *report.Reset
	finished <-chan struct{} // closed when nobody takes them any more
	file     *report.File
	err      error
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
func (q *queue) tell(r report.Renderer) error {
	if err := r.BeginFile(q.path); err != nil {
		return err
	}
	for m := range q.resets {
		if err := r.Reset(m); err != nil {
			return err
		}
	}
	if q.err != nil {
		return q.err
	}
	return r.EndFile(q.file)
}

// send passes v on and reports whether anyone still wants it.
func send[T any](c chan<- T, v T, finished <-chan struct{}) bool {
	select {
	case c <- v:
		return true
	case <-finished:
		return false
	}
}

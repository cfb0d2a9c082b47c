// Package job explains many captures in steps that may run on different machines, each any number of times: a step
// writes the same objects each time, and what one step tells the next is small. The engine that distributes the steps
// is not part of it. Begin with [Job.Units] and [NewWorker].
package job

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// A Job says what is explained and where the results go. Workers get it as JSON.
type Job struct {
	Output    string            // directory of the results
	Params    map[string]string // of buckets, see store.New
	Ring      bool              // the captures of a tap are explained as one
	Divide    bool              // and are read by several workers before
	ShardSize int               // units of a shard; 0: DefaultShardSize
	Reports   []string          // "html", "markdown"
	MaxMemory int64             // bytes for the connections of a unit; 0: the default of rstexplain
	Generator string            // the program that the reports name
}

// DefaultShardSize is how many captures have their resets in one file.
const DefaultShardSize = 64

// A Unit is what is explained by itself: an independent capture, or all captures of a tap.
type Unit struct {
	Index int // in the order of the report
	Group string
	Paths []string
	Bytes int64
}

// An Explained is the result of explaining a unit, which lies in the store.
type Explained struct {
	Index  int
	Group  string
	Path   string // of its report
	Resets int
}

// A Numbered is an Explained whose resets have the numbers of their incidents.
type Numbered struct {
	Explained Explained
	Numbers   []int // of the incident of each reset, in their order
}

// The directory of what steps leave to each other; it is deleted at the end.
const workDirectory = "_work"

func (j *Job) work(elem ...string) string {
	return store.Join(j.Output, append([]string{workDirectory}, elem...)...)
}

// of returns the name of a result: those of each tap are in a directory of its own.
func (j *Job) of(group, name string) string {
	if group == "" {
		return store.Join(j.Output, name)
	}
	return store.Join(j.Output, "tap="+group, name)
}

// Shard returns the number of the shard that holds the resets of a unit. A tap has shards of its own.
func (j *Job) Shard(u *Explained) int {
	if j.Ring {
		return 0
	}
	size := j.ShardSize
	if size <= 0 {
		size = DefaultShardSize
	}
	return u.Index / size
}

// Units makes units of captures, in the order of their names. taps holds for each capture the name of its tap, or is
// nil if they are independent.
func (j *Job) Units(captures []store.Object, taps []string) []Unit {
	var units []Unit
	if !j.Ring {
		for i, o := range captures {
			units = append(units, Unit{Index: i, Paths: []string{o.Name}, Bytes: o.Size})
		}
		return units
	}
	of := map[string]int{}
	for i, o := range captures {
		n, ok := of[taps[i]]
		if !ok {
			n = len(units)
			of[taps[i]] = n
			units = append(units, Unit{Group: taps[i]})
		}
		units[n].Paths = append(units[n].Paths, o.Name)
		units[n].Bytes += o.Size
	}
	slices.SortStableFunc(units, func(a, b Unit) int {
		if a.Group < b.Group {
			return -1
		}
		return 1
	})
	for i := range units {
		units[i].Index = i
	}
	return units
}

// A Worker carries out steps of a job.
type Worker struct {
	job   *Job
	store *store.Store

	known   tupleSet // of the unit knownOf
	knownOf int
}

// NewWorker returns a Worker for j.
func NewWorker(j *Job) *Worker { return &Worker{job: j, store: store.New(j.Params)} }

// Store returns the store that w reads and writes.
func (w *Worker) Store() *store.Store { return w.store }

// Close closes what w has opened.
func (w *Worker) Close() error { return w.store.Close() }

// chunkSize is how many bytes of a capture are handed on at a time: a quarter of what rstexplain takes, because a machine
// has several captures at work.
const chunkSize = 64 << 10

// options returns how captures are explained, those that r says by their excerpts.
func (w *Worker) options(ctx context.Context, r reading) analyzer.Options {
	o := analyzer.Options{Generator: w.job.Generator}
	o.Flows.MaxMemory = w.job.MaxMemory
	o.Capture.ChunkSize = chunkSize
	o.Capture.Source = func(path string) (io.ReadCloser, error) {
		name := path
		if excerpt, ok := r.excerpts[path]; ok {
			name = excerpt
		}
		in, err := w.store.Open(ctx, name)
		if err != nil {
			return nil, plain(path, err)
		}
		return in, nil
	}
	return o
}

// plain returns the error of opening a capture without what the store adds to it.
func plain(path string, err error) error {
	if store.NotExist(err) {
		return fmt.Errorf("no such object: %s", path)
	}
	return err
}

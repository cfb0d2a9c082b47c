package job

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// List is the name of the list of units: hundreds of thousands of names are too many for what describes a job to its
// engine.
func (j *Job) List() string { return j.work("units.jsonl") }

// ErrNotEmpty is for a directory of results that has some already.
var ErrNotEmpty = errors.New("holds results already")

// An InputError means that a capture which is to be explained is in the output directory, whose contents would be
// deleted.
type InputError struct{ Name string }

func (e *InputError) Error() string {
	return e.Name + " is a capture to explain, and in the output directory"
}

// input returns the name of a capture of units that is among objects, "" if there is none.
func input(units []Unit, objects []store.Object) string {
	paths := map[string]string{}
	for i := range units {
		for _, p := range units[i].Paths {
			paths[store.Identity(p)] = p
		}
	}
	for _, o := range objects {
		if p, ok := paths[store.Identity(o.Name)]; ok {
			return p
		}
	}
	return ""
}

// Prepare writes the list of units. If the output directory holds anything, it deletes that, or returns ErrNotEmpty. It
// never deletes a capture of the units, but returns an InputError.
func (w *Worker) Prepare(ctx context.Context, units []Unit, overwrite bool) error {
	switch old, err := w.store.List(ctx, store.Join(w.job.Output, "**")); {
	case err != nil && !store.NotExist(err):
		return err
	case len(old) > 0 && !overwrite:
		return ErrNotEmpty
	case len(old) > 0:
		if name := input(units, old); name != "" {
			return &InputError{name}
		}
		if err := w.store.Delete(ctx, w.job.Output); err != nil {
			return err
		}
	}
	_, err := w.store.Write(ctx, w.job.List(), func(to io.Writer) error {
		enc := newEncoder(to)
		for i := range units {
			if err := enc.Encode(&units[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// A Manifest describes the results of a whole job. It is the last object that is written: where it is, all others are.
type Manifest struct {
	Generator string    `json:"generator"`
	Total     Summary   `json:"total"`
	Groups    []Summary `json:"taps,omitempty"`
	Objects   []string  `json:"objects"`
}

// Finish writes the manifest and deletes what the steps left to each other.
func (w *Worker) Finish(ctx context.Context) (*Manifest, error) {
	m := &Manifest{Generator: w.job.Generator}
	merged, err := w.store.List(ctx, w.job.work("merged")+"/")
	if err != nil {
		return nil, err
	}
	for _, o := range merged {
		var s Summary
		if err := w.readJSON(ctx, o.Name, &s); err != nil {
			return nil, err
		}
		m.Total.add(&s)
		if s.Group != "" {
			m.Groups = append(m.Groups, s)
		}
	}
	slices.SortFunc(m.Groups, func(a, b Summary) int {
		if a.Group < b.Group {
			return -1
		}
		return 1
	})
	if err := w.store.Delete(ctx, w.job.work()); err != nil {
		return nil, err
	}
	objects, err := w.store.List(ctx, store.Join(w.job.Output, "**"))
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		m.Objects = append(m.Objects, o.Name[len(store.Join(w.job.Output, "x"))-1:])
	}
	_, err = w.store.Write(ctx, store.Join(w.job.Output, "manifest.json"), func(to io.Writer) error {
		enc := newEncoder(to)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	})
	return m, err
}

// add adds what is counted of another group.
func (s *Summary) add(o *Summary) {
	s.Captures, s.Partial, s.Bytes = s.Captures+o.Captures, s.Partial+o.Partial, s.Bytes+o.Bytes
	s.Packets, s.Resets = s.Packets+o.Packets, s.Resets+o.Resets
	s.Findings, s.Incidents = s.Findings+o.Findings, s.Incidents+o.Incidents
	for _, reason := range slices.Sorted(maps.Keys(o.Failures)) {
		s.failed(reason, o.Failures[reason])
	}
}

func (w *Worker) readJSON(ctx context.Context, name string, v any) error {
	in, err := w.store.Open(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	return json.NewDecoder(in).Decode(v)
}

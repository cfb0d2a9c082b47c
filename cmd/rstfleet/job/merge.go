package job

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// A Summary is what is known of a group when its reports have been merged.
type Summary struct {
	Group     string `json:"tap,omitempty"`
	Captures  int    `json:"captures"` // or taps
	Partial   int    `json:"partial"`  // of them, not read completely
	Bytes     int64  `json:"bytes"`
	Packets   int    `json:"packets"`
	Resets    int    `json:"resets"`
	Findings  int    `json:"findings"`
	Incidents int    `json:"incidents"`

	// Why captures, or parts of them, could not be read, without the numbers in it, and how often.
	Failures map[string]int `json:"failures,omitempty"`
}

// Merge finds the incidents of a group in the reports on its units, and writes what is about the group as a whole:
// incidents.jsonl, captures.jsonl, and the reports. It returns the units, in their order, with the numbers of
// their incidents. A unit may be listed more than once.
func (w *Worker) Merge(ctx context.Context, group string, units []Explained) ([]Numbered, error) {
	slices.SortFunc(units, func(a, b Explained) int { return a.Index - b.Index })
	units = slices.CompactFunc(units, func(a, b Explained) bool { return a.Index == b.Index })

	m := &merger{w: w, ctx: ctx, generator: w.job.Generator}
	defer m.discard()
	if err := m.create(group); err != nil {
		return nil, err
	}
	if err := m.renderers.Begin(m.generator); err != nil {
		return nil, err
	}
	out := make([]Numbered, 0, len(units))
	for _, u := range units {
		m.numbers = make([]int, 0, u.Resets)
		if err := w.replay(ctx, u, m); err != nil {
			return nil, err
		}
		out = append(out, Numbered{u, m.numbers})
	}
	if err := m.renderers.End(); err != nil {
		return nil, err
	}
	incidents := m.groups.Incidents()
	enc := newEncoder(m.incidents)
	for i := range incidents {
		if err := enc.Encode(&incidents[i]); err != nil {
			return nil, err
		}
	}
	m.summary.Group, m.summary.Incidents = group, len(incidents)
	if err := newEncoder(m.summaries).Encode(&m.summary); err != nil {
		return nil, err
	}
	return out, m.close()
}

// newEncoder returns an encoder of JSON lines that leaves characters of HTML as they are.
func newEncoder(to io.Writer) *json.Encoder {
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	return enc
}

// replay passes the report on a unit to r.
func (w *Worker) replay(ctx context.Context, u Explained, r report.Renderer) error {
	in, err := w.store.Open(ctx, u.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	return report.Replay(z, r)
}

// A merger is a Renderer that gets the reports on the units of a group, one after the other.
type merger struct {
	w         *Worker
	ctx       context.Context
	generator string

	groups    report.Grouping
	numbers   []int // of the unit at hand
	renderers tee
	summary   Summary

	written                        []*store.Writer
	incidents, captures, summaries *store.Writer
}

// create begins the objects of the group.
func (m *merger) create(group string) error {
	j := m.w.job
	for _, o := range []struct {
		to   **store.Writer
		name string
	}{
		{&m.incidents, j.of(group, "incidents.jsonl")}, {&m.captures, j.of(group, "captures.jsonl")},
		{&m.summaries, j.work("merged", "tap="+group+".json")},
	} {
		var err error
		if *o.to, err = m.begin(o.name); err != nil {
			return err
		}
	}
	for _, r := range reports {
		if !slices.Contains(j.Reports, r.format) {
			continue
		}
		to, err := m.begin(j.of(group, r.name))
		if err != nil {
			return err
		}
		m.renderers = append(m.renderers, r.make(to))
	}
	return nil
}

// begin begins one object.
func (m *merger) begin(name string) (*store.Writer, error) {
	w, err := m.w.store.Create(m.ctx, name)
	if err == nil {
		m.written = append(m.written, w)
	}
	return w, err
}

// reports are the reports that a job may write.
var reports = []struct {
	format, name string
	make         func(io.Writer) report.Renderer
}{
	{"html", "report.html", func(w io.Writer) report.Renderer { return report.HTML(w, report.HTMLOptions{}) }},
	{"markdown", "report.md", func(w io.Writer) report.Renderer { return report.Markdown(w, report.MarkdownOptions{}) }},
}

// close puts the objects in their places.
func (m *merger) close() error {
	for len(m.written) > 0 {
		o := m.written[0]
		m.written = m.written[1:]
		if err := o.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) discard() {
	for _, o := range m.written {
		o.Discard()
	}
}

func (m *merger) Begin(string) error { return nil }
func (m *merger) End() error         { return nil }

func (m *merger) BeginFile(path string) error {
	m.groups.BeginFile(path)
	return m.renderers.BeginFile(path)
}

func (m *merger) Reset(r *report.Reset) error {
	m.groups.Add(r)
	m.numbers = append(m.numbers, r.Incident)
	return m.renderers.Reset(r)
}

func (m *merger) EndFile(f *report.File) error {
	s := &m.summary
	s.Captures++
	if f.Partial {
		s.Partial++
	}
	s.Bytes, s.Packets = s.Bytes+f.Bytes, s.Packets+f.Packets
	s.Resets, s.Findings = s.Resets+f.ResetCount, s.Findings+f.FindingCount
	for i := range f.Warnings {
		if w := &f.Warnings[i]; w.Lost {
			s.failed(reasonOf(w.Says), 1)
		}
	}
	line := struct {
		*report.File
		Resets *struct{} `json:"resets,omitempty"` // in place of the File's
	}{File: f}
	return errors.Join(newEncoder(m.captures).Encode(&line), m.renderers.EndFile(f))
}

// maxReasons is how many reasons of failures are kept apart.
const maxReasons = 64

// failed counts n failures of one reason.
func (s *Summary) failed(reason string, n int) {
	if s.Failures == nil {
		s.Failures = map[string]int{}
	}
	if s.Failures[reason] == 0 && len(s.Failures) >= maxReasons {
		reason = "other reasons"
	}
	s.Failures[reason] += n
}

var numbers = regexp.MustCompile(`[0-9]+`)

// reasonOf returns what a warning has in common with others: without the name of the capture, which warnings of a ring
// begin with, and with # for numbers.
func reasonOf(says string) string {
	if name, rest, ok := strings.Cut(says, ": "); ok && strings.Contains(name, "/") {
		says = rest
	}
	return numbers.ReplaceAllLiteralString(says, "#")
}

// A tee passes a report to several renderers.
type tee []report.Renderer

func (t tee) each(do func(report.Renderer) error) error {
	for _, r := range t {
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

func (t tee) Begin(generator string) error {
	return t.each(func(r report.Renderer) error { return r.Begin(generator) })
}

func (t tee) BeginFile(path string) error {
	return t.each(func(r report.Renderer) error { return r.BeginFile(path) })
}

func (t tee) Reset(m *report.Reset) error {
	return t.each(func(r report.Renderer) error { return r.Reset(m) })
}

func (t tee) EndFile(f *report.File) error {
	return t.each(func(r report.Renderer) error { return r.EndFile(f) })
}

func (t tee) End() error {
	return t.each(func(r report.Renderer) error { return r.End() })
}

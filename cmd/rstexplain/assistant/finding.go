package assistant

import (
	"context"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// A listener is a report.Renderer that hands on what it gets, with the numbers of incidents.
type listener struct {
	reset  func(r *report.Reset, represents bool) error // valid during the call
	groups report.Grouping
}

func (l *listener) Begin(string) error { return nil }

func (l *listener) BeginFile(path string) error {
	l.groups.BeginFile(path)
	return nil
}

func (l *listener) Reset(r *report.Reset) error {
	best := l.groups.Add(r)
	return l.reset(r, best)
}

func (l *listener) EndFile(*report.File) error { return nil }
func (l *listener) End() error                 { return nil }

// explain explains the capture that a caller names, one at a time.
func (s *server) explain(ctx context.Context, name string, l *listener) (*report.File, error) {
	path, err := s.resolve(name)
	if err != nil {
		return nil, err
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	file, err := analyzer.Explain(ctx, path, l, s.Analysis)
	if err == nil {
		err = ctx.Err() // what was read until then is no answer
	}
	return file, err
}

// A finding is what an answer says of one reset. Names and meanings are those of docs/report.schema.json.
type finding struct {
	Frame      int     `json:"frame"`
	Line       int     `json:"line,omitempty"`
	Time       string  `json:"time"`
	Stream     int     `json:"stream"`
	Originator string  `json:"originator"`
	Responder  string  `json:"responder"`
	Sender     string  `json:"sender"`
	Incident   int     `json:"incident,omitempty"`
	Cause      string  `json:"cause"`
	Detail     string  `json:"detail"`
	Confidence float64 `json:"confidence"`
	Severity   string  `json:"severity"`
	Repeats    int     `json:"repeats_frame,omitempty"`

	*explanation // nil in lists
}

// An explanation is the rest of a finding.
type explanation struct {
	Protocol     string        `json:"protocol,omitempty"`
	Origin       string        `json:"origin"`
	OriginWhy    []statement   `json:"origin_why,omitempty"`
	Trigger      int           `json:"trigger_frame,omitempty"`
	Harm         string        `json:"harm,omitempty"`
	Summary      string        `json:"summary"`
	Evidence     []statement   `json:"evidence"`
	Alternatives []alternative `json:"alternatives,omitempty"`
	Symptom      string        `json:"symptom,omitempty"`
	Remedy       string        `json:"remedy,omitempty"`
	CaptureNext  string        `json:"capture_next,omitempty"`
	Notes        []statement   `json:"notes,omitempty"`
	Payload      string        `json:"payload,omitempty"` // text in the RST itself
	Filter       string        `json:"filter"`
}

// A statement is one piece of evidence.
type statement struct {
	Says    string `json:"says"`
	Frames  []int  `json:"frames,omitempty"`
	Limited bool   `json:"limited,omitempty"`
}

// An alternative is another possible cause.
type alternative struct {
	Cause      string  `json:"cause"`
	Detail     string  `json:"detail"`
	Confidence float64 `json:"confidence"`
	WhyNot     string  `json:"why_not"`
}

// line is a finding without its explanation.
func line(r *report.Reset) finding {
	return finding{
		Frame: r.Frame, Line: r.Line, Time: stamp(r.Time), Stream: r.Stream, Originator: r.Originator, Responder: r.Responder,
		Sender: r.Sender, Incident: r.Incident, Cause: string(r.Cause), Detail: r.Detail, Confidence: r.Confidence,
		Severity: string(r.Severity), Repeats: int(r.Repeats),
	}
}

// full is a finding with its explanation.
func full(r *report.Reset, payload bool) finding {
	q := quoting(r, payload)
	f := line(r)
	x := &explanation{
		Protocol: clean(r.Conn.Protocol), Origin: string(r.Origin), OriginWhy: statements(r.OriginWhy, q),
		Trigger: int(r.Trigger),
		Harm:    q.inSummary(r.Harm), Summary: q.inSummary(r.Summary), Evidence: statements(r.Evidence, q),
		Symptom: q.in(r.Symptom),
		Remedy:  q.in(r.Remedy), CaptureNext: q.in(r.CaptureNext), Notes: statements(r.Notes, q), Filter: r.Filter,
	}
	for _, a := range r.Alternatives {
		x.Alternatives = append(x.Alternatives, alternative{string(a.Cause), a.Detail, a.Confidence, q.inSummary(a.WhyNot)})
	}
	if r.Segment.Payload != "" {
		x.Payload = q.mark(r.Segment.Payload)
	}
	f.explanation = x
	return f
}

func statements(list []report.Evidence, q *quote) []statement {
	out := make([]statement, len(list))
	for i, e := range list {
		out[i] = statement{q.in(e.Says), e.Frames, e.Limited}
	}
	return out
}

// shorten leaves out the least needed parts of a finding, until it fits into room characters; it says which.
func (f *finding) shorten(room int) (left []string) {
	x := f.explanation
	if x == nil {
		return nil
	}
	for _, part := range [...]struct {
		name string
		cut  func()
	}{
		{"notes", func() { x.Notes = nil }},
		{"origin_why", func() { x.OriginWhy = nil }},
		{"evidence beyond the 8th statement", func() { x.Evidence = x.Evidence[:min(8, len(x.Evidence))] }},
		{"alternatives", func() { x.Alternatives = nil }},
		{"symptom", func() { x.Symptom = "" }},
		{"payload", func() { x.Payload = "" }},
	} {
		if size(f) <= room {
			break
		}
		part.cut()
		left = append(left, part.name)
	}
	return left
}

func stamp(t report.Time) string { return t.Std().Format("2006-01-02T15:04:05.000000Z") }

// An incident is what an answer says of an incident.
type incident struct {
	Number      int    `json:"number"`
	Says        string `json:"says"`
	Severity    string `json:"severity"`
	Cause       string `json:"cause"`
	Detail      string `json:"detail"`
	First       string `json:"first_time"`
	Last        string `json:"last_time,omitempty"`
	Client      string `json:"client,omitempty"`
	Server      string `json:"server,omitempty"`
	Resets      int    `json:"reset_count"`
	Findings    int    `json:"finding_count"`
	Connections int    `json:"connection_count"`
	Frame       int    `json:"example_frame"` // of the finding that represents it
	Line        int    `json:"example_line,omitempty"`
	Remedy      string `json:"remedy,omitempty"`
}

func incidentOf(in *report.Incident, q *quote) incident {
	out := incident{
		Number: in.Number, Says: q.in(in.Says), Severity: string(in.Severity), Cause: string(in.Cause), Detail: in.Detail,
		First: stamp(in.First), Client: in.Client, Server: in.Server, Resets: in.Resets, Findings: in.Findings,
		Connections: in.Connections, Frame: in.Example.Frame, Line: in.Example.Line, Remedy: q.in(in.Remedy),
	}
	if in.Last != in.First {
		out.Last = stamp(in.Last)
	}
	return out
}

// An overview says what was read of a capture.
type overview struct {
	Capture     string            `json:"capture"`
	Packets     int               `json:"packets"`
	Connections int               `json:"connections"`
	Resets      int               `json:"reset_count"`
	Findings    int               `json:"finding_count"`
	Severities  report.Severities `json:"findings_by_severity"`
	Partial     bool              `json:"partial,omitempty"`
	Warnings    []string          `json:"warnings,omitempty"`
}

// maxWarnings bounds what an answer says about what could not be read.
const maxWarnings = 5

func overviewOf(name string, f *report.File) overview {
	out := overview{clean(name), f.Packets, f.Connections, f.ResetCount, f.FindingCount, f.Severities, f.Partial, nil}
	for i, w := range f.Warnings {
		if i == maxWarnings {
			break
		}
		s := w.String()
		if w.Hint != "" {
			s += "; " + w.Hint
		}
		out.Warnings = append(out.Warnings, clean(s))
	}
	return out
}

// ruleIDs lists the details.
func ruleIDs() []string {
	var ids []string
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
	}
	return ids
}

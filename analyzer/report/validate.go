package report

import (
	"fmt"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// A report that is read from JSON may have been edited by hand. Renderers rely on the checks here.

// countMax is the largest plausible number of frames or bytes, or count.
const countMax = 1 << 48

// A fault is an invalid value and its place, such as "places[0].frames".
type fault struct{ place, says string }

func (f fault) Error() string { return f.place + " " + f.says }

// faults keeps the first fault.
type faults struct{ first *fault }

func (f *faults) add(place, format string, args ...any) {
	if f.first == nil {
		f.first = &fault{place, fmt.Sprintf(format, args...)}
	}
}

func (f *faults) err() error {
	if f.first == nil {
		return nil
	}
	return *f.first
}

func (f *faults) count(place string, least, n int64) {
	if n < least || n > countMax {
		f.add(place, "is %d, but must be from %d to %d", n, least, int64(countMax))
	}
}

func (f *faults) probability(place string, p float64) {
	if !(p >= 0 && p <= 1) {
		f.add(place, "is %v, but must be from 0 to 1", p)
	}
}

// oneOf checks a value that has a few allowed ones.
func oneOf[T ~string](f *faults, place string, v T, allowed ...T) {
	if !slices.Contains(allowed, v) {
		f.add(place, "is %.40q, but must be one of %q", string(v), allowed)
	}
}

var (
	sides   = []string{flows.Originator.String(), flows.Responder.String()}
	origins = []rules.Origin{rules.OriginEndpoint, rules.OriginMiddlebox, rules.OriginUnknown}
)

// validate returns an error with the place of the first invalid value of r.
func (r *Reset) validate() error {
	var f faults
	f.count("frame", 1, int64(r.Frame))
	f.count("stream", -1, int64(r.Stream))
	oneOf(&f, "sender", r.Sender, sides...)
	oneOf(&f, "cause", r.Cause, rules.Causes...)
	oneOf(&f, "severity", r.Severity, bySeverity[:]...)
	oneOf(&f, "origin", r.Origin, origins...)
	f.probability("confidence", r.Confidence)
	f.count("trigger_frame", 0, int64(r.Trigger))
	f.count("repeats_frame", 0, int64(r.Repeats))
	f.count("more_prints", 0, int64(r.MorePrints))
	for i, a := range r.Alternatives {
		place := fmt.Sprintf("alternatives[%d].", i)
		oneOf(&f, place+"cause", a.Cause, rules.Causes...)
		f.probability(place+"confidence", a.Confidence)
	}
	f.evidence("origin_why", r.OriginWhy)
	f.evidence("evidence", r.Evidence)
	f.evidence("notes", r.Notes)
	for i, p := range r.Prints {
		oneOf(&f, fmt.Sprintf("prints[%d].by", i), p.By, sides...)
	}
	f.count("connection.incarnation", 0, int64(r.Conn.Incarnation))
	f.count("connection.packets", 0, int64(r.Conn.Packets))
	for i := range r.Timeline {
		e, place := &r.Timeline[i], fmt.Sprintf("timeline[%d].", i)
		f.count(place+"frame", 0, int64(e.Frame))
		oneOf(&f, place+"sender", e.Sender, sides...)
		oneOf(&f, place+"role", e.Role, "", RoleReset, RoleTrigger)
		f.count(place+"skipped", 0, int64(e.Skipped))
	}
	for i, p := range r.Places {
		place := fmt.Sprintf("places[%d].frames", i)
		if len(p.Frames) == 0 {
			f.add(place, "is empty, but must contain a frame")
		}
		f.frames(place, p.Frames)
	}
	return f.err()
}

func (f *faults) evidence(place string, list []Evidence) {
	for i, e := range list {
		f.frames(fmt.Sprintf("%s[%d].frames", place, i), e.Frames)
		if e.Stream != nil {
			f.count(fmt.Sprintf("%s[%d].stream", place, i), -1, int64(*e.Stream))
		}
	}
}

func (f *faults) frames(place string, frames []int) {
	for i, n := range frames {
		f.count(fmt.Sprintf("%s[%d]", place, i), 0, int64(n))
	}
}

func (f *faults) severities(place string, s Severities) {
	for _, v := range bySeverity {
		f.count(place+"."+string(v), 0, int64(*s.of(v)))
	}
}

// validate returns an error with the place of the first invalid value of file.
func (file *File) validate() error {
	var f faults
	f.count("packets", 0, int64(file.Packets))
	f.count("tcp_segments", 0, int64(file.TCPSegments))
	f.count("connections", 0, int64(file.Connections))
	f.count("bytes", 0, file.Bytes)
	f.count("reset_count", 0, int64(file.ResetCount))
	f.count("finding_count", 0, int64(file.FindingCount))
	f.count("left_out", 0, int64(file.LeftOut))
	f.severities("findings_by_severity", file.Severities)
	for i := range file.Summary {
		s, place := &file.Summary[i], fmt.Sprintf("summary[%d].", i)
		oneOf(&f, place+"cause", s.Cause, rules.Causes...)
		oneOf(&f, place+"severity", s.Severity, bySeverity[:]...)
		f.count(place+"resets", 0, int64(s.Resets))
		f.count(place+"findings", 0, int64(s.Findings))
		f.count(place+"first_frame", 0, int64(s.First))
		f.severities(place+"findings_by_severity", s.Severities)
	}
	for i, w := range file.Warnings {
		place := fmt.Sprintf("warnings[%d].", i)
		f.count(place+"count", 0, int64(w.Count))
		f.count(place+"frame", 0, int64(w.Frame))
		f.count(place+"offset", 0, w.Offset)
	}
	f.evidence("notes", file.Notes)
	for i, p := range file.Parts {
		f.count(fmt.Sprintf("parts[%d].first_frame", i), 0, int64(p.First))
		f.count(fmt.Sprintf("parts[%d].packets", i), 0, int64(p.Packets))
	}
	return f.err()
}

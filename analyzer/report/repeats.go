package report

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// A peer that goes on sending draws a RST with each segment, a million of them if it does not stop. They are one
// event, so the first of its repeats are described like any reset, though without a timeline of their own, and further
// ones have only what tells them apart.
const (
	fullRepeats = 100  // of an event
	eventsKept  = 1024 // whose repeats are counted at a time
)

// A repeatList counts the repeats of events, and knows the first of each. A Builder has one to shorten repeats, and
// Replay one to restore them: both see the same repeats in the same order.
type repeatList struct {
	of    map[int]*repeatedEvent // by the frame of the first reset
	order []int                  // of these frames, as a ring
	next  int
}

// A repeatedEvent is what the repeats of an event have in common.
type repeatedEvent struct {
	n                     int
	originator, responder string
	title                 string
	confidence            float64
	severity              rules.Severity
	origin                rules.Origin
	time                  Time
	relative              int64
}

// event returns the event that r repeats, which begins with r if it is not known yet. New ones replace the oldest.
func (l *repeatList) event(r *Reset) *repeatedEvent {
	root := int(r.Repeats)
	e := l.of[root]
	if e != nil {
		return e
	}
	switch {
	case l.of == nil:
		l.of = map[int]*repeatedEvent{}
		fallthrough
	case len(l.order) < eventsKept:
		e = new(repeatedEvent)
		l.order = append(l.order, root)
	default:
		old := l.order[l.next]
		e = l.of[old]
		delete(l.of, old)
		l.order[l.next] = root
		l.next = (l.next + 1) % eventsKept
	}
	l.of[root] = e
	*e = repeatedEvent{0, r.Originator, r.Responder, r.Title, r.Confidence, r.Severity, r.Origin, r.Time, r.Relative}
	return e
}

// count counts a repeat, and shortens r if there were enough before it.
func (l *repeatList) count(r *Reset) {
	e := l.event(r)
	if e.n++; e.n <= fullRepeats {
		return
	}
	defects := r.Conn.Defects
	*r = Reset{
		Frame: r.Frame, Time: r.Time, Relative: r.Relative, Stream: r.Stream, Sender: r.Sender,
		Cause: r.Cause, Detail: r.Detail, Repeats: r.Repeats,
		OriginWhy: r.OriginWhy[:0], Evidence: r.Evidence[:0], Notes: r.Notes[:0], Alternatives: r.Alternatives[:0],
		Prints:   r.Prints[:0],
		Timeline: r.Timeline[:0], made: r.made,
	}
	r.Conn.Defects = defects[:0]
	e.restore(r)
}

// restore sets what a shortened repeat has in common with the first of its event.
func (e *repeatedEvent) restore(r *Reset) {
	r.Originator, r.Responder, r.Title = e.originator, e.responder, e.title
	r.Confidence, r.Severity, r.Origin = e.confidence, e.severity, e.origin
	r.Relative = e.relative + int64(r.Time-e.time)
}

// replay restores r if it was shortened in the report that it is read from.
func (l *repeatList) replay(r *Reset) {
	switch {
	case !r.shortened():
		l.event(r)
	case l.of[int(r.Repeats)] != nil:
		l.of[int(r.Repeats)].restore(r)
	case r.Severity == "": // the first of its event was filtered out
		r.Severity, r.Origin = rules.Info, rules.OriginUnknown
	}
}

// shortened reports whether r is a repeat that has only what tells it apart.
func (r *Reset) shortened() bool {
	return r.Repeats != 0 && r.Filter == "" && r.Phase == flows.Phase("")
}

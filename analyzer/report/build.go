package report

import (
	"math"
	"slices"
	"sync"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// A Builder makes the model of the resets of one file from tracked resets and their findings, and counts them. The zero
// Builder is ready to use.
type Builder struct {
	start  Time  // of the first packet
	frames []int // room for filter
	other  []int

	resets, findings int
	severities       Severities
	sums             map[sumKey]*CauseSum
	repeats          repeatList
	notes            map[flows.Notes][]string
}

type sumKey struct {
	cause  rules.Cause
	detail string
}

// A room is reusable memory for a Reset and what its evidence points to.
type room struct {
	Reset
	frames  []int
	streams []int
}

// rooms holds the rooms that are not in use.
var rooms = sync.Pool{New: func() any { return new(room) }}

// Release lets the Builder reuse the memory of r, no part of which may be used afterwards. It is optional and saves
// garbage collection where there are many resets. It is a method of the Builder, which renderers do not have: only who
// made r can give it back. It has no effect on a Clone, nor when called again.
func (b *Builder) Release(r *Reset) {
	if room := r.made; room != nil {
		r.made = nil
		rooms.Put(room)
	}
}

// Start sets the time of the first packet of the file. Call it before Reset.
func (b *Builder) Start(t Time) { b.start = t }

// Reset returns the model of r and its finding, and retains neither.
func (b *Builder) Reset(r *flows.Reset, f *rules.Finding) *Reset {
	room := rooms.Get().(*room)
	m := &room.Reset
	c := r.Conn
	room.frames, room.streams = room.frames[:0], room.streams[:0]
	*m = Reset{
		made:       room,
		Frame:      r.Frame,
		Time:       Time(r.Time),
		Relative:   int64(Time(r.Time) - b.start),
		Stream:     c.Stream,
		Originator: c.Ends[flows.Originator].Addr.String(),
		Responder:  c.Ends[flows.Responder].Addr.String(),
		Sender:     r.Side.String(),

		Cause:     f.Cause,
		Severity:  f.Severity,
		Origin:    f.Origin,
		OriginWhy: room.evidence(m.OriginWhy[:0], f.OriginWhy, c.Stream),

		Harm:        f.Harm,
		Summary:     f.Summary,
		Evidence:    room.evidence(m.Evidence[:0], f.Evidence, c.Stream),
		Symptom:     f.Symptom,
		Remedy:      f.Remedy,
		CaptureNext: f.CaptureNext,
		Notes:       room.evidence(m.Notes[:0], f.Notes, c.Stream),
		Repeats:     FrameRef(f.Repeats),

		Phase: c.Phase(),
		Form:  r.Class.String(),
		Zeek:  zeekOf(r),
		Conn:  connOf(r, m.Conn.Defects[:0]),
		Segment: Segment{
			Flags: flagNames[r.Flags&flagMask], SEQ: uint32(r.SEQ), ACK: uint32(r.ACK), WND: r.WND,
			TTL: r.TTL, IPID: r.IPID, HeaderLen: r.HeaderLen,
			Payload: string(r.Payload), Accept: acceptNames[r.Accept], Unknown: unknownOf(r.Unknown),
		},
		Alternatives: m.Alternatives[:0],
		Prints:       m.Prints[:0],
		MorePrints:   f.MorePrints,
		Timeline:     m.Timeline[:0],
	}
	if f.Rule != nil {
		m.Detail, m.Title = f.Rule.ID, f.Rule.Doc.Title
	}
	m.Trigger = FrameRef(f.Trigger)
	for _, p := range f.Prints {
		m.Prints = append(m.Prints, Print{p.By.String(), p.Program, p.Says, p.Named})
	}
	b.probabilities(m, f)
	if f.Repeats == 0 {
		b.timeline(m, r)
	}
	m.Filter = b.filter(m)
	b.count(m)
	if f.Repeats != 0 {
		b.repeats.count(m)
	}
	return m
}

// probabilities copies the confidence and the alternatives, rounded to three decimals so that they add up to at most 1
// as printed.
func (b *Builder) probabilities(m *Reset, f *rules.Finding) {
	left := 1000
	take := func(p float64) float64 {
		n := min(int(math.Round(max(p, 0)*1000)), left)
		left -= n
		return float64(n) / 1000
	}
	m.Confidence = take(f.Confidence)
	for _, a := range f.Alternatives {
		m.Alternatives = append(m.Alternatives, Alternative{a.Cause, a.Detail, take(a.Confidence), a.WhyNot})
	}
}

func (room *room) evidence(to []Evidence, from []rules.Evidence, stream int) []Evidence {
	if to == nil {
		to = []Evidence{}
	}
	for _, e := range from {
		v := Evidence{Frames: e.Frames, From: e.From, Until: e.Until, Limited: e.Limited, Says: e.Says}
		if e.Kind != claim.None {
			v.Claim, v.Side = e.Kind.String(), e.Side.String()
			v.Values = Values{Text: e.Text, Bytes: e.Bytes, Of: e.Of, Count: e.Count, Hosts: e.Hosts, AtLeast: e.AtLeast,
				Span: int64(e.Span), Every: int64(e.Every), Number: e.Number, Expected: e.Expected}
			if e.What != claim.Segment {
				v.Values.What = e.What.String()
			}
		}
		if n := len(room.frames); len(e.Frames) > 0 {
			room.frames = append(room.frames, e.Frames...)
			v.Frames = room.frames[n:len(room.frames):len(room.frames)]
		}
		if e.Stream >= 0 && e.Stream != stream {
			room.streams = append(room.streams, e.Stream)
			v.Stream = &room.streams[len(room.streams)-1]
		}
		to = append(to, v)
	}
	return to
}

// count adds m to the sums by cause and detail.
func (b *Builder) count(m *Reset) {
	if b.sums == nil {
		b.sums = map[sumKey]*CauseSum{}
	}
	k := sumKey{m.Cause, m.Detail}
	s := b.sums[k]
	if s == nil {
		s = &CauseSum{Cause: m.Cause, Detail: m.Detail, Severity: m.Severity, First: m.Frame}
		b.sums[k] = s
	}
	b.resets++
	b.severities.add(m)
	s.Severities.add(m)
	s.Resets++
	if m.Repeats == 0 {
		b.findings++
		s.Findings++
	}
	s.First = min(s.First, m.Frame)
	if severityRank(m.Severity) > severityRank(s.Severity) {
		s.Severity = m.Severity
	}
}

// Finish fills in what was counted.
func (b *Builder) Finish(f *File) {
	f.ResetCount, f.FindingCount, f.Severities = b.resets, b.findings, b.severities
	f.Summary = make([]CauseSum, 0, len(b.sums))
	for _, s := range b.sums {
		f.Summary = append(f.Summary, *s)
	}
	slices.SortFunc(f.Summary, func(x, y CauseSum) int {
		if d := severityRank(y.Severity) - severityRank(x.Severity); d != 0 {
			return d
		}
		if d := slices.Index(rules.Causes, x.Cause) - slices.Index(rules.Causes, y.Cause); d != 0 {
			return d
		}
		if d := y.Resets - x.Resets; d != 0 {
			return d
		}
		return x.First - y.First
	})
	if f.Warnings == nil {
		f.Warnings = []Warning{}
	}
	if f.Notes == nil {
		f.Notes = []Evidence{}
	}
}

func severityRank(s rules.Severity) int {
	return slices.Index([]rules.Severity{rules.Info, rules.Warning, rules.Error}, s)
}

var acceptNames = [...]string{
	flows.AcceptUnknown: "unknown",
	flows.AcceptExact:   "exact",
	flows.AcceptWindow:  "in-window",
	flows.AcceptOutside: "outside",
	flows.AcceptSynSent: "syn-sent",
	flows.AcceptAtFIN:   "at-fin",
}

var defectNames = []struct {
	is   flows.Defects
	name string
}{
	{flows.NoHandshake, "no-handshake"},
	{flows.OneDirection, "one-direction"},
	{flows.MissedPackets, "missed-packets"},
	{flows.Duplicated, "duplicated"},
	{flows.Reordered, "reordered"},
	{flows.SnapCut, "snap-cut"},
	{flows.Evicted, "evicted"},
}

func connOf(r *flows.Reset, defects []string) Conn {
	c := r.Conn
	if defects == nil {
		defects = []string{}
	}
	for _, d := range defectNames {
		if c.Defects.Has(d.is) {
			defects = append(defects, d.name)
		}
	}
	return Conn{
		Incarnation:  c.Incarnation,
		Packets:      int(c.Packets),
		Protocol:     c.Exchange.Protocol,
		HandshakeRTT: int64(c.HandshakeRTT),
		Guessed:      c.Guessed,
		Bytes:        [2]int64{int64(c.Ends[0].Bytes), int64(c.Ends[1].Bytes)},
		SeqBase:      seqBases(r),
		Defects:      defects,
	}
}

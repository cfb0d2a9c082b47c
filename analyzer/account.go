package analyzer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows/track"
)

// A timeSpan is the time between the earliest and the latest of some packets.
type timeSpan struct {
	start       int64 // of the first packet
	first, last int64
	seen        bool
	packets     int
}

func (s *timeSpan) extend(t int64) {
	if !s.seen {
		s.start, s.first, s.last, s.seen = t, t, t, true
	}
	s.first, s.last = min(s.first, t), max(s.last, t)
}

// add extends s by the packets of another span.
func (s *timeSpan) add(o *timeSpan) {
	if o.seen {
		s.extend(o.first)
		s.extend(o.last)
	}
	s.packets += o.packets
}

// refused sets the warning of a file that could not be read at all.
func refused(f *report.File, err error) {
	w := report.Warning{Says: err.Error(), Lost: true}
	var e *capture.Error
	if errors.As(err, &e) {
		w.Says, w.Hint = e.What, e.Try
	}
	if bug := (*bug)(nil); errors.As(err, &bug) {
		w = bug.warning()
	}
	if w.Hint == "" && errors.Is(err, capture.ErrNotCapture) {
		w.Hint = "make one with tcpdump -w, or save one from Wireshark as pcapng or pcap"
	}
	f.Partial = true
	f.Warnings = []report.Warning{w}
}

// An account adds up at the end of a file what its stages counted.
type account struct {
	file    *report.File
	input   input
	span    *timeSpan
	decoder *decode.Decoder
	table   *track.Table
}

// whole adds the warnings of an input that was read to its end.
func (a account) whole() {
	a.file.Packets = a.input.frames()
	a.input.tell(a.file)
}

// ended is called when following a live capture was stopped.
func (a account) ended() { a.file.Packets = a.span.packets }

// interrupted adds the warning that reading was interrupted. The input may still be in use.
func (a account) interrupted() {
	a.ended()
	a.file.Warnings = append(a.file.Warnings, report.Warning{Lost: true,
		Says: fmt.Sprintf("interrupted after packet %d: only the packets before that are explained", a.file.Packets)})
}

func (a account) settle() {
	f, stats, span := a.file, a.table.Stats(), a.span
	f.TCPSegments = stats.Segments
	f.Connections = stats.Streams
	f.Bytes = a.input.bytesRead()
	f.First, f.Last = report.Time(span.first), report.Time(span.last)
	a.unreadable()
	if stats.Evicted > 0 {
		f.Warnings = append(f.Warnings, report.Warning{
			Says: fmt.Sprintf("connections dropped while open, to limit memory: %d (again each time that one continued); "+
				"their later packets are explained from less evidence", stats.Evicted),
			Hint: "raise the limits (--max-connections, --max-memory), or split the capture by host or time"})
	}
	if stats.ExchangesLost > 0 {
		f.Warnings = append(f.Warnings, report.Warning{
			Says: fmt.Sprintf("connections of which no more than the end was kept, because many newer ones were open: %d; "+
				"what their applications sent is not known", stats.ExchangesLost),
			Hint: "cut the capture in pieces by host or time"})
	}
	for _, w := range f.Warnings {
		f.Partial = f.Partial || w.Lost
	}
}

// unreadable adds warnings about packets that could not be decoded, by reason. Only unsupported link types count as
// lost: in the other cases the packet itself is incomplete.
func (a account) unreadable() {
	counts := &a.decoder.Counts
	for _, r := range counts.Reasons() {
		if r == decode.UnknownLink {
			continue
		}
		t := counts.By[r]
		a.file.Warnings = append(a.file.Warnings, report.Warning{Says: r.String(), Count: int(t.Packets), Frame: t.First})
	}
	links := make([]uint16, 0, len(counts.Links))
	for l := range counts.Links {
		links = append(links, l)
	}
	slices.Sort(links)
	for _, l := range links {
		t := counts.Links[l]
		a.file.Warnings = append(a.file.Warnings, report.Warning{
			Says:  fmt.Sprintf("packets of link type %d, which is not supported", l),
			Count: int(t.Packets), Frame: t.First, Lost: true,
			Hint: "capture on an Ethernet, Linux cooked or raw IP interface; if the link type is wrong, editcap -T corrects " +
				"it in a copy"})
	}
}

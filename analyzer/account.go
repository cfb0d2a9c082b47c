package analyzer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// A timeSpan is the time between the earliest and the latest packet.
type timeSpan struct {
	first, last int64
	seen        bool
}

func (s *timeSpan) extend(packets []capture.Packet) {
	for i := range packets {
		t := packets[i].Time
		if !s.seen {
			s.first, s.last, s.seen = t, t, true
		}
		s.first, s.last = min(s.first, t), max(s.last, t)
	}
}

// refused fills in what there is to say of a file that could not be read at all.
func refused(f *report.File, err error) {
	w := report.Warning{Says: err.Error(), Lost: true}
	var e *capture.Error
	if errors.As(err, &e) {
		w.Says, w.Hint = e.What, e.Try
	}
	if w.Hint == "" && errors.Is(err, capture.ErrNotCapture) {
		w.Hint = "record one with tcpdump -w, or save one from Wireshark as pcapng or pcap"
	}
	f.Partial = true
	f.Warnings = []report.Warning{w}
}

// An account adds up at the end of a file what its stages counted.
type account struct {
	file    *report.File
	reader  *capture.Reader
	decoder *decode.Decoder
	table   *flows.Table
}

// whole tells what the reader has to say when it has come to its end.
func (a account) whole() {
	a.file.Packets = a.reader.Frames()
	a.problems()
}

// interrupted tells that the reading was given up. The reader may still be at work.
func (a account) interrupted() {
	a.file.Packets = int(a.decoder.Counts.Packets)
	a.file.Warnings = append(a.file.Warnings, report.Warning{Lost: true,
		Says: fmt.Sprintf("interrupted after packet %d: only what came before is explained", a.file.Packets)})
}

func (a account) settle(span timeSpan) {
	f, stats := a.file, a.table.Stats()
	f.TCPSegments = stats.Segments
	f.Connections = stats.Streams
	f.Bytes = a.reader.BytesRead()
	f.First, f.Last = report.Time(span.first), report.Time(span.last)
	a.unreadable()
	if stats.Evicted > 0 {
		f.Warnings = append(f.Warnings, report.Warning{
			Says: fmt.Sprintf("%d connections were open at once and had to be forgotten in part; what is said of their later packets rests on less", stats.Evicted),
			Hint: "cut the capture in pieces by host or time to have all of them explained"})
	}
	for _, w := range f.Warnings {
		f.Partial = f.Partial || w.Lost
	}
}

// problems tells what the reader could not read.
func (a account) problems() {
	for _, p := range a.reader.Problems() {
		w := report.Warning{Says: p.What, Frame: p.Frame, Offset: max(p.Offset, 0), Hint: p.Try, Lost: p.Reason.Loss()}
		if p.Count > 1 {
			w.Says += fmt.Sprintf(" (and %d more like it)", p.Count-1)
		}
		a.file.Warnings = append(a.file.Warnings, w)
	}
}

// unreadable tells which packets could not be decoded, by reason. Only link types that nobody here can
// read count as a loss: in the other cases the packet itself lacks something.
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
			Says:  fmt.Sprintf("packets of link type %d, which rstexplain cannot read", l),
			Count: int(t.Packets), Frame: t.First, Lost: true,
			Hint: "capture on an interface with Ethernet, Linux cooked or raw IP packets; if they are one of these in truth, editcap -T makes a copy that says so"})
	}
}

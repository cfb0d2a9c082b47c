package vantage

import (
	"github.com/rstexplain/rstexplain/flows"
)

// A Sighting is one segment as one capture holds it, in the compact form that comparing needs.
type Sighting struct {
	Time         flows.Time
	Frame        int
	SEQ, ACK     flows.Seq
	Len          uint32 // bytes of data
	TSval, TSecr uint32 // valid with HasTS
	Short, Long  uint32 // digests of the first 8 and 32 bytes of data, 0 where fewer were captured
	Flags        flows.Flags
	WND, IPID    uint16
	TTL          uint8
	Options      uint8 // how many TCP options there were
	Side         flows.Side
	trace        uint32 // index into Recorder.traces
	HasTS        bool
	Copy         bool // a second capture of the packet before it, by the same vantage point
}

// End returns the sequence number after the segment.
func (s *Sighting) End() flows.Seq {
	n := s.Len
	if s.Flags&flows.SYN != 0 {
		n++
	}
	if s.Flags&flows.FIN != 0 {
		n++
	}
	return s.SEQ.Add(n)
}

// A Trace is one incarnation of a connection as one capture holds it.
type Trace struct {
	Addr   [2]flows.Addr // of originator and responder
	Known  bool          // a SYN or SYN-ACK says who is the originator; otherwise it is a guess
	ISN    [2]flows.Seq
	HasISN [2]bool

	Sightings []Sighting // in the order of the capture
	Resets    int        // RSTs among all segments, copies included
	Segments  [2]int     // of each side, RSTs and copies not counted, also those that were not kept
	First     flows.Time
	Last      flows.Time

	// Segments between these times were not kept, to bound memory. Both are 0 if all were.
	GapFrom, GapTo flows.Time
	lastOf         [2]struct { // the last segment of each side that takes sequence space, time 0 if it was answered
		time flows.Time
		end  flows.Seq
	}
	acked    [2]flows.Seq // highest byte of each side that its peer acknowledged
	sent     [2]flows.Seq // next byte of each side after all that was captured
	hasSent  [2]bool
	hasAcked [2]bool
	held     *contents // nil until asked for

	index    uint32
	kept     int
	turned   int       // so many of the first Sightings in the log have their sides the other way round
	host     [2]*host  // nil until it has sent something
	recent   [8]uint32 // marks of the last segments
	recentAt [8]uint32 // where they are in the log
}

// Missing returns how many bytes of a side its peer acknowledged although this capture does not hold them, as far as
// the end of what was captured shows.
func (t *Trace) Missing(side flows.Side) uint32 {
	if !t.hasAcked[side] {
		return 0
	}
	if !t.hasSent[side] {
		return 1
	}
	if d := t.acked[side].Sub(t.sent[side]); d > 0 {
		return uint32(d)
	}
	return 0
}

// kept says how many Sightings of a trace are kept at its two ends, and on both sides of a RST, if memory gets short.
type kept struct{ head, tail, around int }

// levels are the steps in which less and less is kept.
var levels = [...]kept{{24, 96, 48}, {8, 24, 16}, {3, 8, 8}}

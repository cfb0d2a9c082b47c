package pasted

import "bytes"

// Windows' pktmon etl2txt prints two lines for a packet: the first with the time, and where in the stack it was seen;
// the second as tcpdump prints it, without a time. A packet is shown once for each component that it passes.

// A passage is what the first line tells.
type passage struct {
	at    int64
	clock Clock
	face  uint16
	seen  bool
}

// pktmon reads the first line.
func (r *Reader) pktmon(line []byte) (p passage, ok bool) {
	if !bytes.Contains(line, []byte("PktGroupId ")) {
		return p, false
	}
	s := scan{b: line}
	for w := s.word(); len(w) > 0; w = s.word() {
		if at, clock, ok := clockOf(w); ok && p.clock == NoClock {
			p.at, p.clock = at, clock
		}
		if string(w) == "Component" {
			p.face = r.face(s.word())
		}
	}
	p.seen = true
	return p, true
}

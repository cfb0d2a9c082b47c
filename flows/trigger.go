package flows

import "time"

// trigger looks for the segment that RST s of side answers by the numbers of RFC 9293 §3.10.7: the
// latest one that no earlier RST answered and that can have reached the sender. n counts all that fit.
func (t *Table) trigger(c *record, side Side, s *Segment) (best *entry, n int) {
	if s.Flags&ACK != 0 && s.SEQ != 0 {
		return nil, 0 // not a form that answers
	}
	// A segment cannot have been answered in less than the sender's round trip to the capture point.
	// Half of the shortest one seen allows for what that measurement does not know.
	soonest := time.Duration(c.side[side].reaction) * reactionUnit / 2
	var late *entry
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			break
		}
		if !answers(s, side, e) {
			continue
		}
		n++
		if e.notes&entryAnswered != 0 || best != nil {
			continue
		}
		if s.Time.Sub(c.at(e.lo, e.hi)) >= soonest {
			best = e
		} else if late == nil {
			late = e
		}
	}
	if best == nil {
		best = late
	}
	return best, n
}

// answers tells whether RST s of side has the numbers of an answer to e.
func answers(s *Segment, side Side, e *entry) bool {
	if e.side() == side || e.flags&uint8(RST) != 0 {
		return false // §3.5.2: a RST is never answered
	}
	if s.Flags&ACK == 0 {
		return e.flags&uint8(ACK) != 0 && e.ack == s.SEQ
	}
	return e.flags&uint8(ACK) == 0 && e.end() == s.ACK
}

// atOnce looks for the segment of the peer that a RST which is its sender's own decision followed at
// once: its last data, FIN or SYN, when the RST came about as fast after it as the sender ever answers.
func (t *Table) atOnce(c *record, side Side, s *Segment) *entry {
	reaction := time.Duration(c.side[side].reaction) * reactionUnit
	within := max(2*reaction, reaction+2*time.Millisecond)
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return nil
		}
		if e.side() == side || e.flags&uint8(RST) != 0 || e.end() == e.seq {
			continue
		}
		if d := s.Time.Sub(c.at(e.lo, e.hi)); d > within || e.notes&entryAnswered != 0 {
			return nil
		}
		return e
	}
}

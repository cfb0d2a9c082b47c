package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// retarget looks again at a trigger that the RST cannot answer: one that its sender had accepted, or that came
// too long before. A later segment with the same number takes its place, else nothing does.
func (c *Facts) retarget() {
	if c.Class != flows.ClassReply || c.Trigger == nil || c.Unopened() && c.Trigger.Flags.Has(flows.SYN|flows.ACK) {
		return // a side that has not opened the connection answers a SYN-ACK without ACK, and resets on purpose with ACK
	}
	late := c.TriggerDelay > c.answersWithin()
	if c.Duplicate = c.outdated(); !late && !c.Duplicate {
		return
	}
	again := *c.Reset
	again.Trigger, again.TriggerDelay = nil, 0
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		if e.Frame <= c.Trigger.Frame {
			break
		}
		if e.Side != c.Side && e.Frame < c.Frame && e.Flags.Has(flows.ACK) && e.Flags&flows.RST == 0 &&
			e.Notes&flows.Duplicate == 0 && e.ACK == c.SEQ {
			again.Trigger, again.TriggerDelay = e, c.Time.Sub(e.Time)
			break
		}
	}
	if again.Trigger == nil {
		c.Late, again.Candidates = late, 0
	} else {
		c.Duplicate = false
	}
	c.Reset = &again
}

// CandidatesInTime returns how many segments the RST can answer by its number and by the time that an answer takes.
func (c *Facts) CandidatesInTime() int {
	if c.Trigger == nil || c.Candidates <= 1 {
		return c.Candidates
	}
	n, within := 0, c.TriggerDelay+c.Soon()
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side && e.Frame < c.Frame && e.Flags&(flows.ACK|flows.RST) == flows.ACK && e.ACK == c.SEQ &&
			e.Notes&flows.Duplicate == 0 && c.Time.Sub(e.Time) <= within {
			n++
		}
	}
	return min(n, c.Candidates)
}

// answersWithin returns the longest time that a RST may take to answer its trigger. A TCP resets at once: what takes
// longer are the way, its queues, and a capture point that is far away. Where all that fits is an ACK that carries
// nothing, most likely the RST answers something else, which the capture lacks.
func (c *Facts) answersWithin() time.Duration {
	if t := c.Trigger; c.Conn.HandshakeRTT > 0 && t.LEN() == 0 && t.Notes&(flows.KeepAlive|flows.WindowProbe) == 0 {
		return max(100*time.Millisecond, 6*c.RTT)
	}
	return max(time.Second, 6*c.RTT)
}

// outdated reports whether the numbers name a trigger that cannot be it: the RST's sender had accepted that
// segment, and had since sent more, which its peer had acknowledged. A copy of it must have come late.
func (c *Facts) outdated() bool {
	return c.Class == flows.ClassReply && c.acceptedTrigger() && c.Snd.HasSND && c.SEQ.Sub(c.Snd.SND.UNA) < 0
}

// A Stimulus is the kind of segment that a RST answers.
type Stimulus uint8

// The stimuli.
const (
	ToNothing Stimulus = iota
	ToSYN
	ToSYNACK
	ToHandshakeACK
	ToData
	ToFIN // without data
	ToACK // a plain acknowledgment
	ToKeepAlive
	ToOdd // without ACK and SYN: a NULL or lone FIN segment
)

// stimulus returns what the trigger is.
func (c *Facts) stimulus() Stimulus {
	t := c.Trigger
	switch {
	case t == nil:
		return ToNothing
	case t.Flags.Has(flows.SYN | flows.ACK):
		return ToSYNACK
	case t.Flags.Has(flows.SYN):
		return ToSYN
	case !t.Flags.Has(flows.ACK):
		return ToOdd
	case t.Notes&(flows.KeepAlive|flows.WindowProbe) != 0:
		return ToKeepAlive
	case t.DataLen > 0:
		return ToData
	case t.Flags.Has(flows.FIN):
		return ToFIN
	case t.Frame == c.Conn.HandshakeACK.Frame && (c.acksSYN(t) || c.Snd.DataSegments == 0 && !c.Snd.FIN.Seen()):
		return ToHandshakeACK
	}
	return ToACK
}

// acksSYN reports whether a segment acknowledges the SYN of the RST's sender, and nothing behind it.
func (c *Facts) acksSYN(t *flows.Event) bool {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame == c.Snd.SYN.Frame {
			return t.ACK == e.SEQ.Add(1)
		}
	}
	return false
}

// HasAnswerable reports whether the timeline holds a segment of the peer, since the last of the RST's sender, whose
// numbers the RST could answer, although it is held for no answer to it: the RSTs of devices answer RSTs too.
func (c *Facts) HasAnswerable() bool {
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		switch {
		case e.Side == c.Side && e.Flags&flows.RST == 0:
			return false
		case e.Side == c.Side:
		case c.Flags.Has(flows.ACK) && !e.Flags.Has(flows.ACK) && e.End() == c.ACK,
			!c.Flags.Has(flows.ACK) && e.Flags.Has(flows.ACK) && e.ACK == c.SEQ:
			return true
		}
	}
	return false
}

// TriggerMark returns where the trigger is, the zero Mark without one.
func (c *Facts) TriggerMark() flows.Mark {
	if c.Trigger == nil {
		return flows.Mark{}
	}
	return c.Trigger.Mark
}

// Due returns when the RST became due: its trigger's time, else its own.
func (c *Facts) Due() flows.Time {
	if c.Trigger != nil {
		return c.Trigger.Time
	}
	return c.Time
}

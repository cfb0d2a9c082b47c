package facts

import "github.com/rstexplain/rstexplain/flows"

// maxMissed is how many bytes a number may jump ahead before it is more likely wrong than the capture incomplete.
const maxMissed = 1 << 26

// missedAtEnd returns how many bytes of side s before the RST only the RST's own numbers show: the capture lacks them.
// A single one may be a FIN.
func (c *Facts) missedAtEnd(s flows.Side) uint32 {
	e := &c.Conn.Ends[s]
	d := int32(0)
	switch {
	case !e.HasSND || c.Kind == KindReply:
	case s == c.Side && !c.belowAfter():
		d = c.SEQ.Sub(e.SND.NXT)
	case s != c.Side && c.Flags.Has(flows.ACK):
		d = c.ACK.Sub(e.SND.NXT)
	}
	if d <= 1 || d > maxMissed {
		return 0
	}
	return uint32(d)
}

// MissedByReset returns how many numbers of side s the RST's own number shows to have been used before it, above all
// that was captured: by an abort its sender has used them, by a reply its receiver had acknowledged them.
func (c *Facts) MissedByReset(s flows.Side) uint32 {
	if s != c.Side || !c.Snd.HasSND || c.Flags.Has(flows.ACK) && c.SEQ == 0 || c.PathSigns.Middlebox() {
		return 0
	}
	if d := c.SEQ.Sub(c.Snd.SND.NXT); d > 0 && d <= maxMissed {
		return uint32(d)
	}
	return 0
}

// LacksLast reports whether the capture lacks what the RST's sender sent last: its peer acknowledges more afterwards
// than was captured.
func (c *Facts) LacksLast() bool {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side != c.Side && e.Frame > c.Snd.Last.Frame && e.Notes&flows.AckedUnseen != 0 {
			return c.Snd.Segments > 0
		}
	}
	return false
}

// MissedAfter reports whether a segment after the RST shows that the capture lacks data of side s, or its FIN: it has a
// number, or acknowledges one, above all that was captured.
func (c *Facts) MissedAfter(s flows.Side) bool {
	e := &c.Conn.Ends[s]
	if !e.HasSND {
		return false
	}
	next := e.SND.NXT
	for i := range c.After.Events {
		ev := &c.After.Events[i]
		switch {
		case ev.Flags&flows.RST != 0:
			continue
		case ev.Side != s:
			if d := ev.ACK.Sub(next); ev.Flags.Has(flows.ACK) && d > 0 && d < maxMissed {
				return true
			}
			continue
		}
		if d := ev.SEQ.Sub(next); d > 0 && d < maxMissed {
			return true
		}
		if end := ev.End(); end.Sub(next) > 0 {
			next = end
		}
	}
	return false
}

// Unarrived returns how many bytes that the RST's sender had sent, by the RST's number, its receiver still asks for in
// a challenge ACK: they were lost on the way, before the capture. 0 where no challenge ACK shows it.
func (c *Facts) Unarrived() int64 {
	n := c.missedAtEnd(c.Side)
	if n == 0 || c.Kind != KindAbort || !c.After.ChallengeACK.Seen() {
		return 0
	}
	if e := c.eventAfter(c.After.ChallengeACK.Frame); e == nil || e.ACK != c.Snd.SND.NXT {
		return 0
	}
	return int64(n)
}

// LacksEnd reports whether the sender aborted after data that the capture lacks, so that how far the exchange was is
// not known: an abort behind running data is rarely the end of a finished exchange.
func (c *Facts) LacksEnd() bool {
	if c.Close.Completion.State != Unclear || c.Close.By != ByThis || c.Kind != KindAbort {
		return false
	}
	return c.missedAtEnd(flows.Originator) > 0 || c.missedAtEnd(flows.Responder) > 0 ||
		c.Conn.Defects.Has(flows.MissedPackets)
}

// belowAfter reports whether segments after the RST show that its sender had not sent all up to the RST's number: it
// goes on below, or its peer has not received so much.
func (c *Facts) belowAfter() bool {
	if c.After.SenderSegments > 0 {
		return true
	}
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side && e.Flags&(flows.RST|flows.SYN) == 0 && e.Flags.Has(flows.ACK) && e.ACK.Sub(c.SEQ) < 0 &&
			e.Time.Sub(c.Time) > c.Soon() {
			return true
		}
	}
	return false
}

package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// An Earlier is a reset of the same connection that was explained before.
type Earlier struct {
	flows.Mark
	Side      flows.Side
	Accept    flows.Acceptability
	Flags     flows.Flags
	SEQ       flows.Seq
	Trigger   flows.Mark // what it answered, zero without
	Challenge flows.Mark // the challenge ACK that answered it, zero without
	Root      int        // frame of the first reset of its event; its own when it is the first
	Verdict   Verdict
}

// A Verdict is what was reported of an earlier reset, in the terms of package rules.
type Verdict struct {
	Rule       string // its ID
	Cause      string
	Origin     string
	Severity   string
	Confidence float64
}

// EarlierAt returns what is remembered of the reset at frame.
func (c *Facts) EarlierAt(frame int) *Earlier {
	for i := range c.Earlier {
		if c.Earlier[i].Frame == frame {
			return &c.Earlier[i]
		}
	}
	return nil
}

// LastOwnReset returns the latest remembered reset of the same sender.
func (c *Facts) LastOwnReset() *Earlier {
	for i := len(c.Earlier) - 1; i >= 0; i-- {
		if c.Earlier[i].Side == c.Side {
			return &c.Earlier[i]
		}
	}
	return nil
}

// GoesOnAfter reports whether the connection visibly went on after an earlier reset of the same sender: then
// that reset ended nothing, and this one is an event of its own.
func (c *Facts) GoesOnAfter(root *Earlier) bool {
	last := c.Snd.Last
	if last.Frame <= root.Frame {
		return false
	}
	return c.Snd.LastSYN.Frame > root.Frame || last.Time.Sub(root.Time) > max(c.RTT, 10*time.Millisecond)
}

// AnswersChallenge reports whether the RST answers the challenge ACK that an earlier RST drew which its
// receiver had to throw away: that one ended nothing.
func (c *Facts) AnswersChallenge() bool {
	if c.Trigger == nil || c.Answers != ToACK {
		return false
	}
	for i := range c.Earlier {
		e := &c.Earlier[i]
		if e.Side == c.Side && e.Accept == flows.AcceptOutside && c.Trigger.Frame > e.Frame &&
			(e.Challenge.Frame == c.Trigger.Frame || c.Trigger.Notes&(flows.DupACK|flows.ChallengeACK) != 0) {
			return true
		}
	}
	return false
}

// ownRSTBefore reports whether the sender had reset the connection before.
func (c *Facts) ownRSTBefore() bool {
	for _, p := range c.Prior {
		if p.Side == c.Side {
			return true
		}
	}
	return false
}

// WentOn reports whether the connection visibly lived on after the RST: its sender sent new data, and its receiver,
// which sent no RST, went on too. The RST was not accepted, or did not arrive.
func (c *Facts) WentOn() bool {
	a := &c.After
	return a.SenderNewData.Seen() && c.related(a.SenderNewData) && a.ReceiverSegments > 0 && !a.ReceiverRST.Seen() &&
		a.SenderRSTCount == 0 && !c.Refused()
}

// AtAckedFIN reports whether the RST has the number of its sender's own FIN, which the receiver had acknowledged. By
// RFC 5961 §3.2 that is not acceptable; Linux takes it (tcp_reset_check). Where its receiver has closed as well, or a
// RST with the next number follows, that makes no difference.
func (c *Facts) AtAckedFIN() bool {
	if c.Accept != flows.AcceptAtFIN || !c.Snd.FIN.Seen() || !c.Snd.FINAcked.Seen() || c.SEQ != c.Snd.FINSEQ ||
		c.Rcv.FIN.Seen() {
		return false
	}
	for _, m := range c.After.SenderRSTs {
		if m.SEQ == c.SEQ.Add(1) && m.Time.Sub(c.Time) <= c.Soon() {
			return false
		}
	}
	return true
}

// Dropped reports whether the receiver had to throw the RST away, by its number.
func (c *Facts) Dropped() bool {
	return c.Accept == flows.AcceptOutside || c.After.ChallengeACK.Seen()
}

// GoesOn returns the first segment by which the receiver of a RST that it need not have accepted goes on: it sent the
// segment at a time when the RST must have reached it. The zero Mark where nothing shows that.
func (c *Facts) GoesOn() flows.Mark {
	if !c.Dropped() && !c.AtAckedFIN() || c.From[c.Side.Peer()] == flows.SynSent {
		return flows.Mark{}
	}
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side && e.Flags&(flows.RST|flows.SYN) == 0 && e.Notes&flows.Duplicate == 0 &&
			e.Time.Sub(c.Time) > c.Soon() {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// Supplanted reports whether another host than the RST's sender has the connection: long after the RST, which comes
// from a host of which no other segment was captured, its receiver echoes newer timestamps (RFC 7323 §4.3), those of
// segments that still reach it from its peer.
func (c *Facts) Supplanted() bool {
	a := &c.After
	return c.Kind == KindReply && c.Snd.Segments == 0 && a.SenderSegments == 0 && a.EchoMoved.Seen() &&
		a.Echo.Time.Sub(c.Time) > c.Soon() && a.EchoMoved.Time.Sub(c.Time) > time.Second
}

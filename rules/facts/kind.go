package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Kind says how a RST came to be.
type Kind uint8

// The kinds. The numbers decide (RFC 9293 §3.5.2, §3.10.7); window and IP ID help only where two kinds
// have the same numbers.
const (
	KindUnclear Kind = iota // the numbers fit neither
	KindReply               // the sender has no such connection, and answers a segment for it
	KindAbort               // the sender had the connection, and ends it
)

// kind decides between the three.
func (c *Facts) kind() Kind {
	switch c.Class {
	case flows.ClassReplyACK:
		return KindReply
	case flows.ClassReply:
		if c.abortBehind() ||
			c.Late && !c.Duplicate && c.Snd.HasSND && c.SEQ == c.Snd.SND.NXT && !c.Blind() && !c.answersUnseen() {
			return KindAbort
		}
		if !c.Duplicate && c.acceptedTrigger() || c.ownStyle() {
			return KindAbort
		}
		return KindReply
	case flows.ClassActive:
		if c.answersWithACK() {
			return KindReply
		}
		return KindAbort
	case flows.ClassBare:
		switch {
		case !c.Snd.HasSND:
			return KindReply // nothing to compare with: the usual form of a stack that does not know the connection
		case c.SEQ != c.Snd.SND.NXT && c.SEQ != c.Snd.SND.UNA:
			if c.ACK == 0 && c.WND == 0 && c.Blind() || c.belowUNA() {
				return KindReply // answers a segment that the capture missed
			}
			return KindUnclear
		case c.ownStyle():
			return KindAbort
		case c.Blind() || c.answersUnseen():
			return KindReply
		case c.Snd.FINAcked.Seen():
			return KindUnclear // what is left of the connection may be gone: its peer had the FIN
		}
		return KindAbort
	}
	if !c.Flags.Has(flows.ACK) {
		return KindUnclear
	}
	if !c.Snd.HasSND || c.SEQ.Sub(c.Snd.SND.UNA) >= 0 && c.SEQ.Sub(c.Snd.SND.NXT) <= 0 {
		return KindAbort // Windows winds SND.NXT back before it gives up
	}
	if c.Conn.Defects&(flows.MissedPackets|flows.OneDirection|flows.NoHandshake|flows.Evicted) != 0 && c.WND != 0 {
		return KindAbort
	}
	return KindUnclear
}

// abortBehind reports whether a RST+ACK of the same sender, at its next sequence number, comes right behind this bare
// RST, its first on an open connection: a stack without the connection sends none, so that the sender aborted, and
// what it answered while it did so was captured first.
func (c *Facts) abortBehind() bool {
	if c.Flags.Has(flows.ACK) || !c.Snd.HasSND || c.SEQ != c.Snd.SND.NXT || c.Snd.FIN.Seen() || c.ownRSTBefore() ||
		c.Unopened() {
		return false
	}
	for i := range c.After.Events {
		e := &c.After.Events[i]
		switch {
		case e.Side != c.Side:
		case e.Flags&flows.RST == 0:
			return false
		case e.Flags.Has(flows.ACK) && e.SEQ == c.SEQ && e.TTL == c.TTL && e.Time.Sub(c.Time) <= c.Soon():
			return true
		}
	}
	return false
}

// answersWithACK reports whether a RST that bears the sequence number of a decision answers a segment all the
// same: nobody decides twice, and its acknowledgment is the end of just one segment.
func (c *Facts) answersWithACK() bool {
	t := c.Trigger
	return t != nil && c.From[c.Side] == flows.Closed && c.ownRSTBefore() && t.LEN() > 0 && t.Flags.Has(flows.ACK) &&
		c.SEQ == t.ACK && c.ACK == t.End()
}

// acceptedTrigger reports whether the RST's sender had acknowledged the segment that the numbers name as
// trigger: then it still had the connection, and the RST is no reply to that segment.
func (c *Facts) acceptedTrigger() bool {
	t := c.Trigger
	return t != nil && t.LEN() > 0 && c.Snd.HasRCV && c.Snd.RCV.NXT.Sub(t.End()) >= 0 && c.Snd.Last.Frame > t.Frame
}

// ownStyle reports whether window and IP ID of the RST go on where the sender's other segments stopped.
// Stacks without the connection have neither at hand.
func (c *Facts) ownStyle() bool {
	return c.WND != 0 && c.continuesIPID()
}

// belowUNA reports whether the RST, which has no ACK, bears a number that its receiver had acknowledged before: its
// sender has no use for it any more, so that it can only come from the ACK of an old segment.
func (c *Facts) belowUNA() bool {
	d := c.SEQ.Sub(c.Snd.SND.UNA)
	return d < 0 && d >= -maxMissed && !c.ownStyle()
}

// LinuxReply reports whether the RST looks like Linux's reply for a connection that it does not have, while the
// sender's other segments show that it counts IP IDs or sends timestamps.
func (c *Facts) LinuxReply() bool {
	return !c.Flags.Has(flows.ACK) && c.WND == 0 && c.HeaderLen == 20 && c.IPID == 0 && !c.Unknown.Has(flows.FieldIPID) &&
		(c.Snd.IPID != 0 || c.Snd.HasTS || c.Snd.SYNOpts.HasTS)
}

// answersUnseen reports whether the RST, on a connection that was in use a moment ago, has the form of a reply although
// the capture, which lacks nothing else, does not hold what it answers. At an idle moment it is more likely that a
// device sends such a RST by its own clock.
func (c *Facts) answersUnseen() bool {
	return c.LinuxReply() && !c.ownRSTBefore() && c.Silence() < time.Second
}

// continuesIPID reports whether the RST's IP ID follows that of the sender's last segment, in either byte
// order.
func (c *Facts) continuesIPID() bool {
	if c.IPID == 0 || c.Snd.IPID == 0 || c.Snd.Segments == 0 {
		return false
	}
	step := c.IPID - c.Snd.IPID
	swapped := c.IPID>>8 | c.IPID<<8 - (c.Snd.IPID>>8 | c.Snd.IPID<<8)
	return step >= 1 && step <= 8 || swapped >= 1 && swapped <= 8
}

// NextGuessed reports whether the next sequence number of the RST's sender is a guess: all that the capture holds of it
// are probes of an idle connection, one below that number, and no answer to them.
func (c *Facts) NextGuessed() bool {
	if !c.Snd.HasSND || c.Snd.SYN.Seen() || c.Snd.FIN.Seen() || c.Snd.Bytes > 0 ||
		c.Rcv.HasRCV && c.Rcv.RCV.NXT == c.Snd.SND.NXT {
		return false
	}
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side == c.Side && e.Frame == c.Snd.Last.Frame {
			return e.End() != c.Snd.SND.NXT
		}
	}
	return false
}

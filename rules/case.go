package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Case is a reset as the rules see it: what the observer saw, and what follows from it directly and
// is asked by more than one rule.
type Facts struct {
	*flows.Reset
	Snd, Rcv *flows.Endpoint // the side that the RST names as its sender, and the other

	// Manner is how the RST came to be, Answers what it answers when it is a reply.
	Kind    Kind
	Answers Stimulus

	// Met is what of the peer met the socket that the sender had closed.
	AfterClose AfterClose

	// LetGo is the moment when the RST's sender gave the connection up, and what was left undone then.
	Close Close

	// RTT is the round trip between the two ends, or a guess where the capture does not tell it.
	RTT      time.Duration
	RTTKnown bool

	// Late says that the segment which the numbers name as trigger had come so long before that the RST does
	// not answer it.
	Late bool

	// Duplicate says that the RST answers a late duplicate that the capture does not hold: its number is
	// older than what its sender had long been told.
	Duplicate bool

	Earlier   []Earlier // findings about earlier resets of this connection, oldest first
	PathSigns PathSigns // who sent it
	Timeouts  *Timeouts // known idle times

	// What resends and probes returned, nil before they are first asked: several rules ask.
	resendRun, probeRun *flows.Run
}

// Guesses where the capture does not show the round trip.
const guessedRTT = 200 * time.Millisecond

// begin makes c the case of r and derives the facts. The order matters: later ones ask for earlier ones. What c
// has of room is used again.
func (c *Facts) begin(r *flows.Reset, earlier []Earlier, timeouts *Timeouts) {
	*c = Facts{
		Reset: r, Snd: r.Conn.End(r.Side), Rcv: r.Conn.End(r.Side.Peer()), Earlier: earlier, Timeouts: timeouts,
		AfterClose: AfterClose{At: c.AfterClose.At[:0]},
		PathSigns:  PathSigns{Against: c.PathSigns.Against[:0], For: c.PathSigns.For[:0], room: c.PathSigns.room[:0]},
	}
	c.RTT, c.RTTKnown = roundTrip(r.Conn)
	c.retarget()
	c.Answers = c.stimulus()
	c.Kind = c.manner()
	c.Close = c.letGo()
	c.meet()
	c.PathSigns.weigh(c)
}

// roundTrip returns the round trip of a connection: of its handshake, else the sum of the shortest
// reactions of both ends.
func roundTrip(k *flows.Conn) (time.Duration, bool) {
	if k.HandshakeRTT > 0 {
		return k.HandshakeRTT, true
	}
	a, b := k.Ends[0].Reaction, k.Ends[1].Reaction
	switch {
	case a > 0 && b > 0:
		return a + b, true
	case a+b > 0:
		return a + b, true
	}
	return guessedRTT, false
}

// Soon is how long a segment may come after a RST and still have been under way when the RST was sent: one
// round trip, and what queues and reordering add to it.
func (c *Facts) Soon() time.Duration {
	return c.RTT + c.RTT/2 + 5*time.Millisecond
}

// A Manner is how a RST came to be.
type Kind uint8

// The manners. The numbers decide (RFC 9293 §3.5.2, §3.10.7); window and IP ID help only where two manners
// have the same numbers.
const (
	KindUnclear Kind = iota // the numbers fit neither
	KindReply               // the sender has no such connection, and answers a segment for it
	KindAbort               // the sender had the connection, and ends it
)

// manner decides between the three.
func (c *Facts) manner() Kind {
	switch c.Class {
	case flows.ClassReplyACK:
		return KindReply
	case flows.ClassReply:
		if c.Late && !c.Duplicate && c.Snd.HasSND && c.SEQ == c.Snd.SND.NXT && !c.blind() {
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
			if c.ACK == 0 && c.WND == 0 && c.blind() {
				return KindReply // answers a segment that the capture missed
			}
			return KindUnclear
		case c.blind() && !c.ownStyle():
			return KindReply
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

// answersWithACK reports whether a RST that bears the sequence number of a decision answers a segment all the
// same: nobody decides twice, and its acknowledgment is the end of just one segment.
func (c *Facts) answersWithACK() bool {
	t := c.Trigger
	return t != nil && c.From[c.Side] == flows.Closed && c.ownRSTBefore() && t.LEN() > 0 && t.Flags.Has(flows.ACK) && c.SEQ == t.ACK && c.ACK == t.End()
}

// retarget looks again at a trigger that the RST cannot answer: one that its sender had accepted, or that came
// too long before. A later segment with the same number takes its place, else nothing does.
func (c *Facts) retarget() {
	if c.Class != flows.ClassReply || c.Trigger == nil {
		return
	}
	late := c.TriggerDelay > max(time.Second, 6*c.RTT)
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
		if e.Side != c.Side && e.Frame < c.Frame && e.Flags.Has(flows.ACK) && e.Flags&flows.RST == 0 && e.Notes&flows.Duplicate == 0 && e.ACK == c.SEQ {
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

// outdated reports whether the numbers name a trigger that cannot be it: the RST's sender had accepted that
// segment, and had since sent more, which its peer had acknowledged. A copy of it must have come late.
func (c *Facts) outdated() bool {
	return c.Class == flows.ClassReply && c.acceptedTrigger() && c.Snd.HasSND && c.SEQ.Sub(c.Snd.SND.UNA) < 0
}

// blind reports whether segments toward the RST's sender may be missing from the capture.
func (c *Facts) blind() bool {
	return c.Rcv.Segments == 0 || c.Conn.Defects&(flows.OneDirection|flows.MissedPackets) != 0
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

// stimulus tells what the trigger is.
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
	case t.Frame == c.Conn.HandshakeACK.Frame:
		return ToHandshakeACK
	}
	return ToACK
}

// mark returns where the trigger is, the zero Mark without one.
func (c *Facts) mark() flows.Mark {
	if c.Trigger == nil {
		return flows.Mark{}
	}
	return c.Trigger.Mark
}

// moment returns when the RST became due: its trigger's time, else its own.
func (c *Facts) moment() flows.Time {
	if c.Trigger != nil {
		return c.Trigger.Time
	}
	return c.Time
}

// ByClient reports whether the RST's sender is the originator.
func (c *Facts) ByClient() bool { return c.Side == flows.Originator }

// sender and receiver are the two ends in a sentence.
func (c *Facts) sender() string   { return name(c.Side) }
func (c *Facts) receiver() string { return name(c.Side.Peer()) }

// Refused reports whether the RST turns down an attempt to connect: a SYN that no SYN-ACK had answered.
func (c *Facts) Refused() bool {
	if c.Snd.Segments > 0 && (c.Class != flows.ClassReplyACK || c.Answers != ToSYN || c.Snd.Segments > c.Snd.SYNs) {
		return false // it had accepted; only a SYN that comes again can still be refused
	}
	switch {
	case c.Answers == ToSYN:
		return true
	case c.Class == flows.ClassReplyACK:
		return c.Answers == ToNothing && c.Rcv.DataSegments == 0
	}
	// A device that does not keep to the numbers: a RST toward one who has sent SYNs and nothing else.
	return !c.ByClient() && c.Flags.Has(flows.ACK) && c.Answers == ToNothing && c.Conn.SYN.Seen() && c.Rcv.Segments == c.Rcv.SYNs
}

// Unopened reports whether the connection never came to life at the RST's sender, which had asked for it.
func (c *Facts) Unopened() bool {
	return c.ByClient() && c.Snd.SYN.Seen() && !c.Conn.HandshakeACK.Seen() && c.Snd.Segments == c.Snd.SYNs &&
		c.Snd.Bytes == 0
}

// Idle returns how long the connection had been silent when the sender let go: since the last data, else
// since the handshake; 0 when nothing is known.
func (c *Facts) Idle() time.Duration {
	last := c.lastData()
	if !last.Seen() || !c.Close.Seen() {
		return 0
	}
	return c.Close.Time.Sub(last.Time)
}

// lastData returns the last data of either side before the sender let go, else the end of the handshake.
func (c *Facts) lastData() flows.Mark {
	last := c.Conn.HandshakeACK
	if !last.Seen() {
		last = c.Conn.SYNACK
	}
	for _, m := range c.Close.LastData {
		if m.Frame > last.Frame && m.Frame <= c.Close.Frame {
			last = m
		}
	}
	return last
}

// PeerClosedFirst reports whether the other side had closed before the sender let go, and the sender could
// know it: a FIN that the RST's own acknowledgment leaves out crossed it on the way.
func (c *Facts) PeerClosedFirst() bool {
	fin := c.Rcv.FIN
	if !fin.Seen() {
		fin = c.Rcv.UnseenFIN
	}
	if !fin.Seen() || fin.Frame >= c.Close.Frame {
		return false
	}
	if c.Close.By == ByThis && c.Flags.Has(flows.ACK) && c.Rcv.FIN.Seen() && c.Class != flows.ClassReplyACK && c.ACK.Sub(c.Rcv.FINSEQ) <= 0 {
		return false
	}
	return true
}

// BothClosed reports whether both FINs had been acknowledged before the RST's trigger (or the RST itself,
// when nothing triggered it): the connection was over.
func (c *Facts) BothClosed() bool {
	at := c.Frame
	if c.Trigger != nil {
		at = c.Trigger.Frame
	}
	a, b := c.Snd.FINAcked, c.Rcv.FINAcked
	return a.Seen() && b.Seen() && a.Frame < at && b.Frame < at
}

// HalfCloseExpired reports whether the trigger, a bare FIN or ACK, comes so long after the sender's own FIN
// was acknowledged that FIN-WAIT-2 or TIME-WAIT is likely over.
func (c *Facts) HalfCloseExpired() bool {
	switch c.Answers {
	case ToFIN, ToACK, ToKeepAlive:
	default:
		return false
	}
	if c.AfterClose.Data.Seen() || !c.Snd.FINAcked.Seen() || c.Snd.FINAcked.Frame >= c.Trigger.Frame {
		return false
	}
	gap := c.Trigger.Time.Sub(c.Snd.FINAcked.Time)
	return gap >= time.Second && gap > 4*c.RTT
}

// ServiceDied reports whether the responder's port refuses connections from the moment on when the RST's
// sender, the responder, let go.
func (c *Facts) ServiceDied() bool {
	if c.ByClient() {
		return false
	}
	a := &c.Related
	if a.RefusedBefore.Seen() && a.RefusedBefore.Time >= c.Close.Time && a.AcceptedBefore.Time < a.RefusedBefore.Time {
		return true
	}
	return a.RefusedAfter.Seen() && a.RefusedAfter.Time.Sub(c.Close.Time) < 2*time.Minute &&
		(!a.AcceptedAfter.Seen() || a.AcceptedAfter.Frame > a.RefusedAfter.Frame)
}

// idleFrom is the silence from which on a connection counts as idle.
const idleFrom = 5 * time.Second

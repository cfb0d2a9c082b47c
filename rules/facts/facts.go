// Package facts derives from a reset what more than one rule asks: how the RST came to be, what it answers, when its
// sender closed and what was left undone then, how far away both ends are, who else may have sent it. It begins with
// Facts.Derive; each further fact is a method with its definition. Facts are of the packets alone: they hold no
// sentences (package words has them) and no verdicts (package rules gives them).
package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// Facts are a reset as the rules see it: what was captured, and what follows from that directly and
// is asked by more than one rule.
type Facts struct {
	*flows.Reset
	Snd, Rcv *flows.Endpoint // the side that the RST names as its sender, and the other

	// Kind is how the RST came to be, Answers what it answers when it is a reply.
	Kind    Kind
	Answers Stimulus

	// AfterClose is what of the peer reached the socket that the sender had closed.
	AfterClose AfterClose

	// Close is the moment when the RST's sender gave the connection up, and what was left undone then.
	Close Close

	// RTT is the round trip between the two ends, or a guess where the capture does not show it.
	RTT      time.Duration
	RTTKnown bool

	// Late says that the segment which the numbers name as trigger had come so long before that the RST does
	// not answer it.
	Late bool

	// Duplicate says that the RST answers a late duplicate that the capture does not hold: its number is
	// older than what had long been acknowledged to its sender.
	Duplicate bool

	Earlier   []Earlier // findings about earlier resets of this connection, oldest first
	PathSigns PathSigns // who sent it
	Timeouts  *Timeouts // known idle times
	Device    Device    // that sent an earlier RST in the name of the sender's host

	// What Retransmissions and KeepAliveProbes returned, nil before they are first asked: several rules ask.
	retransmissions, keepAliveProbes *flows.Run
}

// A Device is who sent a RST in the name of a host: its TTL there, and that RST. The zero Device: none is known.
type Device struct {
	TTL uint8
	At  flows.ConnMark
}

// Derive makes c the facts of r and derives the facts. The order matters: later ones ask for earlier ones. What c
// has of room is used again.
func (c *Facts) Derive(r *flows.Reset, earlier []Earlier, timeouts *Timeouts, device Device) {
	if syn := r.Conn.SYN; syn.Seen() {
		// What a RST from before the handshake ended was an earlier incarnation.
		for len(earlier) > 0 && earlier[0].Frame < syn.Frame && earlier[0].Trigger.Frame < syn.Frame {
			earlier = earlier[1:]
		}
	}
	*c = Facts{
		Reset: r, Snd: r.Conn.End(r.Side), Rcv: r.Conn.End(r.Side.Peer()), Earlier: earlier, Timeouts: timeouts,
		Device:     device,
		AfterClose: AfterClose{Frames: c.AfterClose.Frames[:0]},
		PathSigns:  PathSigns{Against: c.PathSigns.Against[:0], For: c.PathSigns.For[:0], room: c.PathSigns.room[:0]},
	}
	c.RTT, c.RTTKnown = roundTrip(r.Conn)
	c.retarget()
	c.Answers = c.stimulus()
	c.Kind = c.kind()
	c.Close = c.findClose()
	c.findAfterClose()
	c.PathSigns.weigh(c)
}

// ByClient reports whether the RST's sender is the originator.
func (c *Facts) ByClient() bool { return c.Side == flows.Originator }

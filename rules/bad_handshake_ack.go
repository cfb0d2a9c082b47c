package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const (
	badHandshakeACKSure  = 0.97
	badHandshakeACKEarly = 0.85 // the server's SYN-ACK came later, or cannot have come yet
)

var badHandshakeACK = &Rule{
	ID:       "bad-handshake-ack",
	Cause:    UnknownConnection,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.3"},
	Doc: Doc{
		Title: "The handshake acknowledges something that was never sent",
		Happened: "A client sent a SYN and the SYN-ACK that came acknowledges a number that is not the client's; or the " +
			"client's last ACK of the handshake acknowledges a number that the server had not sent. Whoever receives it " +
			"takes it for a segment of another connection and resets it.",
		Recognised: "The acknowledgment of the SYN-ACK, or of the segment that completes the handshake, is not the peer's " +
			"sequence number plus one (nor covers its Fast Open data); the bare RST takes its sequence number from it.",
		LookAlikes: "A SYN-ACK that answers an earlier SYN of the same client, with other numbers, comes late " +
			"(late-syn-ack).",
		Prints: "A connect timeout, if every attempt fails so; often nothing.",
		Remedy: "Look at what changes sequence numbers on the path: a NAT or firewall that randomises them in one " +
			"direction only, a SYN proxy, a load balancer that answers for a server it has lost, two hosts with one address.",
		Limits: "Which device sent it is not in the numbers; compare TTL and Ethernet source.",
	},
	Match: func(c *facts.Facts) float64 {
		if badLastACK(c) {
			return badHandshakeACKSure
		}
		if acksUnoffered(c) {
			return badHandshakeACKEarly
		}
		if !c.ByClient() || c.Answers != facts.ToSYNACK || !c.Snd.HasISS || c.Kind == facts.KindAbort {
			return 0
		}
		if d := c.Trigger.ACK.Sub(c.Snd.SND.ISS); d >= 1 && d <= 1+1<<16 && c.Trigger.ACK.Sub(c.Snd.SND.NXT) <= 0 {
			return 0
		}
		return badHandshakeACKSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		expected := uint64(c.Snd.SND.ISS.Add(1))
		if badLastACK(c) {
			f.Summary = words.Sentence("%s's last segment of the handshake acknowledges a number that %s had not sent, so %s "+
				"reset it.", words.Capital(Receiver(c)), Sender(c), Sender(c))
			f.saySYNACK(c.Side, c.Snd.SYN, c.Rcv.SYN)
			f.Say(claim.Claim{Kind: claim.BadACK, Side: c.Side, What: claim.HandshakeACK, Number: uint64(c.Trigger.ACK),
				Expected: expected}, c.Trigger.Frame)
			f.SayRST(c)
			f.Open(PeerCrash, "", 0.4, "no request had been sent that could have been lost")
			return
		}
		if acksUnoffered(c) {
			explainUnoffered(c, f)
			return
		}
		f.Summary = words.Sentence("%s's SYN-ACK does not acknowledge the SYN of %s, so %s "+
			"reset it.", words.Capital(Receiver(c)), Sender(c), Sender(c))
		f.saySYN(c.Side, c.Snd)
		f.Say(claim.Claim{Kind: claim.BadACK, Side: c.Side, What: claim.SYNACK, Number: uint64(c.Trigger.ACK),
			Expected: expected}, c.Trigger.Frame)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.4, "the connection was still being opened")
	},
	Effects: Effects{Outcomes: openingOutcomes},
}

// badLastACK reports whether a server in SYN-RECEIVED answers a segment of the client that acknowledges what it had not
// sent: less than its SYN-ACK, or, in the segment that answers this, more (RFC 9293 §3.10.7.4).
func badLastACK(c *facts.Facts) bool {
	t := c.Trigger
	if c.ByClient() || c.Kind != facts.KindReply || t == nil || !c.Snd.HasISS || c.Snd.Segments != c.Snd.SYNs ||
		!c.Rcv.SYN.Seen() || t.Frame < c.Snd.SYN.Frame || c.Conn.Defects.Has(flows.Reordered) {
		return false
	}
	// Above it, any later segment may acknowledge data that the capture lacks.
	d := t.ACK.Sub(c.Snd.SND.ISS.Add(1))
	return d < 0 && (c.Answers == facts.ToACK || c.Answers == facts.ToData) || d != 0 && c.Answers == facts.ToHandshakeACK
}

// acksUnoffered reports whether a RST in the server's name answers a client that, right behind its SYN and without a
// SYN-ACK in the capture, acknowledges a number that the server never offered: its SYN-ACKs, which come later, have
// another, or none can have come so soon.
func acksUnoffered(c *facts.Facts) bool {
	t := c.Trigger
	if c.ByClient() || c.Kind != facts.KindReply || t == nil || c.Snd.Segments > 0 || !c.Rcv.SYN.Seen() ||
		!t.Flags.Has(flows.ACK) || t.Flags.Has(flows.SYN) {
		return false
	}
	if c.After.HasSenderISS {
		return c.After.SenderISS.Add(1) != t.ACK
	}
	m := firstACK(c)
	need := c.Related.SenderReaction
	return m.Seen() && need >= reactionFrom && m.Time.Sub(c.Rcv.SYN.Time) < need/4 && c.Related.OtherDir
}

// reactionFrom is the least time in which a server answers on other connections that a sooner ACK is compared with.
const reactionFrom = 5 * time.Millisecond

// firstACK returns the client's first segment with ACK.
func firstACK(c *facts.Facts) flows.Mark {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side == flows.Originator && e.Flags.Has(flows.ACK) && e.Flags&flows.RST == 0 {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// explainUnoffered explains a client that goes on as if a SYN-ACK had come.
func explainUnoffered(c *facts.Facts, f *Finding) {
	f.Summary = words.Sentence("%s acknowledges a number that %s had not offered; a segment of a connection that "+
		"does not exist is answered with a RST.", words.Capital(Receiver(c)), Sender(c))
	if c.PathSigns.Middlebox() {
		f.Path = true
		f.Summary = words.Sentence("%s acknowledges a number that %s had not offered; a device on the path answers in %s's "+
			"name, with a RST.", words.Capital(Receiver(c)), Sender(c), Sender(c))
	}
	f.Remedy = "Look at what made the client's segments: packets that were replayed, or made by a program, " +
		"acknowledge what " +
		"another connection had offered. Else a device on the path answered the SYN, or changed the numbers."
	f.saySYN(c.Side.Peer(), c.Rcv)
	f.Say(claim.Claim{Kind: claim.NoSYNACK, Side: c.Side}, c.Frame)
	f.SayRST(c)
	if c.After.HasSenderISS {
		f.Say(claim.Claim{Kind: claim.BadACK, Side: c.Side, What: claim.HandshakeACK, Number: uint64(c.Trigger.ACK),
			Expected: uint64(c.After.SenderISS.Add(1))}, c.Trigger.Frame)
	}
	f.Open(PeerCrash, forgedResetID, 0.8, "no SYN-ACK was seen before it: no connection was open")
}

package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a responder gave up waiting for the third step.
const (
	handshakeUnansweredSure  = 0.95
	handshakeUnansweredReply = 0.90 // it fell silent, and answers a late segment
)

var handshakeUnanswered = &Rule{
	ID:       "handshake-unanswered",
	Cause:    RetransmitTimeout,
	Severity: Warning,
	Pattern:  HalfOpen,
	RFC:      []string{"RFC 9293 §3.8.3", "RFC 9293 §3.10.8"},
	Doc: Doc{
		Title: "The SYN-ACK was not acknowledged",
		Happened: "A server accepted a connection, retransmitted its SYN-ACK, received no acknowledgment of it, and " +
			"gave up.",
		Recognised: "Retransmitted SYN-ACKs, no acknowledgment of them, then a RST of the server; or a long silence and a " +
			"RST that answers a late segment of the client.",
		LookAlikes: "With a full accept queue the client does acknowledge the SYN-ACK, and the server ignores that " +
			"(accept-queue-overflow). Linux gives up without a RST; stacks of the BSD family send one.",
		Prints: "The client sees a connect timeout, or a connection that is reset at its first use; the server's " +
			"application sees nothing.",
		Remedy: "Look at the path from server to client: asymmetric routes, a filter that drops SYN-ACKs or the " +
			"client's ACKs, a spoofed source address.",
		Limits: "Whether the SYN-ACKs arrived can only be seen at the client.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.ByClient() || c.Snd.SYNs < 2 || c.Snd.Segments != c.Snd.SYNs {
			return 0
		}
		if c.Kind == facts.KindReply {
			// Silence for longer than between its last two sendings: it has stopped.
			if c.Trigger == nil || c.Trigger.Time.Sub(c.Snd.LastSYN.Time) < c.Snd.LastSYN.Time.Sub(c.Snd.SYN.Time) {
				return 0
			}
			return handshakeUnansweredReply
		}
		if c.Conn.HandshakeACK.Seen() || c.Rcv.Segments > 0 && c.Snd.HasISS && c.Snd.SND.UNA.Sub(c.Snd.SND.ISS) > 0 {
			return 0 // acknowledged, by a client whose SYN was perhaps not captured
		}
		return handshakeUnansweredSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		n := int(c.Snd.SYNs) - 1
		took := words.Span(c.Snd.LastSYN.Time.Sub(c.Snd.SYN.Time))
		again := claim.Claim{Kind: claim.SentAgain, Side: c.Side, What: claim.SYNACK, Count: n,
			Span: c.Snd.LastSYN.Time.Sub(c.Snd.SYN.Time)}
		f.Say(claim.Claim{Kind: claim.FirstSent, Side: c.Side, What: claim.SYNACK}, c.Snd.SYN.Frame)
		f.Say(again, c.Snd.LastSYN.Frame)
		if ack := c.Conn.HandshakeACK; ack.Seen() && (ack.Frame < c.Snd.LastSYN.Frame || ackedBefore(c, c.Snd.LastSYN)) {
			f.Summary = words.Sentence("%s gave up the connection: it retransmitted its SYN-ACK %s within %s although %s "+
				"acknowledged it.",
				words.Capital(Sender(c)), words.Times(n), took, Receiver(c))
			f.Say(claim.Claim{Kind: claim.AckedEachTime, Side: c.Side}, ack.Frame)
		} else {
			f.Summary = words.Sentence("%s gave up the connection: it retransmitted its SYN-ACK %s within %s, and no "+
				"acknowledgment of it was seen.", words.Capital(Sender(c)), words.Times(n), took)
			until := c.Frame
			if c.Trigger != nil {
				until = c.Trigger.Frame
			}
			f.Say(claim.Claim{Kind: claim.Unacked, Side: c.Side, From: c.Snd.SYN.Frame, Until: until}, c.Snd.SYN.Frame)
		}
		f.SayRST(c)
		f.sayHalfOpenOfFlood(c, "the handshake of this one was not completed, and the server gave it up")
		f.Open(ClosedPort, acceptQueueOverflowID, 0.4, "the server was still retransmitting its SYN-ACK")
		f.Open(UnknownConnection, "", 0.3, "the server knew the connection: it kept sending its SYN-ACK")
	},
	Effects: Effects{Outcomes: []programs.Outcome{programs.GiveUp, programs.ConnectLimit}},
}

// ackedBefore reports whether the peer acknowledged the sender's SYN-ACK before it was sent again, also where the
// capture has that acknowledgment first.
func ackedBefore(c *facts.Facts, again flows.Mark) bool {
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side && e.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.ACK && e.Time < again.Time && c.Snd.HasISS &&
			e.ACK == c.Snd.SND.ISS.Add(1) {
			return true
		}
	}
	return false
}

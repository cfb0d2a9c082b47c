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
	handshakeUnheard         = 0.75 // and its timestamps show that the acknowledgments did not arrive
	handshakeEcho            = 0.55 // the snaplen cut the timestamps
)

// handshakeUnansweredID is what other rules call it by.
const handshakeUnansweredID = "handshake-unanswered"

var handshakeUnanswered = &Rule{
	ID:       handshakeUnansweredID,
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
			if c.SYNACKAckedBefore(c.Snd.LastSYN) {
				switch {
				case c.SYNACKUnheard():
					return handshakeUnheard
				case c.Conn.Defects.Has(flows.SnapCut):
					return handshakeEcho
				}
				return 0 // ignored more likely than lost: accept-queue-overflow
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
		if c.SYNACKAckedBefore(c.Snd.LastSYN) {
			f.Summary = words.Sentence("%s gave up the connection: it retransmitted its SYN-ACK %s within %s although %s "+
				"acknowledged it.", words.Capital(Sender(c)), words.Times(n), took, Receiver(c))
			f.Say(claim.Claim{Kind: claim.AckedEachTime, Side: c.Side, What: claim.SYNACK}, c.FirstACK().Frame)
			if c.Unheard(&c.Snd.Unheard) {
				f.Say(claim.Claim{Kind: claim.EchoUnmoved, Side: c.Side}, c.Snd.Unheard.First.Frame, c.Snd.LastSYN.Frame)
			}
		} else {
			f.Summary = words.Sentence("%s gave up the connection: it retransmitted its SYN-ACK %s within %s, and no "+
				"acknowledgment of it was seen.", words.Capital(Sender(c)), words.Times(n), took)
			unacked := claim.Claim{Kind: claim.Unacked, Side: c.Side, From: c.Snd.SYN.Frame, Until: c.Frame}
			if t := c.Trigger; t != nil {
				if unacked.Until = t.Frame; t.Flags.Has(flows.ACK) && c.Snd.HasISS && t.ACK.Sub(c.Snd.SND.ISS) > 0 {
					unacked.What = claim.ACK
					f.Summary = words.Sentence("%s gave up the connection: it retransmitted its SYN-ACK %s within %s; the first "+
						"segment that acknowledges it came too late.", words.Capital(Sender(c)), words.Times(n), took)
				}
			}
			f.Say(unacked, c.Snd.SYN.Frame)
		}
		f.SayRST(c)
		f.sayHalfOpenOfFlood(c, "the handshake of this one was not completed, and the server gave it up")
		if c.SYNACKAckedBefore(c.Snd.LastSYN) {
			f.Open(ClosedPort, acceptQueueOverflowID, 0.8,
				"a server whose accept queue is full may send the same packets")
		} else {
			f.Open(ClosedPort, acceptQueueOverflowID, 0.4, "the server was still retransmitting its SYN-ACK")
		}
		f.Open(UnknownConnection, "", 0.3, "the server knew the connection: it kept sending its SYN-ACK")
	},
	Effects: Effects{Outcomes: []programs.Outcome{programs.GiveUp, programs.ConnectLimit}},
}

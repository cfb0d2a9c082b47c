package rules

import (
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
	RFC:      []string{"RFC 9293 §3.8.3", "RFC 9293 §3.10.8"},
	Doc: Doc{
		Title:      "The third step of the handshake never came",
		Happened:   "A server accepted a connection, sent its SYN-ACK again and again, never got the client's confirmation, and gave up.",
		Recognised: "Resent SYN-ACKs, no acknowledgment of them, then a RST of the server; or a long silence and a RST that answers a late segment of the client.",
		LookAlikes: "With a full accept queue the client does confirm, and the server acts as if it had not (accept-queue-overflow). Linux gives up silently; stacks of the BSD family tell the peer.",
		Prints:     "The client sees a connect timeout, or a connection that is reset at its first use; the server's application sees nothing.",
		Remedy:     "Look at the way from server to client: asymmetric routes, a filter that drops SYN-ACKs or the client's ACKs, a spoofed source address.",
		Limits:     "Whether the SYN-ACKs arrived can only be seen at the client.",
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
		if c.Conn.HandshakeACK.Seen() {
			return 0
		}
		return handshakeUnansweredSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		n := int(c.Snd.SYNs) - 1
		took := words.Span(c.Snd.LastSYN.Time.Sub(c.Snd.SYN.Time))
		f.Text(Sender(c)+"'s first SYN-ACK", c.Snd.SYN.Frame)
		f.Text(words.Count(n, "resend")+" of it within "+took, append([]int{c.Snd.LastSYN.Frame}, c.Snd.Retransmits.Frames...)...)
		if ack := c.Conn.HandshakeACK; ack.Seen() && ack.Frame < c.Snd.LastSYN.Frame {
			f.Summary = words.Sentence("%s had given the connection up: it resent its SYN-ACK %s within %s although %s confirmed it; the confirmations did not arrive.",
				words.Capital(Sender(c)), words.Times(n), took, Receiver(c))
			f.Text(Receiver(c)+" confirms, and "+Sender(c)+" goes on resending: the confirmations do not arrive there", ack.Frame)
		} else {
			f.Summary = words.Sentence("%s gave the connection up: its SYN-ACK was resent %s within %s, and the third step of the handshake never came.", words.Capital(Sender(c)), words.Times(n), took)
		}
		f.SayRST(c)
		f.Open(ClosedPort, acceptQueueOverflowID, 0.4, "the client never confirmed the SYN-ACK, so nothing was queued")
		f.Open(UnknownConnection, "", 0.3, "the server knew the connection: it kept sending its SYN-ACK")
	},
	Effects: Effects{Outcomes: []programs.Outcome{programs.GiveUp, programs.ConnectLimit}},
	WhyNot:  "the SYN-ACK was not resent",
}

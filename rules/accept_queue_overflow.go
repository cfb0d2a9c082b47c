package rules

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure an aborted handshake is.
const (
	overflowSure = 0.91 // the RST answers the last ACK of the handshake itself
	overflowBoth = 0.89 // that ACK and first data came together, and each was answered by a RST
	overflowMany = 0.04 // more when other connections fell in the same way
	overflowLone = 0.55 // no sign of load: neither that, nor a SYN-ACK that was sent again
	overflowKept = 0.62 // the client acknowledged each SYN-ACK, and the server sent it again
	overflowSoon = 300 * time.Millisecond

	overflowListening = 0.93 // a SYN was refused by a port that goes on with the handshakes of others
)

// acceptQueueOverflowID is what other rules call it by.
const acceptQueueOverflowID = "accept-queue-overflow"

var acceptQueueOverflow = &Rule{
	ID:       acceptQueueOverflowID,
	Cause:    ClosedPort,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.4", "RFC 3360 §2.3"},
	Doc: Doc{
		Title: "The listener's queue was full and the handshake was aborted",
		Happened: "A client completed the handshake, but the service did not accept connections fast enough: its accept " +
			"queue was full, and the system is set to refuse then instead of letting the client wait. Windows refuses the SYN " +
			"itself while its queue is full.",
		Recognised: "SYN, SYN-ACK, ACK, and at once a bare RST whose sequence number is this ACK's acknowledgment: it " +
			"answers the last segment of the handshake. Often many connections at once. Or a SYN is refused, and the same " +
			"port then sends the SYN-ACK of another connection again: it is listening, and handshakes are waiting there. Or the " +
			"SYN-ACK is sent again although the client acknowledges it, and what the client sends later is answered with a RST.",
		LookAlikes: "A program that accepts and resets sends a RST of its own decision, with ACK and a window " +
			"(accepted-then-dropped). Where acknowledgments are lost, the SYN-ACK is sent again too (handshake-unanswered): " +
			"its timestamp echoes an old one then.",
		Prints: "ECONNRESET: connection reset by peer, at the first use of a connection that seemed open.",
		Remedy: "Raise the listen backlog and net.core.somaxconn, accept faster, or set " +
			"net.ipv4.tcp_abort_on_overflow back to 0 so that short bursts only wait; nstat -az TcpExtListenOverflows " +
			"counts them.",
		Limits: "A load balancer that finds no server after the handshake can look the same.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Related.HalfOpenAfter.Seen() && c.Refused() {
			return min(refusal(c), overflowListening)
		}
		if ignoredACK(c) {
			return c.Lowered(overflowKept, facts.AnyDefect)
		}
		if c.ByClient() || c.Kind != facts.KindReply || c.Snd.Segments != c.Snd.SYNs || c.Snd.Segments == 0 ||
			c.Close.By != facts.ByThis ||
			!c.Snd.HasISS || c.SEQ != c.Snd.SND.ISS.Add(1) || len(c.Prior) > 0 || c.ServiceDied() {
			return 0
		}
		if c.Rcv.Segments == 0 {
			// One direction only: a RST with this number, so soon after the SYN-ACK, answers the handshake's last ACK.
			if c.Time.Sub(c.Snd.LastSYN.Time) > overflowSoon {
				return 0
			}
			return c.Lowered(underLoad(c, overflowBoth), facts.AnyDefect)
		}
		if !c.Conn.HandshakeACK.Seen() || c.Time.Sub(c.Conn.HandshakeACK.Time) > max(c.Soon(), 50*time.Millisecond, c.Conn.HandshakeRTT) {
			return 0
		}
		if need, _ := c.Distance(); need >= time.Millisecond && c.Time.Sub(c.Conn.HandshakeACK.Time) < need/2 {
			return 0 // it cannot have received the handshake's last ACK yet
		}
		p := overflowSure
		if first := c.Rcv.FirstData; first.Seen() {
			together := first.Time.Sub(c.Conn.HandshakeACK.Time) <= 5*time.Millisecond
			if c.After.SenderRSTCount == 0 || !together && !beforeAnswer(c, first) {
				return 0
			}
			p = overflowBoth
		}
		if c.Related.ResetTogetherCount > 0 {
			p += overflowMany
		}
		return c.Lowered(underLoad(c, p), facts.AnyDefect)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if m := c.Related.HalfOpenAfter; m.Seen() && c.Refused() {
			f.Summary = words.Sentence("%s refused the connection to %s, which is listening: %s later it still sends the "+
				"SYN-ACK "+
				"of another connection again. Its queue of handshakes was probably full, or a filter refuses this client.",
				words.Capital(Sender(c)), portOf(c), words.Span(m.Time.Sub(c.Time)))
			f.SayRefusal(c)
			f.SayOf(m.Stream, claim.Claim{Kind: claim.SYNACKAgain, Side: c.Side, Span: m.Time.Sub(c.Time)}, m.Frame)
			return
		}
		if ignoredACK(c) {
			f.explainIgnoredACK(c)
			return
		}
		f.Summary = fmt.Sprintf("%s aborted the connection%s: %sthe accept queue of port %d "+
			"was full.", words.Capital(Sender(c)), afterHandshake(c), words.Probably(f.Confidence), c.Snd.Addr.Port)
		f.saySYNACK(c.Side, c.Snd.SYN, c.Rcv.SYN)
		f.sayHandshake(c)
		f.SayRST(c)
		f.SayRelated(c)
		if underLoad(c, overflowSure) == overflowLone {
			f.Severity = Warning
			f.Remedy += " If the process ended at that moment, that is the cause: look into its log."
			f.Open(PeerCrash, acceptedThenDroppedID, 0.95, "less likely: the listener was there when the SYN came")
		} else {
			f.Open(PeerCrash, acceptedThenDroppedID, 0.8,
				"a program that resets a connection it has accepted sends a RST with ACK and a window")
		}
		f.Open(UnknownConnection, "", 0.2, "the server itself had just answered the SYN")
	},
	Effects: Effects{Outcomes: []programs.Outcome{programs.NoResponse}, Got: programs.NoResponse},
}

// beforeAnswer reports whether the RST came too early to answer the client's first data, so that it answers the
// handshake's last ACK.
func beforeAnswer(c *facts.Facts, first flows.Mark) bool {
	need, _ := c.Distance()
	return need >= time.Millisecond && c.Time.Sub(first.Time) < need*9/10
}

// ignoredACK reports whether the server sent its SYN-ACK again although the client had acknowledged it, fell silent,
// and answers a later segment as one of no connection: so does a listener whose accept queue is full (Linux by default).
func ignoredACK(c *facts.Facts) bool {
	return !c.ByClient() && c.Kind == facts.KindReply && c.Snd.SYNs >= 2 && c.Snd.Segments == c.Snd.SYNs &&
		c.Trigger != nil && c.Rcv.FirstData.Seen() && c.SYNACKAckedBefore(c.Snd.LastSYN) && !c.SYNACKUnheard() &&
		!c.Conn.Defects.Has(flows.SnapCut) &&
		c.Trigger.Time.Sub(c.Snd.LastSYN.Time) >= c.Snd.LastSYN.Time.Sub(c.Snd.SYN.Time)
}

// explainIgnoredACK explains the RST of a server that ignored the acknowledgments of its SYN-ACK.
func (f *Finding) explainIgnoredACK(c *facts.Facts) {
	n, took := int(c.Snd.SYNs)-1, c.Snd.LastSYN.Time.Sub(c.Snd.SYN.Time)
	f.Summary = words.Sentence("%s retransmitted its SYN-ACK %s within %s although %s acknowledged it, and then no "+
		"longer had the connection: probably the accept queue of %s was full.", words.Capital(Sender(c)), words.Times(n), words.Span(took),
		Receiver(c), portOf(c))
	f.Say(claim.Claim{Kind: claim.FirstSent, Side: c.Side, What: claim.SYNACK}, c.Snd.SYN.Frame)
	f.Say(claim.Claim{Kind: claim.SentAgain, Side: c.Side, What: claim.SYNACK, Count: n, Span: took}, c.Snd.LastSYN.Frame)
	f.Say(claim.Claim{Kind: claim.AckedEachTime, Side: c.Side, What: claim.SYNACK}, c.FirstACK().Frame)
	f.SayRST(c)
	f.SayRelated(c)
	f.Remedy = "Raise the listen backlog and net.core.somaxconn, or accept faster; nstat -az TcpExtListenOverflows " +
		"counts what was ignored. A capture on the server shows whether the acknowledgments arrive there: if they do not, look " +
		"at the path to it."
	f.Open(RetransmitTimeout, handshakeUnansweredID, 0.9,
		"acknowledgments that are lost on the way to the server look the same")
	f.Open(UnknownConnection, "", 0.1, "the server knew the connection: it kept sending its SYN-ACK")
}

// underLoad lowers p where nothing shows that more connections were waiting for the listener: a process that ends, and
// its listener with it, has its system send the same RST to a connection that was not accepted yet.
func underLoad(c *facts.Facts, p float64) float64 {
	if c.Related.ResetTogetherCount > 0 || c.Snd.SYNs > 1 || c.Related.HalfOpenAfter.Seen() {
		return p
	}
	return min(p, overflowLone)
}

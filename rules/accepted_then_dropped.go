package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a server reset a connection that it had just accepted.
const (
	droppedUnused = 0.985 // no request had been sent yet
	droppedAsked  = 0.98  // the first request had come, and the RST at once
	droppedUnseen = 0.55  // nothing but the SYN and the RST is in the capture
	droppedBehind = 0.55  // a SYN proxy had accepted: the server itself may have refused
	droppedWithin = 50 * time.Millisecond
)

// acceptedThenDroppedID is what other rules call it by.
const acceptedThenDroppedID = "accepted-then-dropped"

var acceptedThenDropped = &Rule{
	ID:       acceptedThenDroppedID,
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  Cut,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 9293 §3.5.3"},
	Doc: Doc{
		Title: "The server accepted the connection and reset it before it sent any data",
		Happened: "The handshake was complete, then the server reset the connection before it had sent any data: a " +
			"proxy whose backend is down, a filter of the application (address not allowed, too many connections), a worker " +
			"that died on accepting, or a listener that was closed with connections in its queue.",
		Recognised: "Handshake, then a RST of the server's own decision; it never sent any data, and the client had sent " +
			"no request or only just sent one.",
		LookAlikes: "A full accept queue answers the handshake's last ACK with a bare RST (accept-queue-overflow). A " +
			"client that resets an unused connection is health-probe.",
		Prints: "ECONNRESET: connection reset by peer, at the first write or read.",
		Remedy: "Look at what is behind the port: is the proxy's backend up, is the client's address allowed, do " +
			"workers crash, are limits reached?",
		Limits: "A program that refuses on purpose and one that crashes look the same.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.ByClient() || c.Kind == facts.KindReply || c.Snd.Bytes > 0 || c.Close.By != facts.ByThis ||
			c.PeerClosedFirst() || c.Snd.Missing > 0 {
			return 0
		}
		if !c.Conn.HandshakeACK.Seen() && !c.Conn.SYNACK.Seen() {
			if c.Conn.SYN.Seen() && c.Rcv.Bytes == 0 && c.Close.Completion.State == facts.Unclear && c.Kind == facts.KindAbort &&
				c.Rcv.Missing == 0 && !c.Unknown.Has(flows.FieldsBefore) &&
				!(c.Rcv.HasISS && c.Flags.Has(flows.ACK) && c.Reset.ACK.Sub(c.Rcv.SND.ISS) > 1) { // it acknowledges data
				return droppedUnseen
			}
			return 0
		}
		switch c.Close.Completion.State {
		case facts.Unused:
			if c.BySYNProxy() {
				return c.Lowered(droppedBehind, facts.LostBytes)
			}
			return c.Lowered(droppedUnused, facts.LostBytes)
		case facts.OpenRequest, facts.CutRequest, facts.OpenHandshake, facts.Unclear:
			if c.Time.Sub(c.Conn.HandshakeACK.Time) <= droppedWithin {
				return c.Lowered(droppedAsked, facts.LostBytes)
			}
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		proxied := c.BySYNProxy() && c.Close.Completion.State == facts.Unused
		if c.Conn.SYNACK.Seen() {
			when := ", before sending any data"
			if c.Close.Completion.State == facts.CutRequest {
				when = ""
			}
			f.Summary = words.Sentence("%s accepted the connection and reset it%s%s, %s.", words.Capital(Sender(c)),
				afterHandshake(c), when, Circumstances(c))
			if !proxied {
				f.saySYNACK(c.Side, c.Conn.SYNACK, c.Rcv.SYN)
			} else {
				f.Say(claim.Claim{Kind: claim.ProxySYNACK, Side: c.Side}, c.Conn.SYNACK.Frame)
				f.Summary = words.Sentence("A SYN proxy accepted the connection in the name of %s; the RST came%s, %s.",
					Sender(c), afterHandshake(c), Circumstances(c))
				f.Remedy = "Find out whether the server behind the SYN proxy (a firewall's protection against SYN floods) listens " +
					"on the port: the proxy accepts for it without knowing."
			}
			f.sayHandshake(c)
		} else {
			f.Summary = words.Sentence("%s perhaps reset a connection that it had just accepted: by its form the RST is a "+
				"local abort, and the capture holds no data of either side.", words.Capital(Sender(c)))
		}
		f.SayCompletion(c)
		if !proxied { // who shifts the numbers of a connection hides what its RST answers
			f.SayRST(c)
		}
		f.SayRelated(c)
		if c.Close.Completion.State == facts.Unused {
			f.Harm = "Not harmless: the client's connection was dropped before it could use it."
		}
		if c.ServiceDied() {
			f.Remedy = "The service ended at that moment: it refuses connections afterwards. Look for its crash, kill or restart."
		}
		if proxied {
			f.Open(FastClose, abortiveCloseID, 0.1, "the client had just opened the connection")
			f.Open(ClosedPort, noListenerID, 0.9, "the SYN-ACK is the proxy's; the capture does not show whether the server "+
				"itself accepted")
			return
		}
		f.Open(FastClose, abortiveCloseID, 0.75, "the client had just opened the connection; but a program that refuses it on "+
			"purpose sends the same packets as one that dies")
		f.Open(ClosedPort, acceptQueueOverflowID, 0.2, "the RST has the form of the server's own abort")
	},
}

// afterHandshake returns " 3.0 ms after the handshake", "" where its end was not captured.
func afterHandshake(c *facts.Facts) string {
	if ack := c.Conn.HandshakeACK; ack.Seen() {
		return " " + words.Span(c.Time.Sub(ack.Time)) + " after the handshake"
	}
	return ""
}

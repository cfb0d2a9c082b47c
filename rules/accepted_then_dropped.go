package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a server reset a connection that it had just accepted.
const (
	droppedUnused = 0.985 // no request had been sent yet
	droppedAsked  = 0.98  // the first request had come, and the RST at once
	droppedUnseen = 0.55  // nothing but the SYN and the RST is in the capture
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
				c.Rcv.Missing == 0 {
				return droppedUnseen
			}
			return 0
		}
		switch c.Close.Completion.State {
		case facts.Unused:
			return c.Lowered(droppedUnused, facts.LostBytes)
		case facts.OpenRequest, facts.CutRequest, facts.OpenHandshake, facts.Unclear:
			if c.Time.Sub(c.Conn.HandshakeACK.Time) <= droppedWithin {
				return c.Lowered(droppedAsked, facts.LostBytes)
			}
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if c.Conn.SYNACK.Seen() {
			f.Summary = words.Sentence("%s accepted the connection and reset it%s, before sending any "+
				"data, %s.", words.Capital(Sender(c)), afterHandshake(c), Circumstances(c))
			f.saySYNACK(c.Side, c.Conn.SYNACK, c.Rcv.SYN)
			f.sayHandshake(c)
		} else {
			f.Summary = words.Sentence("%s perhaps reset a connection that it had just accepted: by its form the RST is a "+
				"local abort, and the capture holds no data of either side.", words.Capital(Sender(c)))
		}
		f.SayCompletion(c)
		f.SayRST(c)
		f.SayRelated(c)
		f.Open(FastClose, abortiveCloseID, 0.75, "the client had just opened the connection")
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

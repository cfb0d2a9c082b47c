package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a server responded before it had read all.
const (
	earlyResponseSure = 0.98
	earlyResponseLeft = 0.94 // the client had received the response and closed by then
	earlyResponseTLS  = 0.93 // only the place of a record shows that it is a response
)

var earlyResponse = &Rule{
	ID:       "early-response",
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  Cut,
	RFC:      []string{"RFC 9112 §9.6", "RFC 9110 §10.1.1", "RFC 1122 §4.2.2.13"},
	Doc: Doc{
		Title: "The server responded before it had read the whole request",
		Happened: "A client was still sending its request, most often an upload, when the server responded (often with an " +
			"error: too large, unauthorised, 408 for a request that stalled) and closed. Because data was left unread, the " +
			"server's system reset the connection, and the RST can discard the response before the client has read it.",
		Recognised: "A response while the request's header or body is not complete, or before a body that waits for it " +
			"(Expect: 100-continue); then the server's FIN or RST, and RSTs in answer to the rest of the request. Inside " +
			"TLS, a record of the server in the middle of the client's data is such a response.",
		LookAlikes: "A server that dies during an upload sends no response.",
		Prints: "The client sees ECONNRESET or EPIPE while sending, and often not the response that would have " +
			"explained it.",
		Remedy: "Let the server read the rest of the body for a while before it closes (lingering close: nginx " +
			"lingering_close, Go reads up to 256 kB), or let the client send Expect: 100-continue first.",
		Limits: "Whether the client read the response before the RST discarded it.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.ByClient() || queuedFIN(c) {
			return 0
		}
		x := c.Close.Exchange
		r := &x.Last[flows.Responder]
		if bodyRefused(c) {
			return c.Lowered(earlyResponseLeft, facts.LostBytes)
		}
		if c.Close.Completion.State != facts.CutRequest || r.Frame < x.Last[flows.Originator].Frame {
			return 0
		}
		switch r.Kind {
		case exchange.Response, exchange.Partial, exchange.Refusal, exchange.Opaque:
			p := earlyResponseSure
			if c.PeerClosedFirst() {
				p = earlyResponseLeft
			}
			if x.TLS {
				p = min(p, earlyResponseTLS)
			}
			return c.Lowered(p, facts.LostBytes)
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		x := c.Close.Exchange
		b := c.Close.Completion
		if bodyRefused(c) {
			f.explainBodyRefused(c)
			return
		}
		responded := "responded"
		if x.TLS {
			responded = "most likely responded"
		}
		f.Summary = words.Sentence("%s %s%s and closed while %s was still uploading", words.Capital(Sender(c)), responded,
			words.Quoted(x.Last[flows.Responder].Text), Receiver(c))
		m := &x.Last[flows.Responder]
		cut := m.Kind == exchange.Partial && x.Open[flows.Responder] && !x.TLS
		if cut {
			f.Summary = words.Sentence("%s closed in mid-response%s while %s was still uploading", words.Capital(Sender(c)),
				words.Quoted(m.Text), Receiver(c))
		}
		open := "the upload was still under way"
		switch {
		case b.Left > 0:
			f.Summary += words.Sentence(": the last %s were unacknowledged", words.Bytes(b.Left))
		case b.Header:
			open = "the rest of the request was still to come"
			f.Summary = words.Sentence("%s responded%s and closed before the header of %s's request was complete: %s of it "+
				"captured", words.Capital(Sender(c)), words.Quoted(x.Last[flows.Responder].Text), Receiver(c), words.Bytes(b.Got))
			if c.Close.By == facts.ByFIN && c.Answers == facts.ToData {
				f.Summary += words.Sentence("; %s %s and reached a closed socket", triggerSegment(c), cameTrigger(c))
			}
		case b.Want >= 0:
			f.Summary += words.Sentence(": %s of %s were captured", words.Bytes(b.Got), words.Bytes(b.Want))
		case b.Got > 0:
			f.Summary += words.Sentence(": %s were captured", words.Bytes(b.Got))
		}
		f.Summary += "."
		if x.TLS { // the end of the request is encrypted
			f.SayAfterClose(c)
		} else {
			f.SayCompletion(c)
		}
		if !f.Claims(claim.Verdict) {
			f.Say(claim.Claim{Kind: claim.ResponseSent, Side: flows.Responder, Text: readable(m.Text)}, m.Frame)
		}
		if cut {
			f.Say(claim.Claim{Kind: claim.NotEnded, Side: flows.Responder, What: claim.Response, Until: c.Close.Frame}, m.Frame)
		}
		f.SayClose(c)
		if b.Header && c.Close.By == facts.ByFIN && c.Answers == facts.ToData {
			f.sayLateTrigger(c)
		}
		f.SayRST(c)
		switch x.Protocol {
		case "", "HTTP/1.1", "HTTP/2":
		default:
			f.Remedy = "Read the server's response: it says why it did not take the rest, such as a limit on the size of a " +
				"message. To have it arrive, the server must read the rest before it closes."
		}
		switch {
		case x.Status == 408:
			f.Remedy = "The request stalled, and the server's time limit for it ran out: find out why the client stopped " +
				"sending, or raise that limit (nginx client_header_timeout and client_body_timeout, Apache httpd " +
				"RequestReadTimeout)."
		case cut:
			f.Remedy = "Look into the server's log at that time: it closed before its own response was complete, as after an error " +
				"in the program. The unread rest of the upload only adds the RST."
		case b.Header:
			f.Remedy = "Read the server's response: it says what it does not accept of the request."
		}
		gentle := resetAfterFINID
		if c.Close.By == facts.ByThis {
			gentle = abortiveCloseID
		}
		f.Open(FastClose, gentle, 0.8, open)
	},
	Effects: Effects{Outcomes: closingOutcomes, Sending: true},
}

// bodyRefused reports whether the server gave its final answer and closed before the client sent the body that waits for
// it (Expect: 100-continue, RFC 9110 §10.1.1), and the client sent the body all the same.
func bodyRefused(c *facts.Facts) bool {
	x := c.Close.Exchange
	return x.Withheld && c.Close.Completion.State == facts.Answered && c.AfterClose.Data.Seen() &&
		c.Conn.Exchange.BodySide == int(flows.Originator) && c.Conn.Exchange.Request.Frame == x.Request.Frame
}

// explainBodyRefused explains the reset of a body that the server's answer had refused.
func (f *Finding) explainBodyRefused(c *facts.Facts) {
	x := c.Close.Exchange
	f.Summary = words.Sentence("%s gave its final answer%s to the header of the request, whose body waits for that, and "+
		"closed; %s of the body %s and reached a closed socket.", words.Capital(Sender(c)),
		words.Quoted(x.Last[flows.Responder].Text), words.Bytes(int64(c.AfterClose.Bytes)), CameInBytes(c, c.AfterClose.Data))
	f.SayCompletion(c)
	f.SayClose(c)
	f.SayAfterClose(c)
	f.SayRST(c)
	f.Remedy = "Let the client wait for 100 Continue before it sends the body, and read the final answer that comes in its " +
		"place."
	if x.Status == 417 {
		f.Remedy = "The server refuses Expect: 100-continue: leave that field out of the request."
	}
	f.Open(FastClose, keepaliveRaceID, 0.8, "the body of the request, which the server had answered, was lost")
}

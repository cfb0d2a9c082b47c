package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that one side timed out, and from which wait on.
const (
	appTimeoutRound  = 0.95 // after a round time
	appTimeoutOther  = 0.91
	appTimeoutOpaque = 0.83 // whose turn it was is a guess: no known protocol
	appTimeoutFrom   = 900 * time.Millisecond
	appTimeoutOdd    = 5 * time.Second // from here on a wait most likely ended by a time limit, round or not
)

// applicationTimeoutID is what other rules call it by.
const applicationTimeoutID = "application-timeout"

var applicationTimeout = &Rule{
	ID:       applicationTimeoutID,
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  TimeLimit,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 9112 §9.5"},
	Doc: Doc{
		Title: "A request was not answered before one side timed out",
		Happened: "A request was sent and received, and no response came. After some time one side ended the " +
			"connection: by the client's timeout, by the server's own limit for a request, or by that of a proxy between them.",
		Recognised: "The request is acknowledged and not answered; nothing makes progress for a second or more, often a " +
			"round number of seconds; then a RST of one side's own decision.",
		LookAlikes: "When the request itself is never acknowledged, the path or the host is down (data-unacked). A server " +
			"process that is killed with the request unread resets at any time (unread-data). While the other side " +
			"acknowledges new data, a long upload is making progress (abort-mid-transfer).",
		Prints: "The side that resets prints its own timeout (curl 28, context deadline exceeded, ReadTimeout, " +
			"SocketTimeoutException); the other gets ECONNRESET.",
		Remedy: "Find out why the response took so long, and order the time limits along the chain: the client's " +
			"above the proxy's, the proxy's above the server's.",
		Limits: "The packets do not show whether the time limit or a crash ended it.",
	},
	Match: func(c *facts.Facts) float64 {
		b := c.Close.Completion
		if c.Kind == facts.KindReply || c.Close.By != facts.ByThis || c.PeerClosedFirst() || b.Since < appTimeoutFrom {
			return 0
		}
		if c.RTTKnown && b.Since < 2*c.RTT {
			return 0 // most of that time the segments were in flight
		}
		if c.ServiceDied() {
			return 0 // the service ended, however long the request had waited
		}
		if b.State != facts.OpenRequest && b.State != facts.CutResponse && b.State != facts.CutRequest &&
			b.State != facts.OpenHandshake {
			return 0
		}
		if b.State != facts.OpenRequest && c.Quiet() < appTimeoutFrom {
			return 0 // new data of the message was acknowledged
		}
		if c.OwnWindowClosed() >= appTimeoutFrom && b.Side != c.Side {
			return 0 // it is its own program that did not read
		}
		p := appTimeoutOther
		if roundWait(c, b.Since) {
			p = appTimeoutRound
		} else if !c.ByClient() && b.State == facts.OpenRequest && c.Quiet() < appTimeoutOdd {
			return 0 // a server with a time limit resets when that is over, and one that is killed at any time
		}
		if b.State == facts.OpenRequest && c.Close.Exchange.Protocol == "" {
			p = min(p, appTimeoutOpaque)
			// Where turns are not known, the last message of many may have been a response.
			if c.Close.Exchange.Messages[flows.Originator] > 4 && c.ByClient() {
				p *= 0.9
			}
		}
		return c.Lowered(p, facts.LostBytes|flows.SnapCut)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		b := c.Close.Completion
		f.Summary = words.Sentence("%s ended the connection %s.", words.Capital(Sender(c)), Circumstances(c))
		if b.State != facts.OpenRequest {
			last := c.Close.LastData[b.Side]
			f.Summary = words.Sentence("%s ended the connection %s, %s after %s's last data.", words.Capital(Sender(c)),
				Circumstances(c), words.Span(c.Time.Sub(last.Time)), words.Side(b.Side))
			f.Say(claim.Claim{Kind: claim.LastData, Side: b.Side, Span: c.Time.Sub(last.Time)}, last.Frame)
		}
		if b.State == facts.CutRequest && !c.ByClient() {
			f.Remedy = "The server waited for the rest of the request: find out why the client stopped sending, or raise the " +
				"server's time limit for receiving a request (nginx client_header_timeout and client_body_timeout)."
		}
		f.SayCompletion(c)
		from := b.Frame // the request
		for _, m := range c.Close.LastData {
			if c.Close.Time.Sub(m.Time) == b.Since {
				from = m.Frame
			}
		}
		f.SayTimeout(c, b.Since, from, c.Close.Frame)
		f.SayRST(c)
		f.Open(FastClose, idleReleaseID, 0.9, "an exchange was under way")
	},
}

// roundWait reports whether a wait, as captured or as it was at the RST's sender, is a round time.
func roundWait(c *facts.Facts, wait time.Duration) bool {
	for _, travel := range [...]time.Duration{0, c.RTT / 2, c.RTT} {
		if _, ok := facts.RoundTime(wait - travel); ok {
			return true
		}
		if !c.RTTKnown {
			break
		}
	}
	return false
}

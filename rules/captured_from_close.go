package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure the usual cause is where only the close was captured.
const (
	fromCloseBare  = 0.75 // nothing but FINs and ACKs came
	fromCloseSmall = 0.62 // data that may be a closing message, or a request
)

// fromCloseLargest is the size from which on data is no closing message: then data-after-fin is likelier.
const fromCloseLargest = 200

var capturedFromClose = &Rule{
	ID:       "captured-from-close",
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "The capture begins when the connection was already being closed",
		Happened: "One side had closed the connection, and a RST came with the rest of the close. What the applications " +
			"had exchanged before is not in the capture, so that whether an exchange was finished is not known; most " +
			"connections are closed after one.",
		Recognised: "The first segments of the connection in the capture are a FIN, or ACKs and a FIN, without any data " +
			"before it; then no more than a closing message or a request of the other side, and the RST.",
		LookAlikes: "With the exchange in the capture this would be keepalive-race, late-goodbye, close-notify-race, " +
			"reset-after-fin or data-after-fin.",
		Prints: "Nothing, or ECONNRESET or end of file where a response was due.",
		Remedy: "Start the capture before the connection opens. If an application reported an error at this time, " +
			"look into the log of the side that sent the FIN.",
		Limits: "Whether an exchange was interrupted.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.BeginsAtClose() || c.PathSigns.Middlebox() || c.BothClosed() || len(c.Prior) > 0 {
			return 0
		}
		if c.Kind == facts.KindReply && c.Answers != facts.ToFIN && c.Answers != facts.ToData {
			return 0 // an ACK alone is answered by no host that has just closed: what came is not in the capture
		}
		a := &c.AfterClose
		switch {
		case c.Close.Exchange.TLS && a.Bye.Seen():
			return 0 // an alert in a record of its own
		case a.Data.Seen() && a.Bytes >= fromCloseLargest && !answersRequest(c):
			return 0
		case a.Data.Seen():
			return fromCloseSmall
		}
		return fromCloseBare
	},
	Explain: func(c *facts.Facts, f *Finding) {
		a := &c.AfterClose
		closer := Sender(c)
		if c.Close.By == facts.ByThis {
			closer = Receiver(c)
		}
		f.Summary = words.Sentence("%s had closed, %safter a complete exchange; the capture begins with the close and "+
			"does not show the exchange", words.Capital(closer), words.Probably(f.Confidence))
		if a.Data.Seen() {
			f.Severity = Warning
			f.Summary += words.Sentence(". %s of %s%s %s and reached a closed socket",
				words.Capital(words.Bytes(int64(a.Bytes))), Receiver(c), words.Quoted(c.TextAfterClose()), CameInBytes(c, a.Data))
		}
		f.Summary += "."
		f.Say(claim.Claim{Kind: claim.NoHandshake, Side: c.Side}, c.Conn.Start.Frame)
		f.sayFINAcked(c.Side, c.Snd)
		if c.Close.By == facts.ByThis {
			f.sayFINAcked(c.Side.Peer(), c.Rcv)
		}
		if a.Data.Seen() {
			f.SayAfterClose(c)
		}
		f.SayRST(c)
		why := "the capture does not show whether an exchange was unfinished"
		f.Open(PeerCrash, dataAfterFINID, 0.8, why)
		f.Open(UnknownConnection, lateSegmentID, 0.4, "the close was captured directly before")
	},
	Effects: Effects{Outcomes: closingOutcomes},
}

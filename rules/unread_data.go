package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that data was left unread.
const (
	unreadRequest = 0.985 // a request was there and nothing came back
	unreadWindow  = 0.985 // and the window had closed: the program did not read
	unreadOpaque  = 0.95  // no known protocol
	unreadTurns   = 0.85  // the last of many messages of no known protocol
	unreadFall    = 0.90  // only the falling window shows it
	unreadStream  = 0.88  // in the middle of a stream, whose end may have been agreed
	unreadOneWay  = 0.78  // messages that want no answer had just come
	unreadTwoWay  = 0.65  // a message that needs no answer by its protocol
	unreadCrossed = 0.75  // the request was on its way: an abort at the end of an exchange crosses one too
)

// unreadDataID is what other rules call it by.
const unreadDataID = "unread-data"

var unreadData = &Rule{
	ID:       unreadDataID,
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  Cut,
	RFC:      []string{"RFC 1122 §4.2.2.13", "RFC 2525 §2.17", "RFC 9293 §3.10.4"},
	Doc: Doc{
		Title: "A program closed or died with unread data",
		Happened: "One side had received data that its program did not read; then the program closed the connection, " +
			"crashed or was killed. Its system signals the loss by a RST in place of a FIN (RFC 1122 §4.2.2.13).",
		Recognised: "Data of the peer that the system acknowledged and the program did not answer, or a receive window " +
			"that fell by all that came; then a RST of the side's own decision (with ACK and a window, on Linux with " +
			"timestamps), without a FIN or directly behind it.",
		LookAlikes: "SO_LINGER 0 after a complete exchange sends the same RST with nothing open (abortive-close).",
		Prints:     "ECONNRESET: connection reset by peer, where a response was due.",
		Remedy: "Look for a crash or kill in the log of the side that reset (segmentation fault, out of memory, " +
			"deployment). If the program closes on purpose, let it read to the end first, or call shutdown and read until " +
			"end of file.",
		Limits: "A crash and a close with unread data send the same packet.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind == facts.KindReply || c.PeerClosedFirst() && c.Close.By == facts.ByThis {
			return 0
		}
		b := c.Close.Completion
		after := c.Close.By == facts.ByFIN && c.AfterClose.Data.Seen()
		// FIN and RST at once, and what the peer had sent stands unread: a close with data in the receive buffer.
		atOnce := c.Close.By == facts.ByFIN && c.Kind == facts.KindAbort && c.Time.Sub(c.Close.Time) <= c.Soon() &&
			b.State == facts.OpenRequest && b.Side != c.Side && !b.After
		if c.Close.By != facts.ByThis && !after && !atOnce ||
			!after && !(b.Unfinished(c.Side) && b.State != facts.Unused) {
			return 0
		}
		p := unreadRequest
		switch {
		case b.State == facts.OpenRequest && b.Side != c.Side && c.Crossed():
			p = unreadCrossed
		case b.State == facts.Unread && (b.Full || b.Fall.Bytes > 0):
			p = unreadFall
		case b.State == facts.Running:
			p = unreadStream
		case b.State == facts.Unread:
			p = unreadOneWay
		case c.Snd.ZeroWND.Seen():
			p = unreadWindow
		case b.TwoWay:
			p = unreadTwoWay
		case c.OpaqueTurns():
			p = unreadTurns
		case c.Close.Exchange.Protocol == "":
			p = unreadOpaque
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s %sclosed or died with unread data: it reset the "+
			"connection %s.", words.Capital(Sender(c)), words.Probably(f.Confidence), Circumstances(c))
		if c.Close.Completion.TwoWay {
			f.Severity = Warning
		}
		lingers := c.Lingered()
		if lingers {
			f.Summary = words.Sentence("%s had closed its own direction and went on receiving for %s; then it reset the "+
				"connection %s.", words.Capital(Sender(c)), words.Span(c.Time.Sub(c.Snd.FIN.Time)), Circumstances(c))
			f.Remedy = words.Sentence("%s was alive and closed on purpose: after its FIN it received data for a while (a "+
				"lingering close) before it gave up the rest. Look in its log, at the time of its FIN, for what made it "+
				"close: a limit of time or size.", words.Capital(Sender(c)))
		}
		f.SayCompletion(c)
		f.SayClose(c)
		if lingers && !f.says(claim.ClosedBy, c.Side) {
			f.Say(claim.Claim{Kind: claim.ClosedBy, Side: c.Side, Span: c.Time.Sub(c.Snd.FIN.Time)}, c.Snd.FIN.Frame)
		}
		if last := c.Rcv.LastData; last.Seen() && c.Close.Completion.State != facts.Unread {
			f.Say(claim.Claim{Kind: claim.LastData, Side: c.Side.Peer(), Span: c.Time.Sub(last.Time)}, last.Frame)
		}
		if c.Snd.ZeroWND.Seen() {
			f.Say(claim.Claim{Kind: claim.ZeroWindow, Side: c.Side, Until: c.Frame, Span: c.Time.Sub(c.Snd.ZeroWND.Time)},
				c.Snd.ZeroWND.Frame)
		}
		f.SayRST(c)
		f.SayRelated(c)
		if b := c.Close.Completion; b.State == facts.OpenRequest && b.Side != c.Side && c.Crossed() {
			f.Summary = words.Sentence("%s %sclosed or died in mid-exchange: it reset the connection %s and still in flight.",
				words.Capital(Sender(c)), words.Probably(f.Confidence), Circumstances(c))
			f.sayInFlight(c)
			f.Open(FastClose, abortiveCloseID, 0.9, "a request was in flight; but an abort on purpose at the end of an "+
				"exchange can cross the next request as well")
			return
		}
		f.Open(FastClose, abortiveCloseID, 0.9,
			"data was waiting for an answer; but a program that closes on purpose sends the same RST")
	},
}

// sayInFlight says that the last data of the receiver was captured before the RST, which leaves it out.
func (f *Finding) sayInFlight(c *facts.Facts) {
	peer := c.Side.Peer()
	f.Say(claim.Claim{Kind: claim.UnackedData, Side: peer, Bytes: int64(c.Close.Unacked[peer])},
		c.Close.LastData[peer].Frame, c.Frame)
}

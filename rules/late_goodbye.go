package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that only a goodbye reached the closed connection.
const (
	lateGoodbyeSure   = 0.97
	lateGoodbyeLikely = 0.85 // a message that can hardly be anything else
	lateGoodbyeFIN    = 0.94 // a bare FIN or ACK
	lateGoodbyeBlind  = 0.82 // something that the capture does not hold
	lateGoodbyeOwn    = 0.95 // the sender's own RST after a goodbye by the protocol
	lateGoodbyeTalk   = 0.90 // the other side talked on after the server's last word
)

// lateGoodbyeID is what other rules call it by.
const lateGoodbyeID = "late-goodbye"

var lateGoodbye = &Rule{
	ID:       lateGoodbyeID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.7.1", "RFC 5321 §3.8", "RFC 5321 §4.1.1.10"},
	Doc: Doc{
		Title:      "The exchange ended by its protocol, and the rest of the closing met a RST",
		Happened:   "The two programs were done: one said goodbye in the protocol's own way (QUIT and 221, Terminate, GOAWAY, unbind) or simply closed after a complete exchange. What came after that, the other's goodbye, FIN or ACK, met a closed socket, or one side put a RST in place of its FIN.",
		Recognised: "The last exchange is complete or ended by a goodbye; then FIN of the RST's sender and from the other side no more than a goodbye, FIN or ACK, soon after, or a command that no longer counts because the server had ended the session (SMTP 421 or 521); or the sender's own RST right after the goodbye.",
		LookAlikes: "A bare FIN or ACK that comes a second or more after the sender's FIN was acknowledged met an expired rest (late-segment). The same with TLS alerts is close-notify-race.",
		Prints:     "Nothing, in most programs.",
		Remedy:     "Harmless.",
		Limits:     "For protocols that are not known, that the exchange was complete is judged by whose turn it was.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.PathSigns.Middlebox() {
			return 0
		}
		b := c.Close.Completion
		if c.Close.By == facts.ByThis {
			if c.Kind != facts.KindReply && b.State == facts.SaidGoodbye && !c.PeerClosedFirst() {
				return c.Lowered(lateGoodbyeOwn, facts.LostBytes)
			}
			return 0
		}
		if c.Close.By == facts.ByEarlier || c.Kind == facts.KindAbort && !c.DrawnByData() || !b.Finished(c.Side) || c.MidConversation() {
			return 0
		}
		switch {
		case c.AfterClose.Data.Seen() && c.SessionEnded():
			return c.Lowered(lateGoodbyeTalk, facts.AnyDefect)
		case c.AfterClose.Data.Seen():
			return 0
		case c.AfterClose.Likely:
			return c.Lowered(lateGoodbyeLikely, facts.LostBytes)
		case c.AfterClose.Bye.Seen():
			return c.Lowered(lateGoodbyeSure, facts.LostBytes)
		case c.AfterClose.Bare.Seen():
			return c.Lowered(lateGoodbyeFIN, facts.LostBytes)
		case c.Answers == facts.ToNothing && c.Blind():
			return c.Lowered(lateGoodbyeBlind, flows.MissedPackets)
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		switch {
		case c.Close.By == facts.ByThis:
			f.Summary = words.Sentence("%s ended the connection with a RST %s.", words.Capital(Sender(c)), Circumstances(c))
		case c.AfterClose.Data.Seen():
			last := c.Close.Exchange.Last[flows.Responder].Text
			f.Summary = words.Sentence("%s ended the session with its last answer%s and closed; %s's next command%s %s and reached a closed socket. The answer says what went wrong, not the RST.",
				words.Capital(Sender(c)), words.Quoted(last), Receiver(c), words.Quoted(c.TextAfterClose()), Came(c, c.AfterClose.Data))
			f.Remedy = "Read the server's last answer: it says why it ended the session. The client should close when it has read it, and not send another command."
		case c.AfterClose.Likely:
			f.Summary = words.Sentence("%s had closed %s; %s's last message, probably its goodbye, %s and reached a closed socket.", words.Capital(Sender(c)), Circumstances(c), Receiver(c), Came(c, c.AfterClose.Bye))
		case c.Trigger != nil:
			f.Summary = words.Sentence("%s had closed %s; %s %s and reached a closed socket.", words.Capital(Sender(c)), Circumstances(c), words.Segment(c.Trigger), Came(c, c.Trigger.Mark))
		default:
			f.Summary = words.Sentence("%s had closed %s; a segment that the capture does not hold reached the closed socket %s later, %sonly a closing message.", words.Capital(Sender(c)), Circumstances(c), words.Span(c.Time.Sub(c.Close.Time)), words.Probably(f.Confidence))
		}
		f.SayCompletion(c)
		f.SayIdle(c)
		f.SayClose(c)
		if c.AfterClose.Data.Seen() {
			f.SayAfterClose(c)
		}
		f.SayRST(c)
		f.Open(UnknownConnection, lateSegmentID, 0.5, "it came with the close, not long after it")
		if c.AfterClose.Data.Seen() {
			f.Open(PeerCrash, dataAfterFINID, 0.6, "the server had ended the session before it closed")
		} else {
			f.Open(PeerCrash, dataAfterFINID, 0.4, "only closing messages were seen to reach the closed socket")
		}
	},
	Effects: Effects{
		Outcomes:   closingOutcomes,
		Unanswered: func(c *facts.Facts) bool { return c.AfterClose.Data.Seen() },
	},
	WhyNot: "application data reached the closed socket, or the exchange was not finished",
}

package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that only a closing message reached the closed connection.
const (
	lateGoodbyeSure   = 0.97
	lateGoodbyeLikely = 0.85 // a message that can hardly be anything else
	lateGoodbyeAsked  = 0.60 // the last message may be one for its place alone, and was answered as a request is
	lateGoodbyeFIN    = 0.94 // a bare FIN or ACK
	lateGoodbyeBlind  = 0.82 // something that the capture does not hold
	lateGoodbyeUnseen = 0.60 // the same in a capture of one side: it may as well be a request
	lateGoodbyeOwn    = 0.95 // the sender's own RST after the protocol's closing message
	lateGoodbyeOpen   = 0.85 // in the middle of a response
	lateGoodbyeTalk   = 0.90 // the client went on after the server had ended the session
	lateGoodbyeTurned = 0.62 // only the place of the server's message shows that it is a refusal
	lateGoodbyeLeft   = 0.75 // and had left commands that it had received
	lateGoodbyeHeard  = 0.75 // and had listened to what the server sent on its own: a client that dies does the same
	lateGoodbyeUnused = 0.93 // the client closed without having requested anything
	lateGoodbyeStream = 0.55 // the same, but it had received data that it had not requested
)

// lateGoodbyeID is what other rules call it by.
const lateGoodbyeID = "late-goodbye"

// leftCommands reports whether the server ended the session by its own words and left commands that the client had
// sent behind the one that it refused.
func leftCommands(c *facts.Facts) bool {
	return c.Close.Completion.State == facts.Answered && c.Close.Exchange.Pending > 0 && c.SessionEnded()
}

// lostStatement reports whether the client sent a request of a database after the server had ended the session.
func lostStatement(c *facts.Facts) bool {
	x := &c.Conn.Exchange
	return x.Protocol == "PostgreSQL" && x.RequestSide == int(flows.Originator) && c.AfterClose.Data.Seen() &&
		x.Request.Frame >= c.AfterClose.Data.Frame && x.Request.Kind == exchange.Request
}

// unseenAfterClose reports whether a segment reached the closed socket of which, in a capture of one side, nothing is
// known.
func unseenAfterClose(c *facts.Facts) bool {
	return c.Close.By != facts.ByThis && c.OneSided() && c.Answers == facts.ToNothing
}

// answeredParting reports whether only its place makes the sender's last message a goodbye, and data came in answer.
func answeredParting(c *facts.Facts) bool {
	b := c.Close.Completion
	return c.AfterClose.Likely && b.State == facts.SaidGoodbye && b.Side == c.Side && c.Close.Exchange.Guess
}

var lateGoodbye = &Rule{
	ID:       lateGoodbyeID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.7.1", "RFC 5321 §3.8", "RFC 5321 §4.1.1.10"},
	Doc: Doc{
		Title: "What was sent behind the end of an exchange reached a closed socket",
		Happened: "The two programs had finished: one sent the closing message of its protocol (QUIT and 221, " +
			"Terminate, GOAWAY, unbind, Call-Clear) or simply closed after a complete exchange. What came after that, the " +
			"other side's closing message, FIN or ACK, reached a closed socket; or one side sent a RST in place of its FIN.",
		Recognised: "The last exchange is complete, was ended by a closing message, or the client had requested nothing; " +
			"then FIN of the RST's sender and from the other side no more than a closing message, FIN or ACK, soon after; or " +
			"a command that can no longer be answered because the server had ended the session (SMTP 421 or 521, IMAP BYE, " +
			"or an error with its FIN directly behind); or the " +
			"sender's own RST right after the closing message.",
		LookAlikes: "A bare FIN or ACK that comes a second or more after the sender's FIN was acknowledged finds a " +
			"half-closed state that has expired (late-segment). The same with TLS alerts is close-notify-race.",
		Prints: "Nothing, in most programs.",
		Remedy: "Harmless.",
		Limits: "For protocols that are not known, whether the exchange was complete is judged by whose turn it was, " +
			"and a closing message by its size and place.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.PathSigns.Middlebox() {
			return 0
		}
		b := c.Close.Completion
		if c.Close.By == facts.ByThis {
			if c.Kind != facts.KindReply && b.State == facts.SaidGoodbye && !c.PeerClosedFirst() {
				if _, open := c.Withdrawn(); open {
					return c.Lowered(lateGoodbyeOpen, facts.LostBytes)
				}
				return c.Lowered(lateGoodbyeOwn, facts.LostBytes)
			}
			return 0
		}
		if c.Close.By == facts.ByEarlier || c.Kind == facts.KindAbort && !c.DrawnByData() || !b.Finished(c.Side) ||
			c.MidConversation() {
			return 0
		}
		switch {
		case leftCommands(c):
			return c.Lowered(lateGoodbyeLeft, facts.AnyDefect)
		case c.AfterClose.Data.Seen() && c.TurnedAway():
			return c.Lowered(lateGoodbyeTurned, facts.AnyDefect)
		case c.AfterClose.Data.Seen() && c.SessionEnded():
			return c.Lowered(lateGoodbyeTalk, facts.AnyDefect)
		case c.AfterClose.Unasked && c.Listened():
			return lateGoodbyeStream
		case c.AfterClose.Unasked:
			if c.Close.LastData[flows.Responder].Seen() {
				return c.Lowered(lateGoodbyeHeard, facts.AnyDefect)
			}
			return c.Lowered(lateGoodbyeUnused, facts.AnyDefect)
		case c.AfterClose.Data.Seen():
			return 0
		case answeredParting(c):
			return c.Lowered(lateGoodbyeAsked, facts.LostBytes)
		case c.AfterClose.Likely:
			return c.Lowered(lateGoodbyeLikely, facts.LostBytes)
		case c.AfterClose.Bye.Seen():
			return c.Lowered(lateGoodbyeSure, facts.LostBytes)
		case c.AfterClose.Bare.Seen():
			return c.Lowered(lateGoodbyeFIN, facts.LostBytes)
		case unseenAfterClose(c):
			return c.Lowered(lateGoodbyeUnseen, flows.MissedPackets)
		case c.Answers == facts.ToNothing && c.Blind():
			return c.Lowered(lateGoodbyeBlind, flows.MissedPackets)
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		switch {
		case c.Close.By == facts.ByThis:
			f.Summary = words.Sentence("%s ended the connection with a RST %s.", words.Capital(Sender(c)), Circumstances(c))
		case c.AfterClose.Data.Seen() && c.AfterClose.Unasked:
			f.Summary = words.Sentence("%s had closed %s; %s of unsolicited data of %s %s and reached a closed socket.",
				words.Capital(Sender(c)), Circumstances(c), words.Bytes(int64(c.AfterClose.Bytes)), Receiver(c),
				CameInBytes(c, c.AfterClose.Data))
		case c.AfterClose.Data.Seen():
			if c.Close.Completion.State == facts.SaidGoodbye {
				f.Summary = words.Sentence("%s closed %s; %s's next message%s %s and reached a closed socket.",
					words.Capital(Sender(c)), Circumstances(c), Receiver(c), words.Quoted(c.TextAfterClose()),
					Came(c, c.AfterClose.Data))
				f.Remedy = "Let the client send nothing more when it has ended the session."
				break
			}
			last := c.Close.Exchange.Last[flows.Responder].Text
			f.Summary = words.Sentence("%s ended the session with its last message%s and closed; %s's next message%s %s and "+
				"reached a closed socket. The server's message says what went wrong, not the RST.",
				words.Capital(Sender(c)), words.Quoted(last), Receiver(c), words.Quoted(c.TextAfterClose()),
				Came(c, c.AfterClose.Data))
			f.Remedy = "Read the server's last message: it says why it ended the session. The client should close when it " +
				"has read it, and send nothing more."
		case c.AfterClose.Likely:
			f.Summary = words.Sentence("%s had closed %s; %s's %s %s and reached a closed socket.",
				words.Capital(Sender(c)), Circumstances(c), Receiver(c), lateMessage(c), Came(c, c.AfterClose.Bye))
		case c.Trigger != nil:
			f.Summary = words.Sentence("%s had closed %s; %s %s and reached a closed socket.", words.Capital(Sender(c)),
				Circumstances(c), triggerSegment(c), cameTrigger(c))
		case unseenAfterClose(c):
			f.Severity = Warning
			f.Summary = words.Sentence("%s had closed %s; a segment that the capture does not hold reached the closed socket "+
				"%s later: a closing message, or a request.", words.Capital(Sender(c)), Circumstances(c),
				words.Span(c.Time.Sub(c.Close.Time)))
			f.Remedy = "If it was a request, let the client close idle connections before the server does, and retry."
		default:
			f.Summary = words.Sentence("%s had closed %s; a segment that the capture does not hold reached the closed socket "+
				"%s later, %sonly a closing message.", words.Capital(Sender(c)), Circumstances(c),
				words.Span(c.Time.Sub(c.Close.Time)), words.Probably(f.Confidence))
		}
		if leftCommands(c) || lostStatement(c) || c.AfterClose.Data.Seen() && c.RefusedInWords() {
			f.Severity = Warning
		}
		if answeredParting(c) {
			f.Severity = Warning
			f.Remedy = "If that was a request, the client closed without waiting for the answer: look into its log."
		}
		f.SayCompletion(c)
		f.SayIdle(c)
		f.SayClose(c)
		if c.AfterClose.Data.Seen() {
			f.SayAfterClose(c)
		} else if c.Close.By != facts.ByThis {
			f.sayLateTrigger(c)
		}
		f.SayRST(c)
		if m, open := c.Withdrawn(); open && c.Close.By == facts.ByThis {
			f.Summary = strings.TrimSuffix(f.Summary, ".") + ", in mid-response."
			f.Severity = Warning
			f.Remedy = "Expected where the program cancels on purpose what it had requested. Otherwise look at why it ended " +
				"the session before the response was complete."
			f.Say(claim.Claim{Kind: claim.NotEnded, Side: c.Side.Peer(), What: claim.Response, Until: c.Frame}, m.Frame)
		}
		if c.Close.By == facts.ByThis {
			f.Open(PeerCrash, abortMidTransferID, 0.6, words.Sentence("%s had ended the session by its protocol",
				words.Side(c.Close.Completion.Side)))
			f.Open(UnknownConnection, "", 0.05, "the RST carries the numbers of a live connection")
			return
		}
		if c.AfterClose.Unasked && c.Listened() {
			f.Severity = Warning
			f.Open(UnknownConnection, lateSegmentID, 0.05, "this host had closed the connection itself")
		} else {
			f.Open(UnknownConnection, lateSegmentID, 0.5, "this host had closed the connection itself")
		}
		if c.AfterClose.Unasked && c.Listened() {
			f.Open(PeerCrash, dataAfterFINID, 0.9, "it had received data that the server sent on its own")
		} else if c.AfterClose.Unasked {
			f.Open(PeerCrash, dataAfterFINID, 0.7, "no request of the client was seen")
		} else if answeredParting(c) {
			f.Open(PeerCrash, dataAfterFINID, 2, "its size and place make it the last message; but it was answered, as a request is")
		} else if c.AfterClose.Data.Seen() {
			f.Open(PeerCrash, dataAfterFINID, 0.6, "the server had ended the session before it closed")
		} else {
			f.Open(PeerCrash, dataAfterFINID, 0.4, whyParting(c))
		}
	},
	Effects: Effects{
		Outcomes:   closingOutcomes,
		Unanswered: func(c *facts.Facts) bool { return c.AfterClose.Data.Seen() && !c.AfterClose.Unasked },
	},
}

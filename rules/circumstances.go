package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// Circumstances says in a clause how far the exchange was when the sender closed, and what error had been reported.
func Circumstances(c *facts.Facts) string {
	s := progress(c)
	if v, ok := verdict(c); ok {
		whose := "its own"
		if flows.Side(v) != c.Side {
			whose = Receiver(c) + "'s"
		}
		s += words.Sentence(", after %s error%s", whose, words.Quoted(c.Close.Exchange.Verdict.Text))
	}
	return s
}

// verdict returns the side that refused something or reported an error before the close, where the last message itself
// does not say so.
func verdict(c *facts.Facts) (side int, ok bool) {
	x, b := c.Close.Exchange, c.Close.Completion
	if x.Verdict.Frame == 0 || x.Verdict.Frame >= c.Close.Frame ||
		x.Verdict.Frame == b.Frame && int(b.Side) == x.VerdictSide || words.Opaque(x.Verdict.Text) {
		return -1, false
	}
	return x.VerdictSide, true
}

// endedStream reports whether the last message is a RST_STREAM of HTTP/2: why, its sender's trailers or log say.
func endedStream(c *facts.Facts) bool {
	b := c.Close.Completion
	return b.State == facts.Answered && b.Text == "RST_STREAM" && c.Close.Exchange.Protocol == "HTTP/2"
}

// stillFlows is a pause in which data that flows may rest.
const stillFlows = 100 * time.Millisecond

func progress(c *facts.Facts) string {
	b := c.Close.Completion
	if cutOff(c, b) {
		return "while its data was still coming"
	}
	switch b.State {
	case facts.OpenRequest:
		whose := words.Side(b.Side) + "'s"
		if b.Side == c.Side {
			whose = "its own"
		}
		if b.Frame == 0 {
			return words.Sentence("while %s request, which the capture does not hold, was unanswered", whose)
		}
		if c.OpaqueTurns() {
			whose = "its own"
			if b.Side != c.Side {
				whose = words.Side(b.Side) + "'s"
			}
			s := words.Sentence("while %s last data was unanswered", whose)
			if b.Since >= 100*time.Millisecond {
				s += " for " + words.Span(b.Since)
			}
			return s
		}
		what := "request"
		if b.TwoWay {
			what = "last message"
		}
		s := words.Sentence("while %s %s%s was unanswered", whose, what, words.Quoted(b.Text))
		if c.AnswerBehind().Seen() {
			s = words.Sentence("before %s request%s had been answered", whose, words.Quoted(b.Text))
		}
		if b.After && b.Sealed {
			s = words.Sentence("while %s request%s was perhaps not answered in full", whose, words.Quoted(b.Text))
			if b.Got > 0 {
				s += words.Sentence(" (%s of %s followed it)", words.Bytes(b.Got), words.Side(b.Side.Peer()))
			}
			return s
		}
		if b.Since >= 100*time.Millisecond {
			s += " for " + words.Span(b.Since)
		}
		return s
	case facts.OpenHandshake:
		x := c.Close.Exchange
		s := "before the handshake was finished"
		if x.TLS {
			s = "before the TLS handshake was finished"
			if x.SNI != "" && clientHello(x) != 0 {
				s += " (Client Hello for " + x.SNI + ")"
			}
		}
		if x.AlertText != "" {
			s += ", after the alert " + x.AlertText
		}
		return s
	case facts.CutResponse:
		if b.Events {
			return "in the middle of a stream of events"
		}
		if b.Want >= 0 {
			return words.Sentence("in mid-response: %s of %s captured", words.Bytes(b.Got), words.Bytes(b.Want))
		}
		return "in mid-response"
	case facts.CutRequest:
		switch {
		case b.Left > 0:
			return words.Sentence("while %s of a request were unacknowledged", words.Bytes(b.Left))
		case b.Header:
			return words.Sentence("before the header of the request was complete: %s of it captured", words.Bytes(b.Got))
		}
		if b.Want >= 0 {
			return words.Sentence("while a request was still coming: %s of %s captured", words.Bytes(b.Got), words.Bytes(b.Want))
		}
		if b.Frame == 0 {
			return "while a request that the capture does not hold was still coming"
		}
		return "while a request was still coming"
	case facts.InFlight:
		if b.Got > 0 && c.Close.Exchange.Messages[flows.Originator] == 0 {
			return words.Sentence("while %s of %s's data were unacknowledged", words.Bytes(b.Got), words.Side(b.Side))
		}
		if b.Got > 0 {
			return words.Sentence("while %s of the answer were unacknowledged", words.Bytes(b.Got))
		}
		if !c.After.ReceiverData.Seen() {
			return "while an answer that the capture does not hold was still coming"
		}
		return "while the answer was still coming"
	case facts.Unended:
		return words.Sentence("%s after its last data, without the close_notify that TLS calls for", words.Span(b.Since))
	case facts.Running:
		who := "it"
		if b.Side != c.Side {
			who = Receiver(c)
		}
		return words.Sentence("while %s was sending: %s were acknowledged within %s", who, words.Bytes(b.Stream.Bytes),
			words.Span(b.Stream.Last.Time.Sub(b.Stream.First.Time)))
	case facts.CutTransfer:
		s := "in the middle of an FTP transfer (" + b.Text + ")"
		switch {
		case b.Want > 0:
			s += ", with " + words.Bytes(b.Got) + " of " + words.Bytes(b.Want) + " acknowledged"
		case b.Got > 0:
			s += ", with " + words.Bytes(b.Got) + " acknowledged"
		}
		return s
	case facts.Transferred:
		return "after an FTP transfer (" + b.Text + ") was complete"
	case facts.Unread:
		if b.Full {
			return words.Sentence("with its receive window closed by unread data of %s", words.Side(b.Side))
		}
		least := ""
		if b.Fall.Bytes > 0 {
			least = "at least " // the system may have enlarged the window meanwhile
		}
		return words.Sentence("with %s%s of %s unread", least, words.Bytes(b.Got), words.Side(b.Side))
	case facts.OneWay:
		return "after a message that wants no answer" + words.Quoted(b.Text)
	case facts.Unused:
		return "before any request was sent on the connection"
	case facts.Answered:
		if c.RefusedInWords() {
			return "behind its refusal" + words.Quoted(c.Close.Exchange.Last[flows.Responder].Text)
		}
		if endedStream(c) {
			who := "it"
			if b.Side != c.Side {
				who = words.Side(b.Side)
			}
			return words.Sentence("after %s had ended a stream with RST_STREAM", who)
		}
		if x := c.Close.Exchange; x.OtherLayer && !x.TLS {
			return "after an answer in another protocol" + words.Quoted(x.Last[flows.Responder].Text)
		}
		if !words.Opaque(b.Text) && answeredBy(c, b) != claim.None && !c.Close.Exchange.TLS {
			return "after the exchange was complete (last: " + b.Text + ")"
		}
		if x := c.Close.Exchange; x.Guess && x.Last[b.Side].Len >= 4*facts.LongMessage && b.Since <= max(c.Soon(), stillFlows) {
			return words.Sentence("right after a long message of %s, of which more may have been due", words.Side(b.Side))
		}
		if answeredBy(c, b) == claim.None || c.Close.Exchange.Guess { // of which only turns show it
			return "after an exchange that seems complete"
		}
		return "after the exchange was complete"
	case facts.SaidGoodbye:
		if sealedGoodbye(c, b) {
			return "after the end of the session, most likely by close_notify, which TLS encrypts"
		}
		if guessedGoodbye(c, b) {
			return "after what was probably the end of the session"
		}
		return "after the end of the session" + words.Quoted(b.Text)
	}
	return "at a point that the capture does not show"
}

// guessedGoodbye reports whether only its place shows that a message ended the session: its side closed at once.
func guessedGoodbye(c *facts.Facts, b facts.Completion) bool {
	x := c.Close.Exchange
	if x.Protocol == "SSH" && b.Text == "" {
		return true // encrypted
	}
	return x.Guess && x.Goodbye[b.Side] == 0 && x.CloseNotify[b.Side] == 0 && x.Last[b.Side].Kind != exchange.Goodbye
}

// sealedGoodbye reports whether what ended the session is an alert of TLS: encryption hides which.
func sealedGoodbye(c *facts.Facts, b facts.Completion) bool {
	return c.Close.Exchange.TLS && c.Close.Exchange.CloseNotify[b.Side] == b.Frame && b.Frame != 0
}

// cutOff reports whether a device's RST came before the message that would end the exchange: what overtakes a host's
// own data has only been reordered, and what a device sends has not.
func cutOff(c *facts.Facts, b facts.Completion) bool {
	return c.PathSigns.Middlebox() && b.Side == c.Side &&
		(b.Frame > c.Frame || b.State == facts.Answered && c.After.SenderNewData.Seen())
}

package rules

import (
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a finished connection was closed by RST on purpose.
const (
	abortiveSure    = 0.95
	abortiveOpaque  = 0.88 // no known protocol
	abortiveHalf    = 0.55 // it had closed for sending before, and the peer was not done
	abortiveMuch    = 0.60 // it had received much without a request, which may have had more to come
	abortiveStream  = 0.60 // the answer was long, and nothing but the turn shows its end
	abortiveFlight  = 0.80 // its own last data was not yet acknowledged
	abortiveUnheard = 0.70 // the capture has no segment of its peer
	abortiveTurns   = 0.65 // messages alternated until then, encrypted: nothing but the turn shows an end
	abortiveCrossed = 0.65 // a request of the peer was in flight
)

// abortiveCloseID is what other rules call it by.
const abortiveCloseID = "abortive-close"

var abortiveClose = &Rule{
	ID:       abortiveCloseID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 1122 §4.2.2.13"},
	Doc: Doc{
		Title: "A connection was closed by a RST in place of a FIN",
		Happened: "The exchange was complete; one side closed the connection with a RST in place of a FIN, as SO_LINGER " +
			"with time 0 does: without TIME-WAIT afterwards.",
		Recognised: "The last message is a complete response or wants none, all data is acknowledged, and a RST of the " +
			"sender's own decision follows without a FIN.",
		LookAlikes: "A program that closes or dies with unread data sends the same RST while an exchange is unfinished " +
			"(unread-data).",
		Prints: "Nothing as a rule. If the other side still reads or writes: ECONNRESET.",
		Remedy: "If it is not intended, do not set SO_LINGER to 0: a RST can destroy data that is still in flight.",
		Limits: "Whether it was intended.",
	},
	Match: func(c *facts.Facts) float64 {
		b := c.Close.Completion
		if c.Kind == facts.KindReply || c.Close.By != facts.ByThis || !b.Finished(c.Side) || losesBehind(c) {
			return 0
		}
		p := abortiveSure
		switch {
		case losesFlight(c):
			p = abortiveCrossed
		case c.Close.Unacked != [2]uint32{}:
			p = abortiveFlight
		case b.State == facts.Unused && c.Snd.Bytes == 0 && c.Rcv.Bytes > facts.MaxGreeting:
			p = abortiveMuch
		case endsTurns(c):
			p = abortiveTurns
		case endsStream(c):
			p = abortiveStream
		case c.Close.Exchange.Protocol == "" && b.State == facts.Answered:
			p = abortiveOpaque
		}
		if c.HalfClosed() {
			p = abortiveHalf
		}
		if c.OneSided() {
			p = min(p, abortiveUnheard)
		}
		return c.Lowered(p, facts.LostBytes|flows.SnapCut)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s closed the connection with a RST %s.", words.Capital(Sender(c)), Circumstances(c))
		f.SayCompletion(c)
		if n := c.Close.Unacked[c.Side]; n > 0 {
			f.Say(claim.Claim{Kind: claim.UnackedData, Side: c.Side, Bytes: int64(n)}, c.Snd.LastData.Frame, c.Frame)
			f.Severity = Warning
		} else if c.Snd.Bytes > 0 && c.Close.Unacked[c.Side.Peer()] == 0 && c.Rcv.Segments > 0 {
			f.Say(claim.Claim{Kind: claim.AllAcked, Side: c.Side}, c.Rcv.Last.Frame)
		}
		if endsStream(c) {
			f.Severity = Warning // whether that was all is not known
			f.Summary = words.Sentence("%s closed the connection with a RST behind a long answer of %s, of which more may have "+
				"been due.", words.Capital(Sender(c)), Receiver(c))
		}
		if c.HalfClosed() {
			f.sayHalfClosed(c)
		}
		if endsTurns(c) {
			f.Severity = Warning
			f.Summary = words.Sentence("%s reset the connection %s after the last message of an encrypted session, in which "+
				"messages had alternated; whether that message was to be the last cannot be read.", words.Capital(Sender(c)),
				words.Span(c.Close.Completion.Since))
			f.Remedy = "Look into the log of " + Sender(c) + " at that time: a crash or a kill sends the same packets."
		}
		if c.OneSided() {
			f.Severity = Warning // what its peer was about to send is not in the capture
		}
		f.SayRST(c)
		if c.HalfClosed() {
			f.Open(PeerCrash, abortMidTransferID, 0.95, "the other side's direction was still open")
			return
		}
		if c.SessionEnded() {
			if c.RefusedInWords() {
				f.Severity = Warning
			}
			f.Summary = strings.TrimSuffix(f.Summary, ".") + "; the server's message says what went wrong, not the RST."
			f.Remedy = "Read the server's last message: it says why it ended the session. A RST in place of a FIN is usual " +
				"where data of the client is still in the receive buffer."
			if c.Close.Exchange.Request.Text == exchange.OtherProtocol {
				f.Remedy = words.Sentence("What the client sent is no %s, which the server speaks: check the address and port "+
					"that the client uses.", c.Close.Exchange.Protocol)
			}
			f.Open(PeerCrash, unreadDataID, 0.9, "the server had ended the session before it closed")
			return
		}
		if losesFlight(c) {
			f.Summary = strings.TrimSuffix(f.Summary, ".") + words.Sentence("; %s's next data was in flight.", Receiver(c))
			f.Severity = Warning
			f.sayInFlight(c)
			f.Open(PeerCrash, unreadDataID, 0.95, "the exchange before that data seems complete; a program that dies at this "+
				"moment sends the same packets")
			return
		}
		why := "no unfinished exchange was seen; a program that dies at this moment sends the same packets"
		if endsStream(c) {
			why = "the answer had paused or ended when it closed; more may have been due"
		}
		f.Open(PeerCrash, unreadDataID, 0.9, why)
		f.Open(UnknownConnection, "", 0.05, "the RST has the sequence number of a live connection")
	},
	Effects: Effects{Unanswered: losesFlight},
}

// endsStream reports whether the sender reset the connection within a round trip of the last bytes of a long answer, or
// of one whose beginning was not captured, that nothing but the turn shows to be complete.
func endsStream(c *facts.Facts) bool {
	b, x := c.Close.Completion, c.Close.Exchange
	return b.State == facts.Answered && b.Side != c.Side && x.Guess && !x.TLS &&
		x.Last[b.Side].Len >= facts.LongMessage && (b.Since <= c.Soon() || c.Conn.Defects.Has(flows.NoHandshake))
}

// turnsWithin is how soon behind the last message of an encrypted session an abort is in the middle of its turns.
const turnsWithin = 500 * time.Millisecond

// endsTurns reports whether an encrypted session of SSH, in which messages had alternated, was aborted directly behind one of
// them: which of them ends the session cannot be read.
func endsTurns(c *facts.Facts) bool {
	b, x := c.Close.Completion, c.Close.Exchange
	return x.Protocol == "SSH" && x.Guess && b.State == facts.Answered && b.Since < max(turnsWithin, 3*c.RTT)
}

// losesBehind reports whether data of the receiver that the RST had not reached follows it.
func losesBehind(c *facts.Facts) bool {
	b := c.Close.Completion
	return b.Finished(c.Side) && b.State != facts.SaidGoodbye && c.CrossedAfter().Seen() && !losesFlight(c) &&
		!c.SessionEnded() && !c.HalfClosed()
}

// losesFlight reports whether a request of the receiver was in flight, which the RST leaves out.
func losesFlight(c *facts.Facts) bool { return c.Crossed() && !c.SessionEnded() && !c.HalfClosed() }

// sayHalfClosed says of a side that had closed for sending only that it went on receiving, and that the peer had not
// closed.
func (f *Finding) sayHalfClosed(c *facts.Facts) {
	peer := c.Side.Peer()
	f.Summary = words.Sentence("%s had closed its own direction and went on receiving (a half-close); it reset the "+
		"connection while %s had not closed.", words.Capital(Sender(c)), Receiver(c))
	f.Severity = Warning
	f.Say(claim.Claim{Kind: claim.ClosedBy, Side: c.Side, Span: c.Time.Sub(c.Snd.FIN.Time)}, c.Snd.FIN.Frame)
	if !c.Rcv.LastData.Seen() {
		f.Summary = words.Sentence("%s had closed its own direction and went on receiving (a half-close); then it reset the "+
			"connection.", words.Capital(Sender(c)))
		return
	}
	f.Say(claim.Claim{Kind: claim.LastData, Side: peer, Span: c.Time.Sub(c.Rcv.LastData.Time)}, c.Rcv.LastData.Frame)
	f.Say(claim.Claim{Kind: claim.NoFIN, Side: peer, Until: c.Frame})
}

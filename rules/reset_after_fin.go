package rules

import (
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a FIN and a RST of one side are one orderly, if hasty, closing.
const (
	resetAfterFINSure = 0.96
	resetAfterFINOpen = 0.85 // its own request was not answered: it withdrew it
	resetAfterFINWait = 0.74 // and it had waited so long that a time limit may have run out
	resetAfterFINOdd  = 0.82 // what stood open is not known, or data crossed the closing
	resetAfterFINLate = 0.75 // both sides had closed long before: nothing was left to reset
)

// resetAfterFINID is what other rules call it by.
const resetAfterFINID = "reset-after-fin"

var resetAfterFIN = &Rule{
	ID:       resetAfterFINID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.5", "RFC 1122 §4.2.2.13"},
	Doc: Doc{
		Title: "One side closed with FIN and, right after it, with RST",
		Happened: "A program closed its connection, and the program or its system did not wait for the other side to " +
			"close too: after the FIN it sent a RST to release the connection at once.",
		Recognised: "FIN and then RST of the same side at the sequence number after the FIN, usually within one round " +
			"trip, or later while the other side has not closed yet; all data of the exchange is acknowledged, and no new " +
			"data of the other side was seen in between.",
		LookAlikes: "When data of the other side comes after the FIN, the RST says that it was discarded (data-after-fin, " +
			"unread-data). A RST that is not a reply, long after both sides had closed, is hardly the host's: it has no " +
			"connection left to reset, but a device on the path may have (idle-reset).",
		Prints: "Nothing as a rule: the other side had read the end of the stream. If it writes at that moment, it " +
			"gets ECONNRESET.",
		Remedy: "Harmless. HAProxy does it with option nolinger, Windows and several device stacks by themselves, " +
			"Linux with a negative TCP_LINGER2.",
		Limits: "Why the program did not wait.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Close.By != facts.ByFIN && c.Close.By != facts.ByUnseenFIN || c.PathSigns.Middlebox() ||
			c.Kind == facts.KindReply && !answersOwnClosing(c) {
			return 0
		}
		if c.DrawnByData() {
			return 0 // what came after the FIN says what it was
		}
		if c.ResetsNothing() {
			return c.Lowered(resetAfterFINLate, facts.AnyDefect)
		}
		b := c.Close.Completion
		// Data that came after the FIN, and is no goodbye, was thrown away.
		crossed := c.AfterClose.Data.Seen() && c.AfterClose.Data.Time.Sub(c.Close.Time) <= c.Soon() && !c.ByClient() &&
			b.Finished(c.Side)
		if c.AfterClose.Data.Seen() && !crossed {
			return 0
		}
		p := resetAfterFINOdd
		switch {
		case crossed:
			p = resetAfterFINOdd
		case b.Finished(c.Side):
			p = resetAfterFINSure
		case b.State == facts.OpenRequest && b.Side == c.Side || b.State == facts.OpenHandshake && b.Side == c.Side:
			if p = resetAfterFINOpen; b.Since >= appTimeoutFrom && (!c.RTTKnown || b.Since >= 2*c.RTT) {
				p = resetAfterFINWait
			}
		case b.State == facts.Unclear:
		case c.PeerClosedFirst():
		default:
			return 0
		}
		if c.Kind == facts.KindUnclear {
			p *= 0.9
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		gap := c.Time.Sub(c.Close.Time)
		b := c.Close.Completion
		switch {
		case c.ResetsNothing():
			last := max(c.Snd.FIN.Time, c.Rcv.FIN.Time)
			f.Summary = words.Sentence("Both sides had closed %s before; %s's RST had nothing left "+
				"to reset.", words.Span(c.Time.Sub(last)), Sender(c))
		case answersOwnClosing(c) && c.PeerClosedFirst():
			f.Summary = words.Sentence("%s closed first, %s; %s closed in return, and answered the last ACK with a RST: it "+
				"no longer had the connection.", words.Capital(Receiver(c)), Circumstances(c), Sender(c))
		case gap > max(time.Second, 4*c.RTT) && !c.Rcv.FIN.Seen():
			f.Summary = words.Sentence("%s closed with FIN, %s; when %s had not closed in return %s later, it reset the "+
				"half-closed connection.", words.Capital(Sender(c)), Circumstances(c), Receiver(c), words.Span(gap))
			f.Say(claim.Claim{Kind: claim.NoFIN, Side: c.Side.Peer(), Until: c.Frame})
		default:
			f.Summary = words.Sentence("%s closed with FIN and %s later with RST, %s.", words.Capital(Sender(c)),
				words.Span(gap), Circumstances(c))
		}
		if d := &c.AfterClose; d.Data.Seen() && !c.ResetsNothing() {
			f.Severity = Warning
			f.Summary = words.Sentence("%s; %s of %s %s and reached a closed socket.", strings.TrimSuffix(f.Summary, "."),
				words.Bytes(int64(d.Bytes)), Receiver(c), CameInBytes(c, d.Data))
			f.Remedy = "Harmless where those bytes were a closing message. If an application misses its answer, look into the " +
				"log of the side that closed."
			f.SayAfterClose(c)
		}
		if b.Unfinished(c.Side) {
			f.Severity = Warning
			f.Remedy = "An exchange was unfinished when the connection was closed: look in the logs of both sides at that time " +
				"for why no answer came, and for which side timed out."
		}
		f.SayCompletion(c)
		f.SayIdle(c)
		f.SayClose(c)
		if c.Snd.FINAcked.Seen() {
			f.sayFINAcked(c.Side, c.Snd)
		}
		if c.ResetsNothing() {
			f.sayFINAcked(c.Side.Peer(), c.Rcv)
		} else if c.PeerClosedFirst() && c.Rcv.FIN.Seen() {
			f.Say(claim.Claim{Kind: claim.ClosedBy, Side: c.Side.Peer(), Span: c.Time.Sub(c.Rcv.FIN.Time)}, c.Rcv.FIN.Frame)
		}
		f.SayRST(c)
		switch {
		case b.Unfinished(c.Side) && c.PeerClosedFirst():
			f.Open(PeerCrash, unreadDataID, 0.85, Receiver(c)+" closed first and so withdrew its request")
		case b.State == facts.OpenRequest:
			f.Open(PeerCrash, applicationTimeoutID, 0.85, "it first closed normally, by FIN")
		default:
			why := "an orderly close came first"
			if !c.AfterClose.Data.Seen() {
				why = f.sayNothingBetween(c)
			}
			f.Open(PeerCrash, unreadDataID, 0.6, why)
		}
		if c.ResetsNothing() {
			f.Open(UnknownConnection, lateSegmentID, 0.9, "the RST has the sender's own next sequence number")
		} else {
			f.Open(UnknownConnection, lateSegmentID, 0.4, "this host had closed the connection itself")
		}
	},
	Effects: Effects{Outcomes: closingOutcomes},
}

// answersOwnClosing reports whether a RST in reply form answers the segment that acknowledged the sender's
// own FIN: the end of the closing itself, not a new segment.
func answersOwnClosing(c *facts.Facts) bool {
	t := c.Trigger
	return t != nil && c.Answers == facts.ToACK &&
		(t.Frame == c.Snd.FINAcked.Frame || t.Time.Sub(c.Close.Time) < c.Soon()) && c.Snd.FINAcked.Seen() && c.Rcv.FIN.Seen()
}

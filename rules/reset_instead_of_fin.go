package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a RST only took the place of the last FIN.
const (
	insteadSure  = 0.97
	insteadOpen  = 0.86 // the peer had closed although its request was unanswered: it had withdrawn it
	insteadReply = 0.62 // a bare reply to the FIN
	insteadOdd   = 0.85
	insteadGuess = 0.72 // the peer's FIN is not in the capture
)

var resetInsteadOfFIN = &Rule{
	ID:       "reset-instead-of-fin",
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.5"},
	Doc: Doc{
		Title: "One side closed with FIN, the other answered with RST in place of its own FIN",
		Happened: "The first side had finished and closed. The other side had finished too, and ended the connection " +
			"with a RST in place of a FIN: faster, and without TIME-WAIT.",
		Recognised: "FIN of the other side, usually acknowledged, then RST of this side at its own next sequence number; " +
			"the exchange was complete before.",
		LookAlikes: "If a response was still due from the side that resets, the first side had withdrawn its request by " +
			"closing; then a crash is possible too.",
		Prints: "Nothing as a rule: the receiver had closed before.",
		Remedy: "Harmless. Programs do it with SO_LINGER 0, or by closing with unread data; Windows services and " +
			"device stacks do it often.",
		Limits: "Whether it was intended, or the program had left data unread.",
	},
	Match: func(c *facts.Facts) float64 {
		if otherLayer(c) || c.Close.By != facts.ByThis || !c.PeerClosedFirst() || c.PathSigns.Middlebox() ||
			c.Close.Completion.State == facts.OpenHandshake && closedOnAlert(c) {
			return 0
		}
		b := c.Close.Completion
		if c.Kind == facts.KindReply {
			// A host without the connection answers a FIN with a bare RST; so do devices that never send a FIN.
			if c.Answers != facts.ToFIN && !c.AnswersGoodbye() || c.LinuxReply() {
				return 0
			}
			if b.Finished(c.Side) {
				return insteadReply
			}
			return insteadReply - 0.1
		}
		p := insteadOdd
		switch {
		case b.Finished(c.Side):
			p = insteadSure
		case b.Unfinished(c.Side):
			p = insteadOpen
		}
		if c.FINByReset() {
			p = min(p, insteadGuess)
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		fin := c.Rcv.FIN
		if !fin.Seen() {
			fin = c.Rcv.UnseenFIN
		}
		f.Summary = words.Sentence("%s had closed; %s answered %s later with a RST in place of its own "+
			"FIN, %s.", words.Capital(Receiver(c)), Sender(c), words.Span(c.Time.Sub(fin.Time)), Circumstances(c))
		if c.FINByReset() {
			f.Summary = words.Sentence("%s had probably closed, by a FIN that the capture lacks; %s reset the connection "+
				"in place "+
				"of a FIN of its own, %s.", words.Capital(Receiver(c)), Sender(c), Circumstances(c))
			f.Say(claim.Claim{Kind: claim.ClosedUnseen, Side: c.Side.Peer(), What: claim.Reset}, c.Frame)
		}
		if c.OwnFINUnseen() {
			f.Summary = words.Sentence("%s had closed; %s reset the connection %s later, behind a FIN of its own that the "+
				"capture lacks, %s.", words.Capital(Receiver(c)), Sender(c), words.Span(c.Time.Sub(fin.Time)), Circumstances(c))
		}
		f.SayCompletion(c)
		f.sayFINAcked(c.Side.Peer(), c.Rcv)
		f.SayRST(c)
		if c.Close.Completion.Unfinished(c.Side) && c.FINByReset() {
			f.Severity = Warning
			f.Open(PeerCrash, unreadDataID, 0.9, Receiver(c)+" most likely closed first and so withdrew its request")
		} else if c.Close.Completion.Unfinished(c.Side) {
			why := Receiver(c) + " closed first"
			if c.Close.Completion.Side == c.Side {
				f.Severity = Warning
				f.Harm = "Possibly harmful: " + Receiver(c) + " had closed before, in the middle of the exchange."
				f.Remedy = "Look into the log of " + Receiver(c) + " at the time of its FIN: why did it close? The RST only answers that."
				f.Symptom = words.Capital(Receiver(c)) + "'s application had closed the connection itself, and most likely noticed nothing"
			} else {
				why += " and so withdrew its request"
				f.Harm = "Harmless in itself: " + Receiver(c) + " had closed before, and withdrew its request with that."
			}
			f.Open(PeerCrash, unreadDataID, 0.85, why)
		} else {
			f.Open(PeerCrash, unreadDataID, 0.5, "no unfinished exchange was seen")
		}
		f.Open(UnknownConnection, lateSegmentID, 0.3, "the RST has the sequence number of a live connection")
	},
}

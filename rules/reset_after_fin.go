package rules

import "fmt"

// How sure it is that a FIN and a RST of one side are one orderly, if hasty, closing.
const (
	resetAfterFINSure = 0.96
	resetAfterFINOpen = 0.85 // its own request was not answered: it withdrew it
	resetAfterFINOdd  = 0.82 // what stood open is not known, or the RST comes long after
)

var resetAfterFIN = &Rule{
	ID:       "reset-after-fin",
	Cause:    FastClose,
	Severity: Info,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.5", "RFC 1122 §4.2.2.13"},
	Doc: Doc{
		Title:      "One side closed with FIN and, right after it, with RST",
		Happened:   "A program closed its connection and its system, or the program itself, did not wait for the other side to close too: after the FIN it sent a RST to be rid of the connection.",
		Recognised: "FIN and then RST of the same side at the sequence number after the FIN, usually within one round trip; all data of the exchange is acknowledged and no data came in between.",
		LookAlikes: "When data of the other side comes after the FIN, the RST says that it was thrown away (data-after-fin, unread-data).",
		Prints:     "Nothing as a rule: the other side had read the end of the stream. If it writes at that moment, it gets ECONNRESET.",
		Remedy:     "Harmless. HAProxy does it with option nolinger, Windows and several device stacks by themselves, Linux with a negative TCP_LINGER2.",
		Limits:     "Why the program was in a hurry.",
	},
	Match: func(c *Case) float64 {
		if c.LetGo.By != ByFIN && c.LetGo.By != ByUnseenFIN || c.Signs.Middlebox() {
			return 0
		}
		if c.Manner == Reply && !c.answersOwnClosing() {
			return 0
		}
		b := c.LetGo.Business
		// Data that came after the FIN, and is no goodbye, was thrown away.
		crossed := c.Met.Data.Seen() && c.Met.Data.Time.Sub(c.LetGo.Time) <= c.Soon() && !c.ByClient() && b.Finished(c.Side)
		if c.Met.Data.Seen() && !crossed {
			return 0
		}
		p := resetAfterFINOdd
		switch {
		case crossed:
			p = resetAfterFINOdd
		case b.Finished(c.Side):
			p = resetAfterFINSure
		case b.Matter == OpenRequest && b.Side == c.Side || b.Matter == OpenHandshake && b.Side == c.Side:
			p = resetAfterFINOpen
		case b.Matter == Unclear:
		case c.PeerClosedFirst():
		default:
			return 0
		}
		if c.Manner == Obscure {
			p *= 0.9
		}
		return c.lowered(p, lostOctets)
	},
	Tell: func(c *Case, f *Finding) {
		f.Summary = fmt.Sprintf("%s closed with FIN and %s later with RST, %s.", capital(c.sender()), span(c.Time.Sub(c.LetGo.Time)), c.circumstances())
		c.sayBusiness(f)
		c.sayIdle(f)
		c.sayLetGo(f)
		if c.Snd.FINAcked.Seen() {
			f.say(c.receiver()+" acknowledges the FIN", c.Snd.FINAcked.Frame)
		}
		c.sayRST(f)
		if b := c.LetGo.Business; b.Matter == OpenRequest {
			f.open(PeerCrash, "application-timeout", 0.85, "it closed its own unanswered request in an orderly way first")
		} else {
			f.open(PeerCrash, "unread-data", 0.6, "nothing came in between that it could have left unread")
		}
		f.open(UnknownConnection, "late-segment", 0.4, "the RST comes with the closing, not long after it")
	},
	Against: "data came between FIN and RST, or the exchange was not finished",
}

// answersOwnClosing reports whether a RST in reply form answers the segment that acknowledged the sender's
// own FIN: the end of the closing itself, not a new segment.
func (c *Case) answersOwnClosing() bool {
	t := c.Trigger
	return t != nil && c.Answers == ToACK && (t.Frame == c.Snd.FINAcked.Frame || t.Time.Sub(c.LetGo.Time) < c.Soon()) && c.Snd.FINAcked.Seen() && c.Rcv.FIN.Seen()
}

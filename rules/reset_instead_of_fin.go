package rules

// How sure it is that a RST only took the place of the last FIN.
const (
	insteadSure  = 0.97
	insteadOpen  = 0.86 // the peer had closed although its request was unanswered: it had withdrawn it
	insteadReply = 0.62 // a bare reply to the FIN
	insteadOdd   = 0.85
)

var resetInsteadOfFIN = &Rule{
	ID:       "reset-instead-of-fin",
	Cause:    FastClose,
	Severity: Info,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.10.5"},
	Doc: Doc{
		Title:      "One side closed with FIN, the other answered with RST in place of its own FIN",
		Happened:   "The first side was done and closed. The other side was done too, and in place of an orderly FIN it dropped the connection with a RST: quicker, and without the waiting state that a FIN leaves behind.",
		Recognised: "FIN of the other side, usually acknowledged, then RST of this side at its own next sequence number; the exchange was complete before.",
		LookAlikes: "If an answer was still due from the side that resets, the first side had withdrawn its request by closing; then a crash is possible too.",
		Prints:     "Nothing as a rule: the receiver had closed before.",
		Remedy:     "Harmless. Programs do it with SO_LINGER 0, or by closing with data unread; Windows services and device stacks do it often.",
		Limits:     "Whether the program meant to, or had left data unread.",
	},
	Match: func(c *Facts) float64 {
		if c.Close.By != ByThis || !c.PeerClosedFirst() || c.PathSigns.Middlebox() {
			return 0
		}
		b := c.Close.Completion
		if c.Kind == KindReply {
			// A host without the connection answers a FIN with a bare RST; so do devices that never send a FIN.
			if c.Answers != ToFIN && !c.answersGoodbye() || c.linuxReply() {
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
		return c.lowered(p, lostOctets)
	},
	Explain: func(c *Facts, f *Finding) {
		fin := c.Rcv.FIN
		if !fin.Seen() {
			fin = c.Rcv.UnseenFIN
		}
		f.Summary = sentence("%s had closed; %s answered %s later with a RST in place of its own FIN, %s.", capital(c.receiver()), c.sender(), span(c.Time.Sub(fin.Time)), c.circumstances())
		c.sayBusiness(f)
		f.say(c.receiver()+" closes: its FIN", fin.Frame)
		if c.Rcv.FINAcked.Seen() {
			f.say(c.sender()+" acknowledges it", c.Rcv.FINAcked.Frame)
		}
		c.sayRST(f)
		if c.Close.Completion.Unfinished(c.Side) {
			f.open(PeerCrash, unreadDataID, 0.85, c.receiver()+" closed first and so withdrew what was still open")
		} else {
			f.open(PeerCrash, unreadDataID, 0.5, "the exchange was complete")
		}
		f.open(UnknownConnection, lateSegmentID, 0.3, "its numbers are those of a live connection")
	},
	WhyNot: "the other side had not closed before",
}

// linuxReply reports whether the RST looks like Linux's reply for a connection that it does not have, while
// the sender's other segments show that it counts IP IDs.
func (c *Facts) linuxReply() bool {
	return c.WND == 0 && c.HeaderLen == 20 && c.IPID == 0 && (c.Snd.IPID != 0 || c.Snd.HasTS || c.Snd.SYNOpts.HasTS)
}

package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// How sure it is that the sender gave up on a silent peer, by the resends that nothing answered.
const (
	unackedMany = 0.97 // three and more
	unackedTwo  = 0.95
	unackedOne  = 0.85 // one, and long enough ago that it is no tail loss probe
)

var dataUnacked = &Rule{
	ID:       "data-unacked",
	Cause:    RetransmitTimeout,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.8.1", "RFC 9293 §3.8.3", "RFC 9293 §3.10.8"},
	Doc: Doc{
		Title:      "Data was sent again and again, nobody confirmed it, and the sender gave up",
		Happened:   "One side sent data (or its FIN), got no confirmation, sent it again at growing distances, and at last ended the connection: the other host, or the way to it, was gone.",
		Recognised: "Resends of the same sequence numbers with growing gaps and no acknowledgment, then a RST of the same side that answers no segment.",
		LookAlikes: "Linux itself falls silent without a RST (gave-up-silently); a RST at this moment comes from the program, which had its own send timeout and closed with SO_LINGER 0 or with unread data, or from another stack (Windows, BSD, network devices).",
		Prints:     "ETIMEDOUT: connection timed out, at the side that sent; the other side, if it still lives, gets ECONNRESET.",
		Remedy:     "Find out where the packets are lost: capture on both hosts. Look for a changed route, a failed host, a filter, or packets that are too big for the path.",
		Limits:     "A capture at the sender cannot tell whether the data or its confirmations were lost.",
	},
	Match:   func(c *Facts) float64 { return c.gaveUp() },
	Explain: tellGaveUp,
	Effects: Effects{Outcomes: givingUpOutcomes},
	WhyNot:  "no resend stood unanswered when the connection was given up",
}

// gaveUp returns how sure it is that the sender reset a connection on which its resends went unanswered.
func (c *Facts) gaveUp() float64 {
	run := c.resends()
	if c.Kind == KindReply || run.Count == 0 || run.What != flows.RunData && run.What != flows.RunFIN {
		return 0
	}
	p := unackedMany
	switch run.Count {
	case 1:
		since := run.Orig
		if !since.Seen() {
			since = run.First
		}
		if c.Time.Sub(since.Time) < max(3*c.RTT, 300*time.Millisecond) {
			return 0
		}
		p = unackedOne
	case 2:
		p = unackedTwo
	}
	if run.PeerLast.Seen() {
		p *= 0.92 // the peer lives, and still does not acknowledge
	}
	return c.lowered(p, flows.OneDirection|flows.MissedPackets)
}

func tellGaveUp(c *Facts, f *Finding) {
	run := c.resends()
	what := sentence("%s of data", octets(int64(run.LEN)))
	if run.What == flows.RunFIN {
		what = "its FIN"
	}
	from := run.Orig
	if !from.Seen() {
		from = run.First
	}
	f.Summary = sentence("%s %sgave up on a silent peer: it resent %s %s within %s without an answer.", capital(c.sender()), probably(f.Confidence), what, times(run.Count), span(c.Time.Sub(from.Time)))
	if run.Orig.Seen() {
		f.say(sentence("%s sends %s for the first time", c.sender(), what), run.Orig.Frame)
	}
	f.say(sentence("%s, %s to %s after the first sending", count(run.Count, "resend"), span(run.First.Time.Sub(from.Time)), span(run.Last.Time.Sub(from.Time))), run.Frames...)
	if run != &c.Snd.Retransmits {
		f.say(sentence("%s acknowledges it each time; %s goes on, so these acknowledgments do not arrive", c.receiver(), c.sender()), c.Rcv.Last.Frame)
	} else if run.PeerLast.Seen() {
		f.say(c.receiver()+" is still heard of, and does not acknowledge it", run.PeerLast.Frame)
	} else {
		f.say("nothing at all is heard of "+c.receiver()+" in that time", c.Rcv.Last.Frame)
	}
	c.sayRST(f)
	f.open(PeerCrash, abortMidTransferID, 0.6, "it ended a connection on which nothing had been answered for "+span(c.Time.Sub(from.Time)))
	f.open(FastClose, abortiveCloseID, 0.3, "data of the sender was still unconfirmed")
}

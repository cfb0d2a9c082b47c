package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that the sender gave up on a silent peer, by the retransmissions that nothing answered.
const (
	unackedMany = 0.97 // three and more
	unackedTwo  = 0.95
	unackedOne  = 0.85 // one, and long enough ago that it is no tail loss probe
)

// gaveUp returns how sure it is that the sender reset a connection on which its retransmissions went unanswered.
func gaveUp(c *facts.Facts) float64 {
	run := c.Retransmissions()
	if c.Kind == facts.KindReply || run.Count == 0 || run.What != flows.RunData && run.What != flows.RunFIN {
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
	return c.Lowered(p, flows.OneDirection|flows.MissedPackets)
}

func explainGivingUp(c *facts.Facts, f *Finding) {
	run := c.Retransmissions()
	what := words.Sentence("%s of data", words.Bytes(int64(run.LEN)))
	if run.What == flows.RunFIN {
		what = "its FIN"
	}
	from := run.Orig
	if !from.Seen() {
		from = run.First
	}
	f.Summary = words.Sentence("%s %sgave up on a silent peer: it resent %s %s within %s without an answer.", words.Capital(Sender(c)), words.Probably(f.Confidence), what, words.Times(run.Count), words.Span(c.Time.Sub(from.Time)))
	if run.Orig.Seen() {
		f.Text(words.Sentence("%s sends %s for the first time", Sender(c), what), run.Orig.Frame)
	}
	f.Text(words.Sentence("%s, %s to %s after the first sending", words.Count(run.Count, "resend"), words.Span(run.First.Time.Sub(from.Time)), words.Span(run.Last.Time.Sub(from.Time))), run.Frames...)
	if run != &c.Snd.Retransmits {
		f.Text(words.Sentence("%s acknowledges it each time; %s goes on, so these acknowledgments do not arrive", Receiver(c), Sender(c)), c.Rcv.Last.Frame)
	} else if run.PeerLast.Seen() {
		f.Text(Receiver(c)+" is still heard of, and does not acknowledge it", run.PeerLast.Frame)
	} else {
		f.Text("nothing at all is heard of "+Receiver(c)+" in that time", c.Rcv.Last.Frame)
	}
	f.SayRST(c)
	f.Open(PeerCrash, abortMidTransferID, 0.6, "it ended a connection on which nothing had been answered for "+words.Span(c.Time.Sub(from.Time)))
	f.Open(FastClose, abortiveCloseID, 0.3, "data of the sender was still unconfirmed")
}

package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
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
	if c.Rcv.Last.Frame > run.Last.Frame && run == &c.Snd.Retransmits {
		return 0 // the peer answered the last of them, though it did not acknowledge: it may be about to
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
	acked := " without an acknowledgment"
	switch {
	case run == &c.Snd.Retransmits:
	case c.Rcv.Last.Seen():
		acked = words.Sentence(", although %s acknowledged it", Receiver(c))
	default:
		acked = "; no acknowledgment was captured"
	}
	f.Summary = words.Sentence("%s %sgave up: it retransmitted %s %s within %s%s.", words.Capital(Sender(c)), words.Probably(f.Confidence), what, words.Times(run.Count), words.Span(run.Last.Time.Sub(firstOf(run).Time)), acked)
	f.SayRun(c, run)
	switch {
	case run != &c.Snd.Retransmits:
		f.Say(claim.Claim{Kind: claim.AckedEachTime, Side: c.Side}, c.Rcv.Last.Frame)
	case run.PeerLast.Seen():
		f.Say(claim.Claim{Kind: claim.PeerHeard, Side: c.Side}, run.PeerLast.Frame)
	case c.Rcv.Last.Seen():
		f.Say(claim.Claim{Kind: claim.Silent, Side: c.Side.Peer(), From: c.Rcv.Last.Frame, Until: c.Frame, Span: c.Time.Sub(c.Rcv.Last.Time)}, c.Rcv.Last.Frame)
	}
	f.SayRST(c)
	f.Open(PeerCrash, abortMidTransferID, 0.6, "it had retransmitted, and no acknowledgment was seen")
	f.Open(FastClose, abortiveCloseID, 0.3, "no acknowledgment of its last data was seen")
}

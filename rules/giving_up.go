package rules

import (
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that the sender gave up on a silent peer, by the retransmissions that nothing answered.
const (
	unackedMany = 0.97 // three and more
	unackedTwo  = 0.95
	// whatever came from the peer is not in the capture
	unackedUnseen = 0.90
	unackedOne    = 0.85 // one, and long enough ago that it is no tail loss probe
)

// gaveUp returns how sure it is that the sender reset a connection on which its retransmissions went unanswered.
func gaveUp(c *facts.Facts) float64 {
	run := c.Retransmissions()
	if c.Kind == facts.KindReply || run.Count == 0 || run.What != flows.RunData && run.What != flows.RunFIN {
		return 0
	}
	if c.Rcv.Last.Frame > run.Last.Frame && run == &c.Snd.Retransmits && !closedWithout(c, run) {
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
	if c.OneSided() {
		p = min(p, unackedUnseen)
	}
	return c.Lowered(p, flows.OneDirection|flows.MissedPackets)
}

// closedWithout reports whether the peer closed after the last of the sender's retransmissions, and acknowledged none.
func closedWithout(c *facts.Facts, run *flows.Run) bool {
	fin := c.Rcv.FIN
	return fin.Seen() && fin.Frame > run.Last.Frame && c.Rcv.Last.Frame == fin.Frame
}

// How sure it is that the peer's data did not reach the sender, by how often it was retransmitted.
const (
	undeliveredMany = 0.93 // three times and more
	undeliveredTwo  = 0.88
)

// undelivered returns how sure it is that the RST follows from data of the peer that never reached the RST's sender.
func undelivered(c *facts.Facts) float64 {
	run := c.Undelivered()
	if run == nil || c.Conn.Defects&(flows.OneDirection|flows.MissedPackets) != 0 {
		return 0
	}
	if run.Count < 3 {
		return undeliveredTwo
	}
	return undeliveredMany
}

// explainUndelivered explains a RST of the side that the data never reached.
func explainUndelivered(c *facts.Facts, f *Finding) {
	run, peer := c.Undelivered(), c.Side.Peer()
	without := words.Sentence("no acknowledgment of it was seen, although %s sent other segments", Sender(c))
	if run.PeerLast.Frame < run.First.Frame {
		without = words.Sentence("%s's RST does not acknowledge it", Sender(c))
	}
	f.Summary = words.Sentence("%s's data did not arrive: it retransmitted %s of data %s within %s, and %s; %s",
		words.Capital(Receiver(c)), words.Bytes(int64(run.LEN)), words.Times(run.Count),
		words.Span(run.Last.Time.Sub(firstOf(run).Time)), without, thenEnded(c))
	f.sayUndelivered(c, run)
	f.SayRST(c)
	openUndelivered(c, f)
	f.Symptom = words.Capital(words.Side(peer)) + "'s application gets " + Errno(c, undeliveredOutcome(c), peer)
}

// thenEnded says how the side that the data never reached ended the connection.
func thenEnded(c *facts.Facts) string {
	if c.Close.By == facts.ByThis {
		return Sender(c) + " then reset the connection."
	}
	return Sender(c) + " then closed the connection."
}

// sayUndelivered says what was sent again and never acknowledged, and that the other side was there.
func (f *Finding) sayUndelivered(c *facts.Facts, run *flows.Run) {
	peer := c.Side.Peer()
	f.sayRetransmissions(c, peer, run)
	f.Say(claim.Claim{Kind: claim.Unacked, Side: peer, From: firstOf(run).Frame, Until: c.Frame}, run.Last.Frame)
	f.sayPeerHeard(c, peer, run)
	f.SayClose(c)
}

// sayPeerHeard says that the peer of side still sent segments while that side retransmitted, or when it sent its last.
func (f *Finding) sayPeerHeard(c *facts.Facts, side flows.Side, run *flows.Run) {
	last := c.Conn.End(side.Peer()).Last
	switch {
	case !run.PeerLast.Seen():
	case run.PeerLast.Frame < run.First.Frame && run.PeerLast.Frame == last.Frame:
		f.Say(claim.Claim{Kind: claim.LastSegment, Side: side.Peer(), Span: c.Time.Sub(last.Time)}, last.Frame)
	default:
		f.Say(claim.Claim{Kind: claim.PeerHeard, Side: side}, run.PeerLast.Frame)
	}
}

func openUndelivered(c *facts.Facts, f *Finding) {
	if c.Close.By == facts.ByThis {
		f.Open(PeerCrash, applicationTimeoutID, 0.8, "less likely: the retransmitted data explains why it ended")
	} else {
		f.Open(PeerCrash, dataAfterFINID, 0.7, "less likely: the retransmitted data explains why it ended")
		f.Open(FastClose, keepaliveRaceID, 0.3, "the data was sent well before the close")
	}
}

// undeliveredOutcome is what the application whose data did not arrive gets.
func undeliveredOutcome(c *facts.Facts) programs.Outcome {
	if c.Close.By == facts.ByThis {
		return programs.NoResponse
	}
	return programs.EOF
}

// How sure it is that bytes which only the RST's own number shows were sent again and again, to no avail.
const unarrivedSure = 0.85

// unarrived returns how sure it is that the RST follows from bytes of its sender that reached neither the capture nor
// the receiver, and were on their way for long enough to be sent again.
func unarrived(c *facts.Facts) float64 {
	if c.Unarrived() == 0 || c.PeerClosedFirst() || c.Close.By != facts.ByThis ||
		c.Time.Sub(c.Snd.Last.Time) < max(time.Second, 5*c.RTT) {
		return 0
	}
	return unarrivedSure
}

// explainUnarrived explains a RST that its receiver answers by asking for bytes long before it.
func explainUnarrived(c *facts.Facts, f *Finding) {
	f.Summary = words.Sentence("%s of %s did not arrive: its RST is that far above the number that %s still asks for. "+
		"It %sgave up, %s after its last segment that was captured.",
		words.Bytes(c.Unarrived()), Sender(c), Receiver(c), words.Probably(f.Confidence),
		words.Span(c.Time.Sub(c.Snd.Last.Time)))
	f.SayRST(c)
	f.Say(claim.Claim{Kind: claim.Challenged, Side: c.Side.Peer()}, c.Frame, c.After.ChallengeACK.Frame)
	f.Say(claim.Claim{Kind: claim.LastSegment, Side: c.Side, Span: c.Time.Sub(c.Snd.Last.Time)}, c.Snd.Last.Frame)
	f.SayCompletion(c)
	f.Open(PeerCrash, applicationTimeoutID, 0.8, "less likely: the bytes that were lost explain why it ended")
	f.CaptureNext = "capture on " + Sender(c) +
		"'s host too: it shows what was sent again, and how large those packets were"
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
	f.Summary = words.Sentence("%s %sgave up: it retransmitted %s %s within %s%s.", words.Capital(Sender(c)),
		words.Probably(f.Confidence), what, words.Times(run.Count), words.Span(run.Last.Time.Sub(firstOf(run).Time)), acked)
	f.SayRun(c, run)
	switch {
	case closedWithout(c, run):
		f.Summary = words.Sentence("%s's data did not arrive: it retransmitted %s %s within %s without an acknowledgment; "+
			"when %s closed, it reset the connection.",
			words.Capital(Sender(c)), what, words.Times(run.Count), words.Span(run.Last.Time.Sub(firstOf(run).Time)),
			Receiver(c))
		f.Say(claim.Claim{Kind: claim.ClosedBy, Side: c.Side.Peer()}, c.Rcv.FIN.Frame)
		f.Symptom = words.Capital(Sender(c)) + "'s application gets " + Errno(c, programs.EOF, c.Side)
	case run != &c.Snd.Retransmits && c.Rcv.Last.Seen():
		f.Summary = words.Sentence("%s %sgave up: it retransmitted %s %s within %s although %s acknowledged it each time.",
			words.Capital(Sender(c)), words.Probably(f.Confidence), what, words.Times(run.Count),
			words.Span(run.Last.Time.Sub(firstOf(run).Time)), Receiver(c))
		f.sayAnswersLost(c, run)
	case run.PeerLast.Seen():
		f.sayPeerHeard(c, c.Side, run)
	case c.Rcv.Last.Seen():
		f.Say(claim.Claim{Kind: claim.Silent, Side: c.Side.Peer(), From: c.Rcv.Last.Frame, Until: c.Frame,
			Span: c.Time.Sub(c.Rcv.Last.Time)}, c.Rcv.Last.Frame)
	}
	f.SayRST(c)
	if run != &c.Snd.Retransmits {
		why := "it had retransmitted what was acknowledged"
		if !c.Rcv.Last.Seen() {
			why = "it had retransmitted, and no acknowledgment was captured"
		}
		f.Open(PeerCrash, abortMidTransferID, 0.6, why)
		f.Open(FastClose, abortiveCloseID, 0.3, why)
		return
	}
	f.Open(PeerCrash, abortMidTransferID, 0.6, "it had retransmitted, and no acknowledgment was seen")
	f.Open(FastClose, abortiveCloseID, 0.3, "no acknowledgment of its last data was seen")
}

// answersLost reports whether the capture holds answers of the peer to all that run repeats, which its sender did not
// get.
func answersLost(c *facts.Facts, run *flows.Run) bool {
	return run != &c.Snd.Retransmits && run != &c.Snd.KeepAlives && run != &c.Snd.WndProbes &&
		c.Rcv.Last.Frame > run.First.Frame &&
		!c.OneSided()
}

// sayAnswersLost says how the packets show that the answers to a run did not reach its sender.
func (f *Finding) sayAnswersLost(c *facts.Facts, run *flows.Run) {
	if !answersLost(c, run) {
		return
	}
	if run.What == flows.RunKeepAlive {
		f.Say(claim.Claim{Kind: claim.AckedEachTime, Side: c.Side, What: claim.KeepAlive})
	} else {
		f.Say(claim.Claim{Kind: claim.AckedEachTime, Side: c.Side}, lastAnswer(c, run).Frame)
	}
	if c.Unheard(run) {
		frames := run.Frames
		if c.Opts.HasTS && c.Kind != facts.KindReply {
			frames = append(slices.Clone(frames), c.Frame)
		}
		f.Say(claim.Claim{Kind: claim.EchoUnmoved, Side: c.Side}, frames...)
	}
}

// lastAnswer returns the peer's last segment before the last sending of run.
func lastAnswer(c *facts.Facts, run *flows.Run) flows.Mark {
	var last flows.Mark
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side && e.Frame < run.Last.Frame && e.Notes&flows.Duplicate == 0 && e.Flags&flows.RST == 0 {
			last = e.Mark
		}
	}
	return last
}

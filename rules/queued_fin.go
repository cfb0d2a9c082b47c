package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// sayOutage says that the sender closed while its data went unacknowledged, and that its FIN had to wait.
func (f *Finding) sayOutage(c *facts.Facts, o *facts.Outage) {
	f.Summary = words.Sentence("%s closed during an outage: %s of its data were unacknowledged for %s, and its FIN, "+
		"which had waited behind them, left with the acknowledgment that ended this", words.Capital(Sender(c)),
		words.Bytes(int64(o.Bytes)), words.Span(o.Span()))
	again := make([]int, len(o.Again))
	for i, m := range o.Again {
		again[i] = m.Frame
	}
	f.Say(claim.Claim{Kind: claim.SentAgain, Side: c.Side, What: claim.Data, Count: len(again),
		Span: o.Again[len(again)-1].Time.Sub(o.First.Time)}, again...)
	f.Remedy = words.Sentence("Find out why nothing reached %s for so long. %s closed meanwhile, most likely because it got "+
		"no answer (a time limit, as the keep-alive messages of SSH have one): its log says when.", Receiver(c),
		words.Capital(Sender(c)))
}

// afterFINQueued is how sure it is that a side had closed whose FIN was never sent.
const afterFINQueued = 0.82

// fullFlight is how many segments must be under way for more to wait behind them.
const fullFlight = 2

// maxOptions is what TCP's options may take of a segment's room.
const maxOptions = 40

// queuedFIN reports whether the FIN of the RST's sender most likely waits behind data that it had not sent yet: it was
// sending as much as may be under way, and new data of its peer met a socket that no program reads any more. Linux then
// answers with a bare RST, and the FIN is never sent (TCPAbortOnData).
func queuedFIN(c *facts.Facts) bool { return queuedBytes(c) > 0 }

// queuedBytes returns how much was under way then, 0 where no FIN waits.
func queuedBytes(c *facts.Facts) int64 {
	least := int64(fullFlight * (max(uint32(c.Snd.SYNOpts.MSS), 536) - maxOptions))
	if c.OneSided() && c.Kind == facts.KindReply && c.Trigger == nil && c.Close.By == facts.ByThis && len(c.Prior) == 0 &&
		c.Class != flows.ClassReplyACK && c.Snd.HasSND && c.Time.Sub(c.Snd.LastData.Time) <= facts.GuessedRTT {
		// its number is what its peer, whose side was not captured, had acknowledged
		if n := int64(c.Snd.SND.NXT.Sub(c.SEQ)); n >= least && n < 1<<26 {
			return n
		}
		return 0
	}
	if c.Kind != facts.KindReply || c.Close.By != facts.ByThis || c.Answers != facts.ToData || len(c.Prior) > 0 ||
		c.Trigger.Notes&flows.Retransmitted != 0 {
		return 0
	}
	if n := int64(c.Close.Unacked[c.Side]); n >= least && c.Trigger.Time.Sub(c.Snd.LastData.Time) <= c.Soon() {
		return n
	}
	return 0
}

// explainQueuedFIN explains the RST of a side whose FIN the capture does not hold because it was never sent.
func explainQueuedFIN(c *facts.Facts, f *Finding) {
	n := queuedBytes(c)
	came := "What then came of " + Receiver(c)
	if c.Trigger != nil {
		came = words.Capital(words.Bytes(int64(c.Trigger.DataLen))) + " of " + Receiver(c)
	}
	f.Summary = words.Sentence("%s had most likely closed while it was still sending: with %s of its data under way, its "+
		"FIN waits until the rest is sent. %s reached the closed socket.", words.Capital(Sender(c)), words.Bytes(n), came)
	if c.Trigger != nil {
		f.Say(claim.Claim{Kind: claim.UnackedData, Side: c.Side, Bytes: n}, c.Snd.LastData.Frame, c.Frame)
	} else {
		f.Say(claim.Claim{Kind: claim.SEQNotNext, Side: c.Side, Bytes: -n}, c.Snd.Last.Frame, c.Frame)
	}
	f.Say(claim.Claim{Kind: claim.NoFIN, Side: c.Side, Until: c.Frame})
	f.SayRST(c)
	f.SayRelated(c)
	f.Remedy = words.Sentence("Look into the log of %s at the time of this RST: a crash, a kill (out of memory, "+
		"deployment), a timeout, a cancelled transfer.", Sender(c))
	f.Open(UnknownConnection, endedUnseenID, 0.5, "a close with unsent data explains this without a packet that the "+
		"capture does not hold")
	f.Open(FastClose, "", 0.4, "it was still sending; but a program that stops on purpose sends the same packets as one "+
		"that dies")
}

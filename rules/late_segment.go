package rules

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a segment came after the end.
const (
	lateBothClosed = 0.96 // both FINs were acknowledged before
	lateReset      = 0.96 // the other side had reset
	lateDevice     = 0.94 // so had its sender, and a device on the path answers what was still under way
	lateOwnReset   = 0.88 // the sender itself had reset, more than a round trip before
	lateHalfClosed = 0.93 // a bare FIN or ACK, long after the sender's FIN was acknowledged
)

// lateSegmentID is what other rules call it by.
const lateSegmentID = "late-segment"

var lateSegment = &Rule{
	ID:       lateSegmentID,
	Cause:    UnknownConnection,
	Severity: Info,
	Pattern:  Aftermath,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.6", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A segment came after the connection was over",
		Happened: "The connection had ended: by FINs of both sides, by a RST, or because its half-closed state had " +
			"expired. A late or retransmitted segment reached a host that no longer has the connection, and drew a RST.",
		Recognised: "Both FINs had been acknowledged before the trigger; or a RST had ended the connection more than a " +
			"round trip before; or the trigger is a bare FIN or ACK that comes a second or more after the sender's own FIN " +
			"was acknowledged.",
		LookAlikes: "A segment that was in flight at the close, within one round trip, belongs to the close itself and is " +
			"reported with it. Linux keeps FIN-WAIT-2 for 60 s.",
		Prints: "Usually nothing: the application had finished with the connection.",
		Remedy: "Usually harmless. When a peer closes its side very late (CLOSE-WAIT), let it close as soon as it " +
			"reads the end of the stream.",
		Limits: "A bare FIN or ACK does not show whether the receiving program still expected data.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind != facts.KindReply || c.Refused() {
			return 0
		}
		switch {
		case c.BothClosed(), c.Duplicate && c.Close.By != facts.ByThis:
			return c.Lowered(lateBothClosed, flows.Reordered)
		case resetByPeer(c) != nil:
			return lateReset
		case afterOwn(c):
			return lateDevice
		case c.LastOwnReset() != nil && (!c.GoesOnAfter(c.LastOwnReset()) || c.AnswersChallenge()):
			return lateOwnReset
		case c.HalfCloseExpired():
			return lateHalfClosed
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		peer, own := resetByPeer(c), c.LastOwnReset()
		switch {
		case !c.BothClosed() && c.Duplicate && c.Close.By != facts.ByThis:
			f.Summary = words.Sentence("%s had closed the connection; %s probably reached a host that no longer "+
				"has it.", words.Capital(Sender(c)), LateSegment(c))
			f.sayFINAcked(c.Side, c.Snd)
		case c.BothClosed():
			f.Summary = words.Sentence("The connection was over: both sides had closed it; %s came late and reached a host "+
				"that no longer has it.", LateSegment(c))
			f.sayFINAcked(c.Side, c.Snd)
			f.sayFINAcked(c.Side.Peer(), c.Rcv)
		case peer != nil:
			f.Summary = words.Sentence("The connection was over: a RST in %s's name had ended it %sbefore; %s reached a host "+
				"that no longer has it.", Receiver(c), earlier(c.Time.Sub(peer.Time)), LateSegment(c))
			f.Say(claim.Claim{Kind: claim.ResetBefore, Side: c.Side.Peer(), Span: c.Time.Sub(peer.Time)}, peer.Frame)
			if c.Trigger.DataLen > 0 {
				f.Severity = Warning // its receiver was still sending
				f.Remedy = fmt.Sprintf("Find out who sent the RST at frame %d: whose name it has sends on.", peer.Frame)
			}
		case afterOwn(c):
			f.Summary = words.Sentence("The connection was over: %s had reset it; %s reached a device on the path that no "+
				"longer has it and answers in %s's name.", Sender(c), LateSegment(c), Sender(c))
			f.Path = true
			f.Say(claim.Claim{Kind: claim.ResetBefore, Side: c.Side, Span: c.Time.Sub(own.Time)}, own.Frame)
			f.Symptom = fmt.Sprintf("nothing more than at frame %d", own.Frame)
			f.Open(Cause(own.Verdict.Cause), own.Verdict.Rule, 0.8, "the signs of who sent it differ from the first RST's")
		case own != nil && (!c.GoesOnAfter(own) || c.AnswersChallenge()):
			f.Summary = words.Sentence("The connection was over: %s had reset it %sbefore; %s "+
				"came late.", Sender(c), earlier(c.Time.Sub(own.Time)), LateSegment(c))
			if c.AnswersChallenge() {
				f.Summary = words.Sentence("%s had reset the connection %sbefore; %s answers that RST, and reached a host that "+
					"no longer has the connection.", words.Capital(Sender(c)), earlier(c.Time.Sub(own.Time)), LateSegment(c))
			}
			f.Say(claim.Claim{Kind: claim.ResetBefore, Side: c.Side, Span: c.Time.Sub(own.Time)}, own.Frame)
			f.Open(Cause(own.Verdict.Cause), own.Verdict.Rule, 0.8, "it came more than a round trip after the first RST")
		default:
			f.Summary = words.Sentence("%s had closed its side %s before; %s reached a host that no longer has the "+
				"half-closed connection.", words.Capital(Sender(c)), words.Span(c.Time.Sub(c.Snd.FIN.Time)), LateSegment(c))
			f.sayFINAcked(c.Side, c.Snd)
			since := c.Trigger.Time.Sub(c.Snd.FINAcked.Time)
			if who := closedTimeout(c.Timeouts, since); who != "" {
				f.Say(claim.Claim{Kind: claim.MatchesTimeout, Side: c.Side, Span: since, Text: who}, c.Snd.FINAcked.Frame,
					c.Trigger.Frame)
			}
		}
		f.SayRST(c)
		f.Open(FastClose, lateGoodbyeID, 0.7, "it came after the connection had ended")
		f.Open(PeerCrash, "", 0.2, "the connection had ended before")
	},
	Effects: Effects{Outcomes: closingOutcomes},
}

// resetByPeer returns the RST by which the other side had ended the connection, nil without one. Two resets
// that cross each other are not meant: a capture on the sender's own host shows that they did not.
func resetByPeer(c *facts.Facts) *flows.PriorReset {
	if c.Trigger == nil {
		return nil
	}
	for i := range c.Prior {
		if p := &c.Prior[i]; p.Side != c.Side && (p.Frame < c.Trigger.Frame || c.Proof == flows.ByHost && p.Frame < c.Frame) {
			return p
		}
	}
	return nil
}

// earlier prints a distance for "… before", nothing when the two came at about one moment.
func earlier(d time.Duration) string {
	if d < time.Millisecond {
		return ""
	}
	return words.Span(d) + " "
}

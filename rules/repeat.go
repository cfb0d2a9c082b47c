package rules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// What a repeat is less sure of than the first of its event.
const (
	repeatInFlight = 0.999 // its trigger was under way when the first reset was sent
	strayEvent     = 0.85  // it is the other side's answer to a segment that the first reset overtook
	repeatDeaf     = 0.99  // the peer goes on because it visibly never got the first
)

// repeat explains a reset that belongs to the event of an earlier one, nil when it is an event of its own.
func (e *Engine) repeat(c *facts.Facts) *Finding {
	prev := c.LastOwnReset()
	if prev == nil {
		return e.stray(c)
	}
	root := c.EarlierAt(prev.Root)
	if root == nil {
		root = prev
	}
	cause := Cause(root.Verdict.Cause)
	f := e.begin(e.rule(root.Verdict.Rule), cause, Severity(root.Verdict.Severity))
	f.Repeats = prev.Root
	if c.Notes&flows.Duplicate != 0 {
		f.Confidence = prev.Verdict.Confidence
		f.Summary = fmt.Sprintf("The same packet as frame %d, captured a second time: no second reset.", prev.Frame)
		f.Say(claim.Claim{Kind: claim.Duplicate, Side: c.Side}, prev.Frame, c.Frame)
		return f
	}
	if (prev.Verdict.Origin == string(OriginMiddlebox)) != c.PathSigns.Middlebox() {
		return nil // two senders' resets in one connection
	}
	if cause == ClosedPort && c.Answers == facts.ToSYNACK {
		return nil // who was refused does not accept: this SYN-ACK is not of that attempt
	}
	if cause == ClosedPort && c.Refused() {
		f.Confidence = root.Verdict.Confidence
		f.Summary = words.Sentence("%s tried again and was refused again %s, as at frame %s.", words.Capital(Receiver(c)),
			words.Relative(c.Time.Sub(root.Time)), strconv.Itoa(root.Frame))
		f.Say(claim.Claim{Kind: claim.SameEvent, Side: c.Side, Span: c.Time.Sub(root.Time)}, root.Frame)
		f.SayRST(c)
		openRepeat(c, f)
		return f
	}
	if c.GoesOnAfter(root) {
		return nil
	}
	late := c.Due().Sub(root.Time)
	var why string
	factor := repeatInFlight
	switch {
	case c.PriorLost:
		why = words.Sentence("no RST before had reached %s", Receiver(c))
		factor = repeatInFlight
	case cause == RetransmitTimeout:
		why = words.Sentence("%s had ended the connection before", Sender(c))
		factor = repeatDeaf
	case c.Kind == facts.KindAbort && c.Trigger == nil && prev.Flags.Has(flows.ACK) && prev.SEQ == c.SEQ &&
		late > c.Soon():
		why = words.Sentence("%s repeats it", Sender(c))
	case cause == UnknownConnection && c.Kind != facts.KindAbort && elsewhere(c, prev):
		return nil
	case cause == UnknownConnection && c.Kind != facts.KindAbort:
		why = words.Sentence("%s still does not know the connection", Sender(c))
	case c.AnswersChallenge():
		return nil // it answers the first RST itself: the peer got that, and asks
	case c.Trigger == nil && c.Rcv.Segments == 0 && c.Kind == facts.KindReply:
		why = "the segment that it answers is not in this capture"
		factor = repeatDeaf
	case late <= c.Soon():
		why = "the segment that it answers was in flight when the first RST was sent"
		if c.Trigger == nil {
			why = words.Sentence("sent %s after the first", words.Span(late))
		}
	case storm(c, prev):
		why = "one of those that answer the data in flight when the first was sent"
	case chained(c, prev):
		why = "the segment that it answers belongs to the same flight as the first RST's"
	case c.Trigger != nil && c.Trigger.DataLen > 0:
		why = words.Sentence("%s goes on sending: the first RST %s", Receiver(c), lostRST(c))
		factor = repeatDeaf
	case c.Trigger != nil && c.Trigger.Notes&flows.Retransmitted != 0 && c.Trigger.LEN() > 0:
		why = words.Sentence("%s goes on retransmitting: the first RST %s", Receiver(c), lostRST(c))
		factor = repeatDeaf
	default:
		return nil
	}
	f.Confidence = root.Verdict.Confidence * factor
	f.Summary = words.Sentence("One more RST of the event at frame %s: %s.", strconv.Itoa(root.Frame), why)
	f.Say(claim.Claim{Kind: claim.SameEvent, Side: root.Side, Span: c.Time.Sub(root.Time)}, root.Frame)
	if c.Trigger != nil {
		f.SayRST(c)
	}
	openRepeat(c, f)
	return f
}

// elsewhere reports whether two RSTs of a side have numbers so far apart that they answer segments of different
// connections.
func elsewhere(c *facts.Facts, prev *facts.Earlier) bool {
	d := c.SEQ.Sub(prev.SEQ)
	return d > 1<<28 || d < -1<<28
}

// lostRST says what became of a RST after which its receiver goes on.
func lostRST(c *facts.Facts) string {
	if c.AtReceiver() {
		return "was not accepted" // captured where it arrived
	}
	return "had not reached it yet, or was not accepted"
}

// stray explains a RST that answers a segment of a peer which had just reset the connection itself: the
// segment left before that RST, or was overtaken by it, and belongs to its event. After a forged RST the
// segment is a genuine one, and the connection is not known any more (late-segment).
func (e *Engine) stray(c *facts.Facts) *Finding {
	if c.Kind != facts.KindReply || c.Trigger == nil {
		return nil
	}
	for i := len(c.Earlier) - 1; i >= 0; i-- {
		prev := &c.Earlier[i]
		if cause := Cause(prev.Verdict.Cause); prev.Side == c.Side || prev.Verdict.Origin != string(OriginEndpoint) ||
			cause == ClosedPort || cause == UnknownConnection {
			continue
		}
		d := c.Trigger.Time.Sub(prev.Time)
		if c.Trigger.Frame < prev.Frame || d > c.Soon() || c.After.ReceiverSegments > 1 {
			return nil
		}
		f := e.begin(e.rule(prev.Verdict.Rule), Cause(prev.Verdict.Cause), Severity(prev.Verdict.Severity))
		f.Repeats, f.Confidence = prev.Root, prev.Verdict.Confidence*strayEvent
		f.Summary = fmt.Sprintf("%s had reset the connection at frame %d; a segment that was in flight then drew this RST "+
			"of %s. It belongs to the same event.", words.Capital(Receiver(c)), prev.Frame, Sender(c))
		f.Say(claim.Claim{Kind: claim.ResetBefore, Side: c.Side.Peer(), Span: c.Time.Sub(prev.Time)}, prev.Frame)
		f.SayRST(c)
		openRepeat(c, f)
		return f
	}
	return nil
}

// openRepeat names what a repeat leaves open.
func openRepeat(c *facts.Facts, f *Finding) {
	switch {
	case f.Cause == UnknownConnection:
	case c.Kind == facts.KindAbort || c.Trigger == nil:
		f.Open(UnknownConnection, lateSegmentID, 0.3, "less likely: it belongs to the event of the first RST")
	default:
		f.Open(UnknownConnection, lateSegmentID, 0.6,
			"the connection was gone by then; but the cause of that is the first RST's")
	}
	if f.Cause == FastClose || f.Cause == UnknownConnection {
		f.Open(PeerCrash, "", 0.3, "it belongs to the event of the first RST")
	}
	if f.Cause == PeerCrash {
		f.Open(FastClose, "", 0.3, "it belongs to the event of the first RST")
	}
	f.settle()
}

// chained reports whether the segments between the first RST and this one's trigger follow each other
// closely: one flight, longer than a round trip.
func chained(c *facts.Facts, prev *facts.Earlier) bool {
	from := prev.Trigger
	if !from.Seen() {
		from = prev.Mark
	}
	return c.Trigger != nil && c.Trigger.Notes&flows.Retransmitted == 0 && c.Trigger.Time.Sub(from.Time) <= c.Soon()
}

// stormPause is less than a retransmission timer of any common system (RFC 6298 §2.4; Linux: TCP_RTO_MIN): data that
// comes after a longer pause may have been sent again.
const stormPause = 200 * time.Millisecond

// storm reports whether this RST follows the last of the same number closely, with data unacknowledged that its receiver
// had sent before the first. Which segment each of them answers is often not to be seen: with segmentation offload the
// capture of the sending host holds one segment for several on the wire.
func storm(c *facts.Facts, prev *facts.Earlier) bool {
	return c.Trigger == nil && !c.Flags.Has(flows.ACK) && c.SEQ == prev.SEQ && c.Close.Unacked[c.Side.Peer()] > 0 &&
		c.Time.Sub(prev.Time) <= stormPause
}

// afterOwn reports whether a device on the path sent this RST after the sender that it names had reset the
// connection itself, which goes on no more.
func afterOwn(c *facts.Facts) bool {
	own := c.LastOwnReset()
	return own != nil && own.Verdict.Origin != string(OriginMiddlebox) && c.PathSigns.Middlebox() &&
		c.Kind == facts.KindReply && !c.GoesOnAfter(own)
}

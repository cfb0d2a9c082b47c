package rules

import (
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure a refusal is.
const (
	refusedSure   = 0.99 // the SYN is in the capture
	refusedUnseen = 0.92 // only the RST is, in the form that draws a SYN, or a scanner's segment without ACK
	refusedProbe  = 0.60 // the same, and the client's host sends such segments
	refusedOddly  = 0.90 // a SYN, and a RST+ACK that does not keep to the numbers
	refusedLate   = 0.70 // long after the SYN, of a port that refuses others at once: the SYN was held up

	refusedWithin = 20 * time.Second
	heldUpTo      = 2 * time.Minute
)

// refusal returns how sure it is that the RST refuses a connection.
func refusal(c *facts.Facts) float64 {
	switch {
	case !c.Refused(), c.AnsweredReset() != nil:
		return 0
	case heldUp(c):
		return refusedLate
	case c.Rcv.LastSYN.Seen() && c.Time.Sub(c.Rcv.LastSYN.Time) > refusedWithin:
		return 0 // no host takes that long to find that nothing listens
	case c.Answers == facts.ToSYN && c.Class == flows.ClassReplyACK:
		return refusedSure
	case c.Answers == facts.ToSYN:
		return refusedOddly
	case c.Class == flows.ClassReplyACK && c.Related.Crafted > 0:
		return refusedProbe
	case c.Class == flows.ClassReplyACK:
		return refusedUnseen
	}
	return refusedOddly - 0.1
}

// heldUp reports whether the RST refuses a SYN of long before, exactly by its number, on a port that refuses others in
// this capture too: something on the path kept the SYN back, while it looked for the host's address, say.
func heldUp(c *facts.Facts) bool {
	late := c.Time.Sub(c.Rcv.LastSYN.Time)
	return c.Answers == facts.ToSYN && c.Class == flows.ClassReplyACK && late > refusedWithin && late < heldUpTo &&
		c.Related.Refused > 1 && !c.Conn.Omitted.Within(c.Rcv.LastSYN.Frame, c.Frame)
}

const scanRemedy = "Nothing to repair at the server. Find out who scans, if no scan is expected."

// refusedScan is the symptom of a scanner whose SYN is refused.
func refusedScan(c *facts.Facts, o programs.Outcome) string {
	return "A scanner reports the port as closed; any other program gets " + Errno(c, o, c.Side.Peer())
}

// portOf names the port of the RST's sender.
func portOf(c *facts.Facts) string { return "port " + strconv.Itoa(int(c.Snd.Addr.Port)) }

// SayRefusal says how the SYN was refused, and what became of it.
func (f *Finding) SayRefusal(c *facts.Facts) {
	where, syn := portOf(c), c.Rcv.LastSYN
	f.saySYN(c.Side.Peer(), c.Rcv)
	if d := int64(c.ACK.Sub(c.Rcv.SND.ISS + 1)); c.Trigger == nil && syn.Seen() && c.Flags.Has(flows.ACK) && d != 0 {
		f.Say(claim.Claim{Kind: claim.RefusalOffset, Side: c.Side, Bytes: d, Span: c.Time.Sub(syn.Time)}, syn.Frame, c.Frame)
	} else {
		f.SayRST(c)
	}
	if c.Snd.Segments == 0 {
		_, opens := c.OpensAfter()
		f.Say(claim.Claim{Kind: claim.NoSYNACK, Side: c.Side, Limited: opens.Seen()}, c.Frame)
	}
	if c.WrongEcho() {
		f.Say(claim.Claim{Kind: claim.WrongEcho, Side: c.Side, Number: uint64(c.Opts.TSecr), Expected: uint64(c.Rcv.TSval)},
			c.Frame)
	}
	if synack, ack := c.OpensAfter(); ack.Seen() {
		f.Summary = words.Sentence("A RST refused the connection to %s, but %s did not accept that RST: the handshake was "+
			"completed %s later.", where, Receiver(c), words.Span(ack.Time.Sub(c.Time)))
		f.Severity = Warning
		f.Symptom = "nothing: " + Receiver(c) + "'s TCP did not accept this RST, and the connection opened"
		f.Say(claim.Claim{Kind: claim.OpenedAfter, Side: flows.Originator, Span: ack.Time.Sub(c.Time)}, synack.Frame,
			ack.Frame)
	}
	if f.Rule.Severity == Error && craftedSYN(c, c.Side.Peer()) && f.Symptom == "" {
		f.Severity = Info
		f.sayCraftedBy(c, c.Side.Peer())
		f.Symptom = refusedScan(c, programs.Refused)
		f.Remedy = scanRemedy
	}
	if heldUp(c) {
		f.Severity = Warning
		f.Summary += " The SYN was probably held up on the path."
		f.Symptom = "The client's application most likely got an error before: this RST came long after its SYN"
	}
	if c.Trigger == nil && c.Related.Crafted > 0 {
		f.Severity, f.Symptom = Info, refusedScan(c, programs.Refused)
		f.Remedy = scanRemedy
		f.Say(claim.Claim{Kind: claim.Crafted, Side: c.Side.Peer(), Count: c.Related.Crafted})
		f.Open(UnknownConnection, synProbeID, 0.9, "most RSTs of this form refuse a SYN; a scanner's segment without ACK "+
			"draws the same")
		return
	}
	f.Open(UnknownConnection, straySegmentID, 0.5, "the RST refuses a SYN, which opens a connection")
}

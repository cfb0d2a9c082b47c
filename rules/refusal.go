package rules

import (
	"fmt"
	"strconv"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure a refusal is.
const (
	refusedSure   = 0.99 // the SYN is in the capture
	refusedUnseen = 0.95 // only the RST is, in the form that nothing but a SYN draws
	refusedOddly  = 0.90 // a SYN, and a RST+ACK that does not keep to the numbers
)

// refusal returns how sure it is that the RST refuses a connection.
func refusal(c *facts.Facts) float64 {
	switch {
	case !c.Refused():
		return 0
	case c.Answers == facts.ToSYN && c.Class == flows.ClassReplyACK:
		return refusedSure
	case c.Answers == facts.ToSYN:
		return refusedOddly
	case c.Class == flows.ClassReplyACK:
		return refusedUnseen
	}
	return refusedOddly - 0.1
}

// portOf names the port of the RST's sender.
func portOf(c *facts.Facts) string { return "port " + strconv.Itoa(int(c.Snd.Addr.Port)) }

// SayRefusal says how the SYN was refused, and what became of it.
func (f *Finding) SayRefusal(c *facts.Facts) {
	where, syn := portOf(c), c.Rcv.LastSYN
	switch {
	case c.Trigger == nil && syn.Seen() && c.ACK == c.Rcv.SND.ISS+1:
		f.Text("the RST acknowledges the SYN", syn.Frame, c.Frame)
	case c.Trigger == nil && syn.Seen():
		f.Text(words.Sentence("%s asks for a connection to %s", Receiver(c), where), c.Rcv.SYN.Frame)
		f.Text(words.Sentence("the RST follows the SYN by %s, but does not acknowledge it: its ACK is %s the number that a refusal bears", words.Span(c.Time.Sub(syn.Time)), missesBy(c)), syn.Frame, c.Frame)
	case c.Trigger != nil:
		f.Text(words.Sentence("%s asks for a connection to %s", Receiver(c), where), c.Rcv.SYN.Frame, c.Trigger.Frame)
		f.Text(words.Sentence("the RST acknowledges exactly this SYN, %s later", words.Span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	default:
		f.Text("sequence number 0 and an ACK: the form in which a SYN is refused; the SYN itself is not in the capture", c.Frame)
	}
	if c.WrongEcho() {
		f.Text(fmt.Sprintf("it echoes the timestamp %d, which %s never sent: its SYN bears %d", c.Opts.TSecr, Receiver(c), c.Rcv.TSval), syn.Frame, c.Frame)
	}
	if _, ack := c.OpensAfter(); ack.Seen() {
		f.Summary = words.Sentence("%s was told that %s refuses the connection, but did not take this RST: the connection opened %s later.", words.Capital(Receiver(c)), where, words.Span(ack.Time.Sub(c.Time)))
		f.Severity = Warning
		f.Symptom = "nothing: " + Receiver(c) + "'s TCP did not take this RST, and the connection opened"
		f.Text(words.Sentence("%s completes the handshake %s after the RST", Receiver(c), words.Span(ack.Time.Sub(c.Time))), c.Frame, ack.Frame)
	}
	if c.Rcv.SYNs > 1 {
		f.Text(fmt.Sprintf("%s had sent its SYN %d times by then", Receiver(c), c.Rcv.SYNs), c.Rcv.SYN.Frame, c.Rcv.LastSYN.Frame)
	}
	f.Open(UnknownConnection, straySegmentID, 0.5, "the RST answers a SYN, which opens a connection and belongs to none")
}

// missesBy says how far the RST's ACK is from the number that acknowledges the SYN.
func missesBy(c *facts.Facts) string {
	d := c.ACK.Sub(c.Rcv.SND.ISS + 1)
	if d < 0 {
		return words.Bytes(int64(-d)) + " short of"
	}
	return words.Bytes(int64(d)) + " beyond"
}

package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure a late SYN-ACK is, and from when on it counts as late.
const (
	lateSYNACKSure   = 0.97
	lateSYNACKUnseen = 0.85 // the SYN-ACK is not in the capture
	lateSYNACKFrom   = 900 * time.Millisecond
)

// lateSYNACKID is what other rules call it by.
const lateSYNACKID = "late-syn-ack"

var lateSYNACK = &Rule{
	ID:       lateSYNACKID,
	Cause:    UnknownConnection,
	Severity: Warning,
	Pattern:  Unasked,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "The SYN-ACK came after the client had given up connecting",
		Happened: "A client sent a SYN and gave up before the answer came. When the SYN-ACK arrived at last, the " +
			"client's system no longer had the connection attempt, and answered with a RST.",
		Recognised: "SYN, perhaps retransmitted, a SYN-ACK a second or more later, and a bare RST of the client whose " +
			"sequence number is the ACK of the SYN-ACK; no third step of the handshake.",
		LookAlikes: "A scanner resets the SYN-ACK at once (syn-probe), and so does the system of a program that cancelled " +
			"its attempt (connect-withdrawn).",
		Prints: "The client printed its connect timeout before this RST was sent; the server's application sees nothing.",
		Remedy: "Find out why the answer took so long (a full accept queue or lost packets delay the SYN-ACK), or use " +
			"a longer connect timeout.",
		Limits: "The packets do not show why the client gave up.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.ResetsSYNACK() {
			if c.Snd.SYN.Seen() && !c.Translated() && c.Trigger.Time.Sub(c.Snd.SYN.Time) >= lateSYNACKFrom {
				return lateSYNACKSure
			}
			return 0
		}
		// Outbound only: a bare RST at ISS+1 can only answer a SYN-ACK.
		if c.Unopened() && c.Rcv.Segments == 0 && !c.Flags.Has(flows.ACK) && c.Snd.HasISS && c.SEQ == c.Snd.SND.ISS.Add(1) {
			return lateSYNACKUnseen
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if c.Trigger == nil {
			f.Summary = words.Sentence("%s had given up the connection attempt that it began %s before: its RST %sanswers a "+
				"late SYN-ACK, which the capture does not hold.",
				words.Capital(Sender(c)), words.Span(c.Time.Sub(c.Snd.SYN.Time)), words.Probably(f.Confidence))
			f.SayHalfOpen(c)
		} else {
			wait := c.Trigger.Time.Sub(c.Snd.SYN.Time)
			f.Summary = words.Sentence("%s's SYN-ACK came %s after the first SYN; by then %s had given up connecting and "+
				"reset it.", words.Capital(Receiver(c)), words.Span(wait), Sender(c))
			f.SayHalfOpen(c)
		}
		f.Open(RetransmitTimeout, synUnansweredID, 0.6, "when a connection attempt times out, most systems stop silently")
		f.Open(FastClose, connectWithdrawnID, 0.2, "the connection was still being opened")
	},
	Effects: Effects{Outcomes: openingOutcomes, Own: connectLimit},
}

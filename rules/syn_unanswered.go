package rules

import (
	"fmt"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that an originator gave up on a silent peer.
const (
	synUnansweredSure = 0.93 // its own decision, after retransmissions
	synUnansweredBare = 0.75 // a bare RST, which might answer a SYN-ACK that the capture missed
)

// synUnansweredID is what other rules call it by.
const synUnansweredID = "syn-unanswered"

var synUnanswered = &Rule{
	ID:       synUnansweredID,
	Cause:    RetransmitTimeout,
	Severity: Error,
	Pattern:  Unreached,
	RFC:      []string{"RFC 9293 §3.8.3", "RFC 9293 §3.10.8"},
	Doc: Doc{
		Title:    "The SYN was not answered",
		Happened: "A client sent its SYN repeatedly, received no answer of any kind, and ended the attempt with a RST.",
		Recognised: "Retransmitted SYNs at growing intervals, nothing from the other side, then a RST of the client at " +
			"the sequence number after its SYN.",
		LookAlikes: "Linux sends no RST when connecting times out: there a bare RST after a SYN answers a SYN-ACK, and if " +
			"that is not in the capture, the capture missed it (late-syn-ack).",
		Prints: "ETIMEDOUT: connection timed out, or the program's own connect timeout.",
		Remedy: "Check the address, the routes in both directions, and filters that drop silently; capture on the " +
			"server to see whether the SYNs arrive.",
		Limits: "A capture of one direction does not show whether an answer came.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.Unopened() || c.Conn.SYNACK.Seen() || c.Rcv.Segments > 0 || c.Snd.SYNs < 2 || c.Trigger != nil {
			return 0
		}
		if c.Flags.Has(flows.ACK) {
			return synUnansweredSure
		}
		if c.Related.OtherDir {
			return synUnansweredBare
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = fmt.Sprintf("%s gave up connecting: it sent its SYN %d times within %s and no answer "+
			"was seen.", words.Capital(Sender(c)), c.Snd.SYNs, words.Span(c.Time.Sub(c.Snd.SYN.Time)))
		f.saySYN(c.Side, c.Snd)
		f.Say(claim.Claim{Kind: claim.Unacked, Side: c.Side, From: c.Snd.SYN.Frame, Until: c.Frame}, c.Snd.SYN.Frame)
		f.SayRST(c)
		f.Open(UnknownConnection, lateSYNACKID, 0.8, "no SYN-ACK is in the capture that the RST could answer")
	},
	Effects: Effects{Outcomes: []programs.Outcome{programs.GiveUp, programs.ConnectLimit}},
}

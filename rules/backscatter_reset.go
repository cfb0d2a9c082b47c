package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that an answer was not asked for.
const (
	backscatterMany    = 0.95 // several such answers came to this host
	backscatterOne     = 0.85
	backscatterEarly   = 0.70 // the SYN may have been sent before the capture began
	backscatterRefused = 0.85 // the answer is the RST itself: the same as a refusal of which one direction was captured
)

// backscatterID is what other rules call it by.
const backscatterID = "backscatter-reset"

var backscatter = &Rule{
	ID:       backscatterID,
	Cause:    UnknownConnection,
	Pattern:  Unasked,
	Severity: Info,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1", "RFC 4987 §2.2"},
	Doc: Doc{
		Title: "An answer to a SYN that this host never sent",
		Happened: "An attacker sends SYNs with forged source addresses, most often to flood a server. The server " +
			"answers to these addresses: hosts that never sent a SYN get a SYN-ACK, which they reset, or a RST. Such answers " +
			"are called backscatter.",
		Recognised: "The capture shows what the host sends, and no SYN of it on this connection: its first segment is the " +
			"SYN-ACK that the host resets, or a RST that refuses a SYN. Most often there are many of them, from several " +
			"ports or servers.",
		LookAlikes: "A SYN that was sent before the capture began, within the last seconds. A program that gave up " +
			"connecting sent its SYN (connect-withdrawn, late-syn-ack).",
		Prints: "Nothing: no application on this host sees it.",
		Remedy: "Nothing to repair here. This address is used as a forged source: the operator of the host that sends " +
			"these answers is being flooded, and may want to know.",
		Limits: "Who forges the addresses is not in the packets.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Conn.Defects&(flows.Evicted|flows.MissedPackets) != 0 || c.Conn.End(flows.Originator).Segments > 0 {
			return 0
		}
		switch {
		case c.ResetsSYNACK() && c.Unasked():
			return backscatterMany
		case c.ResetsSYNACK() && c.Early():
			return backscatterEarly
		case c.ResetsSYNACK():
			return backscatterOne
		case !c.ByClient() && c.Class == flows.ClassReplyACK && c.Trigger == nil && c.Snd.Segments == 0 && c.Unasked() &&
			c.Related.OriginatorSeen && !c.Early():
			return backscatterRefused
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		switch {
		case c.ResetsSYNACK():
			f.Summary = words.Sentence("%s got a SYN-ACK to a SYN that it %sdid not send, and reset it: no SYN of it is in "+
				"this capture.", words.Capital(Sender(c)), words.Probably(f.Confidence))
			f.saySYNACK(c.Side.Peer(), c.Trigger.Mark, flows.Mark{})
		default:
			f.Summary = words.Sentence("%s refuses a SYN that %s %sdid not send: no SYN of it is in this "+
				"capture.", words.Capital(Sender(c)), Receiver(c), words.Probably(f.Confidence))
		}
		first := c.Early() && !c.Unasked() // its SYN may have been sent before the capture began
		if first && c.ResetsSYNACK() {
			begins := "shortly before"
			if c.Conn.Start.Frame == 1 {
				begins = "with"
			}
			f.Summary = words.Sentence("%s reset a SYN-ACK: it had given up its connection attempt or sent no SYN; the capture "+
				"begins %s this SYN-ACK.", words.Capital(Sender(c)), begins)
		}
		f.Say(claim.Claim{Kind: claim.NoSYN, Side: flows.Originator, Limited: first}, c.Conn.Start.Frame)
		if c.Unasked() {
			f.Say(claim.Claim{Kind: claim.Unasked, Side: flows.Originator, Count: c.Related.Unasked})
		}
		f.SayRST(c)
		if !c.Unasked() {
			f.Remedy = "Nothing to repair where it is a single one. If there are more, somebody uses this address as a " +
				"forged source; if the host did send a SYN, find out why the capture does not hold it."
		}
		if c.ResetsSYNACK() {
			f.Open(FastClose, healthProbeID, 0.3, "a program that closes its socket on purpose sends RST+ACK; this RST is a "+
				"system's reply to a SYN-ACK")
		} else {
			f.Open(ClosedPort, noListenerID, 0.5, "the host that was refused sent no SYN that this capture holds")
		}
	},
	Effects: Effects{Symptom: func(*facts.Facts, programs.Outcome) string {
		return "Nothing: no application had opened this connection"
	}},
}

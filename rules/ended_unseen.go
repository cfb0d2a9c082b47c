package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// endedUnseenID is what other rules call it by.
const endedUnseenID = "ended-unseen"

const endedUnseenSure = 0.75

var endedUnseen = &Rule{
	ID:       endedUnseenID,
	Cause:    UnknownConnection,
	Severity: Warning,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.5.3", "RFC 3360 §2.2"},
	Doc: Doc{
		Title: "Something that the capture does not show had just ended the connection",
		Happened: "In the middle of a transfer one side answered the other's data with RSTs as a host without the " +
			"connection does, although it had acknowledged data less than a round trip before and no FIN of it was seen. A " +
			"host hardly loses its state within one round trip, and a program that ends leaves a FIN or a RST. So something " +
			"else had ended the connection for it: most often by a RST, forged or real, that did not pass the capture point.",
		Recognised: "Several bare RSTs in a row, each answering data of one flight; the side that sends them had " +
			"acknowledged data less than a round trip before; no FIN and no abort of it was seen, and its other " +
			"connections go on.",
		LookAlikes: "A side that is itself sending may have closed already: its FIN waits behind its data " +
			"(data-after-fin). A host that restarts is silent for a while, and its other connections are reset as well " +
			"(state-lost). A program that aborts sends a RST of its own first (abort-mid-transfer); the capture may have " +
			"missed it.",
		Prints: "ECONNRESET: connection reset by peer, on both sides.",
		Remedy: "Capture on the host that sends these RSTs: a RST toward it, in the other side's name, will explain " +
			"them. Then see forged-reset.",
		Limits: "The capture does not hold the packet that ended the connection.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind != facts.KindReply || c.Close.By != facts.ByThis || c.Answers != facts.ToData && !c.OneSided() ||
			c.Snd.Segments == 0 || len(c.Prior) > 0 ||
			c.Refused() || c.Unopened() || c.Conn.Defects.Has(flows.MissedPackets) || c.AnswersGoodbye() {
			return 0
		}
		if c.After.SenderRSTCount == 0 || c.After.SenderSegments > 0 || c.Related.ResetTogetherCount > 0 || c.ServiceDied() ||
			c.PeerRepeated() {
			return 0
		}
		if c.OneSided() {
			if c.Time.Sub(c.Snd.Last.Time) > facts.GuessedRTT || c.Snd.Segments == c.Snd.SYNs {
				return 0
			}
			return c.Lowered(endedUnseenSure, flows.Reordered)
		}
		// It was there within the last round trip, and had taken part before.
		if c.Trigger.Time.Sub(c.Snd.Last.Time) > c.RTT || c.Snd.Segments == c.Snd.SYNs {
			return 0
		}
		return c.Lowered(endedUnseenSure, flows.OneDirection|flows.Reordered)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("Something that the capture does not show had %sended the connection for %s: it "+
			"acknowledged data %s before, and then answered the segments that followed as a host without the connection does.",
			words.Probably(f.Confidence), Sender(c), words.Span(c.Time.Sub(c.Snd.Last.Time)))
		f.Say(claim.Claim{Kind: claim.LastSegment, Side: c.Side, Span: c.Time.Sub(c.Snd.Last.Time)}, c.Snd.Last.Frame)
		f.Say(claim.Claim{Kind: claim.NoFIN, Side: c.Side, Until: c.Frame})
		f.SayRST(c)
		f.Say(claim.Claim{Kind: claim.FurtherResets, Side: c.Side, Count: c.After.SenderRSTCount},
			c.After.SenderRSTs[0].Frame)
		f.Open(PeerCrash, stateLostID, 0.9, "a host that loses its state within one round trip of acknowledging data is rare")
		f.CaptureNext = "capture on " + Sender(c) +
			"'s own host: a RST toward it that is not in this capture ended the connection"
	},
}

package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

const tupleReuseSure = 0.98

var tupleReuse = &Rule{
	ID:       "tuple-reuse",
	Cause:    UnknownConnection,
	Severity: Warning,
	Pattern:  Reuse,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.3", "RFC 5961 §4.2"},
	Doc: Doc{
		Title: "The address and port pair was still in use by an older connection",
		Happened: "A client opened a connection from a port that it (or a NAT in front of it) had used before. The " +
			"server still held the older connection of the same addresses and ports and answered with a plain ACK for that " +
			"one. The client does not know the old connection and reset it; its next SYN is then accepted.",
		Recognised: "A SYN is answered by an ACK without SYN whose number belongs to something else; the client answers " +
			"with a bare RST that takes its sequence number from this ACK, and sends its SYN again, on Linux after about 10 " +
			"ms or 1 s.",
		LookAlikes: "A SYN-ACK with a wrong number (bad-handshake-ack) has the SYN flag. A late answer to an earlier SYN " +
			"(late-syn-ack) acknowledges that SYN.",
		Prints: "Nothing; connecting takes a little longer.",
		Remedy: "Usually harmless: the connection opens at the second attempt. When it is frequent: a NAT reuses its " +
			"ports too soon, or clients go away without closing; switch on keep-alive at the server, or close idle connections.",
		Limits: "The older connection may lie before the capture.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.Unopened() && !c.OfOlder() || c.Kind == facts.KindAbort || c.Flags.Has(flows.ACK) || c.AcksOwnSYN() {
			return 0
		}
		switch c.Answers {
		case facts.ToACK, facts.ToHandshakeACK, facts.ToData, facts.ToFIN, facts.ToKeepAlive:
			return tupleReuseSure
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s still held an older connection of the same addresses and ports; %s reset "+
			"that one", words.Capital(Receiver(c)), Sender(c))
		f.saySYN(c.Side, c.Snd)
		if !c.Rcv.SYN.Seen() && c.Snd.HasISS {
			f.Say(claim.Claim{Kind: claim.OtherACK, Side: c.Side.Peer(), Number: uint64(c.Trigger.ACK),
				Expected: uint64(c.Snd.SND.ISS.Add(1))}, c.Trigger.Frame)
		}
		f.SayRST(c)
		again := c.After.Reopened
		for i := range c.After.Events {
			if e := &c.After.Events[i]; e.Side == c.Side && e.Flags&(flows.SYN|flows.ACK) == flows.SYN && !again.Seen() {
				again = e.Mark
			}
		}
		if again.Seen() {
			f.Summary += words.Sentence(" and sent its SYN again %s later.", words.Span(again.Time.Sub(c.Time)))
			f.Say(claim.Claim{Kind: claim.SYNAgain, Side: c.Side, Span: again.Time.Sub(c.Time)}, again.Frame)
		} else {
			f.Summary += "."
		}
		if c.WentOn() {
			f.Severity, f.Harm = Info, oldHarm
		}
		f.Open(PeerCrash, stateLostID, 0.5, "the client was opening a connection")
	},
	Effects: Effects{
		Outcomes: openingOutcomes,
		Symptom: func(c *facts.Facts, _ programs.Outcome) string {
			return words.Capital(Receiver(c)) + "'s application, which still had the old " +
				"connection, gets " + Errno(c, programs.ClientGone, c.Side.Peer()) +
				" there. " + words.Capital(Sender(c)) + "'s notices nothing but a slower connect, when its next SYN is accepted"
		},
	},
}

package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const badHandshakeACKSure = 0.97

var badHandshakeACK = &Rule{
	ID:       "bad-handshake-ack",
	Cause:    UnknownConnection,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.3"},
	Doc: Doc{
		Title:      "The SYN-ACK acknowledges something that was never sent",
		Happened:   "A client asked for a connection and got an answer for another one: the SYN-ACK acknowledges a number that is not the client's. The client takes it for a stray and resets it.",
		Recognised: "The SYN-ACK's acknowledgment is not the SYN's sequence number plus one (nor covers its fast-open data); the client's bare RST takes its sequence number from it.",
		LookAlikes: "A SYN-ACK that answers an earlier SYN of the same client, with other numbers, comes late (late-syn-ack).",
		Prints:     "A connect timeout, if every attempt meets it; often nothing.",
		Remedy:     "Look at what changes sequence numbers on the way: a NAT or firewall that randomises them in one direction only, a SYN proxy, a load balancer that answers for a server it has lost, two hosts with one address.",
		Limits:     "Which device answered is not in the numbers; compare TTL and Ethernet source.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.ByClient() || c.Answers != facts.ToSYNACK || !c.Snd.HasISS || c.Kind == facts.KindAbort {
			return 0
		}
		if d := c.Trigger.ACK.Sub(c.Snd.SND.ISS); d >= 1 && d <= 1+1<<16 && c.Trigger.ACK.Sub(c.Snd.SND.NXT) <= 0 {
			return 0
		}
		return badHandshakeACKSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s's SYN-ACK does not acknowledge the SYN of %s, so %s reset it.", words.Capital(Receiver(c)), Sender(c), Sender(c))
		f.saySYN(c.Side, c.Snd)
		f.Say(claim.Claim{Kind: claim.BadACK, Side: c.Side, Number: uint64(c.Trigger.ACK), Expected: uint64(c.Snd.SND.ISS.Add(1))}, c.Trigger.Frame)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.4, "the connection was still being opened")
	},
	Effects: Effects{Outcomes: openingOutcomes},
	WhyNot:  "the SYN-ACK acknowledges the client's SYN",
}

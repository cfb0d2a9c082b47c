package rules

import (
	"github.com/rstexplain/rstexplain/flows"
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
		Title: "The handshake acknowledges something that was never sent",
		Happened: "A client sent a SYN and the SYN-ACK that came acknowledges a number that is not the client's; or the " +
			"client's last ACK of the handshake acknowledges a number that the server had not sent. Whoever receives it " +
			"takes it for a segment of another connection and resets it.",
		Recognised: "The acknowledgment of the SYN-ACK, or of the segment that completes the handshake, is not the peer's " +
			"sequence number plus one (nor covers its Fast Open data); the bare RST takes its sequence number from it.",
		LookAlikes: "A SYN-ACK that answers an earlier SYN of the same client, with other numbers, comes late " +
			"(late-syn-ack).",
		Prints: "A connect timeout, if every attempt fails so; often nothing.",
		Remedy: "Look at what changes sequence numbers on the path: a NAT or firewall that randomises them in one " +
			"direction only, a SYN proxy, a load balancer that answers for a server it has lost, two hosts with one address.",
		Limits: "Which device sent it is not in the numbers; compare TTL and Ethernet source.",
	},
	Match: func(c *facts.Facts) float64 {
		if badLastACK(c) {
			return badHandshakeACKSure
		}
		if !c.ByClient() || c.Answers != facts.ToSYNACK || !c.Snd.HasISS || c.Kind == facts.KindAbort {
			return 0
		}
		if d := c.Trigger.ACK.Sub(c.Snd.SND.ISS); d >= 1 && d <= 1+1<<16 && c.Trigger.ACK.Sub(c.Snd.SND.NXT) <= 0 {
			return 0
		}
		return badHandshakeACKSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		expected := uint64(c.Snd.SND.ISS.Add(1))
		if badLastACK(c) {
			f.Summary = words.Sentence("%s's last segment of the handshake acknowledges a number that %s had not sent, so %s "+
				"reset it.", words.Capital(Receiver(c)), Sender(c), Sender(c))
			f.saySYNACK(c.Side, c.Snd.SYN, c.Rcv.SYN)
			f.Say(claim.Claim{Kind: claim.BadACK, Side: c.Side, What: claim.HandshakeACK, Number: uint64(c.Trigger.ACK),
				Expected: expected}, c.Trigger.Frame)
			f.SayRST(c)
			f.Open(PeerCrash, "", 0.4, "no request had been sent that could have been lost")
			return
		}
		f.Summary = words.Sentence("%s's SYN-ACK does not acknowledge the SYN of %s, so %s "+
			"reset it.", words.Capital(Receiver(c)), Sender(c), Sender(c))
		f.saySYN(c.Side, c.Snd)
		f.Say(claim.Claim{Kind: claim.BadACK, Side: c.Side, What: claim.SYNACK, Number: uint64(c.Trigger.ACK),
			Expected: expected}, c.Trigger.Frame)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.4, "the connection was still being opened")
	},
	Effects: Effects{Outcomes: openingOutcomes},
}

// badLastACK reports whether a server in SYN-RECEIVED answers a segment of the client that acknowledges what it had not
// sent: less than its SYN-ACK, or, in the segment that answers this, more (RFC 9293 §3.10.7.4).
func badLastACK(c *facts.Facts) bool {
	t := c.Trigger
	if c.ByClient() || c.Kind != facts.KindReply || t == nil || !c.Snd.HasISS || c.Snd.Segments != c.Snd.SYNs ||
		!c.Rcv.SYN.Seen() ||
		t.Frame < c.Snd.SYN.Frame || c.Conn.Defects.Has(flows.Reordered) {
		return false
	}
	// Above it, any later segment may acknowledge data that the capture lacks.
	d := t.ACK.Sub(c.Snd.SND.ISS.Add(1))
	return d < 0 && (c.Answers == facts.ToACK || c.Answers == facts.ToData) || d != 0 && c.Answers == facts.ToHandshakeACK
}

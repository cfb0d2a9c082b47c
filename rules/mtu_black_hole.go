package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that only big packets were lost, and from which size on.
const (
	blackHoleSure = 0.95
	blackHoleFrom = 1000
)

var mtuBlackHole = &Rule{
	ID:       "mtu-black-hole",
	Cause:    RetransmitTimeout,
	Severity: Error,
	Pattern:  Silence,
	RFC:      []string{"RFC 9293 §3.7.2", "RFC 9293 §3.8.3", "RFC 2923 §2.1"},
	Doc: Doc{
		Title: "Only full-size packets were lost",
		Happened: "Small packets passed, large ones did not: somewhere on the path the packets are too large (a tunnel, " +
			"a VPN, PPPoE), and the ICMP message that would say so does not come back. The sender retransmitted its large " +
			"packet until it gave up, or until the other side, which was waiting for that data, timed out and closed.",
		Recognised: "The retransmitted segment is large; smaller ones of the same side were acknowledged, and the other " +
			"side still sends segments; then a RST of the sender, or a FIN or RST of the other side. ICMP \"fragmentation " +
			"needed\" or \"packet too big\" about this connection is the proof.",
		LookAlikes: "A path that fails altogether loses small packets as well, and the peer is silent (data-unacked).",
		Prints: "ETIMEDOUT at the sending side; typically the connection opens and hangs at the first large response " +
			"or upload.",
		Remedy: "Lower the MTU or clamp the MSS at the tunnel (iptables --clamp-mss-to-pmtu), let ICMP type 3 code 4 " +
			"and ICMPv6 type 2 pass, or switch on net.ipv4.tcp_mtu_probing.",
		Limits: "Segmentation offload hides the true packet size in a capture on the sending host.",
	},
	Match: func(c *facts.Facts) float64 {
		p, who := gaveUp(c), c.Snd
		run := &c.Snd.Retransmits
		if p == 0 {
			p, who, run = undelivered(c), c.Rcv, &c.Rcv.Retransmits
		}
		if p == 0 || run.What != flows.RunData || run.LEN < blackHoleFrom ||
			tooBig(c) == nil && (!run.PeerLast.Seen() && who == c.Snd || who.MaxAcked == 0 || who.MaxAcked >= run.LEN) {
			return 0
		}
		if who == c.Rcv {
			return p
		}
		return max(p, c.Lowered(blackHoleSure, facts.LostBytes))
	},
	Explain: func(c *facts.Facts, f *Finding) {
		side, then := c.Side, Sender(c)+" gave up."
		if gaveUp(c) > 0 {
			explainGivingUp(c, f)
			if closedWithout(c, &c.Snd.Retransmits) {
				then = Receiver(c) + " closed, and " + Sender(c) + " reset the connection."
			}
		} else {
			explainUndelivered(c, f)
			side, then = c.Side.Peer(), thenEnded(c)
		}
		run, acked := &c.Conn.End(side).Retransmits, c.Conn.End(side).MaxAcked
		f.Summary = words.Sentence("Only large packets were lost: a segment of %s of %s was retransmitted %s and not "+
			"acknowledged, while smaller ones were; %s", words.Bytes(int64(run.LEN)), words.Side(side), words.Times(run.Count),
			then)
		if acked > 0 {
			f.Say(claim.Claim{Kind: claim.MaxAcked, Side: side, Bytes: int64(acked), Of: int64(run.LEN)}, run.Last.Frame)
		}
		if n := tooBig(c); n != nil {
			f.Say(icmpClaim(n), n.Frame)
		}
	},
	Effects: Effects{Outcomes: givingUpOutcomes},
}

// tooBig returns the ICMP error that says a packet of this connection was too big for the path.
func tooBig(c *facts.Facts) *flows.ICMPNote {
	for i := range c.Related.ICMP {
		n := &c.Related.ICMP[i]
		if !n.V6 && n.Type == 3 && n.Code == 4 || n.V6 && n.Type == 2 {
			return n
		}
	}
	return nil
}

package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a segment reached a host that does not have the connection.
const (
	wrongHostSure = 0.72
	wrongHostDNAT = 0.95 // the SYN was captured before and behind its translation
)

var wrongHost = &Rule{
	ID:       "wrong-host",
	Cause:    UnknownConnection,
	Path:     true,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A segment most likely reached another host than the one that has the connection",
		Happened: "In the middle of a connection a segment went to a host, or another instance behind the same address, " +
			"that does not have the connection: a fail-over, a changed route, a load balancer that lost its affinity, a " +
			"packet that bypassed its NAT. That host answered with a RST, as RFC 9293 requires.",
		Recognised: "The RST is a bare reply, and it comes from elsewhere than the connection's other packets: another " +
			"TTL or another Ethernet address, and the connection had not been idle. Or it answers a SYN-ACK, and the same SYN " +
			"(source port, sequence number) was captured on its way to another address as well, where nothing answered it.",
		LookAlikes: "A forged RST has more and stronger signs (forged-reset). A device that dropped the state of the " +
			"connection answers after an idle time (idle-expiry).",
		Prints: "ECONNRESET: connection reset by peer.",
		Remedy: "Look for a fail-over at that time, for asymmetric routes, for session affinity, and for packets that " +
			"conntrack calls INVALID and that bypass NAT (drop them).",
		Limits: "Only TTL and Ethernet address say which host it was.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Translated() && !craftedSYN(c, c.Side) {
			return wrongHostDNAT
		}
		if c.Kind != facts.KindReply || c.Close.By != facts.ByThis || c.Refused() || c.Unopened() || c.Trigger == nil ||
			c.Snd.Segments == 0 {
			return 0
		}
		if !c.PathSigns.Doubtful() {
			return 0
		}
		return wrongHostSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if c.Translated() {
			f.explainTranslated(c)
			return
		}
		f.Summary = words.Sentence("%s %sreached another host than the one that has the connection: the RST does not come "+
			"from where %s's other packets come from.", words.Capital(words.Segment(c.Trigger)), words.Probably(f.Confidence),
			Sender(c))
		f.SayRST(c)
		f.SaySigns(c)
		f.Open(PeerCrash, stateLostID, 0.8, "the RST comes from elsewhere than the host's other packets")
	},
}

// explainTranslated explains the reset of a SYN-ACK that came back past the device that had translated the SYN.
func (f *Finding) explainTranslated(c *facts.Facts) {
	f.Harm = unopenedHarm
	m, to := c.Related.SameSYN, c.Related.SameSYNTo.String()
	f.Summary = words.Sentence("%s asked %s for a connection: the destination of its SYN was translated on the way (DNAT), "+
		"and the SYN-ACK came back untranslated. %s has no connection to %s, and reset it.", words.Capital(Sender(c)), to,
		words.Capital(Sender(c)), c.Rcv.Addr.String())
	f.SayOf(m.Stream, claim.Claim{Kind: claim.SameSYN, Side: c.Side, Text: to}, m.Frame)
	f.SayHalfOpen(c)
	f.Remedy = "Let the answers come back through the device that translates: on one network the server answers the " +
		"client directly, so that the source must be translated too (hairpin NAT, masquerade; in Kubernetes hairpin mode " +
		"of the bridge and net.bridge.bridge-nf-call-iptables=1)."
}

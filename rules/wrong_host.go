package rules

import (
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const wrongHostSure = 0.72

var wrongHost = &Rule{
	ID:       "wrong-host",
	Cause:    UnknownConnection,
	Path:     true,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "The segment reached another host than the one that has the connection",
		Happened: "In the middle of a connection a segment went to a host, or another instance behind the same address, " +
			"that does not have the connection: a fail-over, a changed route, a load balancer that lost its affinity, a " +
			"packet that bypassed its NAT. That host answered with a RST, as RFC 9293 requires.",
		Recognised: "The RST is a bare reply, and it comes from elsewhere than the connection's other packets: another " +
			"TTL or another Ethernet address, and the connection had not been idle.",
		LookAlikes: "A forged RST has more and stronger signs (forged-reset). A device that dropped the state of the " +
			"connection answers after an idle time (idle-expiry).",
		Prints: "ECONNRESET: connection reset by peer.",
		Remedy: "Look for a fail-over at that time, for asymmetric routes, for session affinity, and for packets that " +
			"conntrack calls INVALID and that bypass NAT (drop them).",
		Limits: "Only TTL and Ethernet address say which host it was.",
	},
	Match: func(c *facts.Facts) float64 {
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
		f.Summary = words.Sentence("%s %sreached another host than the one that has the connection: the RST does not come "+
			"from where %s's other packets come from.", words.Capital(words.Segment(c.Trigger)), words.Probably(f.Confidence),
			Sender(c))
		f.SayRST(c)
		f.SaySigns(c)
		f.Open(PeerCrash, stateLostID, 0.8, "the RST comes from elsewhere than the host's other packets")
	},
}

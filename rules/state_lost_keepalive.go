package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a probe found a host without the connection.
const (
	probeFoundSure = 0.96
	probeFoundIdle = 0.78
	probeRecent    = 3 * time.Minute
)

var stateLostKeepalive = &Rule{
	ID:       "state-lost-keepalive",
	Cause:    PeerCrash,
	Severity: Warning,
	Pattern:  Loss,
	RFC:      []string{"RFC 9293 §3.8.4", "RFC 9293 §3.5.1", "RFC 1122 §4.2.3.6"},
	Doc: Doc{
		Title: "A keep-alive probe found that the other host had lost the connection",
		Happened: "On an idle connection one side sent a keep-alive probe. The other host answered with a RST: it had " +
			"crashed, restarted or dropped the connection without closing it. This is what keep-alive is for.",
		Recognised: "A probe (at the sequence number before the next) is answered by a bare RST whose sequence number is " +
			"the probe's ACK; no FIN was seen before.",
		LookAlikes: "After a very long silence the state may have expired in a device on the path (idle-expiry).",
		Prints:     "ECONNRESET at the next use of the connection, or nothing if it was only kept in a pool.",
		Remedy:     "Look for a restart of the other host since its last segment. A shorter keep-alive time finds it sooner.",
		Limits:     "When the state was lost lies between the host's last segment and the probe.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind != facts.KindReply || c.Answers != facts.ToKeepAlive || c.Close.By != facts.ByThis || c.Snd.Segments == 0 {
			return 0
		}
		p := probeFoundIdle
		if c.Gap() <= probeRecent || c.Related.ResetTogetherCount > 0 || c.ServiceDied() {
			p = probeFoundSure
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s's keep-alive probe found that %s had lost the connection, in which it had last "+
			"taken part %s before.", words.Capital(Receiver(c)), Sender(c), heardBefore(c))
		if c.Snd.Last.Seen() {
			f.Say(claim.Claim{Kind: claim.LastSegment, Side: c.Side, Span: c.Time.Sub(c.Snd.Last.Time)}, c.Snd.Last.Frame)
			if !c.Snd.RST.Seen() || c.Snd.RST.Frame >= c.Frame {
				f.Say(claim.Claim{Kind: claim.NoFIN, Side: c.Side, Until: c.Frame})
			}
		}
		f.SayRST(c)
		f.SayRelated(c)
		f.Open(UnknownConnection, idleExpiryID, 0.85, "it had taken part in the connection "+partBefore(c))
	},
}

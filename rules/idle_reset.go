package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure an idle reset by a device is, and from which silence on it counts as idle.
const (
	idleResetSure = 0.93
	idleResetFrom = 5 * time.Second
)

var idleReset = &Rule{
	ID:       "idle-reset",
	Cause:    FastClose,
	Path:     true,
	Severity: Warning,
	Pattern:  Idle,
	RFC:      []string{"RFC 3360 §2.2", "RFC 5382 §5"},
	Doc: Doc{
		Title:      "A device on the path ended an idle connection",
		Happened:   "A load balancer, NAT gateway or firewall forgot a connection on which nothing had been said for a while, and was so kind as to tell one or both sides with a RST in the other's name.",
		Recognised: "A RST that answers nothing, after a long silence, with the signs of another sender: another TTL, both sides reset at one moment, an IP ID out of count. The silence is often a round number of seconds.",
		LookAlikes: "An application that closes an idle connection resets as itself (idle-release). A device that stays silent resets only the next segment (idle-expiry).",
		Prints:     "ECONNRESET at the next use of the connection; a pool that checks its connections prints nothing.",
		Remedy:     "Send keep-alives (TCP or of the application) more often than the device's idle time, close idle connections sooner than it does, or raise its idle time.",
		Limits:     "Which device it was is not in the packets; the TTL tells how far away.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.PathSigns.Middlebox() || c.Answers != facts.ToNothing || c.Refused() || c.Silence() < idleResetFrom {
			return 0
		}
		return idleResetSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		quiet := c.Silence()
		f.Summary = words.Sentence("A device on the path %sended an idle connection in %s's name, %s after the last packet.", words.Probably(f.Confidence), Sender(c), words.Span(quiet))
		if over := c.EndedBefore(); over.Seen() {
			f.Severity = Info
			f.Summary = words.Sentence("A device on the path %sforgot a connection that had ended %s before, and said so in %s's name. Nothing was lost.", words.Probably(f.Confidence), words.Span(c.Time.Sub(over.Time)), Sender(c))
			f.Remedy = "Harmless: the connection was over. The device's idle time may matter for connections that are not."
		}
		last := c.LastPacket().Frame
		f.Say(claim.Claim{Kind: claim.Idle, Side: c.Side, From: last, Until: c.Frame, Span: quiet}, last, c.Frame)
		f.SayTimeout(c, quiet, last, c.Frame)
		f.Open(UnknownConnection, idleExpiryID, 0.7, "no segment asked for it: the device spoke by itself")
		f.Open(PeerCrash, "", 0.3, "nothing was going on")
	},
	WhyNot: "nothing shows a device on the path, or the connection was not idle",
}

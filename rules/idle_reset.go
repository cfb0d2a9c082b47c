package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
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
	Match: func(c *Facts) float64 {
		if !c.PathSigns.Middlebox() || c.Answers != ToNothing || c.Refused() || c.silence() < idleResetFrom {
			return 0
		}
		return idleResetSure
	},
	Explain: func(c *Facts, f *Finding) {
		quiet := c.silence()
		f.Summary = sentence("A device on the path %sended an idle connection in %s's name, %s after the last packet.", probably(f.Confidence), c.sender(), span(quiet))
		if over := c.ended(); over.Seen() {
			f.Severity = Info
			f.Summary = sentence("A device on the path %sforgot a connection that had ended %s before, and said so in %s's name. Nothing was lost.", probably(f.Confidence), span(c.Time.Sub(over.Time)), c.sender())
			f.Remedy = "Harmless: the connection was over. The device's idle time may matter for connections that are not."
		}
		says := sentence("no packet for %s, then a RST that answers nothing", span(quiet))
		if m := c.Timeouts.matching(quiet); m != "" {
			says += "; the silence " + m
		}
		f.say(says, max(c.Snd.Last.Frame, c.Rcv.Last.Frame), c.Frame)
		f.open(UnknownConnection, idleExpiryID, 0.7, "no segment asked for it: the device spoke by itself")
		f.open(PeerCrash, "", 0.3, "nothing was going on")
	},
	WhyNot: "nothing shows a device on the path, or the connection was not idle",
}

// silence returns how long no packet of the connection was seen before the RST.
func (c *Facts) silence() time.Duration {
	last := c.quietSince()
	if !last.Seen() {
		return 0
	}
	return c.Time.Sub(last.Time)
}

// quietSince returns the last packet before the RST, resets of the same moment left out.
func (c *Facts) quietSince() flows.Mark {
	last := c.Snd.Last
	if c.Rcv.Last.Frame > last.Frame {
		last = c.Rcv.Last
	}
	for _, p := range c.Prior {
		if p.Frame > last.Frame && c.Time.Sub(p.Time) > c.Soon() {
			last = p.Mark // resets to both sides at one moment are one event
		}
	}
	return last
}

// ended returns what had ended the connection long before this RST: an earlier RST, or the last acknowledgment of
// both FINs. It is the zero Mark when nothing had.
func (c *Facts) ended() flows.Mark {
	for _, p := range c.Prior {
		if c.Time.Sub(p.Time) > max(time.Second, 4*c.RTT) {
			return p.Mark
		}
	}
	if c.resetsNothing() {
		return c.closed()
	}
	return flows.Mark{}
}

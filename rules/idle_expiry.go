package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// How sure it is that the state of an idle connection had expired, and after which silence.
const (
	expiryDevice   = 0.93 // the signs name a device on the path
	expiryMatching = 0.84 // the silence matches a known idle time
	expiryLong     = 0.80
	expiryShort    = 0.68
	expiryLongFrom = time.Minute

	expiryDeviceFrom = 2 * time.Second  // for devices, which the signs give away
	expiryProbe      = 10 * time.Minute // for keep-alive probes, which always come after a silence
)

// idleExpiryID is what other rules call it by.
const idleExpiryID = "idle-expiry"

var idleExpiry = &Rule{
	ID:       idleExpiryID,
	Cause:    UnknownConnection,
	Path:     true,
	Severity: Warning,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 5382 §5", "RFC 9293 §3.8.4"},
	Doc: Doc{
		Title:      "The connection had been forgotten while it was idle",
		Happened:   "Nothing was said on a connection for a long time. Somebody forgot it in the meantime, most often a firewall, NAT or load balancer in the path. The next segment met a device or host that knew nothing of it, and drew a RST.",
		Recognised: "A long silence, then a segment and, as a bare reply to it, a RST, with no FIN before; often with the TTL of a device on the path, often after a round number of seconds.",
		LookAlikes: "A host that restarted forgets too: then its other connections fall at the same time and the silence may be short (state-lost).",
		Prints:     "ECONNRESET: connection reset by peer, at the first use after a pause.",
		Remedy:     "Send keep-alives (TCP_KEEPIDLE, or of the protocol) more often than the shortest idle time on the path, or close idle connections in the pool before that.",
		Limits:     "Who forgot, when the signs do not name a device.",
	},
	Match: func(c *Facts) float64 {
		if c.Close.By == ByFIN || c.Close.By == ByUnseenFIN || c.Refused() || c.Unopened() {
			return 0
		}
		gap := c.gap()
		if c.PathSigns.Middlebox() {
			if c.Kind == KindReply && gap >= expiryDeviceFrom {
				return expiryDevice
			}
			return 0
		}
		if c.Kind != KindReply || c.Trigger == nil || c.Snd.Segments == 0 || len(c.Prior) > 0 || c.silentRun() != nil ||
			c.Related.ResetTogetherCount > 0 || c.ServiceDied() || c.deafBefore() {
			return 0
		}
		from := idleFrom
		if c.Answers == ToKeepAlive {
			from = expiryProbe
		}
		if gap < from || c.Close.Completion.State == OpenRequest && c.Answers != ToData {
			return 0
		}
		if c.Timeouts.near(gap) || gap >= time.Hour {
			return c.lowered(expiryMatching, anyDefect)
		}
		if gap >= expiryLongFrom {
			return c.lowered(expiryLong, anyDefect)
		}
		return c.lowered(expiryShort, anyDefect)
	},
	Explain: func(c *Facts, f *Finding) {
		gap := c.gap()
		who := c.sender()
		if c.PathSigns.Middlebox() {
			who = "a device on the path"
		}
		switch {
		case gap >= time.Second:
			f.Summary = sentence("The connection was silent for %s; %s met %s, which had %sforgotten it.", span(gap), c.late(), who, probably(f.Confidence))
		default:
			f.Summary = sentence("%s met %s, which %sdoes not know the connection (any more).", capital(c.late()), who, probably(f.Confidence))
		}
		if gap >= time.Second {
			says := sentence("%s of silence before it", span(gap))
			if m := c.Timeouts.matching(gap); m != "" {
				says += ", which " + m
			}
			f.say(says, c.before(c.Trigger.Frame).Frame, c.Trigger.Frame)
		}
		c.sayRST(f)
		f.open(PeerCrash, stateLostID, 0.85, "the connection had been silent for "+span(gap)+", and no other sign shows that the host died")
	},
	WhyNot: "the connection was active a moment ago",
}

// gap returns the silence before the segment that the RST answers; resends of it are no break of the silence.
func (c *Facts) gap() time.Duration {
	if c.Trigger == nil {
		return 0
	}
	from := c.before(c.Trigger.Frame)
	if !from.Seen() {
		return 0
	}
	return c.Trigger.Time.Sub(from.Time)
}

// before returns the last segment of the RST's sender before frame, else the last of its peer.
func (c *Facts) before(frame int) flows.Mark {
	if c.Snd.Last.Seen() && c.Snd.Last.Frame < frame {
		return c.Snd.Last
	}
	var m flows.Mark
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame < frame && e.Flags&flows.RST == 0 {
			m = e.Mark
		}
	}
	return m
}

// deafBefore reports whether the peer had sent the same thing several times before somebody answered with
// the RST: the host was away and is back.
func (c *Facts) deafBefore() bool {
	return c.Rcv.Retransmits.Count >= 2 || c.Rcv.KeepAlives.Count >= 3
}

package rules

import (
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that the state of an idle connection had expired, and after which silence.
const (
	expiryDevice   = 0.93 // the signs name a device on the path
	expiryEarly    = 0.86 // so early that few devices would: more likely it restarted, or its table was flushed
	expiryNearer   = 0.74 // the RST's TTL alone speaks for a device, nearer than the named sender
	expirySooner   = 0.62 // the same, and so early that few devices would
	expiryLongest  = 0.84
	expiryLong     = 0.80
	expiryShort    = 0.74
	expiryTransfer = 0.78 // an FTP session that was idle during a transfer, and has lost the final reply
	expiryLongFrom = time.Minute

	expiryDeviceFrom = 2 * time.Second  // for devices, which the signs give away
	expiryEarlyTill  = 20 * time.Second // less than devices are commonly configured for (RFC 5382 §5 asks for two hours)
	expiryProbe      = 10 * time.Minute // for keep-alive probes, which always come after a silence
)

// idleExpiryID is what other rules call it by.
const idleExpiryID = "idle-expiry"

var idleExpiry = &Rule{
	ID:       idleExpiryID,
	Cause:    UnknownConnection,
	Path:     true,
	Severity: Warning,
	Pattern:  Idle,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 5382 §5", "RFC 9293 §3.8.4"},
	Doc: Doc{
		Title: "The state of the connection had expired while it was idle",
		Happened: "No segment was sent on the connection for a long time. In the meantime its state was dropped, most " +
			"often by a firewall, NAT or load balancer on the path. The next segment reached a device or host that no longer " +
			"has the connection, and was answered with a RST.",
		Recognised: "A long idle time, then a segment and, in reply to it, a bare RST, with no FIN before; often with the " +
			"TTL of a device on the path.",
		LookAlikes: "A host that restarted has no connections either: then it resets its other connections at the same " +
			"time, and the idle time may be short (state-lost).",
		Prints: "ECONNRESET: connection reset by peer, at the first use after a pause.",
		Remedy: "Send keep-alives (TCP_KEEPIDLE, or of the protocol) more often than the shortest idle time on the " +
			"path, or close idle connections in the pool before that.",
		Limits: "Who dropped the state, where no sign shows a device.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Close.By == facts.ByFIN || c.Close.By == facts.ByUnseenFIN || c.Refused() || c.Unopened() {
			return 0
		}
		gap := c.Gap()
		if c.PathSigns.Middlebox() {
			switch {
			case c.Kind != facts.KindReply || gap < expiryDeviceFrom:
				return 0
			case gap < expiryEarlyTill:
				return expiryEarly
			}
			return expiryDevice
		}
		switch {
		case expiredNearer(c) && gap < expiryEarlyTill:
			return c.Lowered(expirySooner, facts.AnyDefect)
		case expiredNearer(c):
			return c.Lowered(expiryNearer, facts.AnyDefect)
		}
		if c.Kind != facts.KindReply || c.Trigger == nil || c.Snd.Segments == 0 || len(c.Prior) > 0 ||
			c.UnansweredRun() != nil ||
			c.Related.ResetTogetherCount > 0 || c.ServiceDied() || c.PeerRepeated() {
			return 0
		}
		from := facts.IdleFrom
		if c.Answers == facts.ToKeepAlive {
			from = expiryProbe
		}
		if gap < from || c.Close.Completion.State == facts.OpenRequest && c.Answers != facts.ToData && !c.LostFinalReply() {
			return 0
		}
		if c.LostFinalReply() {
			return c.Lowered(expiryTransfer, facts.AnyDefect)
		}
		if gap >= time.Hour {
			return c.Lowered(expiryLongest, facts.AnyDefect)
		}
		if gap >= expiryLongFrom {
			return c.Lowered(expiryLong, facts.AnyDefect)
		}
		return c.Lowered(expiryShort, facts.AnyDefect)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		gap := c.Gap()
		who := Sender(c)
		if c.PathSigns.Middlebox() {
			who = "a device on the path"
		} else if expiredNearer(c) {
			who = Sender(c) + " or, as the TTL of the RST suggests, a device nearer than it"
			if c.Snd.Addr.Is6() {
				who = strings.Replace(who, "TTL", "hop limit", 1)
			}
		}
		idle := c.Trigger != nil && !c.DataBetween(c.LastBefore(c.Trigger.Frame), c.Trigger.Mark)
		switch {
		case gap >= time.Second && !idle:
			f.Summary = words.Sentence("%s was silent for %s; %s reached %s, which %sno longer has the "+
				"connection.", words.Capital(Sender(c)), words.Span(gap), LateSegment(c), who, words.Probably(f.Confidence))
		case gap >= time.Second:
			f.Summary = words.Sentence("The connection was idle for %s; %s reached %s, which %sno longer "+
				"has it.", words.Span(gap), LateSegment(c), who, words.Probably(f.Confidence))
		default:
			f.Summary = words.Sentence("%s reached %s, which %sdoes not have the connection.", words.Capital(LateSegment(c)),
				who, words.Probably(f.Confidence))
		}
		if gap >= time.Second {
			last, next := c.LastBefore(c.Trigger.Frame).Frame, c.Trigger.Frame
			kind := claim.Idle
			if !idle {
				kind = claim.Silent
			}
			f.Say(claim.Claim{Kind: kind, Side: c.Side, From: last, Until: next, Span: gap}, last, next)
			// When it ends is up to who speaks next: the time to expiry is at most that.
			f.Remedy = words.Sentence("Send keep-alives (TCP_KEEPIDLE, or of the protocol) more often than the shortest idle "+
				"time on the path, which is at most %s here, or close idle connections in the pool before that.", words.Span(gap))
		}
		if (c.PathSigns.Middlebox() || expiredNearer(c)) && gap < expiryEarlyTill {
			f.Remedy = "So short an idle time is rarely configured: look first for a restart, a fail-over or a flushed state table " +
				"of the device at that time. Otherwise send keep-alives more often than its idle time."
		}
		f.sayTransfer(c)
		if c.LostFinalReply() {
			f.Summary += " It was idle during a transfer on the data connection, and the final reply was not seen."
			f.Remedy = "Have the client send NOOP, or both hosts TCP keep-alives, on the control connection during long " +
				"transfers, or raise the idle time of the firewall or NAT on the path."
		}
		f.SayRST(c)
		f.Open(PeerCrash, stateLostID, 0.85, "the connection had been idle for "+words.Span(gap)+
			", and no other sign of a crash was seen")
	},
}

// expiredNearer reports whether the RST answers a segment after a silence, and comes from nearer than its named sender
// by its TTL alone: whatever was pending then, a device on the path may have lost the connection.
func expiredNearer(c *facts.Facts) bool {
	return c.Kind == facts.KindReply && c.Trigger != nil && c.Snd.Segments > 0 && len(c.Prior) == 0 &&
		c.Gap() >= expiryDeviceFrom && c.PathSigns.Doubtful() && !c.PathSigns.Middlebox() && c.Nearer() &&
		c.UnansweredRun() == nil && !c.ServiceDied() && c.Related.ResetTogetherCount == 0 && !c.PeerRepeated()
}

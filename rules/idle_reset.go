package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure an idle reset by a device is, and from which silence on it counts as idle.
const (
	idleResetSure   = 0.93
	idleResetUnseen = 0.7 // what it may answer would not be in the capture
	idleResetFrom   = 5 * time.Second
)

// idleResetLeast returns the silence from which on a RST of a device counts as one of an idle connection.
func idleResetLeast(c *facts.Facts) time.Duration {
	if c.Proof == flows.ByDevice {
		return idleResetFrom / 2 // that it is a device's is no guess then
	}
	return idleResetFrom
}

var idleReset = &Rule{
	ID:       "idle-reset",
	Cause:    FastClose,
	Path:     true,
	Severity: Warning,
	Pattern:  Idle,
	RFC:      []string{"RFC 3360 §2.2", "RFC 5382 §5"},
	Doc: Doc{
		Title: "A device on the path ended an idle connection",
		Happened: "A load balancer, NAT gateway or firewall dropped the state of a connection that had been idle, and " +
			"sent one or both sides a RST with the other's address.",
		Recognised: "A RST that answers no segment, after a long idle time, with signs of another sender: another TTL, " +
			"both sides reset at the same time, an IP ID out of sequence. The idle time is often a round number of seconds.",
		LookAlikes: "An application that closes an idle connection sends the RST itself (idle-release). A device that " +
			"drops the state without a RST answers only the next segment (idle-expiry).",
		Prints: "ECONNRESET at the next use of the connection; a pool that checks its connections prints nothing.",
		Remedy: "Send keep-alives (TCP or of the application) more often than the device's idle time, close idle " +
			"connections sooner than it does, or raise its idle time.",
		Limits: "Which device it was is not in the packets; the TTL shows how far away it is.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.PathSigns.Middlebox() || c.Answers != facts.ToNothing || c.Refused() || c.Silence() < idleResetLeast(c) {
			return 0
		}
		if c.OneSided() {
			return idleResetUnseen
		}
		return idleResetSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		quiet := c.Silence()
		f.Summary = words.Sentence("A device on the path %sended an idle connection in %s's name, %s after the last "+
			"packet.", words.Probably(f.Confidence), Sender(c), words.Span(quiet))
		if over := c.EndedBefore(); over.Seen() {
			f.Severity = Info
			f.Summary = words.Sentence("A device on the path %sdropped the state of a connection that had ended %s before, "+
				"and sent a RST in %s's name.", words.Probably(f.Confidence), words.Span(c.Time.Sub(over.Time)), Sender(c))
			f.Remedy = "Harmless: the connection was over. The device's idle time may matter for connections that are not."
		}
		last := c.LastPacket().Frame
		f.Say(claim.Claim{Kind: claim.Idle, Side: c.Side, From: last, Until: c.Frame, Span: quiet}, last, c.Frame)
		f.SayTimeout(c, quiet, last, c.Frame)
		f.Open(UnknownConnection, idleExpiryID, 0.7, "no captured segment is one that it answers")
		f.Open(PeerCrash, "", 0.3, "no segment was seen shortly before")
	},
}

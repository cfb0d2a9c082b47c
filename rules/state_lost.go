package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a host lost a connection that was alive.
const (
	stateLostTogether = 0.96 // its other connections fell too, or its port refuses from then on
	stateLostBack     = 0.94 // it had not answered for a while, and is back
	stateLostOpen     = 0.90 // a request stood unanswered
	stateLostActive   = 0.78 // it was active a moment ago
	stateLostIdle     = 0.62
	stateLostFIN      = 0.55 // the peer was only closing
	// it had opened the connection and was not heard of again: its segments may be lost on the way
	stateLostMute = 0.60
	// its connections fell together after a silence in which it may have given each of them up, all unseen
	stateLostSilent = 0.60
	// less than applications and systems commonly wait for a peer that does not answer
	stateLostSilentFrom = 10 * time.Second
	activeWithin        = facts.IdleFrom
)

// stateLostID is what other rules call it by.
const stateLostID = "state-lost"

var stateLost = &Rule{
	ID:       stateLostID,
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  Loss,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A host lost a connection that had just been in use",
		Happened: "One side had the connection and took part in it; then its system no longer had it, without having " +
			"closed: the host crashed and restarted, a container or virtual machine was replaced, a proxy was restarted, or " +
			"the connection was dropped silently.",
		Recognised: "Data of the other side draws a bare RST whose sequence number is its ACK, no FIN was seen before, " +
			"and the host had been active shortly before. Other connections of the host are reset at the same time, or its " +
			"port refuses connections from then on.",
		LookAlikes: "After a long silence the state may have expired in a device on the path (idle-expiry). RSTs with " +
			"other TTL or Ethernet address come from elsewhere (wrong-host).",
		Prints: "ECONNRESET: connection reset by peer.",
		Remedy: "Look for a restart of the host, container or proxy at that time (uptime, orchestrator events); let " +
			"clients reconnect.",
		Limits: "When the state was lost lies between the host's last segment and the RST.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind != facts.KindReply || c.Close.By != facts.ByThis || c.Refused() || c.Unopened() || c.Snd.Segments == 0 ||
			c.Trigger == nil && c.MissedByReset(c.Side) > 0 || c.LacksLast() { // its FIN may be among what the capture lacks
			return 0
		}
		p := stateLostIdle
		switch gap := c.Gap(); {
		case c.FellAlike(), c.LostFinalReply() && c.Related.LostTogether == 0 && !c.ServiceDied():
			return 0
		case outage(c):
			p = stateLostSilent
		case c.Related.LostTogether > 0 || c.ServiceDied():
			p = stateLostTogether
		case c.PeerRepeated():
			p = stateLostBack
		case c.Answers == facts.ToFIN || c.AnswersGoodbye():
			p = stateLostFIN
		case c.Close.Completion.State == facts.OpenRequest && c.Answers == facts.ToACK:
			p = stateLostOpen
		case gap <= activeWithin && !c.Unknown.Has(flows.FieldTime):
			p = stateLostActive
		}
		if askedNothing(c) {
			p = min(p, stateLostMute)
		}
		return c.Lowered(p, facts.AnyDefect)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		ago := ""
		if c.Trigger != nil && c.Snd.Last.Seen() {
			ago = ", although it had taken part in it " + partBefore(c)
		}
		reset, closing := c.Snd.RST.Seen() && c.Snd.RST.Frame < c.Frame, " without closing it"
		if reset {
			closing = "" // a RST in its name came before, which may not have been its own
		}
		f.Summary = words.Sentence("%s had %slost the connection%s: %s reached a host that does not "+
			"have it%s.", words.Capital(Sender(c)), words.Probably(f.Confidence), closing, LateSegment(c), ago)
		if c.Snd.Last.Seen() {
			f.Say(claim.Claim{Kind: claim.LastSegment, Side: c.Side, Span: c.Time.Sub(c.Snd.Last.Time)}, c.Snd.Last.Frame)
			if !reset {
				f.Say(claim.Claim{Kind: claim.NoFIN, Side: c.Side, Until: c.Frame})
			}
		}
		if c.Rcv.Retransmits.Count > 0 {
			f.sayRetransmissions(c, c.Side.Peer(), &c.Rcv.Retransmits)
		}
		f.SayRST(c)
		if !askedNothing(c) {
			share := 0.35
			if outage(c) {
				share = 1.2
				f.CaptureNext = "capture on " + Sender(c) + "'s own host too: it shows whether it restarted or gave up"
				f.Remedy = "Compare the time with restarts of the host, container or proxy (uptime, orchestrator events) and with " +
					"failures of the path."
			}
			if c.Trigger != nil && c.Answers == facts.ToData && c.Trigger.Time.Sub(c.Snd.Last.Time) >= time.Second {
				f.Open(RetransmitTimeout, gaveUpSilentlyID, share,
					"no retransmissions of it were captured; they may have been lost before the capture point")
			}
			f.SayRelated(c) // when answers come says nothing of when clients gave up
		} else {
			f.Say(claim.Claim{Kind: claim.Silent, Side: c.Side, From: c.Snd.Last.Frame, Until: c.Frame,
				Span: c.Time.Sub(c.Snd.Last.Time)}, c.Snd.Last.Frame)
			f.Open(RetransmitTimeout, gaveUpSilentlyID, 1.2,
				"no retransmissions of it were captured; they may have been lost before the capture point")
			f.CaptureNext = "capture on " + Sender(c) +
				"'s own host too: retransmissions there that do not arrive here show that it gave up"
		}
		expired, closed := 0.8, 0.3
		if c.Gap() < time.Second {
			expired, closed = 0.1, 0.5
		}
		f.Open(UnknownConnection, idleExpiryID, expired, "it had taken part in the connection "+partBefore(c))
		f.Open(FastClose, "", closed, "no FIN of it was captured, unless that was lost on the way")
	},
}

// outage reports whether the sender's connections fell together after a silence so long that it may have given each of
// them up, with the path interrupted and its retransmissions, FINs and RSTs lost.
func outage(c *facts.Facts) bool {
	return c.Related.LostTogether > 0 && !c.ServiceDied() && c.Gap() >= stateLostSilentFrom
}

// askedNothing reports whether the RST's sender, the originator, was not heard of for a second or more after the
// handshake, though the responder had something to say by then, or nothing but its FIN: a client opens a
// connection to ask.
func askedNothing(c *facts.Facts) bool {
	return c.ByClient() && c.Conn.HandshakeACK.Seen() && c.Snd.DataSegments == 0 &&
		(c.Answers == facts.ToData || c.Answers == facts.ToFIN) &&
		c.Trigger.Time.Sub(c.Snd.Last.Time) >= time.Second
}

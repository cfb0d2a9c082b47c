package rules

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that an originator only looked whether somebody is there.
const (
	probeHalfOpen = 0.98  // RST+ACK in place of the third step
	probeOpen     = 0.97  // after the handshake, no data of either side
	probeAlike    = 0.985 // and others like it before
	probeGreeted  = 0.92  // the server had greeted, the client said nothing
	probeClosed   = 0.90  // it had closed before the greeting came
	probeWaited   = 0.70  // it had waited: perhaps its time limit for the greeting, or for something else, ran out
	probePeriodic = 0.85  // it had waited, as at regular intervals before
)

// healthProbeID is what other rules call it by.
const healthProbeID = "health-probe"

var healthProbe = &Rule{
	ID:       healthProbeID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Probe,
	RFC:      []string{"RFC 9293 §3.5.3", "RFC 9293 §3.10.5"},
	Doc: Doc{
		Title: "The client only checked whether the port answers",
		Happened: "A load balancer, a monitoring system or a scanner opened a connection, sent no request, and aborted " +
			"it with a RST: the quickest way to see that the port accepts connections.",
		Recognised: "SYN, SYN-ACK, then at once RST+ACK of the client, with or without the ACK that completes the " +
			"handshake; no data of the client, and of the server none or a greeting. Often at regular intervals.",
		LookAlikes: "A bare RST in answer to the SYN-ACK comes from a system that does not know the connection " +
			"(syn-probe, connect-withdrawn). A server that drops an unused connection is accepted-then-dropped.",
		Prints: "Nothing; some servers log an error such as \"Connection reset by peer\" while reading the request.",
		Remedy: "Harmless. If the server's log fills with it, let the check close with FIN, or send a real request.",
		Limits: "A client that crashes between connecting and its first request looks the same, and one whose time limit " +
			"runs out while it waits for the server's greeting nearly so.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.ByClient() || c.Snd.Bytes > 0 || c.Snd.Missing > 1 || c.SentUnseen() || c.PathSigns.Middlebox() ||
			!c.Conn.SYNACK.Seen() && !c.Conn.HandshakeACK.Seen() {
			return 0
		}
		if c.Rcv.Bytes > facts.MaxGreeting || c.Snd.ZeroWND.Seen() {
			return 0 // a transfer, and no greeting
		}
		greeted := c.Rcv.Bytes > 0
		switch {
		case c.Close.By == facts.ByFIN && c.Kind == facts.KindReply && c.AfterClose.Data.Seen():
			if c.Listened() {
				return 0
			}
			if probeWaits(c) {
				return probeWaited
			}
			return probeClosed
		case c.Close.By != facts.ByThis || c.Kind == facts.KindReply || c.PeerClosedFirst():
			return 0
		case probeWaits(c) && c.Related.SimilarPeriod > 0:
			return c.Lowered(probePeriodic, facts.LostBytes)
		case probeWaits(c):
			return c.Lowered(probeWaited, facts.LostBytes)
		case greeted:
			return c.Lowered(probeGreeted, facts.LostBytes)
		case c.Related.SimilarCount >= 2:
			return probeAlike
		case !c.Conn.HandshakeACK.Seen():
			return probeHalfOpen
		}
		return c.Lowered(probeOpen, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		how := "reset it"
		if c.Close.By == facts.ByFIN {
			how = "closed it before any data was sent"
		}
		greeted := c.Rcv.Bytes > 0
		why := "a check whether the port answers"
		if greeted {
			why = "most likely a check whether the port answers"
		}
		switch {
		case probeWaits(c) && !greeted:
			why = "perhaps a check, or a connection opened ahead of need"
			if c.Related.SimilarPeriod == 0 {
				f.Severity = Warning
			}
			f.Remedy = "Compare that time with the client's own limits: it may have waited for a greeting of the server, or have " +
				"opened the connection ahead of need. A plain check of the port ends at once."
		case probeWaits(c):
			why = "perhaps its time limit ran out"
			f.Severity = Warning
			f.Remedy = "Compare the time that the client waited with its time limit. If it waited for the server's greeting, " +
				"look at what delays that (name look-ups, load, a pause before the banner)."
		}
		f.Summary = words.Sentence("%s opened the connection, sent no request and %s%s: %s.", words.Capital(Sender(c)), how,
			AfterIdle(c), why)
		if c.Close.Exchange.Protocol == "MySQL" && f.Severity == Info {
			f.Severity = Warning
			f.Remedy = "Let the check log in, or end it by the protocol: MySQL and MariaDB count connections that end before " +
				"the login (Aborted_connects), and refuse the host after max_connect_errors of them."
		}
		if n := c.Related.SimilarCount; n >= 2 && (!probeWaits(c) || c.Related.SimilarPeriod > 0) {
			f.Summary = fmt.Sprintf("A check whether the port answers: %s opened the connection, sent no request and %s, as "+
				"in %d others before", Sender(c), how, n)
			if p := c.Related.SimilarPeriod; p > 0 {
				f.Summary += ", about every " + words.Span(p)
			}
			f.Summary += "."
			f.Say(claim.Claim{Kind: claim.Probes, Side: c.Side, Count: n, Every: c.Related.SimilarPeriod})
			for _, m := range c.Related.Similar {
				f.SayOf(m.Stream, claim.Claim{Kind: claim.ProbeBefore, Side: c.Side, Span: m.Time.Sub(c.Time)}, m.Frame)
			}
		}
		f.saySYNACK(c.Side.Peer(), c.Conn.SYNACK, c.Snd.SYN)
		f.sayHandshake(c)
		if last := c.Close.LastData[c.Side.Peer()]; last.Seen() {
			f.Say(claim.Claim{Kind: claim.NothingAsked, Side: c.Side.Peer(), Until: c.Frame}, last.Frame)
		} else {
			f.sayNothingSent(c, c.Close.Frame)
		}
		f.SayClose(c)
		if c.Close.By == facts.ByFIN && c.AfterClose.Data.Seen() {
			f.SayAfterClose(c)
		}
		f.SayIdle(c)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.6, "a client that dies before its first request sends the same packets")
		if c.Close.By == facts.ByFIN {
			f.Open(UnknownConnection, lateSegmentID, 0.2, "the client had closed the connection itself")
			return
		}
		f.Open(UnknownConnection, connectWithdrawnID, 0.2, "the client had the connection: the RST carries its own numbers")
	},
}

// probeFor is how long a check keeps a connection open at most. One that lasts longer waited for something.
const probeFor = time.Second

// probeWaits reports whether the client stayed longer than a check does.
func probeWaits(c *facts.Facts) bool { return c.Idle() > probeFor }

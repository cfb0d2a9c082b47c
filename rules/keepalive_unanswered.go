package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that unanswered keep-alive probes ended the connection.
const (
	keepaliveManySure = 0.98
	keepaliveOneSure  = 0.88
	keepaliveOneSided = 0.75 // the answers would not be in the capture
)

// keepaliveUnansweredID is what other rules call it by.
const keepaliveUnansweredID = "keepalive-unanswered"

var keepaliveUnanswered = &Rule{
	ID:       keepaliveUnansweredID,
	Cause:    RetransmitTimeout,
	Severity: Warning,
	Pattern:  Silence,
	RFC:      []string{"RFC 9293 §3.8.4", "RFC 9293 §3.8.3"},
	Doc: Doc{
		Title: "Keep-alive probes were not answered",
		Happened: "A connection was idle. One side sent keep-alive probes to see whether the other still answers, " +
			"received no answer to several in a row, and ended the connection.",
		Recognised: "Evenly spaced probes of one side (at the sequence number one below its next, with no data or one old " +
			"byte), no answer, then a RST of that side at its next sequence number.",
		LookAlikes: "A probe that is answered by a RST of the other side found a host that lost its state " +
			"(state-lost-keepalive).",
		Prints: "ETIMEDOUT: connection timed out, at the side that probed, often at its next read or write.",
		Remedy: "The other host, or the path to it, had failed: look for suspended machines, lost Wi-Fi or VPN, and " +
			"for NAT devices or firewalls that drop idle connections sooner than the probes come.",
		Limits: "The packets do not show whether the peer had failed or was only unreachable.",
	},
	Match: func(c *facts.Facts) float64 {
		run := c.KeepAliveProbes()
		if c.Kind == facts.KindReply || run.Count == 0 {
			return 0
		}
		p := keepaliveManySure
		if c.OneSided() {
			if run.Count < 2 || c.PersistProbes() != nil {
				return 0
			}
			return keepaliveOneSided
		}
		if run.Count == 1 {
			if c.Time.Sub(run.Last.Time) < 2*c.RTT {
				return 0
			}
			p = keepaliveOneSure
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		run := c.KeepAliveProbes()
		every := c.Time.Sub(run.Last.Time)
		if run.Count > 1 {
			every = usualDistance(c, run)
		}
		probes := words.Count(run.Count, "keep-alive probe")
		if every > 0 {
			probes += ", " + words.Span(every) + " apart,"
		}
		f.Summary = words.Sentence("%s gave up an idle connection: %s went unanswered.", words.Capital(Sender(c)), probes)
		if answersLost(c, run) {
			f.Summary = words.Sentence("%s gave up an idle connection after %s, although %s "+
				"answered each.", words.Capital(Sender(c)), strings.TrimSuffix(probes, ","), Receiver(c))
		}
		if c.OneSided() {
			f.Summary = words.Sentence("%s most likely gave up an idle connection: it ended it with a RST after %s; answers "+
				"to them would not be in this capture, which holds no segment of %s.", words.Capital(Sender(c)),
				strings.TrimSuffix(probes, ","), Receiver(c))
		}
		f.Say(claim.Claim{Kind: claim.KeepAliveProbes, Side: c.Side, Count: run.Count, Every: every}, run.Frames...)
		f.sayAnswersLost(c, run)
		if c.Rcv.Last.Seen() && !answersLost(c, run) {
			f.Say(claim.Claim{Kind: claim.LastSegment, Side: c.Side.Peer(), Span: c.Time.Sub(c.Rcv.Last.Time)}, c.Rcv.Last.Frame)
		}
		f.SayRST(c)
		f.Open(FastClose, idleReleaseID, 0.6, "it sent the RST after its keep-alive probes")
		f.Open(PeerCrash, "", 0.2, "no data was seen shortly before")
	},
	Effects: Effects{Outcomes: givingUpOutcomes},
}

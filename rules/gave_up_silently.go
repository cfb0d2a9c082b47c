package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that the sender had given up before it answered.
const (
	silentMany = 0.96
	silentTwo  = 0.85
	silentFIN  = 0.62 // it closed after that, and the capture holds nothing of its peer

	silentUnseen = 3 // least retransmissions where the capture holds nothing of the peer
)

// gaveUpSilentlyID is what other rules call it by.
const gaveUpSilentlyID = "gave-up-silently"

var gaveUpSilently = &Rule{
	ID:       gaveUpSilentlyID,
	Cause:    RetransmitTimeout,
	Severity: Error,
	Pattern:  Silence,
	RFC:      []string{"RFC 9293 §3.8.3", "RFC 9293 §3.10.8", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "One side had given up without a RST, and now answers a late segment",
		Happened: "One side retransmitted its data without an answer and gave up silently: Linux drops the connection " +
			"without sending a RST. When the other side sent a segment again, it reached a host that no longer has the " +
			"connection.",
		Recognised: "Unanswered retransmissions or probes of one side at growing intervals, silence, then a segment of " +
			"the other side and a bare RST that answers it.",
		LookAlikes: "A host that restarted answers in the same way, but has sent no retransmissions before (state-lost).",
		Prints:     "ETIMEDOUT at the side that gave up, at the time of its last retransmission; ECONNRESET at the other.",
		Remedy: "As for data-unacked: find where packets were lost. TCP_USER_TIMEOUT and net.ipv4.tcp_retries2 set " +
			"how long Linux goes on.",
		Limits: "The packets do not show when exactly it gave up.",
	},
	Match: func(c *facts.Facts) float64 {
		run := c.UnansweredRun()
		if c.Kind != facts.KindReply || run == nil {
			return 0
		}
		p := silentTwo
		if c.Rcv.Segments == 0 && run.Count < silentUnseen && (run.What == flows.RunData || run.What == flows.RunFIN) {
			return 0 // no system gives up so soon: what the capture lacks of the peer may have acknowledged it
		}
		if c.Trigger == nil {
			// What it answers is not in the capture; the silence must speak, or what it sent again and again.
			if c.OneSided() && run.Count > silentUnseen && run.What == flows.RunData && c.Close.By == facts.ByThis {
				return silentFIN
			}
			if !c.Blind() || c.Time.Sub(run.Last.Time) < run.Last.Time.Sub(run.First.Time)/2 {
				return 0
			}
			if c.Close.By == facts.ByFIN && run.What == flows.RunData {
				return silentFIN
			}
			return silentTwo
		}
		silence, gap := c.Trigger.Time.Sub(run.Last.Time), run.Last.Time.Sub(run.First.Time)/time.Duration(run.Count-1)
		if c.Trigger.ACK.Sub(run.SEQ.Add(run.LEN)) < 0 {
			gap /= 2 // of what it sent again, nothing has arrived yet
		}
		if c.Trigger.Frame < run.Last.Frame || silence < c.RTT || silence < gap {
			return 0 // it was still at it
		}
		if run.Count >= 3 {
			p = silentMany
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		run := c.UnansweredRun()
		unseen := ""
		if c.OneSided() {
			unseen = "most likely "
		}
		f.Summary = words.Sentence("%s had %sgiven up %s before: %s were %snot answered; %s reached a host that no longer "+
			"has the connection.",
			words.Capital(Sender(c)), words.Probably(f.Confidence), heardBefore(c), words.Run(run.What, run.Count),
			unseen, LateSegment(c))
		if answersLost(c, run) {
			f.Summary = words.Sentence("%s had %sgiven up %s before, after %s, although %s acknowledged each; %s reached a "+
				"host that no longer has the connection.", words.Capital(Sender(c)), words.Probably(f.Confidence),
				heardBefore(c), words.Run(run.What, run.Count), Receiver(c), LateSegment(c))
		}
		f.SayRun(c, run)
		f.sayAnswersLost(c, run)
		f.Say(claim.Claim{Kind: claim.LastSegment, Side: c.Side, Span: c.Time.Sub(c.Snd.Last.Time)}, c.Snd.Last.Frame)
		f.SayRST(c)
		f.Open(UnknownConnection, lateSegmentID, 0.7, "it had retransmitted or probed before that")
		if c.Close.By == facts.ByFIN && c.OneSided() {
			f.Severity = Warning
		}
		if c.Close.By == facts.ByFIN {
			f.Open(PeerCrash, dataAfterFINID, 0.8, "it had retransmitted its data before it closed")
		} else {
			f.Open(PeerCrash, stateLostID, 0.3, "no other sign of a crash was seen")
		}
	},
	Effects: Effects{Outcomes: givingUpOutcomes},
}

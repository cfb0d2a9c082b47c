package rules

import (
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a closed window ended the connection.
const (
	zeroWindowSure = 0.94
	// the last probe was answered: no system gives up then, but a program may
	zeroWindowAnswered = 0.85
	zeroWindowReply    = 0.90 // the sender fell silent before, and answers a late segment
	zeroWindowClosed   = 0.50 // the same, and all that it had sent was answered: perhaps its program closed
	zeroWindowAlone    = 0.72 // only the probes are in the capture
	zeroWindowFrom     = 500 * time.Millisecond
)

var zeroWindow = &Rule{
	ID:       "zero-window",
	Cause:    RetransmitTimeout,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.8.6.1", "RFC 9293 §3.8.3", "RFC 1122 §4.2.2.17"},
	Doc: Doc{
		Title: "The receiver's window stayed closed too long",
		Happened: "The receiving program stopped reading; its receive buffer filled, and its system advertised a zero " +
			"window. The sender sent window probes for a while, and gave up.",
		Recognised: "One side advertises a zero window and does not open it again; the other sends window probes, then " +
			"its RST.",
		LookAlikes: "When the side with the closed window resets, it ended with data unread (unread-data).",
		Prints:     "A write timeout or ETIMEDOUT at the side that sent.",
		Remedy: "Find out why the receiving program does not read: it hangs, waits for a lock or a disk, or does not " +
			"read while it writes itself.",
		Limits: "Linux gives up only when its probes go unanswered; when they are answered, it is the program that " +
			"times out.",
	},
	Match: func(c *facts.Facts) float64 {
		if persisted(c) {
			return zeroWindowAlone
		}
		zero, probes := closedWindow(c)
		if !zero.Seen() || c.Due().Sub(zero.Time) < zeroWindowFrom ||
			c.Close.By != facts.ByThis && c.Close.Frame < zero.Frame {
			return 0
		}
		if probes.Count == 0 && c.Snd.Outstanding() == 0 && c.Snd.Retransmits.Count == 0 &&
			c.Due().Sub(zero.Time) < 5*time.Second {
			return 0
		}
		if c.Kind == facts.KindReply {
			if triesAnswered(c) {
				return zeroWindowClosed
			}
			return zeroWindowReply
		}
		if probesAnswered(c) {
			return zeroWindowAnswered
		}
		return zeroWindowSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if persisted(c) {
			run := c.PersistProbes()
			f.Summary = words.Sentence("%s most likely gave up sending: its %s back off as those for a closed window do; "+
				"%s's window is not in this capture, which holds no segment of it.", words.Capital(Sender(c)),
				words.Count(run.Count, "probe"), Receiver(c))
			f.Say(claim.Claim{Kind: claim.KeepAliveProbes, Side: c.Side, What: claim.WindowProbe, Count: run.Count},
				run.Frames...)
			f.SayRST(c)
			f.Open(RetransmitTimeout, keepaliveUnansweredID, 0.5, "the distances between the probes grow; those between "+
				"keep-alive probes are even")
			f.Severity = Warning
			return
		}
		zero, run := closedWindow(c)
		probes := ""
		if run.Count > 0 {
			probes = " (" + words.Count(run.Count, "zero-window probe") + ")"
		}
		f.Summary = words.Sentence("%s gave up sending: %s's window had been closed for %s%s.", words.Capital(Sender(c)),
			Receiver(c), words.Span(c.Due().Sub(zero.Time)), probes)
		f.Say(claim.Claim{Kind: claim.ZeroWindow, Side: c.Side.Peer(), Until: dueFrame(c), Span: c.Due().Sub(zero.Time)},
			zero.Frame)
		if run.Count > 0 {
			f.Say(claim.Claim{Kind: claim.WindowProbes, Side: c.Side, Count: run.Count}, run.Frames...)
		}
		if probesAnswered(c) {
			explainSendLimit(c, f, zero)
		}
		f.SayRST(c)
		if c.Kind == facts.KindReply && triesAnswered(c) {
			f.Summary = words.Sentence("%s no longer had the connection: %s's window had been closed for %s, and its program "+
				"gave up or closed meanwhile.", words.Capital(Sender(c)), Receiver(c), words.Span(c.Due().Sub(zero.Time)))
			f.Symptom = words.Capital(Receiver(c)) + "'s application gets " + Errno(c, programs.NoResponse, c.Side.Peer())
			f.Open(PeerCrash, dataAfterFINID, 0.9, "a program that closes while data waits to be sent looks the same: its FIN "+
				"waits behind the data")
			return
		}
		f.Open(PeerCrash, abortMidTransferID, 0.8, "the other side had closed its window")
	},
	Effects: Effects{Outcomes: givingUpOutcomes},
}

// persisted reports whether the capture holds the sender's segments only, and it had probed a window before its RST
// that must have been closed.
func persisted(c *facts.Facts) bool {
	return c.OneSided() && c.Kind != facts.KindReply && c.PersistProbes() != nil
}

// closedWindow returns since when the peer's window had been closed until the segment that the RST answers,
// which may be the one that opens it, and how many probes the sender had sent. The zero Mark: it was open.
func closedWindow(c *facts.Facts) (flows.Mark, *flows.Run) {
	if c.Rcv.ZeroWND.Seen() {
		return c.Rcv.ZeroWND, &c.Snd.WndProbes
	}
	if c.Trigger == nil || c.Kind != facts.KindReply {
		return flows.Mark{}, &noProbes
	}
	var since flows.Mark
	var room [8]flows.Mark
	frames := room[:0]
events:
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		switch {
		case e.Frame >= c.Trigger.Frame || e.Notes&flows.Duplicate != 0:
		case e.Side != c.Side && e.Notes&flows.ZeroWindow == 0:
			break events
		case e.Side != c.Side:
			since = e.Mark
		case e.Notes&(flows.WindowProbe|flows.KeepAlive) != 0:
			frames = append(frames, e.Mark)
		}
	}
	if len(frames) == 0 {
		return since, &noProbes
	}
	return since, facts.NewRun(flows.Run{What: flows.RunZeroWindow}, frames)
}

// probesAnswered reports whether the peer answered the sender's last probe of its window, which stays closed, and the
// answer had time to arrive: a TCP goes on then (RFC 1122 §4.2.2.17), so that the reset is its program's own decision.
func probesAnswered(c *facts.Facts) bool {
	run := &c.Snd.WndProbes
	if c.Kind != facts.KindAbort || c.Close.By != facts.ByThis || !c.Rcv.ZeroWND.Seen() {
		return false
	}
	if run.Count == 0 { // Linux probes with the data that did not fit the window
		return c.Snd.Retransmits.Count > 0 && triesAnswered(c)
	}
	return c.Rcv.Last.Frame > run.Last.Frame && c.Time.Sub(c.Rcv.Last.Time) >= c.RTT
}

// triesAnswered reports whether the peer answered the last that the RST's sender had sent, in time for the answer to
// arrive before what drew the RST: its system goes on then (RFC 1122 §4.2.2.17).
func triesAnswered(c *facts.Facts) bool {
	tried := false
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		switch {
		case e.Frame >= dueFrame(c) || e.Notes&flows.Duplicate != 0:
		case e.Side == c.Side:
			return tried
		case c.Due().Sub(e.Time) >= 0 && c.Time.Sub(e.Time) >= c.RTT && e.DataLen == 0:
			tried = true
		}
	}
	return false
}

// explainSendLimit explains a reset of a program that could not send for some time, although the peer's system was
// there.
func explainSendLimit(c *facts.Facts, f *Finding, zero flows.Mark) {
	run := &c.Snd.WndProbes
	f.Summary = words.Sentence("%s's program most likely had a time limit for sending: %s's window had been closed for %s "+
		"when it reset the connection", words.Capital(Sender(c)), Receiver(c), words.Span(c.Time.Sub(zero.Time)))
	if run.Count > 0 {
		f.Summary += ", and its system had answered " + words.Count(run.Count, "zero-window probe")
		f.Say(claim.Claim{Kind: claim.ProbesAnswered, Side: c.Side.Peer()}, c.Rcv.Last.Frame)
	}
	f.Summary += "."
	if x := c.Close.Exchange.Last[c.Side]; x.Frame > 0 {
		begin := flows.Mark{Frame: x.Frame, Time: flows.Time(x.Time)}
		for _, m := range [...]flows.Mark{begin, c.Snd.LastData, zero} {
			if _, ok := facts.RoundTime(c.Time.Sub(m.Time)); ok && m.Seen() {
				f.SayTimeout(c, c.Time.Sub(m.Time), m.Frame, c.Frame)
				break
			}
		}
	}
	f.Symptom = words.Capital(Receiver(c)) + "'s application gets " + Errno(c, programs.NoResponse, c.Side.Peer()) +
		" when it reads on. " + words.Capital(Sender(c)) + "'s program reports that its own time limit ran out"
}

// noProbes is a series of none.
var noProbes = flows.Run{What: flows.RunZeroWindow}

// closedNoted is how long a window must have been closed to be evidence whatever the cause.
const closedNoted = 5 * time.Second

// sayClosedWindow says that one side had not read for a long time, where the rule has not said so.
func (f *Finding) sayClosedWindow(c *facts.Facts) {
	if c.Kind == facts.KindReply || slices.ContainsFunc(f.Evidence,
		func(e Evidence) bool { return e.Kind == claim.ZeroWindow }) {
		return
	}
	for _, side := range [...]flows.Side{c.Side, c.Side.Peer()} {
		zero := c.Conn.End(side).ZeroWND
		if !zero.Seen() || c.Time.Sub(zero.Time) < closedNoted {
			continue
		}
		f.Say(claim.Claim{Kind: claim.ZeroWindow, Side: side, Until: c.Frame, Span: c.Time.Sub(zero.Time)}, zero.Frame)
	}
}

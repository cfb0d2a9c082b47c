package rules

import (
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// SayAfterClose says which data of the peer reached the socket that the sender had closed.
func (f *Finding) SayAfterClose(c *facts.Facts) {
	a := &c.AfterClose
	if run := lateCopy(c); run != nil {
		f.sayRetransmissions(c, c.Side.Peer(), run)
		f.Say(claim.Claim{Kind: claim.AfterClose, Side: c.Side, From: c.Close.Frame, What: claim.Retransmission,
			Bytes: int64(c.Trigger.DataLen), Text: readable(c.TextAfterClose()), Span: c.Trigger.Time.Sub(c.Close.Time)},
			c.Trigger.Frame)
		return
	}
	came := claim.Claim{Kind: claim.AfterClose, Side: c.Side, From: c.Close.Frame, What: claim.Data, Bytes: int64(a.Bytes),
		Text: readable(c.TextAfterClose()), Span: a.Data.Time.Sub(c.Close.Time)}
	n, bytes, at := sentKnowing(c)
	if n == 0 || n == len(a.Frames) || came.Span > 0 {
		f.Say(came, a.Frames...)
		return
	}
	later := came
	came.Bytes, later.Bytes, later.Span = came.Bytes-bytes, bytes, at.Time.Sub(c.Close.Time)
	f.Say(came, a.Frames[:len(a.Frames)-n]...)
	f.Say(later, a.Frames[len(a.Frames)-n:]...)
}

// lateCopy returns the retransmissions of the data that reached the closed socket, where the RST answers one of them: its
// earlier copies met nobody. Nil where it answers the first sending.
func lateCopy(c *facts.Facts) *flows.Run {
	run, t := &c.Rcv.Retransmits, c.Trigger
	if run.What != flows.RunData || t == nil || c.Answers != facts.ToData || t.Notes&flows.Retransmitted == 0 ||
		!run.Orig.Seen() || run.Orig.Frame != c.AfterClose.Data.Frame || run.Last.Frame < t.Frame || t.Frame < run.First.Frame {
		return nil
	}
	return run
}

// inFlightInPart reports whether some of the data that reached the closed socket was in flight when the sender closed,
// and some was sent when its FIN had arrived.
func inFlightInPart(c *facts.Facts) bool {
	n, _, _ := sentKnowing(c)
	return n > 0 && n < len(c.AfterClose.Frames)
}

// sentKnowing returns how many of the last segments with data that reached the closed socket were sent when the FIN had
// arrived, how many bytes they hold, and the first of them.
func sentKnowing(c *facts.Facts) (n int, bytes int64, first flows.Mark) {
	frames := c.AfterClose.Frames
	for i := len(c.Conn.Events) - 1; i >= 0 && n < len(frames); i-- {
		e := &c.Conn.Events[i]
		if e.Frame != frames[len(frames)-1-n] {
			continue
		}
		if !knowsOfClose(c, e.Mark) {
			break
		}
		n, bytes, first = n+1, bytes+int64(e.DataLen), e.Mark
	}
	return n, bytes, first
}

// sayLateTrigger says that the segment that the RST answers reached the socket that the sender had closed.
func (f *Finding) sayLateTrigger(c *facts.Facts) {
	if t := c.Trigger; t != nil && t.LEN() > 0 {
		_, text := closing(c, t)
		f.Say(claim.Claim{Kind: claim.AfterClose, Side: c.Side, From: c.Close.Frame, What: triggerKind(c),
			Bytes: int64(t.DataLen), Text: text, Span: t.Time.Sub(c.Close.Time)}, t.Frame)
	}
}

// dueFrame returns the frame of the segment that the RST answers, else that of the RST.
func dueFrame(c *facts.Facts) int {
	if c.Trigger != nil {
		return c.Trigger.Frame
	}
	return c.Frame
}

// SayRun says what the sender sent again, or by which probes it asked, and that it was not answered.
func (f *Finding) SayRun(c *facts.Facts, run *flows.Run) {
	switch run.What {
	case flows.RunKeepAlive:
		f.Say(claim.Claim{Kind: claim.KeepAliveProbes, Side: c.Side, Count: run.Count, Every: usualDistance(c, run)},
			run.Frames...)
		return
	case flows.RunZeroWindow:
		f.Say(claim.Claim{Kind: claim.WindowProbes, Side: c.Side, Count: run.Count}, run.Frames...)
		return
	}
	f.sayRetransmissions(c, c.Side, run)
	if run == &c.Snd.Retransmits || c.Snd.HasSND && c.Snd.SND.UNA.Sub(run.SEQ.Add(run.LEN)) < 0 {
		unacked := claim.Claim{Kind: claim.Unacked, Side: c.Side, From: firstOf(run).Frame, Until: c.Frame}
		if t := c.Trigger; c.Kind == facts.KindReply && t != nil {
			if unacked.Until = t.Frame; t.Flags.Has(flows.ACK) && t.ACK.Sub(run.SEQ.Add(run.LEN)) >= 0 {
				unacked.What = claim.ACK
			}
		}
		f.Say(unacked)
	}
}

// usualDistance returns the mean distance of the sendings of a run, 0 where fewer than half of the distances are near
// it: timers that back off have no usual distance.
func usualDistance(c *facts.Facts, run *flows.Run) time.Duration {
	if run.Count < 2 {
		return 0
	}
	mean := run.Last.Time.Sub(run.First.Time) / time.Duration(run.Count-1)
	near, all := 0, 0
	var before *flows.Event
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || !slices.Contains(run.Frames, e.Frame) {
			continue
		}
		if before != nil {
			all++
			if d := e.Time.Sub(before.Time); d > mean-mean/5 && d < mean+mean/5 {
				near++
			}
		}
		before = e
	}
	if 2*near < all {
		return 0
	}
	return mean
}

// sayRetransmissions says what a side sent first and then again.
func (f *Finding) sayRetransmissions(c *facts.Facts, side flows.Side, run *flows.Run) {
	again := claim.Claim{Kind: claim.SentAgain, Side: side, What: runKind(c, run), Count: run.Count,
		Span: run.Last.Time.Sub(firstOf(run).Time)}
	if again.What == claim.Data {
		again.Bytes = int64(run.LEN)
	}
	if run.Orig.Seen() {
		first := again
		first.Kind, first.Count, first.Span = claim.FirstSent, 0, 0
		f.Say(first, run.Orig.Frame)
	}
	f.Say(again, run.Frames...)
}

// firstOf returns the first sending of what a run repeats, or its first repetition where that was not captured.
func firstOf(run *flows.Run) flows.Mark {
	if run.Orig.Seen() {
		return run.Orig
	}
	return run.First
}

// runKind returns what a run repeats.
func runKind(c *facts.Facts, run *flows.Run) claim.What {
	switch run.What {
	case flows.RunSYN:
		return claim.SYN
	case flows.RunSYNACK:
		return claim.SYNACK
	case flows.RunFIN:
		return claim.FIN
	}
	for i := range c.Conn.Events { // a FIN whose side the capture shows from there on only
		if e := &c.Conn.Events[i]; e.Frame == run.Last.Frame && e.DataLen == 0 && e.Flags.Has(flows.FIN) {
			return claim.FIN
		}
	}
	return claim.Data
}

package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// SayCompletion says what was unfinished, or that nothing was, when the sender closed.
func (f *Finding) SayCompletion(c *facts.Facts) {
	b := c.Close.Completion
	until := c.Close.Frame
	f.sayTransfer(c)
	if v, ok := verdict(c); ok {
		f.Say(claim.Claim{Kind: claim.Verdict, Side: flows.Side(v), Text: c.Close.Exchange.Verdict.Text},
			c.Close.Exchange.Verdict.Frame)
	}
	if cutOff(c, b) {
		next := b.Frame
		if next < c.Frame {
			next = c.After.SenderNewData.Frame
		}
		f.Say(claim.Claim{Kind: claim.SendsOn, Side: b.Side}, next)
		return
	}
	switch b.State {
	case facts.Running:
		f.Say(claim.Claim{Kind: claim.Sending, Side: b.Side, Until: until, Bytes: b.Stream.Bytes,
			Span: b.Stream.Last.Time.Sub(b.Stream.First.Time)}, b.Stream.First.Frame, b.Stream.Last.Frame)
		if n := c.Close.Unread; n > 0 && b.Side != c.Side && c.Close.By == facts.ByThis {
			f.Say(claim.Claim{Kind: claim.Unread, Side: c.Side, Bytes: int64(n), Span: c.Time.Sub(c.Rcv.LastData.Time)},
				c.Rcv.LastData.Frame)
		}
	case facts.Unread:
		switch {
		case b.Full: // unread-data says since when
		case b.Fall.Bytes > 0:
			f.Say(claim.Claim{Kind: claim.WindowFell, Side: c.Side, Bytes: b.Fall.Bytes,
				Span: b.Fall.Last.Time.Sub(b.Fall.First.Time)}, b.Fall.First.Frame, b.Fall.Last.Frame)
		default:
			f.Say(claim.Claim{Kind: claim.Unread, Side: c.Side, Bytes: b.Got, Span: c.Time.Sub(c.Rcv.LastData.Time)},
				c.Rcv.LastData.Frame)
		}
	case facts.OneWay:
		f.Say(claim.Claim{Kind: claim.LastMessage, Side: b.Side, What: claim.Message, Text: readable(b.Text)}, b.Frame,
			lastSegment(c, b))
	case facts.OpenRequest:
		f.sayUnanswered(c, b, until)
	case facts.OpenHandshake:
		x := c.Close.Exchange
		f.Say(claim.Claim{Kind: claim.HandshakeOpen, Side: b.Side, Until: until, Text: readable(b.Text)}, b.Frame)
		if x.AlertText != "" && !f.Claims(claim.AlertSent) {
			f.Say(claim.Claim{Kind: claim.AlertSent, Side: flows.Side(x.AlertSide), Text: x.AlertText},
				x.AlertFrame[x.AlertSide])
		}
		f.sayServerName(x)
	case facts.CutResponse:
		if b.Side == c.Side {
			until = c.Frame // what it sent before its FIN may have been captured after it
		}
		what := claim.Response
		if b.Events {
			what = claim.EventStream
		}
		f.sayCut(what, b, until)
	case facts.CutRequest:
		switch {
		case b.Left > 0:
			f.Say(claim.Claim{Kind: claim.UnackedData, Side: b.Side, Bytes: b.Left}, c.Close.LastData[b.Side].Frame, until)
		case b.Header:
			f.sayCut(claim.Header, b, until)
		default:
			f.sayCut(claim.Request, b, until)
		}
	case facts.InFlight:
		if b.Got > 0 {
			f.Say(claim.Claim{Kind: claim.UnackedData, Side: flows.Responder, Bytes: b.Got},
				c.Close.LastData[flows.Responder].Frame, until)
		} else {
			f.Say(claim.Claim{Kind: claim.SendsOn, Side: flows.Responder}, c.After.ReceiverData.Frame)
		}
	case facts.Unended:
		f.Say(claim.Claim{Kind: claim.NoCloseNotify, Side: b.Side, Span: b.Since}, b.Frame, until)
	case facts.Unused:
		switch peer := c.Close.LastData[b.Side.Peer()]; {
		// its message came when the FIN, which the capture lacks, had been sent
		case b.Frame >= until && b.Side != c.Side && peer.Seen() && peer.Frame < until:
			f.Say(claim.Claim{Kind: claim.NothingAsked, Side: b.Side.Peer(), Until: until}, peer.Frame)
		case b.Frame > 0 && peer.Frame > b.Frame && peer.Frame < until:
			f.Say(claim.Claim{Kind: claim.NothingAsked, Side: b.Side.Peer(), Until: until}, peer.Frame)
		case b.Frame > 0:
			f.Say(claim.Claim{Kind: claim.NothingAsked, Side: b.Side, Until: until, Text: readable(b.Text)}, b.Frame)
		// data that was not acknowledged
		case c.Conn.SYN.Seen() && c.Conn.Ends[flows.Originator].FirstData.Frame == c.Conn.SYN.Frame:
			o := c.Conn.End(flows.Originator)
			f.Say(claim.Claim{Kind: claim.UnackedData, Side: flows.Originator, Bytes: int64(o.LastLen)}, o.FirstData.Frame,
				until)
		default:
			f.sayNothingSent(c, until)
		}
	case facts.Answered:
		f.sayAnswered(c, b)
	case facts.SaidGoodbye:
		bye := claim.Claim{Kind: claim.GoodbyeSent, Side: b.Side, Text: readable(b.Text)}
		switch {
		case sealedGoodbye(c, b):
			bye.What, bye.Text = claim.CloseNotify, ""
		case guessedGoodbye(c, b):
			bye.What, bye.Text = claim.Message, ""
		}
		f.Say(bye, b.Frame)
	}
}

// sayUnanswered says that a request has no answer, as far as the capture shows.
func (f *Finding) sayUnanswered(c *facts.Facts, b facts.Completion, until int) {
	says := unanswered(b, until)
	behind := c.AnswerBehind()
	if says.Kind == claim.Unanswered {
		switch {
		case c.OpaqueTurns():
			says.What = claim.Data
		case behind.Seen():
			says.What = claim.Reset
		}
	}
	f.Say(says, b.Frame)
	switch {
	case behind.Seen():
		f.Say(claim.Claim{Kind: claim.SendsOn, Side: b.Side.Peer(), What: claim.Response}, behind.Frame)
	case b.Frame == 0 && c.Conn.End(b.Side).Missing > 1:
		f.Say(claim.Claim{Kind: claim.AckedUnseen, Side: b.Side, Bytes: int64(c.Conn.End(b.Side).Missing)}, c.Snd.Last.Frame)
	}
}

// unanswered is the claim that a request, or a message of a protocol of two ways, has no answer.
func unanswered(b facts.Completion, until int) claim.Claim {
	says := claim.Claim{Kind: claim.Unanswered, Side: b.Side, Until: until, Text: readable(b.Text), Span: b.Since}
	if b.TwoWay {
		says.What = claim.Message
	}
	if b.After {
		says.Kind, says.From, says.Bytes = claim.NoResponse, b.Frame, b.Got
		if b.Preliminary {
			says.What = claim.Response
		}
		if b.Sealed {
			says.Kind, says.Span = claim.SentAfter, 0
		}
	}
	return says
}

// sayAnswered says which message was the last, or where other data followed it (housekeeping, the rest of an upload),
// that it is a response.
func (f *Finding) sayAnswered(c *facts.Facts, b facts.Completion) {
	switch k := answeredBy(c, b); k {
	case claim.LastMessage:
		f.Say(claim.Claim{Kind: k, Side: b.Side, What: claim.Response, Text: readable(b.Text)}, b.Frame, lastSegment(c, b))
	case claim.ResponseSent:
		f.Say(claim.Claim{Kind: k, Side: b.Side, Text: readable(b.Text)}, b.Frame)
	}
}

// lastSegment returns the frame in which the message of b ends, 0 where that is the one in which it begins.
func lastSegment(c *facts.Facts, b facts.Completion) int {
	m := &c.Close.Exchange.Last[b.Side]
	if m.Frame != b.Frame || m.End <= b.Frame || m.End > c.Close.Frame {
		return 0
	}
	return m.End
}

// answeredBy returns the kind of claim that the message which ended an exchange allows, None where it allows none.
func answeredBy(c *facts.Facts, b facts.Completion) claim.Kind {
	switch other := c.Close.LastData[b.Side.Peer()]; {
	case b.Frame == 0:
		return claim.None
	case b.Frame < c.Close.Frame && other.Frame <= b.Frame:
		return claim.LastMessage
	case b.Side == flows.Responder:
		return claim.ResponseSent
	}
	return claim.None
}

// sayNothingSent says that neither side sent data before a frame or, in a capture of one direction, how much the other
// side sent by the acknowledgment numbers.
func (f *Finding) sayNothingSent(c *facts.Facts, until int) {
	if n := c.HeardUnseen(); n > 0 {
		f.Say(claim.Claim{Kind: claim.AckedUnseen, Side: c.Side.Peer(), Bytes: int64(n)}, c.Snd.Last.Frame)
		if c.ByClient() {
			f.Say(claim.Claim{Kind: claim.NothingAsked, Side: c.Side.Peer(), Until: until})
		}
		return
	}
	one := c.Snd.Segments == 0 || c.Rcv.Segments == 0
	f.Say(claim.Claim{Kind: claim.NothingSent, Until: until, Limited: one},
		cmp.Or(c.Conn.HandshakeACK.Frame, c.Conn.SYNACK.Frame, c.Frame))
}

// sayCut says that a message is not whole in the capture.
func (f *Finding) sayCut(what claim.What, b facts.Completion, until int) {
	if b.Want > 0 {
		f.Say(claim.Claim{Kind: claim.Delivered, Side: b.Side, What: what, Until: until, Bytes: b.Got, Of: b.Want}, b.Frame)
		return
	}
	f.Say(claim.Claim{Kind: claim.NotEnded, Side: b.Side, What: what, Until: until, Bytes: b.Got}, b.Frame)
}

// readable returns the first line of a message, "" where it says nothing to a reader.
func readable(text string) string {
	if words.Opaque(text) {
		return ""
	}
	return text
}

// SayClose says by what the sender had closed the connection, unless it is the RST itself.
func (f *Finding) SayClose(c *facts.Facts) {
	switch c.Close.By {
	case facts.ByFIN:
		f.Say(claim.Claim{Kind: claim.ClosedBy, Side: c.Side, Span: c.Time.Sub(c.Close.Time)}, c.Close.Frame)
		if m := &c.AfterClose; m.Received.Seen() {
			f.Say(claim.Claim{Kind: claim.ReceivesOn, Side: c.Side, From: c.Close.Frame, Bytes: int64(m.ReceivedBytes),
				Span: m.Received.Time.Sub(c.Close.Time)}, m.Received.Frame)
		}
	case facts.ByUnseenFIN:
		f.Say(claim.Claim{Kind: claim.ClosedUnseen, Side: c.Side, Span: c.Time.Sub(c.Close.Time)}, c.Close.Frame)
	}
}

// SayRST says what the numbers of the RST are.
func (f *Finding) SayRST(c *facts.Facts) {
	if c.Opts.MPTCP&flows.MPTCPFastClose != 0 {
		f.Say(claim.Claim{Kind: claim.MPTCPFastClose, Side: c.Side}, c.Frame)
	}
	switch {
	case c.Kind == facts.KindReply && c.Trigger != nil:
		k := claim.ReplyTo
		if c.Class == flows.ClassActive {
			k = claim.EchoesBoth
		}
		says := claim.Claim{Kind: k, Side: c.Side, What: triggerKind(c), Bytes: int64(c.Trigger.DataLen),
			Span: c.TriggerDelay}
		if n := c.CandidatesInTime(); k == claim.ReplyTo && n > 1 && !c.Flags.Has(flows.ACK) && inSeries(c) {
			says.Count = n
		}
		f.Say(says, c.Trigger.Frame, c.Frame)
	case c.Kind == facts.KindReply && !c.HasAnswerable():
		f.Say(claim.Claim{Kind: claim.ReplyUnseen, Side: c.Side}, c.Frame)
	case c.Kind == facts.KindAbort && c.NextGuessed():
	case c.Kind == facts.KindAbort && c.Snd.HasSND && c.SEQ == c.Snd.SND.NXT:
		f.Say(claim.Claim{Kind: claim.Abort, Side: c.Side}, c.Snd.Last.Frame, c.Frame)
	case c.Kind == facts.KindAbort && c.Snd.HasSND && c.Flags.Has(flows.ACK):
		f.Say(claim.Claim{Kind: claim.AbortOffset, Side: c.Side, Bytes: int64(c.SEQ.Sub(c.Snd.SND.NXT))}, c.Snd.Last.Frame,
			c.Frame)
	case c.Kind == facts.KindAbort && c.Flags.Has(flows.ACK) && !c.Unknown.Has(flows.FieldSEQ):
		f.Say(claim.Claim{Kind: claim.AbortAlone, Side: c.Side}, c.Frame)
	case c.Snd.HasSND && c.SEQ == c.Snd.SND.NXT && !c.Flags.Has(flows.ACK):
		f.Say(claim.Claim{Kind: claim.ReplyOrAbort, Side: c.Side}, c.Snd.Last.Frame, c.Frame)
	case c.Snd.HasSND && c.SEQ != c.Snd.SND.NXT && near(c.SEQ.Sub(c.Snd.SND.NXT)):
		f.Say(claim.Claim{Kind: claim.SEQNotNext, Side: c.Side, Bytes: int64(c.SEQ.Sub(c.Snd.SND.NXT))}, c.Snd.Last.Frame,
			c.Frame)
	}
}

// inSeries reports whether the sender sent the same RST more than once: several segments were answered, and the numbers
// do not show which RST answers which of those that have the same ACK.
func inSeries(c *facts.Facts) bool {
	return slices.ContainsFunc(c.After.SenderRSTs, func(r flows.RSTMark) bool { return r.SEQ == c.SEQ })
}

// near reports whether a distance of sequence numbers can be one within a connection: no window is that large.
func near(d int32) bool { return d < 1<<26 && d > -1<<26 }

// triggerKind returns the kind of the segment that the RST answers.
func triggerKind(c *facts.Facts) claim.What {
	if c.Answers == facts.ToHandshakeACK {
		return claim.HandshakeACK
	}
	if w, _ := closing(c, c.Trigger); w != claim.Segment {
		return w
	}
	return claim.WhatOf(c.Trigger)
}

// closing returns which closing message a segment holds, by its protocol, and its first line: a TLS alert, whose
// records have a type of their own before TLS 1.3, or a message that can be read. It returns Segment for others.
func closing(c *facts.Facts, e *flows.Event) (claim.What, string) {
	x := &c.Conn.Exchange
	m := &x.Last[e.Side]
	switch in := m.Frame <= e.Frame && e.Frame <= m.End; {
	case e.DataLen == 0 || e.Flags.Has(flows.FIN) || e.Notes&flows.Retransmitted != 0:
	case x.TLS && x.TLSVersion != "" && x.TLSVersion != "TLS 1.3" && x.HandshakeOK &&
		(x.CloseNotify[e.Side] == e.Frame || in && m.Kind == exchange.Goodbye):
		return claim.Alert, ""
	case !x.TLS && in && m.Kind == exchange.Goodbye && !words.Opaque(m.Text):
		return claim.Goodbye, m.Text
	}
	return claim.Segment, ""
}

// triggerSegment names the segment that the RST answers, by what it holds where that is a closing message.
func triggerSegment(c *facts.Facts) string {
	if w, text := closing(c, c.Trigger); w != claim.Segment {
		says := claim.Claim{What: w}
		return says.Segment(c.Trigger.Side) + words.Quoted(text)
	}
	return words.Segment(c.Trigger)
}

// SayIdle says how long no data was sent before the sender closed, and which known idle times that matches.
func (f *Finding) SayIdle(c *facts.Facts) {
	idle, last := c.Idle(), c.LastData().Frame
	if idle < time.Second {
		return
	}
	f.Say(claim.Claim{Kind: claim.Idle, Side: c.Side, From: last, Until: c.Close.Frame, Span: idle}, last, c.Close.Frame)
	// A timer runs from the last new data on, whether or not it was sent again.
	if m := c.LastNewData(); m.Seen() && m.Frame <= last {
		f.SayTimeout(c, c.Close.Time.Sub(m.Time), m.Frame, c.Close.Frame)
	}
}

// SayTimeout says which known or configured idle time the time between two frames matches, if any.
func (f *Finding) SayTimeout(c *facts.Facts, idle time.Duration, from, to int) {
	who := whose(c.Timers(idle))
	if who == "" {
		r, ok := facts.RoundTime(idle)
		if !ok {
			return
		}
		who = "a round time of " + words.Span(r) + ", as people configure it"
	}
	f.Say(claim.Claim{Kind: claim.MatchesTimeout, Side: c.Side, Span: idle, Text: who}, from, to)
}

// AfterIdle returns "60.0 s after the last data", "" when the silence was short.
func AfterIdle(c *facts.Facts) string {
	if idle := c.Idle(); idle >= time.Second {
		if l := c.Close.LastData; !l[flows.Originator].Seen() && !l[flows.Responder].Seen() {
			return " " + words.Span(idle) + " after the handshake"
		}
		return " after it had been idle for " + words.Span(idle)
	}
	return ""
}

// SayRelated says what happened to the sender's other connections at the same moment.
func (f *Finding) SayRelated(c *facts.Facts) {
	if n := c.Related.ResetTogetherCount; n > 0 {
		for _, m := range c.Related.ResetTogether[:min(n, len(c.Related.ResetTogether), maxExamples)] {
			f.SayOf(m.Stream, claim.Claim{Kind: claim.AlsoReset, Side: c.Side, Span: m.Time.Sub(c.Time)}, m.Frame)
		}
		if n > maxExamples {
			f.Say(claim.Claim{Kind: claim.AlsoResetCount, Side: c.Side, Count: n, AtLeast: true, Span: flows.TogetherWindow})
		}
	}
	if c.ServiceDied() {
		m := c.Related.RefusedAfter
		if c.Related.RefusedBefore.Seen() && c.Related.RefusedBefore.Time >= c.Close.Time {
			m = c.Related.RefusedBefore
		}
		f.SayOf(m.Stream, claim.Claim{Kind: claim.Refused, Side: c.Side, Span: m.Time.Sub(c.Close.Time)}, m.Frame)
	}
}

// maxExamples is how many connections of a kind a finding names as examples.
const maxExamples = 3

// Came says when a segment came, seen from the close: "was in flight" or "came 3.0 s later".
func Came(c *facts.Facts, m flows.Mark) string {
	if run := lateCopy(c); run != nil && m.Frame == run.Orig.Frame {
		when := "was in flight"
		if gap := c.Trigger.Time.Sub(c.Close.Time); gap > c.Soon() {
			when = "came " + words.Span(gap) + " later"
		}
		return when + ", retransmitted for " + words.Span(run.Last.Time.Sub(run.Orig.Time)) + ","
	}
	if gap := m.Time.Sub(c.Close.Time); gap > c.Soon() {
		return "came " + words.Span(gap) + " later"
	}
	if knowsOfClose(c, m) {
		return "was sent after the FIN had arrived"
	}
	return "was in flight"
}

// knowsOfClose reports whether the segment at m acknowledges the FIN of the RST's sender: it was sent after that had
// arrived, and did not cross it.
func knowsOfClose(c *facts.Facts, m flows.Mark) bool {
	if !c.Snd.FIN.Seen() || c.Close.By != facts.ByFIN {
		return false
	}
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame == m.Frame && e.Side != c.Side {
			return e.Flags.Has(flows.ACK) && e.ACK.Sub(c.Snd.FINSEQ) > 0
		}
	}
	return false
}

// cameTrigger says when the segment that the RST answers came. By how much later is stated of data alone, which the
// evidence names.
func cameTrigger(c *facts.Facts) string {
	came := Came(c, c.Trigger.Mark)
	if c.Trigger.LEN() == 0 && strings.HasPrefix(came, "came") {
		return "came later"
	}
	return came
}

// CameInBytes is Came for a number of bytes: "were in flight".
func CameInBytes(c *facts.Facts, m flows.Mark) string {
	if rest, ok := strings.CutPrefix(Came(c, m), "was "); ok {
		return "were " + rest
	}
	return Came(c, m)
}

// Sender names the side that sent the RST, as its addresses claim: "the client" or "the server".
func Sender(c *facts.Facts) string { return words.Side(c.Side) }

// Receiver names the other side.
func Receiver(c *facts.Facts) string { return words.Side(c.Side.Peer()) }

// LateSegment names the late segment.
func LateSegment(c *facts.Facts) string {
	switch {
	case c.Duplicate:
		return "a late copy of an old segment, which the capture does not hold,"
	case c.Trigger == nil:
		return "a segment that the capture does not hold"
	}
	return words.Segment(c.Trigger)
}

// heardBefore returns how long before the RST its sender was last heard of.
func heardBefore(c *facts.Facts) string { return words.Span(c.Time.Sub(c.Snd.Last.Time)) }

// partBefore says when the RST's sender had last taken part in the connection: a text may show no times.
func partBefore(c *facts.Facts) string {
	if c.Unknown.Has(flows.FieldTime) {
		return "before"
	}
	return heardBefore(c) + " before"
}

// closedTimeout names the known idle times that a gap matches, "" where it matches none, of what is left of a closed
// connection, which kernels and devices forget.
func closedTimeout(t *facts.Timeouts, gap time.Duration) string {
	return whose(slices.DeleteFunc(t.Near(gap), func(e facts.Timeout) bool {
		return !e.Added && (e.Where == "server" || e.Where == "keep-alive" || e.Where == "client" ||
			e.Where == "kernel" && !strings.Contains(e.Who,
				"FIN-WAIT"))
	}))
}

func whose(list []facts.Timeout) string {
	var who []string
	for _, e := range list {
		if e.Added {
			return e.Who // of the user's own list: no default
		}
		who = append(who, e.Who)
	}
	if len(who) == 0 {
		return ""
	}
	return "the default of " + strings.Join(who, "; ")
}

// sayFINAcked says that a side, whose endpoint is e, had closed, and that this was acknowledged.
func (f *Finding) sayFINAcked(side flows.Side, e *flows.Endpoint) {
	switch {
	case e.FIN.Seen() && e.FINAcked.Seen():
		f.Say(claim.Claim{Kind: claim.FINAcked, Side: side, Span: f.facts.Time.Sub(e.FIN.Time)}, e.FIN.Frame,
			e.FINAcked.Frame)
	case e.FIN.Seen():
		f.Say(claim.Claim{Kind: claim.ClosedBy, Side: side, Span: f.facts.Time.Sub(e.FIN.Time)}, e.FIN.Frame)
	case e.UnseenFIN.Seen():
		f.Say(claim.Claim{Kind: claim.ClosedUnseen, Side: side, Span: f.facts.Time.Sub(e.UnseenFIN.Time)}, e.UnseenFIN.Frame)
	}
}

// sayNothingBetween claims that the peer sent no new data between the sender's close and the RST, where that is so, and
// returns it as a reason.
func (f *Finding) sayNothingBetween(c *facts.Facts) string {
	if c.Rcv.LastData.Frame > c.Close.Frame || c.Close.Frame == c.Frame {
		return "an orderly close came first"
	}
	between := claim.Claim{Kind: claim.NothingBetween, Side: c.Side.Peer(), From: c.Close.Frame, Until: c.Frame}
	f.Say(between)
	return "no new data of " + Receiver(c) + " was seen between its FIN and the RST"
}

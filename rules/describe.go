package rules

import (
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// Circumstances says in a clause how far the exchange was when the sender closed.
func Circumstances(c *facts.Facts) string {
	b := c.Close.Completion
	switch b.State {
	case facts.OpenRequest:
		whose := words.Side(b.Side) + "'s"
		if b.Side == c.Side {
			whose = "its own"
		}
		s := words.Sentence("while %s request%s stood unanswered", whose, words.Quoted(b.Text))
		if b.Since >= 100*time.Millisecond {
			s += " for " + words.Span(b.Since)
		}
		return s
	case facts.OpenHandshake:
		x := c.Close.Exchange
		s := "before the handshake was finished"
		if x.TLS {
			s = "before the TLS handshake was finished"
			if x.SNI != "" {
				s += " (Client Hello for " + x.SNI + ")"
			}
		}
		if x.AlertText != "" {
			s += ", after the alert " + x.AlertText
		}
		return s
	case facts.CutResponse:
		if b.Want >= 0 {
			return words.Sentence("in mid-response: %s of %s delivered", words.Bytes(b.Got), words.Bytes(b.Want))
		}
		return "in mid-response"
	case facts.CutRequest:
		if b.Want >= 0 {
			return words.Sentence("while a request was still coming: %s of %s had arrived", words.Bytes(b.Got), words.Bytes(b.Want))
		}
		return "while a request was still coming"
	case facts.InFlight:
		if b.Got > 0 {
			return words.Sentence("while %s of the answer were unconfirmed", words.Bytes(b.Got))
		}
		return "while the answer was still coming"
	case facts.Unended:
		return words.Sentence("%s after its last data, without the goodbye that TLS asks for", words.Span(b.Since))
	case facts.Unused:
		return "before anything was asked on the connection"
	case facts.Answered:
		if !words.Opaque(b.Text) {
			return "after the exchange was complete (last: " + b.Text + ")"
		}
		return "after the exchange was complete"
	case facts.SaidGoodbye:
		return "after the goodbye" + words.Quoted(b.Text)
	}
	return "at a point that the capture does not show"
}

// SayCompletion tells as evidence what stood open, or that nothing did, when the sender closed.
func (f *Finding) SayCompletion(c *facts.Facts) {
	b := c.Close.Completion
	who := words.Side(b.Side)
	switch b.State {
	case facts.OpenRequest:
		f.Text(words.Sentence("%s asks%s; no answer to it comes before the connection is given up", who, words.Quoted(b.Text)), b.Frame)
	case facts.OpenHandshake:
		f.Text(words.Sentence("the handshake is not finished: the last message is %s's%s", who, words.Quoted(b.Text)), b.Frame)
	case facts.CutResponse:
		if b.Want >= 0 {
			f.Text(words.Sentence("the response announces %s; %s of it were seen", words.Bytes(b.Want), words.Bytes(b.Got)), b.Frame)
		} else {
			f.Text("the response has not ended by its own rules", b.Frame)
		}
	case facts.CutRequest:
		if b.Want >= 0 {
			f.Text(words.Sentence("the request announces %s; %s of it were seen", words.Bytes(b.Want), words.Bytes(b.Got)), b.Frame)
		} else {
			f.Text("the request has not ended by its own rules", b.Frame)
		}
	case facts.InFlight:
		if b.Got > 0 && !c.ByClient() {
			f.Text(words.Sentence("%s of its own answer had not been acknowledged when it let go", words.Bytes(b.Got)), c.Close.LastData[flows.Responder].Frame, c.Close.Frame)
		} else if b.Got > 0 {
			f.Text(words.Sentence("%s's last %s had not been acknowledged by %s when it let go", words.Side(flows.Responder), words.Bytes(b.Got), Sender(c)), c.Close.LastData[flows.Responder].Frame, c.Close.Frame)
		} else {
			f.Text(words.Sentence("%s was still sending: its next data follows the RST", words.Side(flows.Responder)), c.After.ReceiverData.Frame)
		}
	case facts.Unended:
		f.Text(words.Sentence("%s closes without close_notify, %s after its last data: not as a program does that has said all", who, words.Span(b.Since)), b.Frame, c.Close.Frame)
	case facts.Unused:
		if b.Frame > 0 {
			f.Text("the client has asked for nothing yet; the last message is "+who+"'s"+words.Quoted(b.Text), b.Frame)
		} else {
			f.Text("neither side has sent any data", c.Conn.HandshakeACK.Frame)
		}
	case facts.Answered:
		f.Text(words.Sentence("the last message is %s's answer%s", who, words.Quoted(b.Text)), b.Frame)
	case facts.SaidGoodbye:
		f.Text(words.Sentence("%s says goodbye%s", who, words.Quoted(b.Text)), b.Frame)
	}
}

// SayClose tells the moment when the sender closed, unless it is the RST itself.
func (f *Finding) SayClose(c *facts.Facts) {
	switch c.Close.By {
	case facts.ByFIN:
		f.Text(words.Capital(Sender(c))+" closes: its FIN", c.Close.Frame)
	case facts.ByUnseenFIN:
		f.Text(words.Capital(Sender(c))+" has closed: its FIN is acknowledged here, though the capture missed it", c.Close.Frame)
	}
}

// SayRST tells what the RST is by its numbers.
func (f *Finding) SayRST(c *facts.Facts) {
	switch {
	case c.Kind == facts.KindReply && c.Class == flows.ClassActive:
		f.Text(words.Sentence("%s's RST answers %s %s later: it takes both its numbers from it", Sender(c), words.Segment(c.Trigger), words.Span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	case c.Kind == facts.KindReply && c.Trigger != nil:
		f.Text(words.Sentence("%s's RST answers %s %s later: by its numbers a reply, as a host without the connection sends it", Sender(c), words.Segment(c.Trigger), words.Span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	case c.Kind == facts.KindReply:
		f.Text(words.Sentence("%s's RST has the form of a reply to a segment that the capture does not hold", Sender(c)), c.Frame)
	case c.Kind == facts.KindAbort && !c.Snd.HasSND:
		f.Text(words.Sentence("%s's RST has an ACK and no sequence number of 0: not a reply to a SYN, but its own decision", Sender(c)), c.Frame)
	case c.Kind == facts.KindAbort && c.SEQ != c.Snd.SND.NXT:
		f.Text(words.Sentence("%s's RST answers no segment: its own decision; its sequence number is %s %s", Sender(c), words.Bytes(int64(abs(c.SEQ.Sub(c.Snd.SND.NXT)))), beyond(c.SEQ.Sub(c.Snd.SND.NXT))), c.Snd.Last.Frame, c.Frame)
	case c.Kind == facts.KindAbort:
		f.Text(words.Sentence("%s's RST continues its own sequence numbers and answers no segment: its own decision", Sender(c)), c.Frame)
	default:
		f.Text(words.Sentence("the numbers of this RST fit neither a reply nor what %s had sent", Sender(c)), c.Frame)
	}
}

// SayIdle tells the silence before the sender closed, and which known idle times it matches.
func (f *Finding) SayIdle(c *facts.Facts) {
	idle := c.Idle()
	if idle < time.Second {
		return
	}
	says := words.Sentence("nothing was said for %s before that", words.Span(idle))
	if m := MatchesTimeout(c.Timeouts, idle); m != "" {
		says += ", which " + m
	} else if r, ok := facts.RoundTime(idle); ok {
		says += words.Sentence(", about %s: a configured time, most likely", words.Span(r))
	}
	f.Text(says, c.LastData().Frame, c.Close.Frame)
}

// AfterIdle returns "60.0 s after the last data", "" when the silence was short.
func AfterIdle(c *facts.Facts) string {
	if idle := c.Idle(); idle >= time.Second {
		return ", idle " + words.Span(idle) + " after the last data"
	}
	return ""
}

// SayRelated tells what happened to the sender's other connections at the same moment.
func (f *Finding) SayRelated(c *facts.Facts) {
	if n := c.Related.ResetTogetherCount; n > 0 {
		for _, m := range c.Related.ResetTogether {
			f.TextOf(m.Stream, words.Sentence("%s reset this connection too, %s", Sender(c), words.Relative(m.Time.Sub(c.Time))), m.Frame)
		}
		if rest := n - len(c.Related.ResetTogether); rest > 0 {
			f.Text(words.Sentence("and %s more connections of it within %s", strconv.Itoa(rest), words.Span(flows.TogetherWindow)))
		}
	}
	if c.ServiceDied() {
		m := c.Related.RefusedAfter
		if c.Related.RefusedBefore.Seen() && c.Related.RefusedBefore.Time >= c.Close.Time {
			m = c.Related.RefusedBefore
		}
		f.TextOf(m.Stream, words.Sentence("from then on its port refuses connections (%s)", words.Relative(m.Time.Sub(c.Close.Time))), m.Frame)
	}
}

// Came says when a segment came, seen from the moment of closing: "crossed that" or "came 3.0 s later".
func Came(c *facts.Facts, m flows.Mark) string {
	if gap := m.Time.Sub(c.Close.Time); gap > c.Soon() {
		return "came " + words.Span(gap) + " later"
	}
	return "crossed that"
}

func abs(n int32) int32 {
	if n < 0 {
		return -n
	}
	return n
}

// beyond says on which side of what the sender had sent a number lies.
func beyond(d int32) string {
	if d < 0 {
		return "behind what it had sent"
	}
	return "beyond what the capture shows of it"
}

// Sender names the side that sent the RST, as far as its addresses tell: "the client" or "the server".
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

// heardBefore returns how long before the segment that the RST answers its sender was last heard of; or before the
// RST, when its last segment came between the two.
func heardBefore(c *facts.Facts) string {
	if d := c.Due().Sub(c.Snd.Last.Time); d >= 0 {
		return words.Span(d)
	}
	return words.Span(c.Time.Sub(c.Snd.Last.Time))
}

// MatchesTimeout returns a clause for gaps of an open connection that match known idle times, "" for others.
func MatchesTimeout(t *facts.Timeouts, gap time.Duration) string { return matchClause(t, gap, false) }

// matchesClosed is matching for the rest of a connection that one side has closed.
func matchesClosed(t *facts.Timeouts, gap time.Duration) string { return matchClause(t, gap, true) }

func matchClause(t *facts.Timeouts, gap time.Duration, closed bool) string {
	var who []string
	for _, e := range t.Near(gap) {
		switch {
		case e.Added:
			return "matches " + e.Who // of the user's own list: no default
		case !closed && strings.Contains(e.Who, "FIN-WAIT"):
			continue // runs from a FIN on only
		}
		who = append(who, e.Who)
	}
	if len(who) == 0 {
		return ""
	}
	return "matches the default of " + strings.Join(who, "; ")
}

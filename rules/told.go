package rules

import (
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// quoted returns a message's first line in parentheses, "" when it has none that says anything.
func quoted(text string) string {
	if mute(text) {
		return ""
	}
	return " (" + text + ")"
}

// mute reports whether the first line of a message says nothing to a reader: it is encrypted or unknown.
func mute(text string) bool { return text == "" || text == "application data" || text == "wrapped" }

// circumstances says in a clause how far the exchange was when the sender let go.
func (c *Facts) circumstances() string {
	b := c.Close.Completion
	switch b.State {
	case OpenRequest:
		whose := name(b.Side) + "'s"
		if b.Side == c.Side {
			whose = "its own"
		}
		s := sentence("while %s request%s stood unanswered", whose, quoted(b.Text))
		if b.Since >= 100*time.Millisecond {
			s += " for " + span(b.Since)
		}
		return s
	case OpenHandshake:
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
	case CutResponse:
		if b.Want >= 0 {
			return sentence("in mid-response: %s of %s delivered", octets(b.Got), octets(b.Want))
		}
		return "in mid-response"
	case CutRequest:
		if b.Want >= 0 {
			return sentence("while a request was still coming: %s of %s had arrived", octets(b.Got), octets(b.Want))
		}
		return "while a request was still coming"
	case InFlight:
		if b.Got > 0 {
			return sentence("while %s of the answer were unconfirmed", octets(b.Got))
		}
		return "while the answer was still coming"
	case Unended:
		return sentence("%s after its last data, without the goodbye that TLS asks for", span(b.Since))
	case Unused:
		return "before anything was asked on the connection"
	case Answered:
		if !mute(b.Text) {
			return "after the exchange was complete (last: " + b.Text + ")"
		}
		return "after the exchange was complete"
	case SaidGoodbye:
		return "after the goodbye" + quoted(b.Text)
	}
	return "at a point that the capture does not show"
}

// sayBusiness tells as evidence what stood open, or that nothing did, when the sender let go.
func (c *Facts) sayBusiness(f *Finding) {
	b := c.Close.Completion
	who := name(b.Side)
	switch b.State {
	case OpenRequest:
		f.say(sentence("%s asks%s; no answer to it comes before the connection is given up", who, quoted(b.Text)), b.Frame)
	case OpenHandshake:
		f.say(sentence("the handshake is not finished: the last message is %s's%s", who, quoted(b.Text)), b.Frame)
	case CutResponse:
		if b.Want >= 0 {
			f.say(sentence("the response announces %s; %s of it were seen", octets(b.Want), octets(b.Got)), b.Frame)
		} else {
			f.say("the response has not ended by its own rules", b.Frame)
		}
	case CutRequest:
		if b.Want >= 0 {
			f.say(sentence("the request announces %s; %s of it were seen", octets(b.Want), octets(b.Got)), b.Frame)
		} else {
			f.say("the request has not ended by its own rules", b.Frame)
		}
	case InFlight:
		if b.Got > 0 && !c.ByClient() {
			f.say(sentence("%s of its own answer had not been acknowledged when it let go", octets(b.Got)), c.Close.LastData[flows.Responder].Frame, c.Close.Frame)
		} else if b.Got > 0 {
			f.say(sentence("%s's last %s had not been acknowledged by %s when it let go", name(flows.Responder), octets(b.Got), c.sender()), c.Close.LastData[flows.Responder].Frame, c.Close.Frame)
		} else {
			f.say(sentence("%s was still sending: its next data follows the RST", name(flows.Responder)), c.After.ReceiverData.Frame)
		}
	case Unended:
		f.say(sentence("%s closes without close_notify, %s after its last data: not as a program does that has said all", who, span(b.Since)), b.Frame, c.Close.Frame)
	case Unused:
		if b.Frame > 0 {
			f.say("the client has asked for nothing yet; the last message is "+who+"'s"+quoted(b.Text), b.Frame)
		} else {
			f.say("neither side has sent any data", c.Conn.HandshakeACK.Frame)
		}
	case Answered:
		f.say(sentence("the last message is %s's answer%s", who, quoted(b.Text)), b.Frame)
	case SaidGoodbye:
		f.say(sentence("%s says goodbye%s", who, quoted(b.Text)), b.Frame)
	}
}

// sayLetGo tells the moment when the sender let go, unless it is the RST itself.
func (c *Facts) sayLetGo(f *Finding) {
	switch c.Close.By {
	case ByFIN:
		f.say(capital(c.sender())+" closes: its FIN", c.Close.Frame)
	case ByUnseenFIN:
		f.say(capital(c.sender())+" has closed: its FIN is acknowledged here, though the capture missed it", c.Close.Frame)
	}
}

// sayRST tells what the RST is by its numbers.
func (c *Facts) sayRST(f *Finding) {
	switch {
	case c.Kind == KindReply && c.Class == flows.ClassActive:
		f.say(sentence("%s's RST answers %s %s later: it takes both its numbers from it", c.sender(), segment(c.Trigger), span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	case c.Kind == KindReply && c.Trigger != nil:
		f.say(sentence("%s's RST answers %s %s later: by its numbers a reply, as a host without the connection sends it", c.sender(), segment(c.Trigger), span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	case c.Kind == KindReply:
		f.say(sentence("%s's RST has the form of a reply to a segment that the capture does not hold", c.sender()), c.Frame)
	case c.Kind == KindAbort && !c.Snd.HasSND:
		f.say(sentence("%s's RST has an ACK and no sequence number of 0: not a reply to a SYN, but its own decision", c.sender()), c.Frame)
	case c.Kind == KindAbort && c.SEQ != c.Snd.SND.NXT:
		f.say(sentence("%s's RST answers no segment: its own decision; its sequence number is %s %s", c.sender(), octets(int64(abs(c.SEQ.Sub(c.Snd.SND.NXT)))), beyond(c.SEQ.Sub(c.Snd.SND.NXT))), c.Snd.Last.Frame, c.Frame)
	case c.Kind == KindAbort:
		f.say(sentence("%s's RST continues its own sequence numbers and answers no segment: its own decision", c.sender()), c.Frame)
	default:
		f.say(sentence("the numbers of this RST fit neither a reply nor what %s had sent", c.sender()), c.Frame)
	}
}

// sayIdle tells the silence before the sender let go, and which known idle times it matches.
func (c *Facts) sayIdle(f *Finding) {
	idle := c.Idle()
	if idle < time.Second {
		return
	}
	says := sentence("nothing was said for %s before that", span(idle))
	if m := c.Timeouts.matching(idle); m != "" {
		says += ", which " + m
	} else if r, ok := roundTime(idle); ok {
		says += sentence(", about %s: a configured time, most likely", span(r))
	}
	f.say(says, c.lastData().Frame, c.Close.Frame)
}

// idleClause returns "60.0 s after the last data", "" when the silence was short.
func (c *Facts) idleClause() string {
	if idle := c.Idle(); idle >= time.Second {
		return ", idle " + span(idle) + " after the last data"
	}
	return ""
}

// saySiblings tells what happened to the sender's other connections at the same moment.
func (c *Facts) saySiblings(f *Finding) {
	if n := c.Related.ResetTogetherCount; n > 0 {
		for _, m := range c.Related.ResetTogether {
			f.sayOf(m.Stream, sentence("%s reset this connection too, %s", c.sender(), relative(m.Time.Sub(c.Time))), m.Frame)
		}
		if rest := n - len(c.Related.ResetTogether); rest > 0 {
			f.say(sentence("and %s more connections of it within %s", strconv.Itoa(rest), span(flows.TogetherWindow)))
		}
	}
	if c.ServiceDied() {
		m := c.Related.RefusedAfter
		if c.Related.RefusedBefore.Seen() && c.Related.RefusedBefore.Time >= c.Close.Time {
			m = c.Related.RefusedBefore
		}
		f.sayOf(m.Stream, sentence("from then on its port refuses connections (%s)", relative(m.Time.Sub(c.Close.Time))), m.Frame)
	}
}

// answersGoodbye reports whether the data that the RST answers only ends the exchange.
func (c *Facts) answersGoodbye() bool {
	return c.Trigger != nil && c.Trigger.DataLen > 0 && c.saysGoodbye(c.Trigger)
}

// came says when a segment came, seen from the moment of letting go: "crossed that" or "came 3.0 s later".
func (c *Facts) came(m flows.Mark) string {
	if gap := m.Time.Sub(c.Close.Time); gap > c.Soon() {
		return "came " + span(gap) + " later"
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

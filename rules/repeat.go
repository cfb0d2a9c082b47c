package rules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// An Earlier is what an Engine remembers of a reset that it has explained.
type Earlier struct {
	flows.Mark
	Side       flows.Side
	Accept     flows.Acceptability
	Flags      flows.Flags
	SEQ        flows.Seq
	Trigger    flows.Mark // what it answered, zero without
	Challenge  flows.Mark // the challenge ACK that answered it, zero without
	Rule       *Rule
	Cause      Cause
	Confidence float64
	Origin     Origin
	Severity   Severity
	Root       int // frame of the first reset of its event; its own when it is the first
}

// maxEarlier bounds what is remembered of one connection: its first resets and its latest.
const maxEarlier = 8

// A memory holds the findings of recent connections. The connection that was reset least recently is
// forgotten first.
type memory struct {
	limit      int
	by         map[int]*recollection
	head, tail *recollection // least and most recently used
}

// A recollection is what is remembered of one connection.
type recollection struct {
	stream     int
	found      []Earlier
	prev, next *recollection
	first      [1]Earlier // room for found: most connections are reset once
}

// of returns what is remembered of a connection, oldest first.
func (m *memory) of(stream int) []Earlier {
	if r := m.by[stream]; r != nil {
		return r.found
	}
	return nil
}

// add remembers a finding.
func (m *memory) add(c *Facts, f *Finding) {
	r := m.by[c.Conn.Stream]
	if r == nil {
		if len(m.by) >= m.limit {
			delete(m.by, m.head.stream)
			m.unlink(m.head)
		}
		r = &recollection{stream: c.Conn.Stream}
		r.found = r.first[:0]
		m.by[r.stream] = r
	} else {
		m.unlink(r)
	}
	r.prev, r.next = m.tail, nil
	if m.tail != nil {
		m.tail.next = r
	} else {
		m.head = r
	}
	m.tail = r
	e := Earlier{Mark: c.Mark, Side: c.Side, SEQ: c.SEQ, Flags: c.Flags, Trigger: c.mark(), Challenge: c.After.ChallengeACK, Accept: c.Accept, Rule: f.Rule, Cause: f.Cause,
		Confidence: f.Confidence, Origin: f.Origin, Severity: f.Severity, Root: f.Repeats}
	if e.Root == 0 {
		e.Root = c.Frame
	}
	if len(r.found) == maxEarlier {
		r.found = append(r.found[:maxEarlier/2], r.found[maxEarlier/2+1:]...)
	}
	r.found = append(r.found, e)
}

func (m *memory) unlink(r *recollection) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		m.head = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		m.tail = r.prev
	}
}

// earlier returns what is remembered of the reset at frame.
func (c *Facts) earlier(frame int) *Earlier {
	for i := range c.Earlier {
		if c.Earlier[i].Frame == frame {
			return &c.Earlier[i]
		}
	}
	return nil
}

// lastOwn returns the latest remembered reset of the same sender.
func (c *Facts) lastOwn() *Earlier {
	for i := len(c.Earlier) - 1; i >= 0; i-- {
		if c.Earlier[i].Side == c.Side {
			return &c.Earlier[i]
		}
	}
	return nil
}

// What a repeat is less sure of than the first of its event.
const (
	repeatInFlight = 0.99 // its trigger was under way when the first reset was sent
	strayEvent     = 0.85 // it is the other side's answer to a segment that the first reset overtook
	repeatDeaf     = 0.97 // the peer goes on because it visibly never got the first
)

// repeat explains a reset that belongs to the event of an earlier one, nil when it is an event of its own.
func (c *Facts) repeat() *Finding {
	prev := c.lastOwn()
	if prev == nil {
		return c.stray()
	}
	root := c.earlier(prev.Root)
	if root == nil {
		root = prev
	}
	f := c.finding(root.Rule, root.Cause, root.Severity)
	f.Repeats = prev.Root
	if c.Notes&flows.Duplicate != 0 {
		f.Confidence = prev.Confidence
		f.Summary = fmt.Sprintf("The same packet as frame %d, captured a second time: no second reset.", prev.Frame)
		f.say("same addresses, numbers and IP ID: a copy that the capture made", prev.Frame, c.Frame)
		return f
	}
	if (prev.Origin == OriginMiddlebox) != c.PathSigns.Middlebox() {
		return nil // two senders' resets in one connection
	}
	if root.Cause == ClosedPort && c.Refused() {
		f.Confidence = root.Confidence
		f.Summary = sentence("%s tried again and was refused again %s, as at frame %s.", capital(c.receiver()), relative(c.Time.Sub(root.Time)), strconv.Itoa(root.Frame))
		f.say("the connection was refused", root.Frame)
		f.say("another SYN of the same connection, refused as well", c.mark().Frame, c.Frame)
		c.openRepeat(f)
		return f
	}
	if c.lives(root) {
		return nil
	}
	late := c.moment().Sub(root.Time)
	var why string
	factor := repeatInFlight
	switch {
	case root.Cause == RetransmitTimeout:
		why = sentence("%s had given the connection up; what still comes meets nothing", c.sender())
		factor = repeatDeaf
	case root.Cause == UnknownConnection:
		why = sentence("%s still does not know the connection", c.sender())
	case c.answersChallenge():
		return nil // it answers the first RST itself: the peer got that, and asks
	case c.Trigger == nil && c.Rcv.Segments == 0 && c.Kind == KindReply:
		why = "what it answers is not in the capture; it follows the first " + span(late) + " later"
		factor = repeatDeaf
	case late <= c.Soon():
		why = "what it answers was already under way when the first RST was sent"
		if c.Trigger == nil {
			why = sentence("sent %s after the first", span(late))
		}
	case c.chained(prev):
		why = "the segments that it answers follow each other without a break since the first RST"
	case c.Trigger != nil && c.Trigger.DataLen > 0:
		why = sentence("%s goes on sending, so it had not got the first RST", c.receiver())
		factor = repeatDeaf
	case c.Trigger != nil && c.Trigger.Notes&flows.Retransmitted != 0 && c.Trigger.LEN() > 0:
		why = sentence("%s goes on resending, so it never got the first RST", c.receiver())
		factor = repeatDeaf
	default:
		return nil
	}
	f.Confidence = root.Confidence * factor
	f.Summary = sentence("One more RST of the event at frame %s: %s.", strconv.Itoa(root.Frame), why)
	which := "the first RST of this event"
	if root.Frame != prev.Root {
		which = "an earlier RST of this event"
	}
	f.say(which, root.Frame)
	if c.Trigger != nil {
		f.say(sentence("%s, %s it; this RST answers it", c.what(c.Trigger), after(late)), c.Trigger.Frame, c.Frame)
	}
	c.openRepeat(f)
	return f
}

// stray explains a RST that answers a segment of a peer which had just reset the connection itself: the
// segment left before that RST, or was overtaken by it, and belongs to its event. After a forged RST the
// segment is a genuine one, and the connection is not known any more (late-segment).
func (c *Facts) stray() *Finding {
	if c.Kind != KindReply || c.Trigger == nil {
		return nil
	}
	for i := len(c.Earlier) - 1; i >= 0; i-- {
		e := &c.Earlier[i]
		if e.Side == c.Side || e.Origin != OriginEndpoint || e.Cause == ClosedPort || e.Cause == UnknownConnection {
			continue
		}
		d := c.Trigger.Time.Sub(e.Time)
		if c.Trigger.Frame < e.Frame || d > c.Soon() || c.After.ReceiverSegments > 1 {
			return nil
		}
		f := c.finding(e.Rule, e.Cause, e.Severity)
		f.Repeats, f.Confidence = e.Root, e.Confidence*strayEvent
		f.Summary = fmt.Sprintf("%s had reset the connection at frame %d; a segment of it that the RST overtook drew this RST of %s. It belongs to the same event.", capital(c.receiver()), e.Frame, c.sender())
		f.say("the RST that ended the connection", e.Frame)
		f.say(sentence("%s comes %s after it; this RST answers it", c.what(c.Trigger), span(d)), c.Trigger.Frame, c.Frame)
		c.openRepeat(f)
		return f
	}
	return nil
}

// openRepeat names what a repeat leaves open.
func (c *Facts) openRepeat(f *Finding) {
	if f.Cause != UnknownConnection {
		f.open(UnknownConnection, "late-segment", 0.6, "it answers a segment for a connection that was gone; but the cause of that is the first RST's")
	}
	if f.Cause == FastClose || f.Cause == UnknownConnection {
		f.open(PeerCrash, "", 0.3, "nothing was left undone when the connection was given up")
	}
	if f.Cause == PeerCrash {
		f.open(FastClose, "", 0.3, "the exchange was not finished when the connection was given up")
	}
	f.settle()
}

// lives reports whether the connection visibly went on after an earlier reset of the same sender: then
// that reset ended nothing, and this one is an event of its own.
func (c *Facts) lives(root *Earlier) bool {
	last := c.Snd.Last
	if last.Frame <= root.Frame {
		return false
	}
	if c.Snd.LastSYN.Frame > root.Frame {
		return true
	}
	return last.Time.Sub(root.Time) > max(c.RTT, 10*time.Millisecond)
}

// answersChallenge reports whether the RST answers the challenge ACK that an earlier RST drew which its
// receiver had to throw away: that one ended nothing.
func (c *Facts) answersChallenge() bool {
	if c.Trigger == nil || c.Answers != ToACK {
		return false
	}
	for i := range c.Earlier {
		e := &c.Earlier[i]
		if e.Side == c.Side && e.Accept == flows.AcceptOutside && c.Trigger.Frame > e.Frame &&
			(e.Challenge.Frame == c.Trigger.Frame || c.Trigger.Notes&(flows.DupACK|flows.ChallengeACK) != 0) {
			return true
		}
	}
	return false
}

// chained reports whether the segments between the first RST and this one's trigger follow each other
// closely: one flight, longer than a round trip.
func (c *Facts) chained(prev *Earlier) bool {
	from := prev.Trigger
	if !from.Seen() {
		from = prev.Mark
	}
	return c.Trigger != nil && c.Trigger.Notes&flows.Retransmitted == 0 && c.Trigger.Time.Sub(from.Time) <= c.Soon()
}

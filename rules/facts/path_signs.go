package facts

import (
	"bytes"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// PathSigns is what speaks for and against a device on the path as the true sender of a RST
// (Weaver, Sommer and Paxson, "Detecting Forged TCP Reset Packets", NDSS 2009).
type PathSigns struct {
	Weight  float64 // sum over all signs
	Against []Sign  // speak for a device on the path
	For     []Sign  // speak for the endpoint

	room []int // what Sign.Frames are cut from
}

// A Sign is one observation, by which a RST differs from its sender's other segments or is like them.
type Sign struct {
	Kind     SignKind
	Weight   float64         // above 0 for a device on the path, below for the endpoint
	Frames   []int           // the packets that show it
	Span     time.Duration   // of kinds that are about a distance in time
	Need     time.Duration   // SignTooSoon: the least time that the sender needs
	N        int64           // bytes, packets or a TTL, by kind
	SYNACK   bool            // SignOtherTTL: compared with the SYN-ACK alone
	Compared *flows.ConnMark // a packet of another connection that the RST was compared with, nil for none

	// Elsewhere says of SignTooSoon that Need was measured on other connections of the sender.
	Elsewhere bool
}

// A SignKind says what was observed.
type SignKind uint8

// The kinds of signs, in the order in which they are looked for.
const (
	SignAccepts        SignKind = iota // the sender accepts the connection that the RST refused, Span later
	SignSends                          // it sends new data, Span after the RST
	SignResumes                        // it sends several segments after the RST, where it had stopped before
	SignAcknowledges                   // it acknowledges new data, Span after the RST
	SignAcknowledgesOn                 // it acknowledges N times more, step by step
	SignBeyond                         // SEQ is N bytes beyond all that the sender had sent
	SignBehind                         // SEQ is N bytes behind it, and no segment explains that
	SignStepping                       // further RSTs try sequence numbers up to N bytes beyond it
	SignNotReply                       // RST+ACK where a host without the connection sends a bare RST
	SignVolley                         // the same RST N times at one moment
	SignClosedBefore                   // both sides had closed Span before
	SignResetBefore                    // the other side had reset the connection Span before
	SignTooSoon                        // it follows what it answers by Span, and the sender needs Need
	SignBothWays                       // both ends get a RST in the other's name within Span
	SignIdle                           // and that after Span without data
	SignSameTTL                        // the TTL is that of the sender's other packets
	SignOtherTTL                       // the sender's other packets arrive with TTL N
	// the IP ID is that of a segment of its receiver: the one that it answers, or the last
	SignCopiedIPID
	SignCopiedWindow       // and so is the window
	SignIPIDContinues      // the IP ID follows the sender's last one
	SignIPIDBreaks         // the IP ID is out of the sender's count
	SignIPIDNotZero        // the IP ID is not 0, as all of the sender's are
	SignWrongEcho          // it echoes a timestamp that its receiver never sent
	SignTimestampContinues // its timestamp follows the sender's last one
	SignOtherMAC           // another Ethernet source than the sender's
	SignOpening            // directly after the client's first data
	SignAnswersReset       // it answers a RST, as no host does
	SignACKOutside         // its ACK is N bytes beyond all that its receiver had sent, or as far below
	SignMirrors            // its payload begins like its receiver's data
	SignElsewhere          // another capture proves it; no packet of this one does
	// captured once, where most of the connection's N other packets were captured twice
	SignOneCopy
	SignSeenDevice // a device's RST in the name of the same host, on another connection, had the same TTL
)

// What the signs weigh. A verdict of 1 needs one strong sign or several that agree.
const (
	signGoesOn        = 2.0  // the sender goes on as if nothing had happened
	signLags          = 1.0  // several acknowledgments of it come after the RST, in order
	signBeyond        = 0.8  // SEQ beyond all that the sender had sent
	signBehind        = 0.7  // SEQ behind what the sender had sent, and no segment explains it
	signStepping      = 1.2  // several RSTs guess their way through the window
	signTooSoon       = 1.2  // the RST came before the sender could have seen what it answers
	signTooSoonOnce   = 0.6  // the same, but how far away the sender is was measured only once
	signOtherHops     = 1.0  // TTL of a host at another distance, where the sender's never changes
	signNearer        = 0.9  // TTL of a device that is nearer than the sender
	signOtherTTL      = 0.5  // another TTL
	signOtherStart    = 0.4  // another TTL, but as many hops away: a stack may begin with another value
	signOneHop        = 0.6  // TTL one off: also seen with PPPoE and changing paths
	signCopiedIPID    = 0.8  // IP ID copied from the segment that it answers
	signWrongEcho     = 0.8  // echoes a timestamp that its receiver never sent
	signCopiedWND     = 0.4  // window copied from it
	signOtherMAC      = 0.5  // another Ethernet source
	signSeenDevice    = 0.5  // the TTL of a device that had sent a RST in the sender's name before
	signIPIDBreak     = 0.3  // IP ID out of the sender's count
	signVolley        = 0.4  // the same RST several times at one moment
	signBothWays      = 0.5  // both ends get a RST in the other's name at one moment
	signIdle          = 0.6  // and that at an idle moment
	signNotReply      = 0.3  // answers like a device: RST+ACK where a host without the connection sends a bare RST
	signDead          = 0.3  // the connection had ended before, by a RST of the other side or by both FINs
	signAnswersReset  = 2.0  // an answer to a RST
	signOnLink        = 1.0  // TTL as it left its host, in the name of one that is a hop away
	signOneCopyOfMany = 1.0  // captured once where each of many other packets is captured twice
	signOneCopy       = 0.8  // captured once where every other packet of the connection is captured twice
	signACKOutside    = 0.5  // acknowledges what its receiver never sent
	signMirrors       = 1.5  // its payload is what its receiver had sent
	signOpening       = 0.4  // directly after a Client Hello or the first request
	genuineIPID       = -0.8 // IP ID goes on counting
	genuineTS         = -0.8 // its timestamps go on
	genuineTTL        = -0.2 // same TTL, and from afar
)

// Thresholds of PathSigns.Weight.
const (
	deviceFrom = 1.0
	doubtFrom  = 0.5
)

// Middlebox reports whether the signs name a device on the path.
func (s *PathSigns) Middlebox() bool { return s.Weight >= deviceFrom }

// Doubtful reports whether the signs contradict the endpoint, whether or not they name a device.
func (s *PathSigns) Doubtful() bool { return s.Weight >= doubtFrom }

func (s *PathSigns) add(g Sign, frames ...int) {
	s.Weight += g.Weight
	start := len(s.room)
	s.room = append(s.room, frames...)
	end := len(s.room)
	g.Frames = s.room[start:end:end]
	if g.Weight > 0 {
		s.Against = append(s.Against, g)
	} else {
		s.For = append(s.For, g)
	}
}

// Comparable reports whether the capture holds another packet of the RST's sender, by which it could be known.
func (c *Facts) Comparable() bool {
	return c.Snd.Segments > 0 || c.Related.SenderTTL != 0 || c.ownRSTBefore() || c.After.SenderSegments > 0
}

// oneHost reports whether both ends are on one host: no path lies between them.
func (c *Facts) oneHost() bool {
	a, b := c.Snd.Addr.AddrPort().Addr(), c.Rcv.Addr.AddrPort().Addr()
	return a == b || a.IsLoopback() && b.IsLoopback()
}

// weigh collects the signs.
func (s *PathSigns) weigh(c *Facts) {
	if c.Notes&flows.Duplicate != 0 || c.oneHost() {
		return // judged with its original, or nothing lies on the path
	}
	if c.Proof == flows.ByHost {
		s.add(Sign{Kind: SignElsewhere, Weight: -deviceFrom})
		return
	}
	s.aftermath(c)
	s.numbers(c)
	s.timing(c)
	s.ttl(c)
	s.identity(c)
	s.copies(c)
	if c.Proof == flows.ByDevice || c.Proof == flows.ByOther {
		s.add(Sign{Kind: SignElsewhere, Weight: max(0, 2*deviceFrom-s.Weight)})
	}
}

// aftermath asks whether the sender goes on after its RST.
func (s *PathSigns) aftermath(c *Facts) {
	a := &c.After
	reordered := c.Conn.Defects.Has(flows.Reordered)
	switch {
	case c.Unopened():
		// An originator that resets a SYN-ACK with a wrong number, or a challenge ACK, goes on asking.
	case c.Refused() && a.SenderACK.Seen() && !c.askedAgain():
		if accepts := c.synackAfter(); accepts.Seen() {
			s.add(Sign{Kind: SignAccepts, Weight: signGoesOn, Span: accepts.Time.Sub(c.Time)}, c.Frame, accepts.Frame)
		}
	case c.Refused():
	case a.SenderNewData.Seen() && !reordered && c.related(a.SenderNewData):
		s.add(Sign{Kind: SignSends, Weight: signGoesOn, Span: a.SenderNewData.Time.Sub(c.Time)}, c.Frame,
			a.SenderNewData.Frame)
	case !reordered && len(c.dataAfter()) >= 2:
		s.add(Sign{Kind: SignResumes, Weight: signLags, Span: c.timeOf(c.dataAfter()[0])},
			append([]int{c.Frame}, c.dataAfter()...)...)
	default:
		if e := c.aliveAfter(); e != nil {
			s.add(Sign{Kind: SignAcknowledges, Weight: signGoesOn, Span: e.Time.Sub(c.Time)}, c.Frame, e.Frame)
		} else if lags := c.acksAfter(); len(lags) >= 2 && !reordered {
			s.add(Sign{Kind: SignAcknowledgesOn, Weight: signLags, N: int64(len(lags)), Span: c.timeOf(lags[0])},
				append([]int{c.Frame}, lags...)...)
		}
	}
}

// dataAfter returns the segments by which the RST's sender sends on soon after the RST where it had stopped
// before, although the RST's own number claims that more had been sent.
func (c *Facts) dataAfter() []int {
	if !c.Snd.HasSND || c.SEQ.Sub(c.Snd.SND.NXT) <= 0 {
		return nil
	}
	var out []int
	next := c.Snd.SND.NXT
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side || e.Flags&(flows.RST|flows.SYN) != 0 || e.DataLen == 0 || e.Notes&flows.Duplicate != 0 {
			continue
		}
		if d := e.SEQ.Sub(next); d >= 0 && d < 1<<20 && e.Time.Sub(c.Time) > 0 {
			out, next = append(out, e.Frame), e.End()
		}
	}
	return out
}

// overtakes is within what time a RST may have overtaken a segment that left before it.
const overtakes = 3 * time.Millisecond

// acksAfter returns the segments by which the RST's sender acknowledges data step by step soon after the RST.
// One may have been overtaken by the RST; several in order hardly are.
func (c *Facts) acksAfter() []int {
	if !c.Snd.HasRCV || c.Answers == ToSYN {
		return nil
	}
	var out []int
	known := c.Snd.RCV.NXT
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side || e.Flags&(flows.RST|flows.SYN|flows.FIN) != 0 || !e.Flags.Has(flows.ACK) ||
			e.Notes&flows.Duplicate != 0 {
			continue
		}
		if len(out) == 0 && c.Flags.Has(flows.ACK) && e.Time.Sub(c.Time) <= overtakes && e.ACK.Sub(c.ACK) <= 0 {
			continue // no more than the RST itself acknowledges: it may have left before it
		}
		if d := e.ACK.Sub(known); d > 0 && d < 1<<20 && e.Time.Sub(c.Time) > 0 {
			out, known = append(out, e.Frame), e.ACK
		}
	}
	return out
}

// timeOf returns how long after the RST a segment of its aftermath came.
func (c *Facts) timeOf(frame int) time.Duration {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Frame == frame {
			return e.Time.Sub(c.Time)
		}
	}
	return 0
}

// related reports whether a segment that the sender sends after the RST has a number near the RST's. Where the
// capture lacks the SYN, it may belong to another incarnation of the connection.
func (c *Facts) related(m flows.Mark) bool {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Frame == m.Frame {
			return e.SEQ.InWindow(c.SEQ, 1<<20) || c.Snd.HasSND && e.SEQ.InWindow(c.Snd.SND.NXT, 1<<20)
		}
	}
	return c.Snd.HasISS
}

// askedAgain reports whether the refused side sent another SYN before the refusing side accepted.
func (c *Facts) askedAgain() bool {
	a := &c.After
	if a.ReceiverSYN.Seen() && a.ReceiverSYN.Frame < a.SenderACK.Frame {
		return true
	}
	for i := range a.Events {
		if e := &a.Events[i]; e.Side != c.Side && e.Flags&(flows.SYN|flows.ACK) == flows.SYN && e.Frame < a.SenderACK.Frame {
			return true
		}
	}
	return false
}

// aliveAfter returns a segment that the RST's sender can only have sent with the connection alive: it
// acknowledges data that the sender had not acknowledged before, or that was sent after the RST.
func (c *Facts) aliveAfter() *flows.Event {
	if !c.Snd.HasRCV || c.Answers == ToSYN {
		return nil
	}
	known := c.Snd.RCV.NXT
	// A RST that acknowledges all that its sender had before was made of what the sender knew. An acknowledgment of more
	// left after it, whatever the packets' order in the capture, and a host sends none after its RST.
	says := c.Kind == KindAbort && c.Flags.Has(flows.ACK) && c.ACK.Sub(known) >= 0
	if c.Flags.Has(flows.ACK) && c.ACK.Sub(known) > 0 {
		known = c.ACK
	}
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side || e.Flags&(flows.RST|flows.SYN) != 0 || !e.Flags.Has(flows.ACK) || e.Notes&flows.Duplicate != 0 {
			continue
		}
		if d := e.ACK.Sub(known); d <= 0 || d >= 1<<20 {
			continue
		}
		// One that left before a RST that says less may be overtaken by it: only what acknowledges later data, or comes
		// much later itself, shows a connection that lives.
		if says && e.Time.Sub(c.Time) > 0 || c.Rcv.HasSND && e.ACK.Sub(c.Rcv.SND.NXT) > 0 && e.Time.Sub(c.Time) > 0 ||
			e.Time.Sub(c.Time) > c.Soon() {
			return e
		}
	}
	return nil
}

// numbers asks whether the numbers fit what the sender had sent and what it could answer.
func (s *PathSigns) numbers(c *Facts) {
	complete := c.Conn.Defects&(flows.OneDirection|flows.MissedPackets|flows.NoHandshake|flows.Evicted|flows.Reordered) == 0
	if c.Snd.HasSND && c.Trigger == nil && (c.Class == flows.ClassBare || c.Class == flows.ClassUnclear) && complete &&
		!c.ownRSTBefore() {
		switch d := c.SEQ.Sub(c.Snd.SND.NXT); {
		case d > 0:
			s.add(Sign{Kind: SignBeyond, Weight: signBeyond, N: int64(d)}, c.Frame, c.Snd.Last.Frame)
		case d < 0 && c.SEQ.Sub(c.Snd.SND.UNA) < 0 && c.Snd.Retransmits.Count == 0 && !c.askedFor():
			s.add(Sign{Kind: SignBehind, Weight: signBehind, N: int64(-d)}, c.Frame, c.Snd.Last.Frame)
		}
	}
	if n := c.ackOutside(); n != 0 && complete {
		s.add(Sign{Kind: SignACKOutside, Weight: signACKOutside, N: n}, c.Rcv.Last.Frame, c.Frame)
	}
	if m := c.mirrored(); m.Seen() {
		s.add(Sign{Kind: SignMirrors, Weight: signMirrors}, m.Frame, c.Frame)
	}
	if complete && c.Snd.HasSND {
		limit := c.Snd.SND.NXT
		var frames []int
		step := flows.Seq(0)
		for _, m := range c.After.SenderRSTs {
			if c.senderBetween(c.Frame, m.Frame) {
				break // what it sent on may have been answered
			}
			if d := m.SEQ.Sub(limit); d > 1 && m.Time.Sub(c.Time) < time.Second {
				frames, step = append(frames, m.Frame), flows.Seq(d)
			}
		}
		if len(frames) > 0 {
			s.add(Sign{Kind: SignStepping, Weight: signStepping, N: int64(step)}, append(frames, c.Frame)...)
		}
	}
	if own := c.LastOwnReset(); own != nil && own.Flags.Has(flows.ACK) && c.Flags.Has(flows.ACK) && c.SEQ != 0 &&
		c.Notes&flows.Duplicate == 0 && c.Rcv.LastData.Seen() && c.TTL != c.Snd.TTL {
		data := c.Rcv.LastData.Frame
		if c.Answers == ToData {
			data = c.Trigger.Frame
		}
		if data > own.Frame {
			s.add(Sign{Kind: SignNotReply, Weight: signNotReply}, data, c.Frame)
		}
	}
	if r := c.AnsweredReset(); r != nil {
		s.add(Sign{Kind: SignAnswersReset, Weight: signAnswersReset, Span: c.Time.Sub(r.Time)}, r.Frame, c.Frame)
	}
	if n := c.volley(); n >= 2 {
		s.add(Sign{Kind: SignVolley, Weight: signVolley, N: int64(n + 1)}, c.Frame, c.After.SenderRSTs[0].Frame)
	}
	if c.ResetsNothing() && c.Class == flows.ClassActive {
		over := c.BothClosedAt()
		s.add(Sign{Kind: SignClosedBefore, Weight: signDead, Span: c.Time.Sub(over.Time)}, over.Frame, c.Frame)
	}
	if c.Trigger == nil && c.Class == flows.ClassActive {
		for i := range c.Prior {
			if p := &c.Prior[i]; p.Side != c.Side && c.Time.Sub(p.Time) > max(c.Soon(), time.Second) {
				s.add(Sign{Kind: SignResetBefore, Weight: signDead, Span: c.Time.Sub(p.Time)}, p.Frame, c.Frame)
				break
			}
		}
	}
}

// askedFor reports whether a segment of the receiver has the RST's SEQ as its ACK.
func (c *Facts) askedFor() bool {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side != c.Side && e.Frame < c.Frame && e.Flags.Has(flows.ACK) && e.ACK == c.SEQ {
			return true
		}
	}
	return false
}

// farOutside is how far an acknowledgment must lie outside of what its receiver sent to be more than a packet that the
// capture lacks.
const farOutside = 1 << 20

// ackOutside returns how far the ACK of a RST lies above all that its receiver has sent, negative below its first
// number; 0 where it does not, or not far.
func (c *Facts) ackOutside() int64 {
	if !c.Flags.Has(flows.ACK) || c.SEQ == 0 || !c.Rcv.HasSND || !c.Rcv.HasISS {
		return 0
	}
	if d := c.ACK.Sub(c.Rcv.SND.NXT); d > farOutside {
		return int64(d)
	}
	if d := c.ACK.Sub(c.Rcv.SND.ISS); d < -farOutside {
		return int64(c.ACK.Sub(c.Rcv.SND.NXT))
	}
	return 0
}

// mirrored returns the data of the RST's receiver that the RST's payload begins with, the zero Mark for none. Some
// devices make their RST of the packet that it answers, payload and all.
func (c *Facts) mirrored() flows.Mark {
	x := &c.Conn.Exchange
	p := c.Side.Peer()
	for _, m := range []*exchange.Message{&x.Last[p], &x.Request} {
		if m == &x.Request && x.RequestSide != int(p) || m.Frame == 0 || m.Frame > c.Frame {
			continue
		}
		first := len(m.Text) >= leastMirrored && bytes.HasPrefix(c.Payload, []byte(m.Text))
		// a record, RFC 8446 §5.1 and §4
		hello := m.Kind == exchange.ClientHello && len(c.Payload) > 5 && c.Payload[0] == 22 && c.Payload[1] == 3 &&
			c.Payload[5] == 1
		if first || hello {
			return flows.Mark{Frame: m.Frame, Time: flows.Time(m.Time)}
		}
	}
	return flows.Mark{}
}

// leastMirrored is how many bytes must be alike to be copied: "GET /".
const leastMirrored = 5

// volley counts the repetitions of a RST+ACK that nothing drew: a host sends it once.
func (c *Facts) volley() int {
	n := 0
	for _, m := range c.After.SenderRSTs {
		if c.Kind == KindAbort && c.Flags.Has(flows.ACK) && m.ACK && m.SEQ == c.SEQ && m.Time >= c.Time &&
			m.Time.Sub(c.Time) < time.Millisecond {
			n++
		}
	}
	return n
}

// timing asks whether the RST comes before its sender could have seen what it answers, and whether both
// ends are reset at one moment.
func (s *PathSigns) timing(c *Facts) {
	need, sure := c.Distance()
	elsewhere := need == 0 && c.Refused()
	if elsewhere {
		// Other connections show how far the host is, less exactly: paths and queues differ.
		need, sure = c.Related.SenderReaction/8, c.Related.SenderReactions >= 2
	}
	if need >= 2*time.Millisecond {
		var cause flows.Mark
		switch {
		case c.Trigger != nil && c.onlyCandidate(need) &&
			(!c.Flags.Has(flows.ACK) || c.Class == flows.ClassReplyACK || c.ACK.Sub(c.Trigger.End()) >= 0):
			cause = c.Trigger.Mark
		case c.Flags.Has(flows.ACK) && c.Rcv.HasSND && c.Rcv.LastData.Seen() &&
			c.ACK.Sub(c.Rcv.LastSEQ.Add(c.Rcv.LastLen)) >= 0 && c.ACK.Sub(c.Rcv.SND.NXT) <= 0:
			cause = c.Rcv.LastData
		case c.Kind == KindAbort && c.Snd.Segments == c.Snd.SYNs && c.Conn.HandshakeACK.Seen() && !c.ByClient():
			cause = c.Conn.HandshakeACK // before that it has nothing to drop
		}
		// A closed socket answers data at once, and acknowledgments, with which that is compared, are delayed.
		closed := c.Snd.FIN.Seen() && c.Snd.FIN.Frame < cause.Frame && c.Trigger != nil && c.Trigger.DataLen > 0
		if d := c.Time.Sub(cause.Time); cause.Seen() && !closed && d >= 0 && d < need*2/5 {
			w := signTooSoon
			if !sure {
				w = signTooSoonOnce // one answer may have been slow for other reasons
			}
			if elsewhere {
				need = c.Related.SenderReaction
			}
			s.add(Sign{Kind: SignTooSoon, Weight: w, Span: d, Need: need, Elsewhere: elsewhere}, cause.Frame, c.Frame)
		}
	}
	if c.Snd.FIN.Seen() || c.Rcv.FIN.Seen() || c.Trigger != nil || c.ownRSTBefore() {
		return
	}
	var other flows.Mark
	for _, p := range c.Prior {
		if p.Side != c.Side {
			other = p.Mark
		}
	}
	if c.After.ReceiverRST.Seen() {
		other = c.After.ReceiverRST
	}
	if gap := max(c.Time.Sub(other.Time), other.Time.Sub(c.Time)); other.Seen() && gap < max(c.RTT/2, 2*time.Millisecond) {
		s.add(Sign{Kind: SignBothWays, Weight: signBothWays, Span: gap}, c.Frame, other.Frame)
		quiet, from, to := c.Silence(), c.LastPacket(), c.Mark
		if c.Idle() > quiet {
			quiet, from, to = c.Idle(), c.LastData(), c.Close.Mark
		}
		if quiet >= 3*time.Second {
			s.add(Sign{Kind: SignIdle, Weight: signIdle, Span: quiet}, from.Frame, to.Frame)
		}
	}
}

// onlyCandidate reports whether no segment but the trigger can have drawn the RST: the others with the same
// number came too long before.
func (c *Facts) onlyCandidate(need time.Duration) bool {
	if c.Candidates <= 1 {
		return true
	}
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side == c.Side || e.Frame == c.Trigger.Frame || e.Frame > c.Frame || !e.Flags.Has(flows.ACK) ||
			e.ACK != c.Trigger.ACK {
			continue
		}
		if c.Time.Sub(e.Time) < max(3*need, c.Soon()) {
			return false
		}
	}
	return true
}

// forwarded reports whether each segment that the RST may answer was captured twice.
func (c *Facts) forwarded() bool {
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side && e.Frame < c.Frame && e.Flags.Has(flows.ACK) && e.ACK == c.SEQ &&
			e.Notes&(flows.Copied|flows.Duplicate) == 0 {
			return false
		}
	}
	return c.Trigger != nil
}

// copies asks whether the RST was captured less often than the connection's other packets: on a router that is
// captured on all interfaces every packet that it forwards shows twice, and one that it makes shows once.
func (s *PathSigns) copies(c *Facts) {
	others := int(c.Conn.Packets) - int(c.Conn.Duplicates)
	if c.Conn.Duplicates == 0 || c.After.Duplicates > 0 || c.After.SenderRSTCount > 0 || c.ownRSTBefore() ||
		int(c.Conn.Duplicates) < others*4/5 {
		return
	}
	if int(c.Conn.Duplicates) < others && c.forwarded() {
		return // the router forwarded what the RST answers, and the capture lacks a copy of another packet too
	}
	w := signOneCopy
	// a router does not forward what it answers
	if others >= 5 && int(c.Conn.Duplicates) >= others || others >= 8 && int(c.Conn.Duplicates) == others-1 {
		w = signOneCopyOfMany
	}
	s.add(Sign{Kind: SignOneCopy, Weight: w, N: int64(others)}, c.Frame)
}

// onlyTTL reports whether a TTL is all that speaks against the endpoint.
func (s *PathSigns) onlyTTL() bool { return len(s.Against) == 1 && s.Against[0].Kind == SignOtherTTL }

// copiedIPID returns the segment of the RST's receiver, the one that the RST answers or the last, whose IP ID the RST
// has although its sender counts otherwise; the zero Mark where there is none.
func (c *Facts) copiedIPID() flows.Mark {
	if c.Conn.Duplicates > 0 || c.Snd.Segments == 0 || c.IPID-c.Snd.IPID < 4096 || c.Snd.IPID-c.IPID < 4096 {
		return flows.Mark{}
	}
	switch t := c.Trigger; {
	case t != nil && t.IPID == c.IPID:
		return t.Mark
	case t == nil && c.Rcv.IPID == c.IPID:
		return c.Rcv.Last
	}
	return flows.Mark{}
}

// identity compares IP ID, window, timestamps and Ethernet source.
func (s *PathSigns) identity(c *Facts) {
	if c.IPID != 0 {
		t := c.Trigger
		switch {
		case t != nil && t.IPID == c.IPID && t.Flags.Has(flows.SYN):
			s.add(Sign{Kind: SignCopiedIPID, Weight: signCopiedIPID}, c.Frame, t.Frame)
			if c.WND != 0 && uint32(c.WND) == t.WND {
				s.add(Sign{Kind: SignCopiedWindow, Weight: signCopiedWND}, c.Frame, t.Frame)
			}
		case c.copiedIPID().Seen():
			s.add(Sign{Kind: SignCopiedIPID, Weight: signCopiedIPID}, c.Frame, c.copiedIPID().Frame)
		case c.continuesIPID():
			s.add(Sign{Kind: SignIPIDContinues, Weight: genuineIPID}, c.Frame, c.Snd.Last.Frame)
		case c.Snd.IPIDStep > 0 && c.Snd.IPIDStep <= 256 && c.Snd.Segments >= 3 && c.IPID-c.Snd.IPID > 4096 &&
			!c.ownRSTBefore():
			s.add(Sign{Kind: SignIPIDBreaks, Weight: signIPIDBreak}, c.Frame, c.Snd.Last.Frame)
		case c.Snd.IPIDZero && c.Snd.Segments >= 3:
			s.add(Sign{Kind: SignIPIDNotZero, Weight: signIPIDBreak}, c.Frame, c.Snd.Last.Frame)
		}
	}
	if c.WrongEcho() {
		s.add(Sign{Kind: SignWrongEcho, Weight: signWrongEcho}, c.Frame)
	}
	if c.Opts.HasTS && c.Snd.HasTS && c.Snd.Segments > 0 {
		if d := int32(c.Opts.TSval - c.Snd.TSval); d >= 0 && d < 1<<28 {
			s.add(Sign{Kind: SignTimestampContinues, Weight: genuineTS}, c.Frame, c.Snd.Last.Frame)
		}
	}
	if c.MAC != 0 && c.Snd.MAC != 0 && c.MAC != c.Snd.MAC && (c.Conn.Duplicates == 0 || c.After.Duplicates > 0) &&
		c.Reset.Domain == c.Conn.Domain && !c.ResetsSYNACK() {
		s.add(Sign{Kind: SignOtherMAC, Weight: signOtherMAC}, c.Frame, c.Snd.First.Frame)
	}
	if s.Weight >= 0.5 && !s.onlyTTL() && c.Conn.Phase() == flows.PostPSH && c.Snd.DataSegments == 0 {
		s.add(Sign{Kind: SignOpening, Weight: signOpening}, c.Frame, c.Rcv.FirstData.Frame)
	}
}

package rules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// Signs is what speaks for and against a device on the path as the true sender of a RST
// (Weaver, Sommer and Paxson, "Detecting Forged TCP Reset Packets", NDSS 2009).
type Signs struct {
	Weight  float64 // sum over all signs; a middlebox from 1 on
	Against []sign  // speak for a device on the path
	For     []sign  // speak for the endpoint

	room []int // what sign.frames are cut from
}

// A sign is one observation. It is told as evidence when the verdict rests on it.
type sign struct {
	weight float64
	frames []int
	says   string
	beside *flows.ConnMark // a packet of another connection that it was compared with
}

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
	signIPIDBreak     = 0.3  // IP ID out of the sender's count
	signVolley        = 0.4  // the same RST several times at one moment
	signBothWays      = 0.5  // both ends get a RST in the other's name at one moment
	signIdle          = 0.6  // and that at an idle moment
	signNotReply      = 0.3  // answers like a device: RST+ACK where a host without the connection sends a bare RST
	signDead          = 0.3  // the connection had ended before, by a RST of the other side or by both FINs
	signOnLink        = 1.0  // TTL as it left its host, in the name of one that is a hop away
	signOneCopyOfMany = 1.0  // captured once where each of many other packets is captured twice
	signOneCopy       = 0.8  // captured once where every other packet of the connection is captured twice
	signOpening       = 0.4  // directly after a Client Hello or the first request
	genuineIPID       = -0.8 // IP ID goes on counting
	genuineTS         = -0.8 // its timestamps go on
	genuineTTL        = -0.2 // same TTL, and from afar
)

// tell fills in who sent the RST, and the signs that decided.
func (s *Signs) tell(f *Finding) {
	switch {
	case s.Weight >= 1:
		f.Origin = OriginMiddlebox
		f.sayOrigin(s.Against)
	case s.Weight >= 0.5:
		f.Origin = OriginUnknown
		f.sayOrigin(s.Against)
		f.sayOrigin(s.For)
	default:
		f.Origin = OriginEndpoint
		f.sayOrigin(s.For)
	}
}

func (f *Finding) sayOrigin(signs []sign) {
	for i := range signs {
		g := &signs[i]
		f.OriginWhy = append(f.OriginWhy, f.evidence(-1, g.says, g.frames))
		if m := g.beside; m != nil && m.Seen() {
			f.OriginWhy = append(f.OriginWhy, f.evidence(m.Stream, "the packet that it was compared with", []int{m.Frame}))
		}
	}
}

// Middlebox reports whether the signs name a device on the path.
func (s *Signs) Middlebox() bool { return s.Weight >= 1 }

func (s *Signs) add(weight float64, says string, frames ...int) {
	s.Weight += weight
	start := len(s.room)
	s.room = append(s.room, frames...)
	end := len(s.room)
	g := sign{weight: weight, frames: s.room[start:end:end], says: says}
	if weight > 0 {
		s.Against = append(s.Against, g)
	} else {
		s.For = append(s.For, g)
	}
}

// weigh collects the signs.
func (s *Signs) weigh(c *Facts) {
	if c.Notes&flows.Duplicate != 0 {
		return // judged with its original
	}
	s.aftermath(c)
	s.numbers(c)
	s.timing(c)
	s.ttl(c)
	s.identity(c)
	s.copies(c)
}

// aftermath asks whether the sender goes on after its RST.
func (s *Signs) aftermath(c *Facts) {
	a := &c.After
	who := c.sender()
	reordered := c.Conn.Defects.Has(flows.Reordered)
	switch {
	case c.Unopened():
		// An originator that resets a SYN-ACK with a wrong number, or a challenge ACK, goes on asking.
	case c.Refused() && a.SenderACK.Seen() && !c.askedAgain():
		accepts := a.SenderACK
		if synack, _ := c.opensAfter(); synack.Seen() {
			accepts = synack
		}
		s.add(signGoesOn, sentence("%s accepts the connection %s after the RST that refused it, although nobody asked again",
			who, span(accepts.Time.Sub(c.Time))), c.Frame, accepts.Frame)
	case c.Refused():
	case a.SenderNewData.Seen() && !reordered && c.related(a.SenderNewData):
		s.add(signGoesOn, sentence("%s goes on sending data %s after its RST, as if nothing had happened",
			who, span(a.SenderNewData.Time.Sub(c.Time))), c.Frame, a.SenderNewData.Frame)
	case !reordered && len(c.dataAfter()) >= 2:
		s.add(signLags, sentence("%s goes on sending after its RST, where it had stopped before it", who), append([]int{c.Frame}, c.dataAfter()...)...)
	default:
		if e := c.aliveAfter(); e != nil {
			s.add(signGoesOn, sentence("%s goes on acknowledging %s after its RST, as if nothing had happened",
				who, span(e.Time.Sub(c.Time))), c.Frame, e.Frame)
		} else if lags := c.acksAfter(); len(lags) >= 2 && !reordered {
			s.add(signLags, fmt.Sprintf("%s acknowledges %d times more after its RST, step by step, where no other segments come out of order", who, len(lags)), append([]int{c.Frame}, lags...)...)
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
		if e.Side != c.Side || e.Flags&(flows.RST|flows.SYN|flows.FIN) != 0 || !e.Flags.Has(flows.ACK) || e.Notes&flows.Duplicate != 0 {
			continue
		}
		if d := e.ACK.Sub(known); d > 0 && d < 1<<20 && e.Time.Sub(c.Time) > 0 {
			out, known = append(out, e.Frame), e.ACK
		}
	}
	return out
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
		// One that left before the RST may be overtaken by it: only what acknowledges later data, or comes much
		// later itself, shows a connection that lives.
		if c.Rcv.HasSND && e.ACK.Sub(c.Rcv.SND.NXT) > 0 && e.Time.Sub(c.Time) > 0 || e.Time.Sub(c.Time) > c.Soon() {
			return e
		}
	}
	return nil
}

// numbers asks whether the numbers fit what the sender had sent and what it could answer.
func (s *Signs) numbers(c *Facts) {
	complete := c.Conn.Defects&(flows.OneDirection|flows.MissedPackets|flows.NoHandshake|flows.Evicted|flows.Reordered) == 0
	who := c.sender()
	if c.Snd.HasSND && c.Trigger == nil && (c.Class == flows.ClassBare || c.Class == flows.ClassUnclear) && complete && !c.ownRSTBefore() {
		switch d := c.SEQ.Sub(c.Snd.SND.NXT); {
		case d > 0:
			s.add(signBeyond, sentence("its sequence number lies %s beyond all that %s had sent", octets(int64(d)), who), c.Frame, c.Snd.Last.Frame)
		case d < 0 && c.SEQ.Sub(c.Snd.SND.UNA) < 0 && c.Snd.Retransmits.Count == 0:
			s.add(signBehind, sentence("its sequence number lies %s behind what %s had already sent, and answers no segment", octets(int64(-d)), who), c.Frame, c.Snd.Last.Frame)
		}
	}
	if complete && c.Snd.HasSND && c.After.SenderSegments == 0 {
		limit := c.Snd.SND.NXT
		var frames []int
		step := flows.Seq(0)
		for _, m := range c.After.SenderRSTs {
			if d := m.SEQ.Sub(limit); d > 1 && m.Time.Sub(c.Time) < time.Second {
				frames, step = append(frames, m.Frame), flows.Seq(d)
			}
		}
		if len(frames) > 0 {
			s.add(signStepping, sentence("further resets in %s's name guess sequence numbers up to %s beyond all that it had sent",
				who, octets(int64(step))), append(frames, c.Frame)...)
		}
	}
	if own := c.lastOwn(); own != nil && own.Flags.Has(flows.ACK) && c.Flags.Has(flows.ACK) && c.SEQ != 0 && c.Notes&flows.Duplicate == 0 && c.Rcv.LastData.Seen() && c.TTL != c.Snd.TTL {
		data := c.Rcv.LastData.Frame
		if c.Answers == ToData {
			data = c.Trigger.Frame
		}
		s.add(signNotReply, "it answers late data with RST+ACK, where a host that has ended the connection sends a bare RST", own.Frame, data, c.Frame)
	}
	if n := c.volley(); n >= 2 {
		s.add(signVolley, fmt.Sprintf("it was sent %d times at one moment, with the same numbers", n+1), c.Frame, c.After.SenderRSTs[0].Frame)
	}
	if c.resetsNothing() && c.Class == flows.ClassActive {
		over := c.closed()
		s.add(signDead, sentence("both sides had closed %s before: %s itself had nothing left to reset", span(c.Time.Sub(over.Time)), who), over.Frame, c.Frame)
	}
	if c.Trigger == nil && c.Class == flows.ClassActive {
		for i := range c.Prior {
			if p := &c.Prior[i]; p.Side != c.Side && c.Time.Sub(p.Time) > max(c.Soon(), time.Second) {
				s.add(signDead, sentence("%s's connection had been ended %s before by a RST of the other side", who, span(c.Time.Sub(p.Time))), p.Frame, c.Frame)
				break
			}
		}
	}
}

// volley counts the repetitions of a RST+ACK that nothing drew: a host sends it once.
func (c *Facts) volley() int {
	n := 0
	for _, m := range c.After.SenderRSTs {
		if c.Kind == KindAbort && c.Flags.Has(flows.ACK) && m.ACK && m.SEQ == c.SEQ && m.Time.Sub(c.Time) < time.Millisecond {
			n++
		}
	}
	return n
}

// ownRSTBefore reports whether the sender had reset the connection before.
func (c *Facts) ownRSTBefore() bool {
	for _, p := range c.Prior {
		if p.Side == c.Side {
			return true
		}
	}
	return false
}

// timing asks whether the RST comes before its sender could have seen what it answers, and whether both
// ends are reset at one moment.
func (s *Signs) timing(c *Facts) {
	need, sure := c.distance()
	if need == 0 && c.Refused() {
		// Other connections tell how far the host is, less exactly: paths and queues differ.
		need, sure = c.Related.SenderReaction/8, true
	}
	if need >= 2*time.Millisecond {
		var cause flows.Mark
		switch {
		case c.Trigger != nil && c.onlyCandidate(need) && (!c.Flags.Has(flows.ACK) || c.Class == flows.ClassReplyACK || c.ACK.Sub(c.Trigger.End()) >= 0):
			cause = c.Trigger.Mark
		case c.Flags.Has(flows.ACK) && c.Rcv.HasSND && c.Rcv.LastData.Seen() && c.ACK.Sub(c.Rcv.LastSEQ.Add(c.Rcv.LastLen)) >= 0 && c.ACK.Sub(c.Rcv.SND.NXT) <= 0:
			cause = c.Rcv.LastData
		case c.Kind == KindAbort && c.Snd.Segments == c.Snd.SYNs && c.Conn.HandshakeACK.Seen() && !c.ByClient():
			cause = c.Conn.HandshakeACK // before that it has nothing to drop
		}
		if d := c.Time.Sub(cause.Time); cause.Seen() && d >= 0 && d < need*2/5 {
			w := signTooSoon
			if !sure {
				w = signTooSoonOnce
			}
			s.add(w, sentence("it follows what it answers by %s; %s needs %s at least to be reached and to answer", span(d), c.sender(), span(need)), cause.Frame, c.Frame)
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
		s.add(signBothWays, sentence("within %s both ends get a RST in the other's name", span(gap)), c.Frame, other.Frame)
		quiet, from, to := c.silence(), c.quietSince(), c.Mark
		if c.Idle() > quiet {
			quiet, from, to = c.Idle(), c.lastData(), c.Close.Mark
		}
		if quiet >= 3*time.Second {
			s.add(signIdle, sentence("nothing had been said for %s", span(quiet)), from.Frame, to.Frame)
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
		if e.Side == c.Side || e.Frame == c.Trigger.Frame || e.Frame > c.Frame || !e.Flags.Has(flows.ACK) || e.ACK != c.Trigger.ACK {
			continue
		}
		if c.Time.Sub(e.Time) < max(3*need, c.Soon()) {
			return false
		}
	}
	return true
}

// reactionFrom is the least time in which a SYN-ACK came that tells something of the distance by itself: shorter
// ones may be due to address resolution, or to a host that had to wake up.
const reactionFrom = 10 * time.Millisecond

// distance returns the least time that a segment needs from the capture point to the RST's sender and its
// answer back, 0 when the capture does not show it, and whether more than one answer took about that time:
// a single one may have been slow for other reasons.
func (c *Facts) distance() (least time.Duration, sure bool) {
	var sampleRoom [16]time.Duration
	var askedRoom [16]*flows.Event
	samples := sampleRoom[:0]
	asked := askedRoom[:0] // segments toward the sender that it has not acknowledged
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		switch {
		case e.Notes&flows.Duplicate != 0 || e.Flags&flows.RST != 0:
		case e.Side != c.Side && e.Notes&flows.Retransmitted != 0:
			asked = asked[:0] // which sending is answered cannot be told
		case e.Side != c.Side && e.LEN() > 0:
			asked = append(asked, e)
		case e.Side == c.Side && e.Flags.Has(flows.ACK):
			n := 0
			for n < len(asked) && e.ACK.Sub(asked[n].End()) >= 0 {
				n++
			}
			if n > 0 {
				samples = append(samples, e.Time.Sub(asked[n-1].Time))
				asked = asked[n:]
			}
		}
	}
	for _, d := range samples {
		if d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	if least == 0 && c.Snd.Reaction >= reactionFrom {
		return c.Snd.Reaction, false // of its SYN-ACK alone
	}
	near := 0
	for _, d := range samples {
		if d <= least*3/2+500*time.Microsecond {
			near++
		}
	}
	for _, r := range [...]time.Duration{c.Snd.Reaction, c.Related.SenderReaction} {
		if r > 0 && r < least*2/3 {
			return r, false // an older answer came sooner, or one in another connection
		}
	}
	return least, near >= 2
}

// ttl compares the RST's TTL with that of its sender's other packets.
func (s *Signs) ttl(c *Facts) {
	if c.TTL == 0 || c.resetsSYNACK() {
		return // scanners send their SYNs with a TTL of their own
	}
	known, low, high, of := c.Snd.TTL, c.Snd.TTLMin, c.Snd.TTLMax, "in this connection"
	frame := c.Snd.Last.Frame
	if c.Snd.Segments == 0 || known == 0 {
		known, low, high, of = c.Related.SenderTTL, c.Related.SenderTTLMin, c.Related.SenderTTLMax, "in its other connections"
		if low == 0 {
			low, high = known, known
		}
		frame = 0
	}
	beside := frame == 0 // of this connection no packet came before the RST
	elsewhere := beside
	if m := c.Related.SenderTTLSeen; beside && m.Stream == c.Conn.Stream { // one that comes after the RST
		frame, of, elsewhere = m.Frame, "in this connection", false
	}
	if known == 0 {
		return
	}
	off := 0
	switch {
	case c.TTL < low:
		off = int(low) - int(c.TTL)
	case c.TTL > high:
		off = int(c.TTL) - int(high)
	}
	if off <= 2 && c.Conn.Duplicates > 0 && c.After.Duplicates == 0 {
		off = 0 // copies made on the way differ by the routers between
	}
	if off == 0 {
		if c.TTL == known && !initialTTL(c.TTL) {
			says := sentence("its TTL %s is that of %s's other packets", strconv.Itoa(int(c.TTL)), c.sender())
			if elsewhere {
				says += " in its other connections"
			}
			s.add(genuineTTL, says, c.Frame, frame)
			if elsewhere {
				s.For[len(s.For)-1].beside = &c.Related.SenderTTLSeen
			}
		}
		return
	}
	says := fmt.Sprintf("its TTL is %d; %s's other packets %s arrive with %d", c.TTL, c.sender(), of, known)
	nearer := hops(c.TTL) < hops(known)
	steady := low == high && (c.Snd.Segments >= 3 || beside)
	w := signOtherTTL
	switch {
	case hops(c.TTL) == hops(known):
		w = signOtherStart
	case off == 1 && nearer && hops(c.TTL) == 0 && steady:
		w = signOnLink
	case off == 1:
		w = signOneHop
	case steady:
		w = signOtherHops
	case nearer:
		w = signNearer
	}
	s.add(w, says, c.Frame, frame)
	if elsewhere && w > 0 {
		s.Against[len(s.Against)-1].beside = &c.Related.SenderTTLSeen
	}
}

// initialTTL reports whether a TTL is as it left its host: it tells nothing of the path.
func initialTTL(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 || ttl == 32 }

// hops returns how many routers a packet has passed, when its host began with one of the usual values.
func hops(ttl uint8) int {
	for _, from := range [...]int{32, 64, 128, 255} {
		if int(ttl) <= from {
			return from - int(ttl)
		}
	}
	return 0
}

// copies asks whether the RST was captured less often than the connection's other packets: on a router that is
// captured on all interfaces every packet that it forwards shows twice, and one that it makes shows once.
func (s *Signs) copies(c *Facts) {
	others := int(c.Conn.Packets) - int(c.Conn.Duplicates)
	if c.Conn.Duplicates == 0 || c.After.Duplicates > 0 || c.After.SenderRSTCount > 0 || c.ownRSTBefore() || int(c.Conn.Duplicates) < others*4/5 {
		return
	}
	w := signOneCopy
	if others >= 5 && int(c.Conn.Duplicates) >= others || others >= 8 && int(c.Conn.Duplicates) == others-1 { // a router does not forward what it answers

		w = signOneCopyOfMany
	}
	s.add(w, fmt.Sprintf("it was captured once; of the connection's %d other packets %d were captured twice, as on a router that forwards them", others, c.Conn.Duplicates), c.Frame)
}

// identity compares IP ID, window, timestamps and Ethernet source.
func (s *Signs) identity(c *Facts) {
	who := c.sender()
	if c.IPID != 0 {
		t := c.Trigger
		switch {
		case t != nil && t.IPID == c.IPID && t.Flags.Has(flows.SYN):
			s.add(signCopiedIPID, sentence("its IP ID %s is copied from the segment it answers", ipid(c.IPID)), c.Frame, t.Frame)
			if c.WND != 0 && uint32(c.WND) == t.WND {
				s.add(signCopiedWND, fmt.Sprintf("so is its window %d", c.WND), c.Frame, t.Frame)
			}
		case c.continuesIPID():
			s.add(genuineIPID, sentence("its IP ID %s goes on where %s's last packet stopped (%s)", ipid(c.IPID), who, ipid(c.Snd.IPID)), c.Frame, c.Snd.Last.Frame)
		case c.Snd.IPIDStep > 0 && c.Snd.IPIDStep <= 256 && c.Snd.Segments >= 3 && c.IPID-c.Snd.IPID > 4096 && !c.ownRSTBefore():
			s.add(signIPIDBreak, sentence("its IP ID %s is out of %s's count (last %s)", ipid(c.IPID), who, ipid(c.Snd.IPID)), c.Frame, c.Snd.Last.Frame)
		case c.Snd.IPIDZero && c.Snd.Segments >= 3:
			s.add(signIPIDBreak, sentence("its IP ID is %s; all of %s's other packets have 0", ipid(c.IPID), who), c.Frame, c.Snd.Last.Frame)
		}
	}
	if c.wrongEcho() {
		s.add(signWrongEcho, fmt.Sprintf("it echoes the timestamp %d, which %s never sent", c.Opts.TSecr, c.receiver()), c.Frame)
	}
	if c.Opts.HasTS && c.Snd.HasTS && c.Snd.Segments > 0 {
		if d := int32(c.Opts.TSval - c.Snd.TSval); d >= 0 && d < 1<<28 {
			s.add(genuineTS, sentence("its timestamp goes on from %s's last one", who), c.Frame, c.Snd.Last.Frame)
		}
	}
	if c.MAC != 0 && c.Snd.MAC != 0 && c.MAC != c.Snd.MAC && (c.Conn.Duplicates == 0 || c.After.Duplicates > 0) && c.Reset.Domain == c.Conn.Domain {
		s.add(signOtherMAC, sentence("it comes from another Ethernet address (%s) than %s's other packets (%s)", mac(c.MAC), who, mac(c.Snd.MAC)), c.Frame, c.Snd.First.Frame)
	}
	if s.Weight >= 0.5 && c.Conn.Phase() == flows.PostPSH && c.Snd.DataSegments == 0 {
		s.add(signOpening, "it comes directly after the client's first data, where filters decide", c.Frame, c.Rcv.FirstData.Frame)
	}
}

// ipid prints an IP ID as Wireshark does: "0x00ff".
func ipid(n uint16) string {
	const digits = "0123456789abcdef"
	return string([]byte{'0', 'x', digits[n>>12], digits[n>>8&15], digits[n>>4&15], digits[n&15]})
}

// mac prints an Ethernet address.
func mac(a uint64) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(a>>40), byte(a>>32), byte(a>>24), byte(a>>16), byte(a>>8), byte(a))
}

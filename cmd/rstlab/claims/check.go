package claims

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A Grade says how far a claim was checked.
type Grade uint8

// The grades.
const (
	Full Grade = iota // every part of it
	Part              // a part of it
	None              // nothing: the packets do not decide it
)

// A Violation is a claim that the packets contradict, or that they could not have shown.
type Violation struct {
	Path  string
	Frame int // of the RST, 0 for a note about the file
	Kind  string
	Says  string
	Wrong string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s frame %d: %s: %q: %s", v.Path, v.Frame, v.Kind, v.Says, v.Wrong)
}

// A Count is how many claims of a kind were checked, and how far.
type Count struct {
	Claims, Full, Part, None, Wrong int
}

// A Result is what came of checking reports.
type Result struct {
	Resets     int
	Kinds      map[string]*Count
	Violations []Violation
	Unclaimed  map[string]int    // sentences without a claim, by detail and place
	Example    map[string]string // one of them each
}

// Add adds what another check found.
func (r *Result) Add(o *Result) {
	r.init()
	r.Resets += o.Resets
	r.Violations = append(r.Violations, o.Violations...)
	for k, c := range o.Kinds {
		d := r.kind(k)
		d.Claims, d.Full, d.Part, d.None, d.Wrong = d.Claims+c.Claims, d.Full+c.Full, d.Part+c.Part, d.None+c.None,
			d.Wrong+c.Wrong
	}
	for k, n := range o.Unclaimed {
		r.Unclaimed[k] += n
		r.Example[k] = cmp.Or(r.Example[k], o.Example[k])
	}
}

func (r *Result) init() {
	if r.Kinds == nil {
		r.Kinds, r.Unclaimed, r.Example = map[string]*Count{}, map[string]int{}, map[string]string{}
	}
}

func (r *Result) kind(name string) *Count {
	c := r.Kinds[name]
	if c == nil {
		c = &Count{}
		r.Kinds[name] = c
	}
	return c
}

// Total adds up all kinds.
func (r *Result) Total() (t Count) {
	for _, c := range r.Kinds {
		t.Claims, t.Full, t.Part, t.None, t.Wrong = t.Claims+c.Claims, t.Full+c.Full, t.Part+c.Part, t.None+c.None,
			t.Wrong+c.Wrong
	}
	return t
}

// A question is one claim under check.
type question struct {
	c    *Capture
	r    *Reset
	e    *Evidence
	list []Evidence // the list that it stands in

	conn       list    // the reset's connection
	rst        *Packet // the reset, nil for a note about the file
	originator netip.AddrPort
	responder  netip.AddrPort
	side, peer netip.AddrPort // the claim's
	sender     netip.AddrPort // of the RST
	receiver   netip.AddrPort

	grade Grade
	wrong []string
}

// fail says that the claim is wrong.
func (q *question) fail(format string, args ...any) bool {
	q.wrong = append(q.wrong, fmt.Sprintf(format, args...))
	return false
}

// part says that a part of the claim is not checked.
func (q *question) part() { q.grade = max(q.grade, Part) }

// Check checks all claims about a capture.
func Check(c *Capture, f *File) *Result {
	out := &Result{}
	out.init()
	for i := range f.Resets {
		r := &f.Resets[i]
		out.Resets++
		base := question{c: c, r: r}
		if !base.about(out) {
			continue
		}
		for _, evidence := range r.lists() {
			for k := range evidence {
				q := base
				q.e, q.list = &evidence[k], evidence
				q.run(out)
			}
		}
		base.sentences(out)
	}
	for k := range f.Notes {
		q := question{c: c, r: &Reset{Stream: -1}, e: &f.Notes[k], list: f.Notes}
		q.run(out)
	}
	return out
}

func (r *Result) unclaimed(where, says string) {
	r.Unclaimed[where]++
	r.Example[where] = cmp.Or(r.Example[where], says)
}

// about finds the RST and its connection. What the report says about them is the first claim of all, "reset".
func (q *question) about(out *Result) bool {
	r := q.r
	k := out.kind("reset")
	k.Claims++
	q.rst = q.c.byFrame[r.Frame]
	q.originator, _ = netip.ParseAddrPort(r.Originator)
	q.responder, _ = netip.ParseAddrPort(r.Responder)
	q.sender, q.receiver = q.originator, q.responder
	if r.Sender == "responder" {
		q.sender, q.receiver = q.responder, q.originator
	}
	wrong := ""
	switch p := q.rst; {
	case p == nil || p.ICMP != nil:
		k.None++ // a link or tunnel that gopacket does not read
		return false
	case !p.Has(RST):
		wrong = "it is no RST"
	case p.Src != q.sender || p.Dst != q.receiver:
		wrong = fmt.Sprintf("the RST goes from %v to %v", p.Src, p.Dst)
	case p.Stream != r.Stream:
		wrong = fmt.Sprintf("the RST is of stream %d", p.Stream)
	}
	if wrong != "" {
		k.Wrong++
		out.Violations = append(out.Violations, Violation{q.c.Path, r.Frame, "reset", fmt.Sprintf("frame %d of stream %d "+
			"is a RST of the %s", r.Frame, r.Stream, r.Sender), wrong})
		return false
	}
	k.Full++
	q.conn = q.c.Streams[q.rst.Stream]
	return true
}

// run checks one claim. Where it is wrong in the order of the file, and that order is known to be wrong, it is read
// once more in the order of time.
func (q *question) run(out *Result) {
	e := q.e
	if e.Claim == "" {
		out.unclaimed(q.r.Detail, e.Says)
		return
	}
	count := out.kind(e.Claim)
	count.Claims++
	q.decide()
	if len(q.wrong) > 0 {
		if t := q.inTime(); t != nil {
			if t.decide(); len(t.wrong) == 0 {
				q = t
			}
		}
	}
	if len(q.wrong) > 0 {
		count.Wrong++
		out.Violations = append(out.Violations, Violation{q.c.Path, q.r.Frame, e.Claim, e.Says, strings.Join(q.wrong, "; ")})
		return
	}
	switch q.grade {
	case Full:
		count.Full++
	case Part:
		count.Part++
	default:
		count.None++
	}
}

// decide fills in what is wrong with the claim.
func (q *question) decide() {
	e := q.e
	q.side, q.peer = q.originator, q.responder
	switch e.Side {
	case "responder":
		q.side, q.peer = q.responder, q.originator
	case "originator", "":
	default:
		q.fail("no side has the name %q", e.Side)
	}
	check := checks[e.Claim]
	switch {
	case check == nil:
		q.fail("no kind of claim has this name")
	case e.Says == "":
		q.fail("it has no sentence")
	case q.sound():
		check(q)
	}
}

// sound reports whether the frames are in the capture, and of the connection that the claim names.
func (q *question) sound() bool {
	e := q.e
	stream := q.r.Stream
	if e.Stream != nil {
		stream = *e.Stream
	}
	frames := slices.Clone(e.Frames)
	if e.From > 0 {
		frames = append(frames, e.From)
	}
	if e.Until > 0 {
		frames = append(frames, e.Until)
	}
	ok := true
	for _, n := range frames {
		p := q.c.byFrame[n]
		switch {
		case n < 1 || n > q.c.Frames:
			ok = q.fail("there is no frame %d", n)
		case p == nil && aboutICMP(e):
			q.grade, ok = None, false // quoted behind headers that gopacket does not read
		case p == nil:
			q.grade = None // not read, or not TCP
			ok = q.fail("frame %d is no TCP segment that the checker can read", n)
		case p.ICMP == nil && aboutICMP(e):
			ok = q.fail("frame %d is no ICMP error", n)
		case p.ICMP != nil && !aboutICMP(e):
			ok = q.fail("frame %d is an ICMP error", n)
		case p.ICMP == nil && stream >= 0 && p.Stream != stream && n != q.r.Frame:
			ok = q.fail("frame %d is of stream %d, not of %d", n, p.Stream, stream)
		}
	}
	if e.From > 0 && e.Until > 0 && e.From >= e.Until {
		ok = q.fail("the span from frame %d to frame %d is empty", e.From, e.Until)
	}
	return ok
}

// frames returns the claim's frames without the RST's own.
func (q *question) frames() (l list) {
	for _, n := range q.e.Frames {
		if n != q.r.Frame {
			l = append(l, q.c.byFrame[n])
		}
	}
	return l
}

// frame returns the first of frames, and fails where there is none.
func (q *question) frame() *Packet {
	if l := q.frames(); len(l) > 0 {
		return l[0]
	}
	q.fail("it names no frame besides the RST's")
	return nil
}

// until returns the frame at which the claim's span ends: that of the RST where none is given.
func (q *question) until() int { return cmp.Or(q.e.Until, q.r.Frame) }

// sent fails unless p is of an endpoint.
func (q *question) sent(p *Packet, who netip.AddrPort) bool {
	if p == nil {
		return false
	}
	if p.Src != who {
		return q.fail("frame %d is not from %v", p.Frame, who)
	}
	return true
}

// span checks the claimed time between two packets, from a to b.
func (q *question) span(a, b *Packet) {
	if a == nil || b == nil {
		q.fail("there are no two frames to measure between")
		return
	}
	q.duration("span", q.e.Values.Span, b.Time-a.Time)
}

// duration compares times; sentences leave a time of zero out.
func (q *question) duration(name string, claimed, measured int64) {
	if claimed != 0 && !near(claimed, measured) {
		q.fail("the %s is %d ns, not %d", name, measured, claimed)
	}
}

// near reports whether two times are the same but for the rounding of clocks.
func near(a, b int64) bool { return a-b <= 1000 && b-a <= 1000 }

// number compares a header field.
func (q *question) number(name string, claimed, found uint64) bool {
	if claimed != found {
		return q.fail("%s is %d, not %d", name, found, claimed)
	}
	return true
}

// count compares a count with the fewest and the most that the capture allows.
func (q *question) count(claimed, low, high int) {
	switch {
	case q.e.Values.AtLeast && claimed > high:
		q.fail("there are only %d, not at least %d", high, claimed)
	case !q.e.Values.AtLeast && (claimed < low || claimed > high):
		if low == high {
			q.fail("there are %d, not %d", low, claimed)
		} else {
			q.fail("there are %d to %d, not %d", low, high, claimed)
		}
	}
}

// counts returns how many packets a list has when those that are only alike are copies, and when they are not.
func counts(l list) (low, high int) {
	for _, p := range l {
		high++
		if !p.Alike {
			low++
		}
	}
	return low, high
}

// by and all that follows from it look at the reset's connection.
func (q *question) by(who netip.AddrPort) list { return q.conn.by(who) }

// next returns the sequence numbers that may be the next of an endpoint before a frame: one above all that was captured
// of it, and, where its peer acknowledges more, that.
func (q *question) next(who netip.AddrPort, frame int) (all []uint32) {
	end, ok := q.by(who).before(frame).highest()
	if ok {
		all = append(all, end)
	}
	other := q.originator
	if who == other {
		other = q.responder
	}
	if ack, acked := q.by(other).before(frame).highestACK(); acked && (!ok || above(ack, end) > 0) {
		all = append(all, ack)
	}
	return all
}

// visible fails where the capture could not have shown what a side sent between two frames, and the claim is not
// limited. size is the least number of bytes that count.
func (q *question) visible(who netip.AddrPort, from, until, size int) {
	if q.e.Limited {
		return
	}
	other := q.originator
	if who == other {
		other = q.responder
	}
	if why := unseen(q.by(who), q.by(other), from, until, size, true); why != "" {
		q.fail("the capture could not have shown it, and the claim is not limited: %s", why)
	}
}

// arrived is visible for what reached the peer: bytes that only the side's own later numbers show may have been lost
// before they came to where the capture was taken.
func (q *question) arrived(from, until int) {
	if q.e.Limited {
		return
	}
	if why := unseen(q.by(q.side), q.by(q.peer), from, until, 2, false); why != "" {
		q.fail("the capture could not have shown it, and the claim is not limited: %s", why)
	}
}

// whole fails where the snaplen cut data, and the claim is not limited.
func (q *question) whole(l list) {
	if q.e.Limited {
		return
	}
	for _, p := range l {
		if p.Cut() {
			q.fail("the capture could not have shown it, and the claim is not limited: %d of the %d bytes of frame %d were "+
				"captured", len(p.Payload), p.Len, p.Frame)
			return
		}
	}
}

// far is a distance of sequence numbers that no window spans: such a number belongs to another connection.
const far = 1 << 30

// unseen says which bytes of a side the capture lacks that may have been sent between two frames: the other side
// acknowledges them, or, with own numbers as proof, the side itself goes on above them.
func unseen(own, other list, from, until, size int, ownNumbers bool) string {
	type proof struct {
		frame  int
		number uint32
	}
	var proofs []proof
	for _, p := range other {
		if p.Has(ACK) && !p.Has(RST) {
			proofs = append(proofs, proof{p.Frame, p.ACK})
		}
	}
	own = own.others()
	if len(own) == 0 {
		if len(proofs) > 0 {
			return fmt.Sprintf("no segment of it was captured, though frame %d acknowledges some", proofs[0].frame)
		}
		return ""
	}
	if ownNumbers {
		for _, p := range own {
			proofs = append(proofs, proof{p.Frame, p.SEQ})
		}
	}
	base := own[0].SEQ
	for _, p := range proofs {
		if d := above(p.number, base); d < 0 && d > -far {
			base = p.number
		}
	}
	type part struct {
		from, to int64
		frame    int
	}
	var parts []part
	for _, p := range own {
		if d := above(p.SEQ, base); d >= 0 && d < far {
			parts = append(parts, part{int64(d), int64(d) + int64(p.End()-p.SEQ), p.Frame})
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	top := int64(0)
	for _, p := range proofs {
		if d := above(p.number, base); d >= 0 && d < far {
			top = max(top, int64(d))
		}
	}
	parts = append(parts, part{top, top, 1 << 62})
	var at int64
	reached := 0 // the first frame after which the bytes from at on were the next
	for _, h := range parts {
		if h.from > at && h.from-at >= int64(size) {
			const never = 1 << 62
			known := never
			for _, p := range proofs {
				if d := above(p.number, base); int64(d) > at && d < far {
					known = min(known, p.frame)
				}
			}
			if known != never && known > from && (until == 0 || reached < until) {
				return fmt.Sprintf("%d bytes before sequence number %d are not in it, as frame "+
					"%d shows", h.from-at, base+uint32(h.from), known)
			}
		}
		if h.to > at {
			at, reached = h.to, h.frame
		} else if h.to == at {
			reached = min(reached, h.frame)
		}
	}
	return ""
}

// aboutICMP reports whether the frames of a claim are ICMP errors.
func aboutICMP(e *Evidence) bool { return e.Claim == "icmp" || e.Claim == "icmp-refused" }

package vantage

import (
	"github.com/rstexplain/rstexplain/flows"
)

// Bounds of what a Recorder keeps. A Sighting takes 56 bytes.
const (
	maxSightings = 2 << 20
	maxTraces    = 1 << 20
)

// copyWindow is how much later a second capture of one packet may come, by a SPAN port or on another interface.
const copyWindow = 2_000_000 // nanoseconds

// A Recorder keeps of one capture what comparing it with others needs. Its memory is bounded. The zero Recorder is not
// ready; use NewRecorder.
type Recorder struct {
	traces   []*Trace
	open     map[connKey]*Trace
	resets   map[int]*Trace // by frame
	kept     int
	level    int // into levels, of the next thinning
	limit    int
	most     int
	left     int // segments of connections that were not recorded
	segments int

	first, last flows.Time
	hosts       map[[16]byte]*host
}

type connKey struct{ a, b flows.Addr }

// NewRecorder returns a Recorder that has recorded nothing.
func NewRecorder() *Recorder {
	return &Recorder{open: map[connKey]*Trace{}, resets: map[int]*Trace{}, hosts: map[[16]byte]*host{},
		limit: maxSightings, most: maxTraces}
}

// Add records a segment. Segments come in the order of the capture. Nothing of s is kept.
func (r *Recorder) Add(s *flows.Segment) {
	r.segments++
	if r.segments == 1 {
		r.first, r.last = s.Time, s.Time
	}
	r.first, r.last = min(r.first, s.Time), max(r.last, s.Time)
	k := keyOf(s)
	t := r.open[k]
	syn := s.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.SYN
	if t == nil || syn && t.over(s) {
		if len(r.traces) >= r.most {
			r.left++
			return
		}
		t = &Trace{First: s.Time, Last: s.Time}
		t.Addr = [2]flows.Addr{s.Src, s.Dst}
		if !syn && s.Src.Port < s.Dst.Port {
			t.Addr = [2]flows.Addr{s.Dst, s.Src}
		}
		r.traces = append(r.traces, t)
		r.open[k] = t
	}
	r.host(t, t.add(s))
	if s.Flags&flows.RST != 0 {
		r.resets[s.Frame] = t
	}
	if r.kept++; r.kept > r.limit {
		r.thin()
	}
}

// over reports whether a SYN begins the next incarnation.
func (t *Trace) over(s *flows.Segment) bool {
	side := t.side(s)
	if t.HasISN[side] {
		return s.SEQ != t.ISN[side]
	}
	return t.Segments != [2]int{} // RSTs alone may have been for this very SYN, sent before
}

func (t *Trace) side(s *flows.Segment) flows.Side {
	if s.Src == t.Addr[flows.Originator] {
		return flows.Originator
	}
	return flows.Responder
}

// add appends a segment, and returns it as it is kept.
func (t *Trace) add(s *flows.Segment) *Sighting {
	switch s.Flags & (flows.SYN | flows.ACK | flows.RST) {
	case flows.SYN:
		t.orient(s.Src, s.Dst)
		t.setISN(flows.Originator, s.SEQ)
	case flows.SYN | flows.ACK:
		t.orient(s.Dst, s.Src)
		t.setISN(flows.Responder, s.SEQ)
		t.setISN(flows.Originator, s.ACK-1)
	}
	g := Sighting{
		Time: s.Time, Frame: s.Frame, SEQ: s.SEQ, ACK: s.ACK, Len: s.DataLen, TSval: s.Opts.TSval, TSecr: s.Opts.TSecr,
		Flags: s.Flags, WND: s.WND, IPID: s.IPID, TTL: s.TTL, Options: s.Opts.Kinds, Side: t.side(s), HasTS: s.Opts.HasTS,
	}
	if g.Len > 0 {
		g.Short, g.Long = digest(s.Payload, 8, g.Len), digest(s.Payload, 32, g.Len)
	}
	g.Copy = t.copied(&g)
	t.First, t.Last = min(t.First, g.Time), max(t.Last, g.Time)
	switch {
	case g.Flags&flows.RST != 0:
		t.Resets++
	case !g.Copy:
		t.Segments[g.Side]++
		t.account(&g)
	}
	t.Sightings = append(t.Sightings, g)
	return &t.Sightings[len(t.Sightings)-1]
}

// account notes what a side has sent, and what of its peer's data it acknowledged.
func (t *Trace) account(g *Sighting) {
	side, peer := g.Side, g.Side.Peer()
	if end := g.End(); !t.hasSent[side] || end.Sub(t.sent[side]) > 0 {
		t.sent[side], t.hasSent[side] = end, true
	}
	if g.Flags.Has(flows.ACK) && (!t.hasAcked[peer] || g.ACK.Sub(t.acked[peer]) > 0) {
		t.acked[peer], t.hasAcked[peer] = g.ACK, true
	}
}

// copied reports whether g is the packet of one of the last sightings again.
func (t *Trace) copied(g *Sighting) bool {
	for i := len(t.Sightings) - 1; i >= max(0, len(t.Sightings)-8); i-- {
		p := &t.Sightings[i]
		if p.Side != g.Side || p.SEQ != g.SEQ || p.ACK != g.ACK || p.Len != g.Len || p.Flags != g.Flags || p.WND != g.WND ||
			p.IPID != g.IPID {
			continue
		}
		if d := g.Time.Sub(p.Time); d > copyWindow || d < -copyWindow {
			continue
		}
		// A host that sends a packet again gives it another IP ID or timestamp, if it has any that counts on.
		if g.IPID != 0 && p.TTL != g.TTL || g.IPID != 0 && g.Len > 0 {
			return true
		}
	}
	return false
}

func (t *Trace) orient(originator, responder flows.Addr) {
	if t.Known {
		return
	}
	t.Known = true
	if t.Addr[flows.Originator] == originator {
		return
	}
	t.Addr = [2]flows.Addr{originator, responder}
	t.Segments[0], t.Segments[1] = t.Segments[1], t.Segments[0]
	t.acked[0], t.acked[1] = t.acked[1], t.acked[0]
	t.sent[0], t.sent[1] = t.sent[1], t.sent[0]
	t.hasSent[0], t.hasSent[1] = t.hasSent[1], t.hasSent[0]
	t.hasAcked[0], t.hasAcked[1] = t.hasAcked[1], t.hasAcked[0]
	t.lastOf[0], t.lastOf[1] = t.lastOf[1], t.lastOf[0]
	for i := range t.Sightings {
		t.Sightings[i].Side = t.Sightings[i].Side.Peer()
	}
}

func (t *Trace) setISN(side flows.Side, isn flows.Seq) {
	if !t.HasISN[side] {
		t.ISN[side], t.HasISN[side] = isn, true
	}
}

// thin makes room by dropping the middles of long connections.
func (r *Recorder) thin() {
	for r.level < len(levels) {
		for _, t := range r.traces {
			r.kept -= t.thin(levels[r.level])
		}
		if r.kept < r.limit*3/4 {
			return
		}
		r.level++
	}
	r.most = len(r.traces) // no further connections
}

// keyOf returns the key of a segment's connection, which is the same for both directions.
func keyOf(s *flows.Segment) connKey {
	if less(&s.Dst, &s.Src) {
		return connKey{s.Dst, s.Src}
	}
	return connKey{s.Src, s.Dst}
}

func less(a, b *flows.Addr) bool {
	for i := range a.IP {
		if a.IP[i] != b.IP[i] {
			return a.IP[i] < b.IP[i]
		}
	}
	return a.Port < b.Port
}

// digest returns a hash of the first n bytes of data, or of all of it if the segment has fewer, and 0 if they were not
// captured.
func digest(data []byte, n int, size uint32) uint32 {
	if uint32(n) > size {
		n = int(size)
	}
	if len(data) < n {
		return 0
	}
	h := uint32(2166136261)
	for _, b := range data[:n] {
		h = (h ^ uint32(b)) * 16777619
	}
	return h | 1
}

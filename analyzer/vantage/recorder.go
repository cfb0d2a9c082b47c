package vantage

import (
	"encoding/binary"

	"github.com/rstexplain/rstexplain/flows"
)

// Bounds of what a Recorder keeps. A Sighting takes 64 bytes.
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
	open     traceTable
	log      sightingLog // of all traces, until they are sorted
	level    int         // into levels, of the next thinning
	limit    int
	most     int
	left     int // segments of connections that were not recorded
	segments int

	first, last flows.Time
	hosts       map[[16]byte]*host
}

// NewRecorder returns a Recorder that has recorded nothing.
func NewRecorder() *Recorder {
	return &Recorder{hosts: map[[16]byte]*host{}, limit: maxSightings, most: maxTraces}
}

// Add records a segment. Segments come in the order of the capture. Nothing of s is kept.
func (r *Recorder) Add(s *flows.Segment) {
	r.segments++
	if r.segments == 1 {
		r.first, r.last = s.Time, s.Time
	}
	r.first, r.last = min(r.first, s.Time), max(r.last, s.Time)
	slot := r.open.find(&s.Src, &s.Dst)
	t := slot.trace
	syn := s.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.SYN
	if t == nil || syn && t.over(s) {
		if len(r.traces) >= r.most {
			r.left++
			return
		}
		t = &Trace{First: s.Time, Last: s.Time, index: uint32(len(r.traces))}
		t.Addr = [2]flows.Addr{s.Src, s.Dst}
		if !syn && s.Src.Port < s.Dst.Port {
			t.Addr = [2]flows.Addr{s.Dst, s.Src}
		}
		r.traces = append(r.traces, t)
		r.open.set(slot, t)
	}
	r.add(t, s)
	if r.log.len() > r.limit {
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

// add appends a segment.
func (r *Recorder) add(t *Trace, s *flows.Segment) {
	switch s.Flags & (flows.SYN | flows.ACK | flows.RST) {
	case flows.SYN:
		t.orient(s.Src, s.Dst)
		t.setISN(flows.Originator, s.SEQ)
	case flows.SYN | flows.ACK:
		t.orient(s.Dst, s.Src)
		t.setISN(flows.Responder, s.SEQ)
		t.setISN(flows.Originator, s.ACK-1)
	}
	at := r.log.len()
	g := r.log.next()
	*g = Sighting{
		Time: s.Time, Frame: s.Frame, SEQ: s.SEQ, ACK: s.ACK, Len: s.DataLen, TSval: s.Opts.TSval, TSecr: s.Opts.TSecr,
		Flags: s.Flags, WND: s.WND, IPID: s.IPID, TTL: s.TTL, Options: s.Opts.Kinds, Side: t.side(s), HasTS: s.Opts.HasTS,
		trace: t.index,
	}
	if g.Len > 0 {
		g.Short, g.Long = digest(s.Payload, 8, g.Len), digest(s.Payload, 32, g.Len)
	}
	mark := g.mark()
	for i := range t.recent {
		if t.recent[i] == mark && t.kept > 0 && g.copyOf(r.log.at(int(t.recentAt[i]))) {
			g.Copy = true
		}
	}
	n := t.kept % len(t.recent)
	t.recent[n], t.recentAt[n] = mark, uint32(at)
	t.kept++
	t.First, t.Last = min(t.First, g.Time), max(t.Last, g.Time)
	switch {
	case g.Flags&flows.RST != 0:
		t.Resets++
	case !g.Copy:
		t.Segments[g.Side]++
		t.account(g)
		r.host(t, g)
	}
}

// mark returns a digest of what a copy of a packet has too, never 0.
func (g *Sighting) mark() uint32 {
	h := (uint64(g.SEQ)<<32 | uint64(g.ACK)) * 0x9e3779b97f4a7c15
	h ^= (uint64(g.Len)<<32 | uint64(g.IPID)<<16 | uint64(g.WND)) * 0xc2b2ae3d27d4eb4f
	return uint32(h>>32) ^ uint32(g.Side) | 1
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

// copyOf reports whether g is the packet of an earlier sighting again.
func (g *Sighting) copyOf(p *Sighting) bool {
	if p.Side != g.Side || p.SEQ != g.SEQ || p.ACK != g.ACK || p.Len != g.Len || p.Flags != g.Flags || p.WND != g.WND ||
		p.IPID != g.IPID || p.trace != g.trace {
		return false
	}
	if d := g.Time.Sub(p.Time); d > copyWindow || d < -copyWindow {
		return false
	}
	// A host that sends a packet again gives it another IP ID or timestamp, if it has any that counts on.
	return g.IPID != 0 && p.TTL != g.TTL || g.IPID != 0 && g.Len > 0
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
	t.host[0], t.host[1] = t.host[1], t.host[0]
	t.turned = t.kept // their sides are the other ones
	t.recent = [len(t.recent)]uint32{}
}

func (t *Trace) setISN(side flows.Side, isn flows.Seq) {
	if !t.HasISN[side] {
		t.ISN[side], t.HasISN[side] = isn, true
	}
}

// thin makes room by dropping the middles of long connections.
func (r *Recorder) thin() {
	for r.level < len(levels) {
		r.drop(levels[r.level])
		if r.log.len() < r.limit*3/4 {
			return
		}
		r.level++
	}
	r.most = len(r.traces) // no further connections
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
	h := uint64(n) * 0x9e3779b97f4a7c15
	data = data[:n]
	for ; len(data) >= 8; data = data[8:] {
		h = (h ^ binary.LittleEndian.Uint64(data)) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	for _, b := range data {
		h = (h ^ uint64(b)) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return uint32(h>>16) | 1
}

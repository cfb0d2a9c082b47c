package vantage

import (
	"encoding/binary"

	"github.com/rstexplain/rstexplain/flows"
)

// A sightingLog holds the Sightings of all traces in the order of the capture. Appending to it moves nothing.
type sightingLog struct {
	blocks [][]Sighting
	n      int
}

const logBlock = 1 << 14

func (l *sightingLog) len() int { return l.n }

func (l *sightingLog) at(i int) *Sighting { return &l.blocks[i/logBlock][i%logBlock] }

// next returns a new Sighting at the end.
func (l *sightingLog) next() *Sighting {
	if l.n == len(l.blocks)*logBlock {
		l.blocks = append(l.blocks, make([]Sighting, logBlock))
	}
	l.n++
	return l.at(l.n - 1)
}

// cut forgets all Sightings from n on.
func (l *sightingLog) cut(n int) {
	l.n = n
	clear(l.blocks[(n+logBlock-1)/logBlock:])
	l.blocks = l.blocks[:(n+logBlock-1)/logBlock]
}

// drop removes Sightings in the middles of traces.
func (r *Recorder) drop(k kept) {
	resets := map[uint32][]int{} // their places in each trace
	count := make([]int, len(r.traces))
	for i := range r.log.len() {
		g := r.log.at(i)
		if g.Flags&flows.RST != 0 {
			resets[g.trace] = append(resets[g.trace], count[g.trace])
		}
		count[g.trace]++
	}
	place, reach := make([]int, len(r.traces)), make([]int, len(r.traces))
	for i := range reach {
		reach[i] = -1
	}
	to := 0
	for i := range r.log.len() {
		g := r.log.at(i)
		t := r.traces[g.trace]
		n := place[g.trace]
		place[g.trace]++
		if n < t.turned {
			g.Side = g.Side.Peer()
		}
		for list := resets[g.trace]; len(list) > 0 && list[0] <= n+k.around; list = list[1:] {
			reach[g.trace], resets[g.trace] = list[0]+k.around, list[1:]
		}
		if n < k.head || n >= count[g.trace]-k.tail || n <= reach[g.trace] {
			*r.log.at(to) = *g
			to++
			continue
		}
		t.kept--
		if t.GapFrom == 0 || g.Time < t.GapFrom {
			t.GapFrom = g.Time
		}
		t.GapTo = max(t.GapTo, g.Time)
	}
	r.log.cut(to)
	for _, t := range r.traces {
		t.turned, t.recent = 0, [len(t.recent)]uint32{}
	}
}

// sort gives each trace its Sightings. Nothing can be added then.
func (r *Recorder) sort() {
	all := make([]Sighting, r.log.len())
	for _, t := range r.traces {
		if t.kept > 0 {
			t.Sightings, all = all[:0:t.kept], all[t.kept:]
		}
	}
	for i := range r.log.blocks {
		block := r.log.blocks[i][:min(logBlock, r.log.n-i*logBlock)]
		for j := range block {
			t := r.traces[block[j].trace]
			t.Sightings = append(t.Sightings, block[j])
		}
		r.log.blocks[i] = nil
	}
	r.log = sightingLog{}
	for _, t := range r.traces {
		for i := range t.Sightings[:t.turned] {
			t.Sightings[i].Side = t.Sightings[i].Side.Peer()
		}
		t.turned = 0
	}
}

// A traceTable finds the trace of a connection by its addresses.
type traceTable struct {
	slots []traceSlot
	used  int
}

type traceSlot struct {
	tag   uint64
	trace *Trace // nil: free
}

// find returns the slot of a connection, or a free one for it.
func (x *traceTable) find(a, b *flows.Addr) *traceSlot {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	tag := mix(a) + mix(b)
	tag ^= tag >> 29
	for i := tag; ; i++ {
		s := &x.slots[i&uint64(len(x.slots)-1)]
		if s.trace == nil {
			s.tag = tag
			return s
		}
		if t := s.trace; s.tag == tag && (t.Addr[0] == *a && t.Addr[1] == *b || t.Addr[0] == *b && t.Addr[1] == *a) {
			return s
		}
	}
}

func (x *traceTable) set(s *traceSlot, t *Trace) {
	if s.trace == nil {
		x.used++
	}
	s.trace = t
}

func (x *traceTable) grow() {
	old := x.slots
	x.slots = make([]traceSlot, max(1<<10, 2*len(old)))
	for _, o := range old {
		if o.trace == nil {
			continue
		}
		for i := o.tag; ; i++ {
			if s := &x.slots[i&uint64(len(x.slots)-1)]; s.trace == nil {
				*s = o
				break
			}
		}
	}
}

// mix returns a hash of an address.
func mix(a *flows.Addr) uint64 {
	h := binary.LittleEndian.Uint64(a.IP[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(a.IP[8:])
	h = (h ^ uint64(a.Port)<<17) * 0xff51afd7ed558ccd
	h ^= h >> 33
	return h * 0xc4ceb9fe1a85ec53
}

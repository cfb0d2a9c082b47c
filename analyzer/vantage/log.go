package vantage

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A note is a segment in the log.
type note struct {
	time        flows.Time
	frame       uint32
	seq, ack    flows.Seq
	len         uint32
	tsval       uint32
	short, long uint32
	before      uint32      // where the one before it is in the log, plus one; 0 for none
	flags       flows.Flags // with noteBack and noteHasTS
	wnd, ipid   uint16
	ttl         uint8
	options     uint8
}

// Bits of a note's flags that no TCP header has.
const (
	noteBack  flows.Flags = 1 << 15 // from addr[1] of the connection
	noteHasTS flows.Flags = 1 << 14
)

// copyOf reports whether g is the packet of an earlier note of its connection again. mirrored says that the capture has
// the connection's data twice.
func (g *note) copyOf(p *note, mirrored bool) bool {
	if p.flags != g.flags || p.seq != g.seq || p.ack != g.ack || p.len != g.len || p.wnd != g.wnd || p.ipid != g.ipid {
		return false
	}
	window := time.Duration(copyWindow)
	forwarded := g.ttl+1 == p.ttl && p.tsval == g.tsval
	if forwarded && (g.ipid != 0 || mirrored) {
		window = forwardWindow
	}
	if d := g.time.Sub(p.time); d > window || d < -copyWindow {
		return false
	}
	if mirrored {
		return p.tsval == g.tsval && p.options == g.options
	}
	// A host that sends a packet again gives it another IP ID or timestamp, if it has any that counts on.
	return forwarded || g.ipid != 0 && (p.ttl != g.ttl || g.len > 0)
}

// A segmentLog holds the segments of all connections in the order of the capture. Appending to it moves nothing.
type segmentLog struct {
	blocks [][]note
	n      int
}

const logBlock = 1 << 14

func (l *segmentLog) at(i uint32) *note { return &l.blocks[i/logBlock][i%logBlock] }

// next returns a new note at the end.
func (l *segmentLog) next() *note {
	if l.n == len(l.blocks)*logBlock {
		l.blocks = append(l.blocks, make([]note, logBlock))
	}
	l.n++
	return l.at(uint32(l.n - 1))
}

// cut forgets all notes from n on. Their blocks are used again.
func (l *segmentLog) cut(n int) { l.n = n }

// kept says how many segments of a connection are kept at its two ends, and on both sides of a RST, if memory gets
// short.
type kept struct {
	head, tail, around int
	quiet              bool // only of connections without a RST that have sent nothing in the later half of the log
}

// levels are the steps in which less and less is kept.
var levels = [...]kept{{4, 2, 0, true}, {0, 0, 0, true}, {24, 96, 48, false}, {8, 24, 16, false}, {3, 8, 8, false}}

// sampled reports whether a connection stands for those of which nothing is kept. Another capture takes the same ones.
func (r *Recorder) sampled(c *conn) bool {
	g := r.log.at(c.first - 1)
	n := uint32(g.seq)
	if g.flags&noteHasTS != 0 {
		n = g.tsval
	}
	return n*0x9e3779b1>>28 == 0
}

// spares reports whether k leaves a connection as it is.
func (r *Recorder) spares(k *kept, c *conn) bool {
	switch {
	case int(c.n) <= k.head+k.tail:
		return true
	case k.quiet:
		return c.resets > 0 || int(c.last) > r.log.n/2 || r.sampled(c)
	}
	return false
}

// drop removes segments in the middles of connections.
func (r *Recorder) drop(k kept) {
	goes := make([]bool, r.log.n)
	var places []uint32 // of one connection, in the log
	for id := range uint32(r.conns.n) {
		c := r.conns.at(id)
		if r.spares(&k, c) {
			continue
		}
		places = places[:0]
		for at := c.last; at != 0; at = r.log.at(at - 1).before {
			places = append(places, at-1)
		}
		slices.Reverse(places)
		reach := -1 // up to where a RST before has them kept
		next := 0   // to be looked at for RSTs
		c.first, c.last, c.n = 0, 0, 0
		for i, at := range places {
			for ; c.resets > 0 && next < len(places) && next <= i+k.around; next++ {
				if r.log.at(places[next]).flags&flows.RST != 0 {
					reach = next + k.around
				}
			}
			g := r.log.at(at)
			if i < k.head || i >= len(places)-k.tail || i <= reach {
				if c.first == 0 {
					c.first = at + 1
				}
				g.before, c.last = c.last, at+1
				c.n++
				continue
			}
			goes[at] = true
			gap, ok := r.gaps[id]
			if !ok {
				gap = [2]flows.Time{g.time, g.time}
			}
			r.gaps[id] = [2]flows.Time{min(gap[0], g.time), max(gap[1], g.time)}
		}
	}
	r.close(goes)
}

// close moves the segments that stay together.
func (r *Recorder) close(goes []bool) {
	moved := make([]uint32, r.log.n+1) // where each is now, plus one
	to := uint32(0)
	for i, gone := range goes {
		if gone {
			continue
		}
		g := r.log.at(uint32(i))
		g.before = moved[g.before]
		if to != uint32(i) {
			*r.log.at(to) = *g
		}
		to++
		moved[i+1] = to
	}
	for id := range uint32(r.conns.n) {
		c := r.conns.at(id)
		c.first, c.last = moved[c.first], moved[c.last]
	}
	r.log.cut(int(to))
}

// A connTable holds the connections, and finds one by its addresses.
type connTable struct {
	blocks [][]conn
	n      int
	slots  []connSlot
	used   int
}

// A connSlot refers to the last connection with some addresses.
type connSlot struct{ tag, n uint32 } // n is its place in the table, plus one; 0: free

const connBlock = 1 << 10

func (x *connTable) at(id uint32) *conn { return &x.blocks[id/connBlock][id%connBlock] }

// add makes a connection, which is the one that its addresses mean from now on.
func (x *connTable) add(s *connSlot) *conn {
	if x.n == len(x.blocks)*connBlock {
		x.blocks = append(x.blocks, make([]conn, connBlock))
	}
	if s.n == 0 {
		x.used++
	}
	x.n++
	s.n = uint32(x.n)
	return x.at(s.n - 1)
}

// find returns the slot of a connection, or a free one for it.
func (x *connTable) find(a, b *flows.Addr) *connSlot {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	tag := tagOf(a, b)
	for i := tag; ; i++ {
		s := &x.slots[i&uint32(len(x.slots)-1)]
		if s.n == 0 {
			s.tag = tag
			return s
		}
		if s.tag != tag {
			continue
		}
		if c := x.at(s.n - 1); c.addr[0] == *a && c.addr[1] == *b || c.addr[0] == *b && c.addr[1] == *a {
			return s
		}
	}
}

func (x *connTable) grow() {
	old := x.slots
	x.slots = make([]connSlot, max(1<<10, 2*len(old)))
	for _, o := range old {
		if o.n == 0 {
			continue
		}
		for i := o.tag; ; i++ {
			if s := &x.slots[i&uint32(len(x.slots)-1)]; s.n == 0 {
				*s = o
				break
			}
		}
	}
}

// tagOf returns a hash of two addresses, the same for both directions.
func tagOf(a, b *flows.Addr) uint32 {
	h := mix(a) + mix(b)
	return uint32(h ^ h>>29)
}

// mix returns a hash of an address.
func mix(a *flows.Addr) uint64 {
	h := binary.LittleEndian.Uint64(a.IP[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(a.IP[8:])
	h = (h ^ uint64(a.Port)<<17) * 0xff51afd7ed558ccd
	h ^= h >> 33
	return h * 0xc4ceb9fe1a85ec53
}

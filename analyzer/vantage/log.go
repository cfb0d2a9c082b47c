package vantage

import (
	"encoding/binary"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
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
	renumbered := g.flags&flows.RST != 0 && g.ipid != 0 && g.ttl+1 == p.ttl // by the device that forwards it
	if p.flags != g.flags || p.seq != g.seq && !renumbered || p.ack != g.ack ||
		p.len != g.len || p.wnd != g.wnd || p.ipid != g.ipid {
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
		l.blocks = append(l.blocks, pages.Make[note](logBlock))
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
	owner, places := r.owners()
	goes := make([]bool, r.log.n)
	for id, end := uint32(0), 0; id < uint32(r.conns.n); id++ {
		c := r.conns.at(id)
		list := places[end : end+int(c.n)]
		end += int(c.n)
		if r.spares(&k, c) {
			continue
		}
		reach := -1           // up to where a RST before has them kept
		next := 0             // to be looked at for RSTs
		var first, last *note // of those that go
		for i, at := range list {
			for ; c.resets > 0 && next < len(list) && next <= i+k.around; next++ {
				if r.log.at(list[next]).flags&flows.RST != 0 {
					reach = next + k.around
				}
			}
			if i >= k.head && i < len(list)-k.tail && i > reach {
				goes[at] = true
				if last = r.log.at(at); first == nil {
					first = last
				}
			}
		}
		if first != nil {
			gap, ok := r.gaps[id]
			if !ok {
				gap = [2]flows.Time{first.time, first.time}
			}
			r.gaps[id] = [2]flows.Time{min(gap[0], first.time, last.time), max(gap[1], first.time, last.time)}
		}
	}
	r.close(goes, owner)
}

// owners returns the connection of each segment in the log, and where the segments of each are, one connection after
// the other. It reads the log in its order: following the segments of one after the other waits for memory each time.
func (r *Recorder) owners() (owner, places []uint32) {
	owner, places = pages.Make[uint32](r.log.n), pages.Make[uint32](r.log.n)
	end, sum := make([]uint32, r.conns.n), uint32(0) // where the next of each goes, from its last one on
	for id := range end {
		c := r.conns.at(uint32(id))
		sum += c.n
		end[id] = sum
		if c.last != 0 {
			owner[c.last-1] = uint32(id)
		}
	}
	for i := r.log.n - 1; i >= 0; i-- {
		id := owner[i]
		if before := r.log.at(uint32(i)).before; before != 0 {
			owner[before-1] = id
		}
		end[id]--
		places[end[id]] = uint32(i)
	}
	return owner, places
}

// close moves the segments that stay together.
func (r *Recorder) close(goes []bool, owner []uint32) {
	for id := range uint32(r.conns.n) {
		c := r.conns.at(id)
		c.first, c.last, c.n = 0, 0, 0
	}
	to := uint32(0)
	for i, gone := range goes {
		if gone {
			continue
		}
		g := r.log.at(uint32(i))
		c := r.conns.at(owner[i])
		g.before = c.last
		*r.log.at(to) = *g
		to++
		if c.last = to; c.first == 0 {
			c.first = to
		}
		c.n++
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
		x.blocks = append(x.blocks, pages.Make[conn](connBlock))
	}
	if s.n == 0 {
		x.used++
	}
	x.n++
	s.n = uint32(x.n)
	return x.at(s.n - 1)
}

// find returns the slot of a connection, or a free one for it, and which of its addresses a is.
func (x *connTable) find(a, b *flows.Addr) (slot *connSlot, from int) {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	tag := tagOf(a, b)
	for i := tag; ; i++ {
		s := &x.slots[i&uint32(len(x.slots)-1)]
		if s.n == 0 {
			s.tag = tag
			return s, 0
		}
		if s.tag != tag {
			continue
		}
		c := x.at(s.n - 1)
		switch {
		case equal(&c.addr[0], a) && equal(&c.addr[1], b):
			return s, 0
		case equal(&c.addr[0], b) && equal(&c.addr[1], a):
			return s, 1
		}
	}
}

// equal reports whether two addresses are the same one, in less time than ==.
func equal(a, b *flows.Addr) bool {
	return binary.LittleEndian.Uint64(a.IP[8:]) == binary.LittleEndian.Uint64(b.IP[8:]) && a.Port == b.Port &&
		binary.LittleEndian.Uint64(a.IP[:8]) == binary.LittleEndian.Uint64(b.IP[:8])
}

func (x *connTable) grow() {
	old := x.slots
	x.slots = pages.Make[connSlot](max(1<<10, 2*len(old)))
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

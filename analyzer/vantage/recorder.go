package vantage

import (
	"encoding/binary"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
)

// Bounds of what a Recorder keeps. A segment takes 48 bytes, a connection 64 and its place in the table.
const (
	maxSightings = 3 << 18
	maxTraces    = 1 << 20
)

// copyWindow is how much later a second capture of one packet may come, by a SPAN port or on another interface.
const copyWindow = 2_000_000 // nanoseconds

// forwardWindow is the same on the next interface of a router, which may first have to find out where the packet goes.
const forwardWindow = 1_000_000_000

// A Recorder keeps of one capture what comparing it with others needs. Its memory is bounded. The zero Recorder is not
// ready; use NewRecorder.
//
// While the capture is read, it appends to a log and does little else: most connections are never looked at again.
type Recorder struct {
	conns    connTable
	log      segmentLog // of all connections
	level    int        // into levels, of the next thinning
	limit    int
	most     int
	asked    int // requests at most
	left     int // segments of connections that were not recorded
	segments int
	gaps     map[uint32][2]flows.Time // of connections, the time from which on, and up to which, segments were dropped

	first, last flows.Time
	requests    requestLog // that a proxy may have passed on

	traces []Trace // of all connections, when the capture is over
	notes  []*note // of one connection; its memory is used again

	// Of a capture of several interfaces of a router with NAT: the connections that it holds under other addresses too,
	// and what each of these is a translation of.
	translations map[*Trace][]*Trace
	originals    map[*Trace]*Trace
	hosts        map[[16]byte]*host
	classes      classes
}

// NewRecorder returns a Recorder that has recorded nothing. Its log of segments and its connections take an eighth of
// memory bytes each, at most, and requests a fourth of that; 0 leaves them as large as comparing two large captures needs.
func NewRecorder(memory int64) *Recorder {
	r := &Recorder{gaps: map[uint32][2]flows.Time{}, limit: maxSightings, most: maxTraces, asked: maxRequests}
	if memory > 0 {
		r.limit = int(min(maxSightings, memory/8/int64(unsafe.Sizeof(note{}))))
		r.most = int(min(maxTraces, memory/8/int64(unsafe.Sizeof(conn{}))))
		r.asked = int(min(maxRequests, memory/32/int64(unsafe.Sizeof(request{}))))
	}
	return r
}

// A conn is what is kept of a connection while the capture is read. It has no pointers, and fits a cache line.
type conn struct {
	addr     [2]flows.Addr // from and to of the first segment
	isn      [2]flows.Seq  // of addr
	last     uint32        // where its last segment is in the log, plus one; 0 for none
	n        uint32        // segments in the log
	resets   uint16
	ttl      [2]uint8 // of addr: of the first segment that is no RST
	state    connState
	requests uint8  // that are noted
	first    uint32 // as last
}

type connState uint16

// What is known of a connection. Those that exist twice are about addr[0]; shifted by one, about addr[1].
const (
	hasISN    connState = 1 << 0 // two bits
	sent      connState = 1 << 2 // a segment that is no RST; two bits
	otherTTLs connState = 1 << 4 // not all have the same; two bits
	turned    connState = 1 << 6 // addr[1] is the originator
	known     connState = 1 << 7 // a SYN or SYN-ACK says so
	forwarded connState = 1 << 8 // a packet is there again a hop farther on; two bits
)

// maxFrame is the last frame that is kept.
const maxFrame = 1<<32 - 1

// Add records a segment. Segments come in the order of the capture. Nothing of s is kept.
func (r *Recorder) Add(s *flows.Segment) {
	r.segments++
	if r.segments == 1 {
		r.first, r.last = s.Time, s.Time
	}
	r.first, r.last = min(r.first, s.Time), max(r.last, s.Time)
	slot, from := r.conns.find(&s.Src, &s.Dst)
	syn := s.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.SYN
	var c *conn
	if slot.n != 0 {
		c = r.conns.at(slot.n - 1)
	}
	if c == nil || syn && c.over(from, s) {
		if r.conns.n >= r.most || s.Frame > maxFrame {
			r.left++
			return
		}
		c, from = r.conns.add(slot), 0
		c.addr = [2]flows.Addr{s.Src, s.Dst}
		if !syn && s.Src.Port < s.Dst.Port {
			c.state |= turned
		}
	}
	r.add(c, slot.n-1, from, s)
	if r.log.n > r.limit {
		r.thin()
	}
}

// over reports whether a SYN begins the next incarnation.
func (c *conn) over(from int, s *flows.Segment) bool {
	if c.state&(hasISN<<from) != 0 {
		return s.SEQ != c.isn[from]
	}
	return c.state&(sent|sent<<1) != 0 // RSTs alone may have been for this very SYN, sent before
}

// add appends a segment that comes from an address of a connection.
func (r *Recorder) add(c *conn, id uint32, from int, s *flows.Segment) {
	if s.Flags&(flows.SYN|flows.RST) == flows.SYN {
		originator := from
		if s.Flags.Has(flows.ACK) {
			originator = 1 - from
			c.setISN(originator, s.ACK-1)
		}
		c.setISN(from, s.SEQ)
		if c.state&known == 0 {
			c.state = c.state&^turned | known
			if originator == 1 {
				c.state |= turned
			}
		}
	}
	g := r.log.next()
	*g = note{
		time: s.Time, frame: uint32(s.Frame), seq: s.SEQ, ack: s.ACK, len: s.DataLen, tsval: s.Opts.TSval,
		flags: s.Flags, wnd: s.WND, ipid: s.IPID, ttl: s.TTL, options: s.Opts.Kinds, before: c.last,
	}
	if from == 1 {
		g.flags |= noteBack
	}
	if s.Opts.HasTS {
		g.flags |= noteHasTS
	}
	if g.len > 0 {
		g.short, g.long = digest(s.Payload, 8, g.len), digest(s.Payload, 32, g.len)
		r.noteRequest(c, id, s)
	}
	if c.last = uint32(r.log.n); c.first == 0 {
		c.first = c.last
	}
	c.n++
	if g.flags&flows.RST != 0 {
		c.resets = min(c.resets, 1<<16-2) + 1
		return
	}
	switch {
	case c.state&(sent<<from) == 0:
		c.state |= sent << from
		c.ttl[from] = g.ttl
	case c.ttl[from] == g.ttl || c.state&(otherTTLs<<from) != 0:
	case r.isCopy(g, false):
		c.state |= forwarded << from
	default:
		c.state |= otherTTLs << from
	}
}

func (c *conn) setISN(i int, isn flows.Seq) {
	if c.state&(hasISN<<i) == 0 {
		c.isn[i] = isn
		c.state |= hasISN << i
	}
}

// copiesNear is how many segments of a connection may come between two captures of one packet.
const copiesNear = 8

// isCopy reports whether g is the packet of one of the notes before it again.
func (r *Recorder) isCopy(g *note, mirrored bool) bool {
	for at, n := g.before, 0; at != 0 && n < copiesNear; n++ {
		p := r.log.at(at - 1)
		if g.copyOf(p, mirrored) {
			return true
		}
		at = p.before
	}
	return false
}

// thin makes room by dropping the middles of long connections.
func (r *Recorder) thin() {
	for r.level < len(levels) {
		r.drop(levels[r.level])
		if r.log.n < r.limit*3/4 {
			return
		}
		r.level++
	}
	r.most = r.conns.n // no further connections
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

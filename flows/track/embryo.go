package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/pages"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// An embryo is a connection of which there is no more than one SYN, in a fifth of the memory that a record and
// its ring take: what a BSD keeps in its SYN cache. In a flood of half-open connections, or a scan, new ones begin as
// embryos (Table.flooded); any further segment makes a record of one, as if it had been one from the beginning.
type embryo struct {
	time           flows.Time // of the SYN
	lo, hi         uint32
	portLo, portHi uint16
	frame, stream  uint32
	seq            flows.Seq
	tsval          uint32
	wnd, ipid, mss uint16
	mac, domain    uint16 // indices into Table.macs and Table.domains
	ttl, kinds     uint8
	flags          uint8
	syn            deferral.SYNBits
	place          uint8 // placeOf
	bits           embryoBits
}

type embryoBits uint8

const (
	embryoFromHi embryoBits = 1 << iota // its sender is the tuple's higher end
	embryoLives
)

// embryonic is set in the numbers of the index that are those of embryos, and not of records.
const embryonic = 1 << 31

// floodFrom is how many half-open connections are a flood at the least. Fewer are not worth the time that it
// takes to make records of those that are answered.
const floodFrom = 1 << 12

// embryos holds embryos. Unlike other slabs it lets go of pieces: records take their place.
type embryos struct {
	slab.Slab[embryo]
	alive []uint16 // in each piece
	empty uint32   // piece that is kept though there are none in it, plus one
	held  int      // pieces that there are now
	hand  uint32   // where the search for the next embryo to forget begins
}

// take is slab.take.
func (x *embryos) take() uint32 {
	if n := len(x.Free); n > 0 {
		if p := x.Free[n-1] >> slab.PieceBits; x.Pieces[p] == nil {
			x.Pieces[p] = pages.Make[embryo](1 << slab.PieceBits)
			x.held++
		}
	}
	id := x.Slab.Take()
	p := id >> slab.PieceBits
	if int(p) == len(x.alive) {
		x.alive = append(x.alive, 0)
		x.held++
	}
	if x.alive[p]++; x.empty == p+1 {
		x.empty = 0
	}
	return id
}

// give is slab.give.
func (x *embryos) give(id uint32) {
	x.At(id).bits = 0
	x.Slab.Give(id)
	p := id >> slab.PieceBits
	if x.alive[p]--; x.alive[p] > 0 {
		return
	}
	if x.empty != 0 {
		x.Pieces[x.empty-1] = nil
		x.held--
	}
	x.empty = p + 1
}

// next returns an embryo that may have to go, 0 if there is none: they come by in about the order in which they began.
func (x *embryos) next() uint32 {
	if x.Live == 0 {
		return 0
	}
	for {
		if x.hand++; x.hand >= x.Top {
			x.hand = 1
		}
		switch p := x.hand >> slab.PieceBits; {
		case x.alive[p] == 0:
			x.hand |= 1<<slab.PieceBits - 1
		case x.At(x.hand).bits&embryoLives != 0:
			return x.hand
		}
	}
}

func (x *embryos) memory() int64 {
	return int64(cap(x.Free))*4 + int64(x.held)*int64(unsafe.Sizeof(embryo{}))<<slab.PieceBits
}

// connections returns how many connections are remembered now.
func (t *Table) connections() int { return t.conns.Live + t.embryos.Live }

// flooded tells whether so many connections are half-open that most of them will stay so.
func (t *Table) flooded() bool { return t.halfOpen >= t.floodFrom && t.manyHalfOpen() }

// manyHalfOpen tells whether a quarter of the connections are half-open.
func (t *Table) manyHalfOpen() bool { return t.halfOpen >= t.connections()/4 }

// mayConceive tells whether an embryo holds all that there is to know of s, the first segment seen of tp. A wide one has none.
func (t *Table) mayConceive(tp *tuple.Tuple, s *segment) bool {
	return s.Flags&(flows.SYN|flows.ACK|flows.RST|flows.FIN|flows.AE) == flows.SYN && s.DataLen == 0 && s.ACK == 0 && !tp.Wide && t.graves.find(tp) == nil
}

// conceive makes an embryo of s, with the next stream number.
func (t *Table) conceive(tp *tuple.Tuple, s *segment) (stream int) {
	t.makeRoom()
	stream = t.streams
	t.streams++
	t.halfOpen++
	id := t.embryos.take()
	e := t.embryos.At(id)
	e.time, e.frame, e.stream = s.Time, uint32(s.Frame), uint32(stream)
	e.lo, e.hi, e.portLo, e.portHi = tp.Lo, tp.Hi, tp.PortLo, tp.PortHi
	e.seq, e.tsval, e.wnd, e.ipid = s.SEQ, s.Opts.TSval, s.WND, s.IPID
	e.mss, e.kinds, e.syn = s.Opts.MSS, s.Opts.Kinds, deferral.PackSYN(&s.Opts)
	e.mac, e.domain = t.macs.number(s.MAC), t.domains.number(uint64(s.Domain))
	e.ttl, e.flags, e.place = s.TTL, uint8(s.Flags), placeOf(s)
	e.bits = embryoLives
	if tp.FromHi {
		e.bits |= embryoFromHi
	}
	t.index.Insert(tp.Hash(), id|embryonic)
	t.stats.PeakOpen = max(t.stats.PeakOpen, t.connections())
	t.around.host(t, s, e.stream)
	return stream
}

// hatch makes a record of the embryo id, a number of the index, and returns its number: it takes the SYN again.
func (t *Table) hatch(id uint32) uint32 {
	e := *t.embryos.At(id &^ embryonic)
	var tp tuple.Tuple
	tupleOfEmbryo(&tp, &e, t.seed)
	t.embryos.give(id &^ embryonic)
	s := segment{Segment: flows.Segment{
		Frame: int(e.frame), Time: e.time, SEQ: e.seq, Flags: flows.Flags(e.flags), WND: e.wnd, TTL: e.ttl, IPID: e.ipid,
		MAC: t.macs.value(e.mac), Domain: uint32(t.domains.value(e.domain)), Opts: flows.Options{TSval: e.tsval, HasTS: e.syn&deferral.SYNTS != 0},
	}, place: e.place + 1}
	deferral.UnpackSYN(&s.Opts, e.mss, e.kinds, e.syn)
	t.met.List.SetEnds(&s.Segment, e.lo, e.hi, e.portLo, e.portHi, tp.FromHi)
	following := t.following
	t.following, t.hatching = false, true
	record := t.record(&tp, &s)
	t.index.Replace(tp.Hash(), id, record)
	c := t.conns.At(record)
	c.stream = e.stream
	c.base(flows.Originator, &s)
	t.take(c, flows.Originator, &s)
	t.following, t.hatching = following, false
	return record
}

// tupleOfEmbryo makes tp the tuple of e's SYN.
func tupleOfEmbryo(tp *tuple.Tuple, e *embryo, seed uint64) {
	tp.Narrow(e.lo, e.hi, e.portLo, e.portHi, e.bits&embryoFromHi != 0, seed)
}

// is tells whether e is the connection of tp.
func (e *embryo) is(tp *tuple.Tuple) bool {
	return e.lo == tp.Lo && e.hi == tp.Hi && e.portLo == tp.PortLo && e.portHi == tp.PortHi && !tp.Wide
}

// buryEmbryo forgets the embryo id and digs its grave, as bury does.
func (t *Table) buryEmbryo(id uint32) {
	e := t.embryos.At(id)
	var tp tuple.Tuple
	tupleOfEmbryo(&tp, e, t.seed)
	g := grave{stream: e.stream, bits: graveEvicted}
	if tp.FromHi {
		g.issHi = e.seq
		g.bits |= graveBaseHi | graveOrigIsHi
	} else {
		g.issLo = e.seq
		g.bits |= graveBaseLo
	}
	t.graves.add(&tp, g)
	t.halfOpen--
	t.index.Remove(tp.Hash(), id|embryonic)
	t.embryos.give(id)
	t.fetchEmbryo(id + buryAhead)
}

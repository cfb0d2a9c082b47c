package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/syncache"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// isSYNEntry is set in the numbers of the index that are those of SYN cache entries, and not of records.
const isSYNEntry = 1 << 31

// leastFlood is how many half-open connections are a flood at the least. Fewer are not worth the time that it
// takes to make records of those that are answered.
const leastFlood = 1 << 12

// connections returns how many connections are remembered now.
func (t *Table) connections() int { return t.conns.Live + t.synEntries.Live }

// flooded reports whether so many connections are half-open that most of them will stay so.
func (t *Table) flooded() bool { return t.halfOpen >= t.floodFrom && t.manyHalfOpen() }

// manyHalfOpen reports whether a quarter of the connections are half-open.
func (t *Table) manyHalfOpen() bool { return t.halfOpen >= t.connections()/4 }

// maySYNEntry reports whether a SYN cache entry holds all that there is to know of s, the first segment seen of tp. A
// wide one has none.
func (t *Table) maySYNEntry(tp *tuple.Tuple, s *segment) bool {
	return s.Flags&(flows.SYN|flows.ACK|flows.RST|flows.FIN|flows.AE) == flows.SYN &&
		s.DataLen == 0 && s.ACK == 0 && !tp.Wide && t.tombstones.find(tp) == nil
}

// addSYNEntry makes a SYN cache entry of s, with the next stream number.
func (t *Table) addSYNEntry(tp *tuple.Tuple, s *segment) (stream int) {
	t.makeRoom()
	t.begin(s)
	stream = t.streams
	t.streams++
	t.halfOpen++
	id := t.synEntries.Take()
	e := t.synEntries.At(id)
	e.Time, e.Frame, e.Stream = s.Time, uint32(s.Frame), uint32(stream)
	e.Lo, e.Hi, e.PortLo, e.PortHi = tp.Lo, tp.Hi, tp.PortLo, tp.PortHi
	e.SEQ, e.TSval, e.WND, e.IPID = s.SEQ, s.Opts.TSval, s.WND, s.IPID
	e.MSS, e.Kinds, e.SYN = s.Opts.MSS, s.Opts.Kinds, deferral.PackSYN(&s.Opts)
	e.MAC, e.Domain = t.macs.number(s.MAC), t.domains.number(uint64(s.Domain))
	e.TTL, e.Flags, e.Point = s.TTL, uint8(s.Flags), pointOf(s)
	e.Bits = syncache.Lives
	if tp.FromHi {
		e.Bits |= syncache.FromHi
	}
	t.index.Insert(tp.Hash(), id|isSYNEntry)
	t.stats.PeakOpen = max(t.stats.PeakOpen, t.connections())
	t.related.host(t, s, e.Stream, true)
	return stream
}

// promote makes a record of the SYN cache entry id, a number of the index, and returns its number: it takes
// the SYN again.
func (t *Table) promote(id uint32) uint32 {
	e := *t.synEntries.At(id &^ isSYNEntry)
	var tp tuple.Tuple
	tupleOfSYNEntry(&tp, &e, t.seed)
	t.synEntries.Give(id &^ isSYNEntry)
	s := segment{Segment: flows.Segment{
		Frame: int(e.Frame), Time: e.Time, SEQ: e.SEQ, Flags: flows.Flags(e.Flags), WND: e.WND, TTL: e.TTL, IPID: e.IPID,
		MAC: t.macs.value(e.MAC), Domain: uint32(t.domains.value(e.Domain)),
		Opts: flows.Options{TSval: e.TSval, HasTS: e.SYN&deferral.SYNTS != 0},
	}, point: e.Point + 1}
	deferral.UnpackSYN(&s.Opts, e.MSS, e.Kinds, e.SYN)
	t.addresses.List.SetEnds(&s.Segment, e.Lo, e.Hi, e.PortLo, e.PortHi, tp.FromHi)
	following := t.takingDeferred
	t.takingDeferred, t.promoting = false, true
	record := t.record(&tp, &s)
	t.index.Replace(tp.Hash(), id, record)
	c := t.conns.At(record)
	c.stream = e.Stream
	c.base(flows.Originator, &s)
	t.take(c, flows.Originator, &s)
	t.takingDeferred, t.promoting = following, false
	return record
}

// tupleOfSYNEntry makes tp the tuple of e's SYN.
func tupleOfSYNEntry(tp *tuple.Tuple, e *syncache.Entry, seed uint64) {
	tp.Narrow(e.Lo, e.Hi, e.PortLo, e.PortHi, e.Bits&syncache.FromHi != 0, seed)
}

// forgetSYNEntry forgets the SYN cache entry id and leaves a tombstone of it, as forgetRecord does.
func (t *Table) forgetSYNEntry(id uint32) {
	e := t.synEntries.At(id)
	var tp tuple.Tuple
	tupleOfSYNEntry(&tp, e, t.seed)
	g := tombstone{stream: e.Stream, bits: tombstoneEvicted}
	if tp.FromHi {
		g.issHi = e.SEQ
		g.bits |= tombstoneBaseHi | tombstoneOrigIsHi
	} else {
		g.issLo = e.SEQ
		g.bits |= tombstoneBaseLo
	}
	t.tombstones.add(&tp, g)
	t.halfOpen--
	t.index.Remove(tp.Hash(), id|isSYNEntry)
	t.synEntries.Give(id)
	t.fetchSYNEntry(id + forgetAhead)
}

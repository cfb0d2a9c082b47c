package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A tombstone remembers a connection that was forgotten: enough that a late segment gets the stream number
// that Wireshark gives it, and that a RST is known to belong to a connection whose beginning was seen.
type tombstone struct {
	print  uint64 // of the tuple
	added  uint32 // when, counted in tombstones; 0: no tombstone
	stream uint32
	issLo  flows.Seq // first numbers of the tuple's lower and higher end, see half.iss
	issHi  flows.Seq
	bits   tombstoneBits
	later  uint8 // incarnations before it, saturates
}

type tombstoneBits uint8

const (
	tombstoneBaseLo tombstoneBits = 1 << iota
	tombstoneBaseHi
	tombstoneOver    // closed or reset: a SYN starts a new stream
	tombstoneClosed  // both sides were CLOSED or in TIME-WAIT
	tombstoneEvicted // was open when it was forgotten
	tombstoneOrigIsHi
	tombstoneGuessed
)

// tombstones holds up to maxGraves tombstones, in sets of four. In a full set the oldest makes room for the newest.
// Which set a tombstone lies in does not depend on the run, see cacheKey.
type tombstones struct {
	sets  [][4]tombstone
	added uint32
}

const (
	maxTombstones    = 1 << 17
	tombstonesMemory = maxTombstones * int64(unsafe.Sizeof(tombstone{}))
)

// set returns where the tombstones of tp are.
func (g *tombstones) set(tp *tuple.Tuple) *[4]tombstone {
	place := tuple.Mix(uint64(tp.Lo)<<32|uint64(tp.Hi), uint64(tp.PortLo)<<16|uint64(tp.PortHi), tuple.PublicSeed)
	return &g.sets[place%(maxTombstones/4)]
}

// add digs a tombstone for tp, in place of an older one of the same.
func (g *tombstones) add(tp *tuple.Tuple, v tombstone) {
	if g.sets == nil {
		g.sets = slab.Touched[[4]tombstone](maxTombstones / 4)
	}
	g.added++
	v.print, v.added = tp.Print, g.added
	set := g.set(tp)
	at := 0
	for i := range set {
		if set[i].print == v.print {
			at = i
			break
		}
		if g.added-set[i].added > g.added-set[at].added {
			at = i
		}
	}
	set[at] = v
}

// find returns the tombstone of tp, nil when there is none. It stays good until the next add.
func (g *tombstones) find(tp *tuple.Tuple) *tombstone {
	if g.sets == nil {
		return nil
	}
	set := g.set(tp)
	for i := range set {
		if set[i].print == tp.Print && set[i].added != 0 {
			return &set[i]
		}
	}
	return nil
}

func (g *tombstones) memory() int64 {
	if g.sets == nil {
		return 0
	}
	return tombstonesMemory
}

// forgetRecord forgets the record id and leaves a tombstone of it.
func (t *Table) forgetRecord(id uint32, c *record, evicted bool) {
	var tp tuple.Tuple
	t.tupleOf(&tp, c)
	g := tombstone{stream: c.stream}
	lo, hi := &c.side[0], &c.side[1]
	if c.marks&origIsHi != 0 {
		lo, hi = hi, lo
		g.bits |= tombstoneOrigIsHi
	}
	g.issLo, g.issHi = lo.iss, hi.iss
	if lo.bits&hasBase != 0 {
		g.bits |= tombstoneBaseLo
	}
	if hi.bits&hasBase != 0 {
		g.bits |= tombstoneBaseHi
	}
	if c.marks&ended != 0 || over(c.side[0].state) && over(c.side[1].state) {
		g.bits |= tombstoneClosed
	}
	if evicted {
		g.bits |= tombstoneEvicted
	}
	if c.marks&guessed != 0 {
		g.bits |= tombstoneGuessed
	}
	if c.cold != 0 {
		g.later = uint8(min(t.coldParts.At(c.cold).incarnation, 1<<8-1))
	}
	t.tombstones.add(&tp, g)
	t.forgotten(c)
	t.forget(id, tp.Hash())
}

func over(s flows.State) bool { return s == flows.Closed || s == flows.TimeWait }

// restore gives the new record c what tombstone g remembers of its tuple.
func (t *Table) restore(c *record, g *tombstone, tp *tuple.Tuple, s *segment) {
	base, iss := g.bits&tombstoneBaseLo != 0, g.issLo
	if tp.FromHi {
		base, iss = g.bits&tombstoneBaseHi != 0, g.issHi
	}
	incarnation := uint32(g.later)
	if s.Flags&(flows.SYN|flows.ACK) == flows.SYN && base && s.SEQ != iss {
		incarnation++
		t.stats.Reopened++
		c.stream = uint32(t.streams)
		t.streams++
	} else {
		c.stream = g.stream
		c.defects |= flows.Evicted
		c.marks &^= origIsHi | guessed
		if g.bits&tombstoneOrigIsHi != 0 {
			c.marks |= origIsHi
		}
		if g.bits&tombstoneGuessed != 0 {
			c.marks |= guessed
		}
		lo, hi := &c.side[0], &c.side[1]
		if c.marks&origIsHi != 0 {
			lo, hi = hi, lo
		}
		lo.iss, hi.iss = g.issLo, g.issHi
		if g.bits&tombstoneBaseLo != 0 {
			lo.bits |= hasBase
		}
		if g.bits&tombstoneBaseHi != 0 {
			hi.bits |= hasBase
		}
		if g.bits&tombstoneClosed != 0 {
			c.side[0].state, c.side[1].state = flows.Closed, flows.Closed
		}
	}
	if incarnation > 0 {
		t.coldOf(c).incarnation = incarnation
	}
}

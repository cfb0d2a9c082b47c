package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A grave remembers a connection that was forgotten: enough that a late segment gets the stream number
// that Wireshark gives it, and that a RST is known to belong to a connection whose beginning was seen.
type grave struct {
	print  uint64 // of the tuple
	dug    uint32 // when, counted in graves; 0: no grave
	stream uint32
	issLo  flows.Seq // first numbers of the tuple's lower and higher end, see half.iss
	issHi  flows.Seq
	bits   graveBits
	later  uint8 // incarnations before it, saturates
}

type graveBits uint8

const (
	graveBaseLo graveBits = 1 << iota
	graveBaseHi
	graveOver    // closed or reset: a SYN starts a new stream
	graveClosed  // both sides were CLOSED or in TIME-WAIT
	graveEvicted // was open when it was forgotten
	graveOrigIsHi
	graveGuessed
)

// graves holds up to maxGraves graves, in sets of four. In a full set the oldest makes room for the newest.
// Which set a grave lies in does not depend on the run, see cacheKey.
type graves struct {
	sets [][4]grave
	dug  uint32
}

const (
	maxGraves    = 1 << 17
	gravesMemory = maxGraves * int64(unsafe.Sizeof(grave{}))
)

// set returns where the graves of tp are.
func (g *graves) set(tp *tuple.Tuple) *[4]grave {
	place := tuple.Mix(uint64(tp.Lo)<<32|uint64(tp.Hi), uint64(tp.PortLo)<<16|uint64(tp.PortHi), tuple.PublicSeed)
	return &g.sets[place%(maxGraves/4)]
}

// add digs a grave for tp, in place of an older one of the same.
func (g *graves) add(tp *tuple.Tuple, v grave) {
	if g.sets == nil {
		g.sets = slab.Touched[[4]grave](maxGraves / 4)
	}
	g.dug++
	v.print, v.dug = tp.Print, g.dug
	set := g.set(tp)
	at := 0
	for i := range set {
		if set[i].print == v.print {
			at = i
			break
		}
		if g.dug-set[i].dug > g.dug-set[at].dug {
			at = i
		}
	}
	set[at] = v
}

// find returns the grave of tp, nil when there is none. It stays good until the next add.
func (g *graves) find(tp *tuple.Tuple) *grave {
	if g.sets == nil {
		return nil
	}
	set := g.set(tp)
	for i := range set {
		if set[i].print == tp.Print && set[i].dug != 0 {
			return &set[i]
		}
	}
	return nil
}

func (g *graves) memory() int64 {
	if g.sets == nil {
		return 0
	}
	return gravesMemory
}

// bury forgets the record id and digs its grave.
func (t *Table) bury(id uint32, c *record, evicted bool) {
	var tp tuple.Tuple
	t.tupleOf(&tp, c)
	g := grave{stream: c.stream}
	lo, hi := &c.side[0], &c.side[1]
	if c.marks&origIsHi != 0 {
		lo, hi = hi, lo
		g.bits |= graveOrigIsHi
	}
	g.issLo, g.issHi = lo.iss, hi.iss
	if lo.bits&hasBase != 0 {
		g.bits |= graveBaseLo
	}
	if hi.bits&hasBase != 0 {
		g.bits |= graveBaseHi
	}
	if c.marks&ended != 0 || over(c.side[0].state) && over(c.side[1].state) {
		g.bits |= graveClosed
	}
	if evicted {
		g.bits |= graveEvicted
	}
	if c.marks&guessed != 0 {
		g.bits |= graveGuessed
	}
	if c.annex != 0 {
		g.later = uint8(min(t.annexes.At(c.annex).incarnation, 1<<8-1))
	}
	t.graves.add(&tp, g)
	t.forgotten(c)
	t.forget(id, tp.Hash())
}

func over(s flows.State) bool { return s == flows.Closed || s == flows.TimeWait }

// rise gives the new record c what grave g remembers of its tuple.
func (t *Table) rise(c *record, g *grave, tp *tuple.Tuple, s *segment) {
	base, iss := g.bits&graveBaseLo != 0, g.issLo
	if tp.FromHi {
		base, iss = g.bits&graveBaseHi != 0, g.issHi
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
		if g.bits&graveOrigIsHi != 0 {
			c.marks |= origIsHi
		}
		if g.bits&graveGuessed != 0 {
			c.marks |= guessed
		}
		lo, hi := &c.side[0], &c.side[1]
		if c.marks&origIsHi != 0 {
			lo, hi = hi, lo
		}
		lo.iss, hi.iss = g.issLo, g.issHi
		if g.bits&graveBaseLo != 0 {
			lo.bits |= hasBase
		}
		if g.bits&graveBaseHi != 0 {
			hi.bits |= hasBase
		}
		if g.bits&graveClosed != 0 {
			c.side[0].state, c.side[1].state = flows.Closed, flows.Closed
		}
	}
	if incarnation > 0 {
		t.annexOf(c).incarnation = incarnation
	}
}

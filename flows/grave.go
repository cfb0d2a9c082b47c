package flows

import "unsafe"

// A grave remembers a connection that was forgotten: enough that a late segment gets the stream number
// that Wireshark gives it, and that a RST is known to belong to a connection whose beginning was seen.
type grave struct {
	print  uint64 // of the tuple
	next   uint32 // in the chain of its bucket, plus one
	stream uint32
	issLo  Seq // first numbers of the tuple's lower and higher end, see half.iss
	issHi  Seq
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

// graves holds the last maxGraves graves. The oldest makes room for the newest.
type graves struct {
	ring    []grave
	at      int      // where the next one goes once the ring is full
	buckets []uint32 // index into ring plus one
}

const maxGraves = 1 << 17

func (g *graves) bucket(print uint64) *uint32 { return &g.buckets[print>>32&(maxGraves-1)] }

// add digs a grave.
func (g *graves) add(v grave) {
	if g.buckets == nil {
		g.buckets = make([]uint32, maxGraves)
	}
	i := g.at
	if len(g.ring) < maxGraves {
		i = len(g.ring)
		g.ring = append(g.ring, grave{})
	} else {
		g.at = (g.at + 1) % maxGraves
		g.unlink(i)
	}
	b := g.bucket(v.print)
	v.next = *b
	g.ring[i] = v
	*b = uint32(i) + 1
}

// unlink takes ring[i] out of its chain.
func (g *graves) unlink(i int) {
	for link := g.bucket(g.ring[i].print); *link != 0; link = &g.ring[*link-1].next {
		if *link == uint32(i)+1 {
			*link = g.ring[i].next
			return
		}
	}
}

// find returns the newest grave of tp, nil when there is none. It stays good until the next add.
func (g *graves) find(tp *tuple) *grave {
	if g.buckets == nil {
		return nil
	}
	for i := *g.bucket(tp.print); i != 0; i = g.ring[i-1].next {
		if g.ring[i-1].print == tp.print {
			return &g.ring[i-1]
		}
	}
	return nil
}

func (g *graves) memory() int64 {
	return int64(cap(g.ring))*int64(unsafe.Sizeof(grave{})) + int64(cap(g.buckets))*4
}

// bury forgets the record id and digs its grave.
func (t *Table) bury(id uint32, c *record, evicted bool) {
	tp := t.tupleOfRecord(c)
	g := grave{print: tp.print, stream: c.stream}
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
	if over(c.side[0].state) && over(c.side[1].state) {
		g.bits |= graveClosed
	}
	if evicted {
		g.bits |= graveEvicted
	}
	if c.marks&guessed != 0 {
		g.bits |= graveGuessed
	}
	if c.annex != 0 {
		g.later = uint8(min(t.annexes.at(c.annex).incarnation, 1<<8-1))
	}
	t.graves.add(g)
	t.forgotten(c)
	t.forget(id, tp.hash)
}

func over(s State) bool { return s == Closed || s == TimeWait }

// rise gives the new record c what grave g remembers of its tuple.
func (t *Table) rise(c *record, g *grave, tp *tuple, s *Segment) {
	base, iss := g.bits&graveBaseLo != 0, g.issLo
	if tp.fromHi {
		base, iss = g.bits&graveBaseHi != 0, g.issHi
	}
	incarnation := uint32(g.later)
	if s.Flags&(SYN|ACK) == SYN && base && s.SEQ != iss {
		incarnation++
		t.stats.Reopened++
		c.stream = uint32(t.streams)
		t.streams++
	} else {
		c.stream = g.stream
		c.defects |= Evicted
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
			c.side[0].state, c.side[1].state = Closed, Closed
		}
	}
	if incarnation > 0 {
		t.annexOf(c).incarnation = incarnation
	}
}

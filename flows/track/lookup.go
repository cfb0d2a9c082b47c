package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A wideAddrs holds the addresses of a wide tuple.
type wideAddrs struct{ lo, hi [16]byte }

// find returns the number in the index of the connection of tp, whose addresses are those of src and dst; 0: none. A
// narrow tp says all by itself.
func (t *Table) find(tp *tuple.Tuple, src, dst *flows.Addr) uint32 {
	x := &t.index
	hash := tp.Hash()
	for i := hash & x.Mask; ; i = (i + 1) & x.Mask {
		slot := x.Slots[i]
		if slot == 0 {
			return 0
		}
		if uint32(slot>>32) != hash {
			continue
		}
		if id := uint32(slot); id&isSYNEntry != 0 {
			if t.synEntries.At(id &^ isSYNEntry).Is(tp) {
				return id
			}
		} else if t.is(t.conns.At(id), tp, src, dst) {
			return id
		}
	}
}

// recordOf returns the record of tp, as find does, where the number in the index probably is id.
func (t *Table) recordOf(tp *tuple.Tuple, src, dst *flows.Addr, id uint32) uint32 {
	if id == 0 || id&isSYNEntry != 0 || t.conns.At(id).marks&gone != 0 || !t.is(t.conns.At(id), tp, src, dst) {
		if id = t.find(tp, src, dst); id&isSYNEntry != 0 {
			id = t.promote(id)
		}
	}
	return id
}

// recordOfLine is recordOf for an item of a queue.
func (t *Table) recordOfLine(l *deferral.Line, id uint32) uint32 {
	if id != 0 && id&isSYNEntry == 0 {
		c := t.conns.At(id)
		if c.lo == l.Lo && c.hi == l.Hi && c.portLo == l.PortLo && c.portHi == l.PortHi && c.marks&(isWide|gone) == 0 {
			return id
		}
	}
	var tp tuple.Tuple
	tupleOfLine(&tp, l, t.seed)
	return t.recordOf(&tp, nil, nil, 0)
}

// is reports whether c is the connection of tp.
func (t *Table) is(c *record, tp *tuple.Tuple, src, dst *flows.Addr) bool {
	if c.portLo != tp.PortLo || c.portHi != tp.PortHi || (c.marks&isWide != 0) != tp.Wide {
		return false
	}
	if !tp.Wide {
		return c.lo == tp.Lo && c.hi == tp.Hi
	}
	if tp.FromHi {
		src, dst = dst, src
	}
	w := t.wide.At(c.lo)
	return w.lo == src.IP && w.hi == dst.IP
}

// addrs returns the addresses of c's originator and responder.
func (t *Table) addrs(c *record) [2]flows.Addr {
	var lo, hi flows.Addr
	if c.marks&isWide != 0 {
		w := t.wide.At(c.lo)
		lo, hi = flows.Addr{IP: w.lo, Port: c.portLo}, flows.Addr{IP: w.hi, Port: c.portHi}
	} else {
		t.addresses.List.Set(&lo, c.lo, c.portLo)
		t.addresses.List.Set(&hi, c.hi, c.portHi)
	}
	if c.marks&origIsHi != 0 {
		lo, hi = hi, lo
	}
	return [2]flows.Addr{lo, hi}
}

// tupleOf makes tp the tuple of c, as a segment of its originator has it.
func (t *Table) tupleOf(tp *tuple.Tuple, c *record) {
	if c.marks&isWide == 0 {
		tp.Narrow(c.lo, c.hi, c.portLo, c.portHi, c.marks&origIsHi != 0, t.seed)
		return
	}
	a := t.addrs(c)
	tp.OfWide(&a[0], &a[1], t.seed)
}

// tupleOfLine makes tp the tuple of l.
func tupleOfLine(tp *tuple.Tuple, l *deferral.Line, seed uint64) {
	tp.Narrow(l.Lo, l.Hi, l.PortLo, l.PortHi, l.Bits&deferral.FromHi != 0, seed)
}

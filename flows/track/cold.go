package track

import "github.com/rstexplain/rstexplain/flows"

// A cold part holds what a connection needs once it closes, retransmissions, loses packets or is reset. Most
// connections of a capture that are open at one moment have none.
type coldPart struct {
	side        [2]coldHalf
	reset       uint32 // resets of this connection, in Table.resetParts
	before      uint32 // the incarnation before it, in Table.befores
	note        uint32 // ICMP errors about it, in Table.notes
	duplicates  uint32
	incarnation uint32
	omissions   [2]stamp // first and last segment with FieldsBefore
	omitted     uint32   // how many
}

// A coldHalf is one endpoint's part of a cold part.
type coldHalf struct {
	fin, finAcked           stamp
	syn                     stamp // where it was not the side's first segment
	lastSYN                 stamp
	zeroWND                 stamp
	unseenFIN               stamp
	finSEQ                  flows.Seq
	syns, fins              uint16 // saturate
	retransmit, keep, probe uint32 // runs, in Table.runs
	unheard                 uint32 // another run
	echo                    uint16 // the low bits of TSecr in all of it
	missing, retransmitted  uint32
	closeState              uint32    // in Table.closeStates
	holes                   uint32    // first hole, in Table.holes
	held                    uint32    // first data that waits for a hole to be filled, in Table.held
	delivered               flows.Seq // up to where the exchange has been fed, with waits
	nHeld                   uint8
	waits                   bool
	stray                   flows.Seq // end of the last segment that jumped too far to be believed, with hasStray
	hasStray                bool
}

// coldOf returns the cold part of c, made on first use.
func (t *Table) coldOf(c *record) *coldPart {
	if c.cold == 0 {
		c.cold = t.coldParts.Take()
	}
	return t.coldParts.At(c.cold)
}

// dropCold gives back the cold part of c and all that hangs on it.
func (t *Table) dropCold(c *record) {
	if c.cold == 0 {
		return
	}
	x := t.coldParts.At(c.cold)
	for i := range x.side {
		h := &x.side[i]
		t.runs.Give(h.retransmit)
		t.runs.Give(h.keep)
		t.runs.Give(h.probe)
		t.runs.Give(h.unheard)
		t.closeStates.Give(h.closeState)
		t.dropHoles(h)
		t.dropHeld(h)
	}
	t.resetParts.Give(x.reset)
	t.befores.Give(x.before)
	t.notes.Give(x.note)
	t.coldParts.Give(c.cold)
	c.cold = 0
}

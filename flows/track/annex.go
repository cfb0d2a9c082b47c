package track

import "github.com/rstexplain/rstexplain/flows"

// An annex holds what a connection needs once it closes, resends, loses packets or is reset. Most
// connections of a capture that are open at one moment have none.
type annex struct {
	side        [2]halfAnnex
	fall        uint32 // resets of this connection, in Table.falls
	before      uint32 // the incarnation before it, in Table.befores
	note        uint32 // ICMP errors about it, in Table.notes
	copies      uint32
	incarnation uint32
}

// A halfAnnex is one endpoint's part of an annex.
type halfAnnex struct {
	fin, finAcked       stamp
	syn                 stamp // where it was not the side's first segment
	lastSYN             stamp
	zeroWND             stamp
	unseenFIN           stamp
	finSEQ              flows.Seq
	syns, fins          uint16 // saturate
	resend, keep, probe uint32 // runs, in Table.runs
	missing, resent     uint32
	letGo               uint32    // in Table.letGoes
	holes               uint32    // first hole, in Table.holes
	held                uint32    // first data that waits for a hole to be filled, in Table.held
	heard               flows.Seq // up to where the exchange has been told, with waits
	nHeld               uint8
	waits               bool
	stray               flows.Seq // end of the last segment that jumped too far to be believed, with hasStray
	hasStray            bool
}

// annexOf returns the annex of c, made on first use.
func (t *Table) annexOf(c *record) *annex {
	if c.annex == 0 {
		c.annex = t.annexes.Take()
	}
	return t.annexes.At(c.annex)
}

// dropAnnex gives back the annex of c and all that hangs on it.
func (t *Table) dropAnnex(c *record) {
	if c.annex == 0 {
		return
	}
	x := t.annexes.At(c.annex)
	for i := range x.side {
		h := &x.side[i]
		t.runs.Give(h.resend)
		t.runs.Give(h.keep)
		t.runs.Give(h.probe)
		t.letGoes.Give(h.letGo)
		t.dropHoles(h)
		t.dropHeld(h)
	}
	t.falls.Give(x.fall)
	t.befores.Give(x.before)
	t.notes.Give(x.note)
	t.annexes.Give(c.annex)
	c.annex = 0
}

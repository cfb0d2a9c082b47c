package track

import "github.com/rstexplain/rstexplain/flows"

// A resetPart is what is kept of a connection that was reset, in Table.resetParts.
type resetPart struct {
	side     [2]resetSide
	before   [2]flows.State // both states before the first RST that was accepted, with fell
	accepted bool
	priors   [flows.MaxPrior]prior
	n        uint8
	open     [maxOpen]uint64 // numbers of resets in Table.pending, oldest first
	nOpen    uint8

	returned uint32 // entries in the queue of closed connections from before it came back
}

// A resetSide counts the RSTs of one side.
type resetSide struct {
	first   stamp
	count   uint32
	seq     flows.Seq // of the first RST
	nxt     flows.Seq // the sender's SND.NXT at the last RST that moved a state
	last    stamp
	tsval   uint32 // of the last RST
	again   uint32 // how often the last RST has been captured again
	trigger uint32 // frame of what the last RST that answers something answers

	acked    flows.Seq // highest ACK of a RST that is no reply, with hasAcked
	hasAcked bool
}

// A prior is a PriorReset in compact form.
type prior struct {
	at    stamp
	seq   flows.Seq
	class flows.Class
	side  flows.Side
}

// maxOpen is for how many resets of one connection the what comes after is kept at a time.
const maxOpen = 16

// resetPartOf returns the fall of c, made on first use.
func (t *Table) resetPartOf(c *record) *resetPart {
	x := t.coldOf(c)
	if x.reset == 0 {
		x.reset = t.resetParts.Take()
		c.marks |= hasReset
	}
	return t.resetParts.At(x.reset)
}

// acknowledges takes the ACK of a RST that is no reply: its sender had received what it covers. next is the peer's
// SND.NXT.
func (s *resetSide) acknowledges(ack, next flows.Seq) {
	if ack.LessEq(next) && (!s.hasAcked || s.acked.Less(ack)) {
		s.acked, s.hasAcked = ack, true
	}
}

// addPrior keeps a RST for the Prior of later ones: the first of each side, and the latest others.
func (f *resetPart) addPrior(p prior) {
	if f.n == flows.MaxPrior {
		drop := 0
		for drop < flows.MaxPrior-1 && f.priors[drop].at.frame == f.side[f.priors[drop].side].first.frame {
			drop++
		}
		copy(f.priors[drop:], f.priors[drop+1:])
		f.n--
	}
	f.priors[f.n] = p
	f.n++
}

// prior lists the RSTs so far, oldest first.
func (f *resetPart) prior() []flows.PriorReset {
	out := make([]flows.PriorReset, 0, f.n)
	for _, p := range f.priors[:f.n] {
		out = append(out, flows.PriorReset{Mark: p.at.mark(), Side: p.side, SEQ: p.seq, Class: p.class})
	}
	return out
}

// swap exchanges the sides.
func (f *resetPart) swap() {
	f.side[0], f.side[1] = f.side[1], f.side[0]
	f.before[0], f.before[1] = f.before[1], f.before[0]
	for i := range f.priors {
		f.priors[i].side ^= 1
	}
}

// addOpen notes that reset number no waits for what comes after it. It returns the one whose wait ends for it:
// of a long train, the first of each side and the latest others go on waiting.
func (f *resetPart) addOpen(no uint64) (ended uint64, full bool) {
	if f.nOpen == maxOpen {
		const kept = 2
		ended, full = f.open[kept], true
		copy(f.open[kept:], f.open[kept+1:])
		f.nOpen--
	}
	f.open[f.nOpen] = no
	f.nOpen++
	return ended, full
}

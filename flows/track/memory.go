package track

import "unsafe"

// keepBounds is called after a connection may have been closed: it forgets closed ones beyond their number.
func (t *Table) keepBounds() {
	for t.closed.N > t.opts.MaxClosed {
		t.forgetOldestClosed()
	}
	t.fitNames()
}

// fitEvery is after how many new connections it is looked whether memory is near its bound.
const fitEvery = 256

// makeRoom is called before a record is added: it forgets closed connections, then open ones, beyond the bounds.
func (t *Table) makeRoom() {
	if t.opened++; t.opened%fitEvery == 0 {
		t.fitMemory()
	}
	for t.connections() >= t.limit {
		if t.closed.N > 0 {
			t.forgetOldestClosed()
		} else {
			t.evict()
		}
	}
}

// forgetOldestClosed forgets the connection that has been closed for longest.
func (t *Table) forgetOldestClosed() {
	v := t.closed.Pop()
	if q := &t.closed; q.N > 2*forgetAhead {
		t.fetchTombstone(uint32(q.Peek(forgetAhead) >> 32))
		t.fetchRecord(uint32(q.Peek(2*forgetAhead) >> 32))
	}
	id := uint32(v >> 32)
	c := t.conns.At(id)
	if c.stream != uint32(v) || c.marks&gone != 0 {
		return
	}
	if c.marks&hasReset != 0 {
		if f := t.resetPartOf(c); f.returned > 0 {
			f.returned-- // it came back since, and if it has left again, is in the queue once more
			return
		}
	}
	if c.marks&leaving != 0 {
		t.forgetRecord(id, c, false)
	}
}

// forgetAhead is how many connections ahead the memory is fetched that forgetting one touches.
const forgetAhead = 4

// evictionSample is among how many neighbours the longest idle connection is looked for: enough that the
// one that goes is old, few enough that it costs nothing. While there is a flood of half-open ones, up to
// floodSample are passed over to find one of them.
const (
	evictionSample = 16
	floodSample    = 1024
)

// evict forgets one open connection: of the next few, one that only one side has spoken on, else the one
// that has been idle for longest. Of a SYN cache entry and a record, the one that has been idle for longer.
func (t *Table) evict() {
	t.stats.Evicted++
	flood := t.manyHalfOpen()
	if flood && t.synEntries.Live > t.halfOpen/2 {
		t.forgetSYNEntry(t.synEntries.Next())
		return
	}
	victim, frame := t.victim(flood)
	if id := t.synEntries.Next(); id != 0 && (victim == 0 || t.synEntries.At(id).Frame < frame) {
		t.forgetSYNEntry(id)
		return
	}
	t.forgetRecord(victim, t.conns.At(victim), true)
}

// victim returns the record that is to go, 0 where there is none, and the frame of its last segment.
func (t *Table) victim(flood bool) (victim, victimFrame uint32) {
	if flood {
		for range min(floodSample, t.conns.Live) {
			if c := t.nextRecord(); c.marks&bothSides == 0 { // they come by in about the order in which they began
				if t.conns.Has(t.hand+forgetAhead) && t.conns.Has(t.hand+2*forgetAhead) {
					t.fetchTombstone(t.hand + forgetAhead)
					t.fetchRecord(t.hand + 2*forgetAhead)
				}
				return t.hand, c.lastFrame()
			}
		}
	}
	victimHalf := false
	for range min(evictionSample, t.conns.Live) {
		c := t.nextRecord()
		half, frame := c.marks&bothSides == 0, c.lastFrame()
		if victim == 0 || half && !victimHalf || half == victimHalf && frame < victimFrame {
			victim, victimFrame, victimHalf = t.hand, frame, half
		}
	}
	return victim, victimFrame
}

// nextRecord moves the hand to the next record that lives, and returns it. There must be one.
func (t *Table) nextRecord() *record {
	for {
		t.hand = t.conns.Next(t.hand)
		if t.hand == 0 {
			continue
		}
		if c := t.conns.At(t.hand); c.marks&gone == 0 {
			return c
		}
	}
}

// lastFrame returns the frame of the last segment of either side.
func (c *record) lastFrame() uint32 { return max(c.side[0].lastFrame, c.side[1].lastFrame) }

// fitMemory lowers the number of connections that may live when memory comes near its bound, and again each time that
// it has still grown: by as many as what it grew would hold, and faster beyond the bound. What is given back is used
// again, so that the growth ends.
func (t *Table) fitMemory() {
	const each = int64(unsafe.Sizeof(record{}) + unsafe.Sizeof([shortRing]entry{}))
	m := t.memory() + each*int64(max(t.synEntries.Live-len(t.conns.Free), 0)) // each may become a record
	if t.tombstones.sets == nil {
		m += tombstonesMemory // for those that have to go
	}
	if t.index.Used+fitEvery > t.index.Most() {
		m += t.index.Memory() // it is about to grow
	}
	near := t.opts.MaxMemory / 8 * 7
	if m <= near || m <= t.lastMemory {
		return
	}
	n := min(t.limit, t.connections())
	fewer := n / 32
	if m < t.opts.MaxMemory {
		fewer = min(fewer, int((m-max(near, t.lastMemory))/each)+1)
	}
	t.limit = max(n-fewer, 1024)
	t.lastMemory = m
}

// memory returns the bytes of all that grows with connections. Of what other goroutines fill beside the table it takes
// what the batch at hand knows: what is forgotten must not depend on how far they are.
func (t *Table) memory() int64 {
	n := t.index.Memory() + t.closed.Memory() + t.deferredMemory + t.addresses.Memory()
	n += t.conns.Memory() + t.synEntries.Memory() + t.wide.Memory() + t.coldParts.Memory() +
		t.applications.Memory() + t.follows.queue.Memory() + t.names.Memory()
	n += t.runs.Memory() + t.closeStates.Memory() + t.holes.Memory() + t.held.Memory() +
		t.resetParts.Memory() + t.befores.Memory() + t.notes.Memory()
	n += t.lines.short.Memory() + t.lines.middle.Memory() + t.lines.long.Memory()
	return n + t.tombstones.memory()
}

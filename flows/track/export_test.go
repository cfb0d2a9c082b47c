//go:build !plain

package track

// Plain says that batches go the way of Add, and there are no SYN cache entries.
const Plain = false

// SmallBacklog makes t defer few segments.
func (t *Table) SmallBacklog() { t.stage.Queues.Ring.Limit, t.stage.Queues.Ring.Shift = 6, 3 }

// Embryos makes t take n half-open connections for a flood.
func (t *Table) Embryos(n int) { t.floodFrom = n }

// Aliases makes t give n compressed addresses at most.
func (t *Table) Aliases(n int) { t.stage.Addresses.Limit = n }

// Compress returns what stands for an address in 32 bits, if anything does.
func (t *Table) Compress(ip *[16]byte) (uint32, bool) { return t.stage.Addresses.Compress(ip, true) }

// Unhatched returns how many connections are SYN cache entries.
func (t *Table) Unhatched() int { return t.synEntries.Live }

// Deferred returns how many segments wait in queues.
func (t *Table) Deferred() (n int) {
	for i := range t.stage.Queues.List {
		n += int(t.stage.Queues.List[i].N)
	}
	if n != t.stage.Queues.Ring.Live {
		panic("the backlog counts what waits wrongly")
	}
	return n
}

// Backlog returns how many units the ring of t has; a segment takes one to three.
func (t *Table) Backlog() int {
	w := &t.stage.Queues.Ring
	return len(w.Pieces) << w.Shift
}

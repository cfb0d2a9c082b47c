package track

// SmallBacklog makes t defer few segments.
func (t *Table) SmallBacklog() { t.stage.journals.backlog.limit, t.stage.journals.backlog.shift = 6, 3 }

// Embryos makes t take n half-open connections for a flood.
func (t *Table) Embryos(n int) { t.floodFrom = n }

// Aliases makes t give n aliases at most.
func (t *Table) Aliases(n int) { t.stage.aliases.Limit = n }

// Compress returns what stands for an address in 32 bits, if anything does.
func (t *Table) Compress(ip *[16]byte) (uint32, bool) { return t.stage.aliases.Compress(ip, true) }

// Unhatched returns how many connections are embryos.
func (t *Table) Unhatched() int { return t.embryos.Live }

// Deferred returns how many segments wait in journals.
func (t *Table) Deferred() (n int) {
	for i := range t.stage.journals.list {
		n += int(t.stage.journals.list[i].n)
	}
	if n != t.stage.journals.backlog.live {
		panic("the backlog counts what waits wrongly")
	}
	return n
}

// Backlog returns how many units the backlog of t has; a segment takes one to three.
func (t *Table) Backlog() int {
	w := &t.stage.journals.backlog
	return len(w.pieces) << w.shift
}

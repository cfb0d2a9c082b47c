package flows

// NoCalm makes t take all segments the long way, for comparison.
func (t *Table) NoCalm() { t.noCalm = true }

// SmallBacklog makes t defer few segments.
func (t *Table) SmallBacklog() { t.journals.backlog.limit, t.journals.backlog.shift = 3, 3 }

// Deferred returns how many segments wait in journals.
func (t *Table) Deferred() (n int) {
	for i := range t.journals.list {
		n += int(t.journals.list[i].n)
	}
	return n
}

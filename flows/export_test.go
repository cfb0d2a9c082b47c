package flows

// NoCalm makes t take all segments the long way, for comparison.
func (t *Table) NoCalm() { t.noCalm = true }

// SmallBacklog makes t defer few segments.
func (t *Table) SmallBacklog() { t.backlog.limit, t.backlog.shift = 3, 3 }

// Deferred returns how many segments wait in journals.
func (t *Table) Deferred() (n int) {
	for i := range t.journals {
		n += int(t.journals[i].n)
	}
	return n
}

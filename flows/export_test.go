package flows

// NoCalm makes t take all segments the long way, for comparison.
func (t *Table) NoCalm() { t.noCalm = true }

// FetchAlways makes AddBatch fetch ahead however few connections there are.
func (t *Table) FetchAlways() { t.fetchAbove = 0 }

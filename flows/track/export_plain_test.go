//go:build plain

package track

// Plain says that batches go the way of Add, and there are no SYN cache entries.
const Plain = true

func (t *Table) SmallBacklog()                           {}
func (t *Table) Embryos(int)                             {}
func (t *Table) Aliases(int)                             {}
func (t *Table) Compress(*[16]byte) (ip uint32, ok bool) { return 0, false }
func (t *Table) Unhatched() int                          { return 0 }
func (t *Table) Deferred() int                           { return 0 }
func (t *Table) Backlog() int                            { return 0 }

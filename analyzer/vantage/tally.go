package vantage

import "github.com/rstexplain/rstexplain/flows/pages"

// A tally holds a number for each of many keys, which are hashes. It takes less time than a map.
type tally []tallied

// tallied is one of them.
type tallied struct {
	key uint64
	n   int32 // 0 in a place that is free
}

// newTally returns a tally with room for n keys.
func newTally(n int) tally {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return pages.Make[tallied](size)
}

// at returns the number of a key, 0 if none was set.
func (t tally) at(key uint64) *int32 {
	for i := key; ; i++ {
		if s := &t[i&uint64(len(t)-1)]; s.n == 0 || s.key == key {
			s.key = key
			return &s.n
		}
	}
}

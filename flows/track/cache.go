package track

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A cache remembers values of many keys in a fixed number of places: four for each set of keys. The
// value that was not asked for the longest makes room. Which set a key belongs to does not depend on the
// run, so that the same capture always forgets the same.
type cache[T any] struct {
	sets []cacheSet[T]
	tick uint32
}

// A cacheSet holds four values; what is asked of all of them lies together.
type cacheSet[T any] struct {
	print [4]uint64 // secret hashes of the keys; 0: free
	place [4]uint32
	used  [4]uint32
	value [4]T
}

// A cache begins with fewCacheSets sets, and doubles when a set is full until it has maxCacheSets: before, nothing is
// forgotten.
const (
	fewCacheSets = 1 << 4
	maxCacheSets = 1 << 12
)

// A cacheKey names a value: place chooses the set, print tells the keys of a set apart.
type cacheKey struct{ place, print uint64 }

// keyOf hashes two words into a key.
func (t *Table) keyOf(a, b uint64) cacheKey {
	return cacheKey{tuple.Mix(a, b, tuple.PublicSeed), tuple.Mix(a, b, t.seed) | 1}
}

// addrKey is the key of an address with its port.
func (t *Table) addrKey(a *flows.Addr) cacheKey {
	return cacheKey{tuple.HashAddr(a, tuple.PublicSeed), tuple.HashAddr(a, t.seed) | 1}
}

// hostKey is the key of an address without its port.
func (t *Table) hostKey(a *flows.Addr) cacheKey {
	return cacheKey{tuple.HashIP(&a.IP, tuple.PublicSeed), tuple.HashIP(&a.IP, t.seed) | 1}
}

// and joins two keys.
func (k cacheKey) and(o cacheKey, seed uint64) cacheKey {
	return cacheKey{tuple.Mix(k.place, o.place, tuple.PublicSeed), tuple.Mix(k.print, o.print, seed) | 1}
}

// set returns the set where a key may be.
func (x *cache[T]) set(place uint32) *cacheSet[T] { return &x.sets[int(place)&(len(x.sets)-1)] }

// find returns the value of key, nil when there is none.
func (x *cache[T]) find(key cacheKey) *T {
	if x.sets == nil {
		return nil
	}
	set := x.set(uint32(key.place))
	for i := range set.print {
		if set.print[i] == key.print {
			x.tick++
			set.used[i] = x.tick
			return &set.value[i]
		}
	}
	return nil
}

// get returns the value of key, a zero one on first use.
func (x *cache[T]) get(key cacheKey) *T {
	if v := x.find(key); v != nil {
		return v
	}
	for x.sets == nil || len(x.sets) < maxCacheSets && !slices.Contains(x.set(uint32(key.place)).print[:], 0) {
		x.grow()
	}
	set := x.set(uint32(key.place))
	oldest := 0
	for i := range set.used {
		if set.used[i] < set.used[oldest] {
			oldest = i
		}
	}
	x.tick++
	var zero T
	set.print[oldest], set.place[oldest], set.used[oldest], set.value[oldest] = key.print, uint32(key.place), x.tick, zero
	return &set.value[oldest]
}

// grow doubles the sets.
func (x *cache[T]) grow() {
	old := x.sets
	x.sets = slab.Touched[cacheSet[T]](max(2*len(old), fewCacheSets))
	for s := range old {
		from := &old[s]
		for k, print := range from.print {
			if print == 0 {
				continue
			}
			to := x.set(from.place[k])
			for i := range to.print { // what shared one set goes to two: there is room
				if to.print[i] == 0 {
					to.print[i], to.place[i], to.used[i], to.value[i] = print, from.place[k], from.used[k], from.value[k]
					break
				}
			}
		}
	}
}

package flows

// A cache remembers values of many keys in a fixed number of places: four for each set of keys. The
// value that was not asked for the longest makes room. Which set a key belongs to does not depend on the
// run, so that the same capture always forgets the same.
type cache[T any] struct {
	sets [][4]cached[T]
	tick uint32
}

type cached[T any] struct {
	print uint64 // secret hash of the key; 0: free
	used  uint32
	value T
}

// cacheSets is the number of sets, a power of two.
const cacheSets = 1 << 12

// A cacheKey names a value: place chooses the set, print tells the keys of a set apart.
type cacheKey struct{ place, print uint64 }

// publicSeed is for hashes that may be known: those that choose a place of fixed size.
const publicSeed = 0x5851f42d4c957f2d

// keyOf hashes two words into a key.
func (t *Table) keyOf(a, b uint64) cacheKey {
	return cacheKey{mix(a, b, publicSeed), mix(a, b, t.seed) | 1}
}

// addrKey is the key of an address with its port.
func (t *Table) addrKey(a *Addr) cacheKey {
	return cacheKey{hashAddr(a, publicSeed), hashAddr(a, t.seed) | 1}
}

// hostKey is the key of an address without its port.
func (t *Table) hostKey(a *Addr) cacheKey {
	return cacheKey{hashIP(&a.IP, publicSeed), hashIP(&a.IP, t.seed) | 1}
}

// and joins two keys.
func (k cacheKey) and(o cacheKey, seed uint64) cacheKey {
	return cacheKey{mix(k.place, o.place, publicSeed), mix(k.print, o.print, seed) | 1}
}

// find returns the value of key, nil when there is none.
func (x *cache[T]) find(key cacheKey) *T {
	if x.sets == nil {
		return nil
	}
	set := &x.sets[key.place&(cacheSets-1)]
	for i := range set {
		if set[i].print == key.print {
			return &set[i].value
		}
	}
	return nil
}

// get returns the value of key, a zero one on first use.
func (x *cache[T]) get(key cacheKey) *T {
	if x.sets == nil {
		x.sets = make([][4]cached[T], cacheSets)
	}
	x.tick++
	set := &x.sets[key.place&(cacheSets-1)]
	oldest := 0
	for i := range set {
		if set[i].print == key.print {
			set[i].used = x.tick
			return &set[i].value
		}
		if set[i].used < set[oldest].used {
			oldest = i
		}
	}
	set[oldest] = cached[T]{print: key.print, used: x.tick}
	return &set[oldest].value
}

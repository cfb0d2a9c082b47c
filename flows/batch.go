package flows

// batchAhead is how many segments AddBatch looks ahead: enough to keep the memory busy, few enough that
// what was fetched is still in the cache when it is needed.
const batchAhead = 16

// fetchAbove is the number of records above which they do not stay in the processor's caches, so that
// fetching ahead pays.
const fetchAbove = 1 << 14

// AddBatch takes segments in the order of the capture, as Add does one at a time. It is faster where many
// connections are open: the records of the next segments are fetched from memory all at once, instead of
// one after the other, each when its segment comes.
func (t *Table) AddBatch(segs []Segment) {
	var tuples [batchAhead]tuple
	var ids [batchAhead]uint32
	if t.conns.live < t.fetchAbove {
		for i := range segs {
			t.Add(&segs[i])
		}
		return
	}
	for len(segs) > 0 {
		n := min(len(segs), batchAhead)
		for i := range n {
			tuples[i] = t.tupleOf(&segs[i].Src, &segs[i].Dst)
			ids[i] = t.index.guess(tuples[i].hash)
		}
		t.fetch(ids[:n])
		for i := range n {
			t.add(&segs[i], &tuples[i])
		}
		segs = segs[n:]
	}
}

// guess returns the record in the slot where the search for hash begins: most often the right one.
func (x *index) guess(hash uint32) uint32 {
	if len(x.slots) == 0 {
		return 0
	}
	return uint32(x.slots[hash&x.mask])
}

// fetch touches the records ids and their rings, so that they are in the cache when they are needed. The
// loads depend on nothing but the ids, so that the processor has many of them under way.
func (t *Table) fetch(ids []uint32) {
	sum := uint32(0)
	for _, id := range ids {
		if id != 0 {
			c := t.conns.at(id)
			sum += c.lo + uint32(c.marks) + uint32(c.side[0].wnd) + c.side[0].segments + uint32(c.side[1].una) + c.side[1].segments + c.side[1].tsval
		}
	}
	for _, id := range ids {
		if id != 0 {
			c := t.conns.at(id)
			if ring := t.lines.ring(c); ring != nil {
				sum += ring[c.ringPos].frame
			}
			if c.talk != 0 {
				sum += t.talks.at(c.talk).owner
			}
		}
	}
	t.fetched = sum
}

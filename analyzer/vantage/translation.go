package vantage

import "github.com/rstexplain/rstexplain/flows"

// findTranslations finds the connections that a capture of several interfaces of a router holds under two pairs of
// addresses, before and behind NAT: the first packet of the one is that of the other again, a hop farther on. From then
// on both are one trace, and the segments of the translation are copies of those of the original.
func (r *Recorder) findTranslations() {
	size := 16
	for size < 2*r.conns.n {
		size *= 2
	}
	latest := make([]uint32, size) // connection by its first packet, plus one; a later one takes the place
	for id := range uint32(r.conns.n) {
		c := r.conns.at(id)
		if c.n == 0 {
			continue
		}
		g := r.log.at(c.first - 1)
		slot := &latest[g.hash()&uint64(size-1)]
		if *slot != 0 && r.translates(g, r.conns.at(*slot-1), c) {
			t := &r.traces[*slot-1]
			if o := r.originals[t]; o != nil {
				t = o
			}
			t.merge(&r.traces[id])
		}
		*slot = id + 1
	}
}

// translated reports whether t is the translation of another trace.
func (t *Trace) translated() bool { return len(t.by.originals) > 0 && t.by.originals[t] != nil }

// translations returns the same connection under other addresses.
func (t *Trace) translations() []*Trace {
	if len(t.by.translations) == 0 {
		return nil
	}
	return t.by.translations[t]
}

// hash returns the same number for the copies of a packet.
func (g *note) hash() uint64 {
	h := (uint64(g.seq)<<32 | uint64(g.ack)) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h = (h ^ uint64(g.tsval)<<32 ^ uint64(g.ipid)<<16 ^ uint64(g.flags)) * 0xff51afd7ed558ccd
	return h ^ h>>31
}

// translates reports whether g, the first segment of c, is that of p with other addresses, a hop farther on.
func (r *Recorder) translates(g *note, p, c *conn) bool {
	first := r.log.at(p.first - 1)
	if g.ttl+1 != first.ttl || !g.copyOf(first, false) {
		return false
	}
	same := 0
	for i := range 2 {
		if p.addr[i] == c.addr[i] {
			same++
		}
	}
	// Probes of a scanner differ in little but their addresses.
	return same < 2 && (g.flags&noteHasTS != 0 && g.tsval != 0 || g.ipid != 0 && g.seq > 1 && same == 1)
}

// merge makes o part of t.
func (t *Trace) merge(o *Trace) {
	if t.by.originals == nil {
		t.by.originals, t.by.translations = map[*Trace]*Trace{}, map[*Trace][]*Trace{}
	}
	t.by.originals[o], t.by.translations[t] = t, append(t.by.translations[t], o)
	both := o.by.conns.at(o.id).state & (sent | sent<<1) // which sides sent something
	t.by.conns.at(t.id).state |= both / sent * forwarded
	t.kept += o.kept
	t.Resets += o.Resets
	t.First, t.Last = min(t.First, o.First), max(t.Last, o.Last)
	switch {
	case o.GapFrom == 0:
	case t.GapFrom == 0:
		t.GapFrom, t.GapTo = o.GapFrom, o.GapTo
	default:
		t.GapFrom, t.GapTo = min(t.GapFrom, o.GapFrom), max(t.GapTo, o.GapTo)
	}
	for i := range 2 { // the original may begin without a SYN-ACK that is captured behind NAT alone
		k := o.side(i, t)
		if !t.HasISN[i] && o.HasISN[k] {
			t.ISN[i], t.HasISN[i] = o.ISN[k], true
		}
	}
}

// side returns which side of t is what o, a trace of the same packets, calls side i.
func (t *Trace) side(i int, o *Trace) int {
	if (t.by.conns.at(t.id).state^o.by.conns.at(o.id).state)&turned != 0 {
		return 1 - i
	}
	return i
}

// ends returns the addresses of originator and responder: for 0 those of the trace, otherwise those of a translation.
func (t *Trace) ends(i int) [2]flows.Addr {
	if i == 0 {
		return t.Addr
	}
	o := t.translations()[i-1]
	return [2]flows.Addr{o.Addr[o.side(0, t)], o.Addr[o.side(1, t)]}
}

// Translations returns the other addresses of originator and responder that the connection has in the capture at v.
func (g *Group) Translations(v int) [][2]flows.Addr {
	var list [][2]flows.Addr
	for i := range g.Traces[v].translations() {
		ends := g.Traces[v].ends(i + 1)
		if g.flip[v] {
			ends[0], ends[1] = ends[1], ends[0]
		}
		list = append(list, ends)
	}
	return list
}

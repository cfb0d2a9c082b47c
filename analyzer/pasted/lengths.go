package pasted

import (
	"bytes"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
)

// A list without the column Length shows an application's line with nothing that says how long its data is. The next
// line of the connection that has numbers says it: such lines wait for that one.

// maxUnmeasured is how many lines wait at most.
const maxUnmeasured = 64

// rough notes that the data of p takes so many bytes less those of TCP's options, which the text does not show.
// Timestamps are what most segments have.
func (p *Packet) rough(most, options uint32) {
	const timestamps = 12
	p.Words |= SaysRough
	p.Most = most
	p.Least = most - min(most, options)
	if most > options {
		p.Len = most - timestamps
	}
}

// isRough reports whether only an estimate of the length of p is known, and its neighbours may tell it.
func (p *Packet) isRough() bool {
	return p.Words&SaysRough != 0 && p.Has&HasLen == 0 && p.Has&HasSEQ != 0
}

// unmeasured reports whether nothing in the line of p says how many bytes of data it has.
func (p *Packet) unmeasured() bool {
	return (p.Words&SaysApplication != 0 && p.Has&(HasLen|HasWire) == 0 || p.isRough()) && p.Has&HasDump == 0 &&
		p.Src.IP.IsValid() && p.Dst.IP.IsValid()
}

// wait keeps p, if lines of its connection wait for their length, or p itself does. It reports whether it did.
func (r *Reader) wait(p *Packet) bool {
	if len(r.unmeasured) > 0 {
		w := &r.unmeasured[0]
		if w.Src != p.Src && w.Src != p.Dst || w.Dst != p.Dst && w.Dst != p.Src || p.Has&HasDump != 0 {
			r.measure()
		}
	}
	if len(r.unmeasured) == 0 && !p.unmeasured() {
		return false
	}
	q := *p
	q.SACK, q.Dump = slices.Clone(p.SACK), bytes.Clone(p.Dump)
	r.unmeasured = append(r.unmeasured, q)
	w, n := &r.unmeasured[0], len(r.unmeasured)
	if n >= maxUnmeasured || n > 1 && (w.Src == p.Src && p.Has&HasSEQ != 0 ||
		w.Src == p.Dst && p.Has&HasACK != 0 && r.tells(w, p)) || n == 1 && !w.isRough() && p.Has&HasSEQ != 0 {
		if q.isRough() && n > 1 { // its own length may follow
			n--
		}
		r.measureFirst(n)
	}
	return true
}

// measure takes the lines that wait, with the lengths that the last of them leaves.
func (r *Reader) measure() { r.measureFirst(len(r.unmeasured)) }

func (r *Reader) measureFirst(n int) {
	list := r.unmeasured
	r.unmeasured = nil
	for i := range list[:n] {
		p := &list[i]
		if p.unmeasured() {
			alike := uint32(0) // lines of the same side that share the bytes
			for k := i; k < len(list); k++ {
				q := &list[k]
				if q.Src == p.Src && q.unmeasured() && !q.isRough() {
					alike++
				} else if n, ok := r.length(p, q); ok && k > i {
					if alike > 0 {
						n = max(n/alike, 1)
					}
					p.Len, p.Has = n, p.Has|HasLen
					break
				}
			}
		}
		r.settle(p)
	}
	r.unmeasured = list[n:]
	if len(r.unmeasured) == 0 {
		r.unmeasured = nil
	}
}

func (r *Reader) tells(w, p *Packet) bool {
	_, ok := r.length(w, p)
	return ok
}

// length returns how many bytes of data w has by what a later packet of its connection shows.
func (r *Reader) length(w, p *Packet) (n uint32, ok bool) {
	if !w.isRough() {
		n = r.numbers.beyond(w, p)
		return n, n > 0
	}
	at, has := p.SEQ, p.Has&HasSEQ
	if w.Src != p.Src {
		at, has = p.ACK, p.Has&HasACK
	}
	n = at - w.SEQ
	if n == 0 && w.Src != p.Src { // perhaps it had not arrived yet
		return 0, false
	}
	return n, has != 0 && n >= w.Least && n <= w.Most
}

// beyond returns how many bytes behind all that the sender of w has sent a later packet of the connection begins, or
// acknowledges, 0 where it does not say.
func (n *numbering) beyond(w, p *Packet) uint32 {
	const most = 1 << 20
	_, me, _, _, _ := n.of(w)
	next, ok := me.expected()
	if !ok || !me.hasBase {
		return 0
	}
	at, has := p.SEQ, p.Has&HasSEQ
	if w.Src != p.Src {
		at, has = p.ACK, p.Has&HasACK
	}
	if has == 0 || p.Flags&flows.SYN != 0 {
		return 0
	}
	if d := me.base + at - next; d < most {
		return d
	}
	return 0
}

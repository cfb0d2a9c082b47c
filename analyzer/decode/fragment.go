package decode

import (
	"container/list"

	"github.com/rstexplain/rstexplain/flows"
)

// Bounds of reassembly. Datagrams that are not whole when a bound is reached are given up, oldest first.
const (
	maxDatagrams     = 1024
	maxFragmentBytes = 16 << 20
	maxDatagramLen   = 65535
)

// A fragment is what an IP header says about the fragment behind it.
type fragment struct {
	proto  byte // protocol, or the Next Header of IPv6's fragment header
	id     uint32
	offset int  // bytes
	more   bool // not the last
}

// A datagramKey names the datagram that a fragment belongs to (RFC 791 §3.2, RFC 8200 §4.5).
type datagramKey struct {
	src, dst [16]byte
	id       uint32
	domain   uint32
	proto    byte // IPv4 only: with IPv6 the fragments of a datagram may disagree
	v6       bool
}

// A datagram is being put together.
type datagram struct {
	key   datagramKey
	proto byte        // of the fragment at offset 0
	buf   []byte      // bytes so far, holes included
	got   [128]uint64 // one bit for 8 bytes of buf that are there
	total int         // length, −1 until the last fragment came
	count uint64      // fragments so far
	first int         // frame of the first fragment that came
	place *list.Element
}

// fragments are the datagrams that are not whole yet.
type fragments struct {
	open  map[datagramKey]*datagram
	order list.List // of *datagram, oldest first
	bytes int       // held in buffers
}

// fragment6 reads an IPv6 fragment header (RFC 8200 §4.5).
func (d *Decoder) fragment6(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return d.ends(wire >= 8, CutIP, ShortIP)
	}
	if !d.deeper() {
		return d.fail(TooDeep)
	}
	off := be16(b[2:])
	f := fragment{proto: b[0], id: be32(b[4:]), offset: int(off &^ 7), more: off&1 != 0}
	if f.offset == 0 && !f.more {
		return d.payload(f.proto, b[8:], wire-8, seg) // atomic fragment (RFC 6946)
	}
	return d.fragment(f, b[8:], wire-8, seg)
}

// fragment takes in an IP fragment. The segment appears with the fragment that makes its datagram whole,
// which is where Wireshark shows it.
func (d *Decoder) fragment(f fragment, b []byte, wire int, seg *flows.Segment) Outcome {
	if d.quoted {
		if f.offset > 0 {
			return NotTCP
		}
		out := d.payload(f.proto, b, wire, seg)
		if len(b) >= wire {
			d.Unnumbered = true // Wireshark would put even quotations together
		}
		return out
	}
	if wire == 0 {
		return NotTCP
	}
	if len(b) < wire {
		if f.offset > 0 {
			return d.fail(FragmentCut)
		}
		out := d.payload(f.proto, b, wire, seg)
		if out == Segment {
			d.partly(CutFragment)
		}
		return out
	}
	if f.offset+wire > maxDatagramLen {
		return d.fail(BadIPLength)
	}
	k := datagramKey{src: seg.Src.IP, dst: seg.Dst.IP, id: f.id, domain: d.domain, v6: seg.V6}
	if !k.v6 {
		k.proto = f.proto
	}
	g := d.fragments.add(k, f, b, d.pkt.Frame, &d.Counts)
	if !g.whole() {
		return Fragment
	}
	d.fragments.remove(g)
	return d.payload(g.proto, g.buf[:g.total], g.total, seg)
}

// add copies a fragment into its datagram, which it makes first if need be. Bytes that are already
// there stay, as in Wireshark; what real hosts do differs (RFC 5722 forbids overlaps).
func (r *fragments) add(k datagramKey, f fragment, b []byte, frame int, c *Counts) *datagram {
	g := r.open[k]
	if g == nil {
		if r.open == nil {
			r.open = make(map[datagramKey]*datagram)
		}
		g = &datagram{key: k, proto: f.proto, total: -1, first: frame}
		r.open[k] = g
		g.place = r.order.PushBack(g)
	}
	g.count++
	if f.offset == 0 {
		g.proto = f.proto
	}
	end := f.offset + len(b)
	if !f.more && g.total < 0 {
		g.total = end
	}
	if end > len(g.buf) {
		buf := append(g.buf, make([]byte, end-len(g.buf))...)
		r.bytes += cap(buf) - cap(g.buf)
		g.buf = buf
	}
	for len(b) > 0 {
		n := min(8, len(b))
		if n == 8 || !f.more {
			if i := f.offset >> 3; g.got[i>>6]&(1<<(i&63)) == 0 {
				g.got[i>>6] |= 1 << (i & 63)
				copy(g.buf[f.offset:], b[:n])
			}
		}
		b = b[n:]
		f.offset += n
	}
	r.bound(g, c)
	return g
}

// whole reports whether every byte of the datagram is there.
func (g *datagram) whole() bool {
	if g.total < 0 {
		return false
	}
	units := (g.total + 7) >> 3
	for i := range units >> 6 {
		if g.got[i] != ^uint64(0) {
			return false
		}
	}
	rest := uint64(1)<<(units&63) - 1
	return g.got[units>>6&127]&rest == rest
}

// remove forgets a datagram that is whole or given up.
func (r *fragments) remove(g *datagram) {
	delete(r.open, g.key)
	r.order.Remove(g.place)
	r.bytes -= cap(g.buf)
}

// bound gives up the oldest datagrams until the bounds hold again, but never g, to which a fragment has
// just been added.
func (r *fragments) bound(g *datagram, c *Counts) {
	for len(r.open) > maxDatagrams || r.bytes > maxFragmentBytes {
		oldest := r.order.Front()
		if oldest.Value == g {
			oldest = oldest.Next()
		}
		r.giveUp(oldest.Value.(*datagram), c)
	}
}

// giveUp forgets a datagram that is not whole and counts its fragments.
func (r *fragments) giveUp(g *datagram, c *Counts) {
	c.By[FragmentAlone].add(g.count, g.first)
	r.remove(g)
}

// flush gives up all datagrams.
func (r *fragments) flush(c *Counts) {
	for r.order.Len() > 0 {
		r.giveUp(r.order.Front().Value.(*datagram), c)
	}
}

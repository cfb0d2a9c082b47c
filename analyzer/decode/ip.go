package decode

import (
	"encoding/binary"

	"github.com/rstexplain/rstexplain/flows"
)

// ip reads an IP packet whose version nothing but its first four bits tells.
func (d *Decoder) ip(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) == 0 {
		return d.ends(wire > 0, CutIP, ShortIP)
	}
	if b[0]>>4 == 6 {
		return d.ip6(b, wire, seg)
	}
	return d.ip4(b, wire, seg)
}

// ip4 reads an IPv4 packet (RFC 791 §3.1) at b. wire is the length that the layers below leave for it,
// padding included.
func (d *Decoder) ip4(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 20 {
		return d.ends(wire >= 20, CutIP, ShortIP)
	}
	if b[0]>>4 != 4 {
		if b[0]>>4 == 6 {
			return d.ip6(b, wire, seg) // announced as IPv4; Wireshark looks at the version as well
		}
		return d.fail(BadIPVersion)
	}
	hlen := int(b[0]&15) << 2
	if hlen < 20 {
		return d.fail(BadIPHeader)
	}
	total := int(be16(b[2:]))
	if total == 0 {
		total = wire // segmentation offload: filled in behind the capture point
	}
	if total < hlen {
		return d.fail(BadIPLength)
	}
	if len(b) < hlen {
		return d.ends(wire >= hlen, CutIP, ShortIP)
	}
	d.layer(LayerIPv4, b)
	off := be16(b[6:])
	putIP4(&seg.Src.IP, b[12:16])
	putIP4(&seg.Dst.IP, b[16:20])
	seg.TTL = b[8]
	seg.IPID = be16(b[4:])
	seg.V6 = false
	seg.DF = off&0x4000 != 0
	proto := b[9]
	if len(b) > total {
		b = b[:total] // Ethernet padding, or a trailer
	}
	if off&0x3fff != 0 {
		f := fragment{proto: proto, id: uint32(be16(b[4:])), offset: int(off&0x1fff) << 3, more: off&0x2000 != 0}
		return d.fragment(f, b[hlen:], total-hlen, seg)
	}
	n := d.bound(total, b, wire) - hlen
	if proto == protoTCP {
		return d.tcp(b[hlen:], n, seg)
	}
	return d.payload(proto, b[hlen:], n, seg)
}

// ip6 reads an IPv6 packet (RFC 8200 §3) at b.
func (d *Decoder) ip6(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 40 {
		return d.ends(wire >= 40, CutIP, ShortIP)
	}
	if b[0]>>4 != 6 {
		return d.fail(BadIPVersion)
	}
	d.layer(LayerIPv6, b)
	n := int(be16(b[4:]))
	if n == 0 {
		n = max(wire-40, 0) // segmentation offload, or a jumbogram (RFC 2675); Wireshark reads neither
	}
	seg.Src.IP, seg.Dst.IP = [16]byte(b[8:24]), [16]byte(b[24:40])
	seg.TTL = b[7]
	seg.IPID = 0
	seg.V6 = true
	seg.DF = false
	next := b[6]
	b = b[40:]
	if next != protoFragment {
		n = d.bound(n, b, wire-40)
	}
	if len(b) > n {
		b = b[:n]
	}
	if next == protoTCP {
		return d.tcp(b, n, seg)
	}
	return d.payload(next, b, n, seg)
}

// bound returns the length n that an IP header announces, or the length that the frame had for it if that is less:
// a segment has no data that was never in the frame. wire is the original length, which the snaplen does not change.
//
// Fragments directly behind an IP header keep its length, so that one that is incomplete is not taken for a shorter
// one; so do packets that an ICMP error quotes, which seldom are complete.
func (d *Decoder) bound(n int, b []byte, wire int) int {
	if d.quoted {
		return n
	}
	return min(n, max(wire, len(b)))
}

// putIP4 writes the four bytes at b into ip in their IPv4-mapped form (RFC 4291 §2.5.5.2), as two words.
func putIP4(ip *[16]byte, b []byte) {
	binary.LittleEndian.PutUint64(ip[:8], 0)
	binary.LittleEndian.PutUint64(ip[8:], 0xffff<<16|uint64(le32(b))<<32)
}

package decode

import "github.com/rstexplain/rstexplain/flows"

// IP protocol numbers (IANA, Assigned Internet Protocol Numbers).
const (
	protoTCP = 6
)

// ip4 reads an IPv4 packet (RFC 791 §3.1) at b; wire is the length that the link leaves for it, padding
// included.
func (d *Decoder) ip4(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 20 {
		return d.fail(CutIP)
	}
	if b[0]>>4 != 4 {
		return d.fail(BadIPVersion)
	}
	hlen := int(b[0]&15) << 2
	if hlen < 20 {
		return d.fail(BadIPHeader)
	}
	total := int(be16(b[2:]))
	if total == 0 {
		total = wire // segmentation offload: the length is filled in after the capture point
	}
	if total < hlen {
		return d.fail(BadIPLength)
	}
	if len(b) < hlen {
		return d.fail(CutIP)
	}
	h := b[:20]
	frag := be16(h[6:])
	seg.Src.IP, seg.Dst.IP = mapped(h[12:16]), mapped(h[16:20])
	seg.TTL = h[8]
	seg.IPID = be16(h[4:])
	seg.V6 = false
	seg.DF = frag&0x4000 != 0
	if len(b) > total {
		b = b[:total] // Ethernet padding, or a trailer
	}
	if frag&0x3fff != 0 {
		return d.fail(Fragment)
	}
	if h[9] == protoTCP {
		return d.tcp(b[hlen:], total-hlen, seg)
	}
	return NotTCP
}

// ip6 reads an IPv6 packet (RFC 8200 §3) at b.
func (d *Decoder) ip6(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 40 {
		return d.fail(CutIP)
	}
	if b[0]>>4 != 6 {
		return d.fail(BadIPVersion)
	}
	n := int(be16(b[4:]))
	if n == 0 {
		n = wire - 40
	}
	copy(seg.Src.IP[:], b[8:24])
	copy(seg.Dst.IP[:], b[24:40])
	seg.TTL = b[7]
	seg.IPID = 0
	seg.V6 = true
	seg.DF = false
	next := b[6]
	b = b[40:]
	if len(b) > n {
		b = b[:n]
	}
	if next == protoTCP {
		return d.tcp(b, n, seg)
	}
	return NotTCP
}

// mapped returns the IPv4-mapped form of the four octets at b (RFC 4291 §2.5.5.2).
func mapped(b []byte) [16]byte {
	return [16]byte{10: 0xff, 11: 0xff, 12: b[0], 13: b[1], 14: b[2], 15: b[3]}
}

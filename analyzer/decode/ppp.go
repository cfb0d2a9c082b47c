package decode

import "github.com/rstexplain/rstexplain/flows"

// PPP protocol numbers (IANA, Point-to-Point Protocol Field Assignments).
const (
	pppIPv4       = 0x0021
	pppVJ         = 0x002d // Van Jacobson compressed TCP/IP (RFC 1144)
	pppVJFull     = 0x002f // the same, header sent whole
	pppMultilink  = 0x003d
	pppIPv6       = 0x0057
	pppLinkCompr  = 0x00fb
	pppCompressed = 0x00fd // also Microsoft's encryption (RFC 3078)
	pppMPLS       = 0x0281
	pppMPLSMulti  = 0x0283
)

// ppp reads a PPP frame (RFC 1661 §2), with or without the address and control octets of RFC 1662.
func (d *Decoder) ppp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b, wire = b[2:], wire-2
	}
	return d.pppProtocol(b, wire, seg)
}

// pppProtocol reads a PPP frame from its protocol field on.
func (d *Decoder) pppProtocol(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 2 {
		return d.endsLink(wire, 2)
	}
	proto, n := be16(b), 2
	if b[0]&1 != 0 { // compressed to one octet (RFC 1661 §6.5)
		proto, n = uint16(b[0]), 1
	}
	b, wire = b[n:], wire-n
	switch proto {
	case pppIPv4:
		return d.ip4(b, wire, seg)
	case pppIPv6:
		return d.ip6(b, wire, seg)
	case pppMPLS, pppMPLSMulti:
		return d.mpls(b, wire, seg)
	case pppVJ, pppVJFull, pppMultilink, pppLinkCompr, pppCompressed:
		return d.fail(CompressedPPP)
	}
	return NotTCP
}

// pppoe reads a PPPoE session header (RFC 2516 §4).
func (d *Decoder) pppoe(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 6 {
		return d.endsLink(wire, 6)
	}
	if code := b[1]; code != 0 {
		return NotTCP
	}
	d.key(uint32(be16(b[2:])))
	return d.pppProtocol(b[6:], min(wire-6, int(be16(b[4:]))), seg)
}

// hdlc reads a frame in HDLC framing: PPP's or Cisco's.
func (d *Decoder) hdlc(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) >= 4 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 { // Cisco: unicast or broadcast
		return d.ether(be16(b[2:]), b[4:], wire-4, seg)
	}
	return d.ppp(b, wire, seg)
}

// frameRelay reads a Q.922 frame with the encapsulation of RFC 2427, or Cisco's.
func (d *Decoder) frameRelay(b []byte, wire int, seg *flows.Segment) Outcome {
	n := 2
	for n <= 4 && len(b) >= n && b[n-1]&1 == 0 { // address extended
		n++
	}
	if len(b) < n+2 {
		return d.endsLink(wire, n+2)
	}
	if control := b[n]; control != 0x03 {
		return d.ether(be16(b[n:]), b[n+2:], wire-n-2, seg)
	}
	b, wire = b[n+1:], wire-n-1
	if b[0] == 0 && len(b) > 1 { // padding
		b, wire = b[1:], wire-1
	}
	nlpid := b[0]
	b, wire = b[1:], wire-1
	switch nlpid {
	case 0xcc:
		return d.ip4(b, wire, seg)
	case 0x8e:
		return d.ip6(b, wire, seg)
	case 0xcf:
		return d.ppp(b, wire, seg)
	case 0x80: // SNAP
		if len(b) < 5 {
			return d.endsLink(wire, 5)
		}
		if be24(b) == 0 {
			return d.ether(be16(b[3:]), b[5:], wire-5, seg)
		}
	}
	return NotTCP
}

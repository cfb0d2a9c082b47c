package decode

import "github.com/rstexplain/rstexplain/flows"

// Protocol types that GRE carries beside EtherTypes.
const (
	greERSPAN  = 0x88be // ERSPAN I and II
	greERSPAN3 = 0x22eb
	greWCCP    = 0x883e
	grePPP     = 0x880b
	greAruba   = 0x8200 // 802.11, from access points of Aruba; the lower bits are a queue
)

// gre reads a GRE header (RFC 2784, RFC 2890; RFC 1701 with routing; RFC 2637 for PPTP's version 1;
// RFC 7637 for NVGRE, which is version 0 with a key).
func (d *Decoder) gre(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 4 {
		return d.endsLink(wire, 4)
	}
	const hasChecksum, hasRouting, hasKey, hasSeq, hasAck = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
	flags, proto := be16(b), be16(b[2:])
	version := flags & 7
	n := 4
	if flags&(hasChecksum|hasRouting) != 0 {
		n += 4
	}
	var key uint32
	if flags&hasKey != 0 {
		if len(b) < n+4 {
			return d.endsLink(wire, n+4)
		}
		if key = be32(b[n:]); version == 1 {
			key &= 0xffff // the upper half is the payload length; this is the call ID
		}
		n += 4
	}
	if flags&hasSeq != 0 {
		n += 4
	}
	if version == 1 && flags&hasAck != 0 {
		n += 4
	}
	if flags&hasRouting != 0 {
		for { // source route entries: family, offset, length, address; a null entry ends them
			if len(b) < n+4 {
				return d.endsLink(wire, n+4)
			}
			family, length := be16(b[n:]), int(b[n+3])
			n += 4 + length
			if family == 0 && length == 0 {
				break
			}
		}
	}
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	if version == 1 && wire == n {
		return NotTCP // acknowledgment alone
	}
	d.key(protoGRE<<16 + key)
	b, wire = b[n:], wire-n
	switch proto {
	case greERSPAN:
		if flags&hasSeq == 0 {
			return d.ethernet(b, wire, seg) // type I has no header of its own
		}
		return d.erspan(b, wire, 8, seg)
	case greERSPAN3:
		return d.erspan(b, wire, 12, seg)
	case grePPP:
		return d.ppp(b, wire, seg)
	case greWCCP:
		if len(b) >= 4 && b[0]>>4 != 4 { // version 2 has a redirect header
			b, wire = b[4:], wire-4
		}
		return d.ip4(b, wire, seg)
	}
	if proto >= greAruba && proto <= greAruba|0x01ff && proto&15 == 0 {
		return d.wifi(b, wire, 0, false, seg)
	}
	return d.ether(proto, b, wire, seg)
}

// erspan reads an ERSPAN header of type II or III (draft-foschiano-erspan) of n octets.
func (d *Decoder) erspan(b []byte, wire, n int, seg *flows.Segment) Outcome {
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	d.key(be32(b) & 0x3ff) // session
	if n == 12 && b[11]&1 != 0 {
		n += 8 // platform-specific subheader
		if len(b) < n {
			return d.endsLink(wire, n)
		}
	}
	return d.ethernet(b[n:], wire-n, seg)
}

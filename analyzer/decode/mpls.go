package decode

import "github.com/rstexplain/rstexplain/flows"

// mpls reads a label stack (RFC 3032 §2.1) and what is below it. No field says what that is: like
// routers that balance load over several paths, and like Wireshark, it is told by its first four bits.
func (d *Decoder) mpls(b []byte, wire int, seg *flows.Segment) Outcome {
	for {
		if len(b) < 4 {
			return d.endsLink(wire, 4)
		}
		entry := be32(b)
		b, wire = b[4:], wire-4
		if entry&0x100 != 0 { // bottom of the stack
			d.key(entry >> 12)
			break
		}
		if !d.deeper() {
			return d.fail(TooDeep)
		}
	}
	if len(b) == 0 {
		return d.endsLink(wire, 1)
	}
	switch b[0] >> 4 {
	case 4:
		return d.ip4(b, wire, seg)
	case 6:
		return d.ip6(b, wire, seg)
	case 0: // the control word of a pseudowire (RFC 4385 §3)
		if len(b) < 4 {
			return d.endsLink(wire, 4)
		}
		return d.ethernet(b[4:], wire-4, seg)
	}
	return NotTCP
}

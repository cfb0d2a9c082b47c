package decode

import "github.com/rstexplain/rstexplain/flows"

// EtherTypes (IEEE, IANA ieee-802-numbers).
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
	etherQinQ = 0x88a8
	etherQ910 = 0x9100
)

// ethernet reads an Ethernet frame at b.
func (d *Decoder) ethernet(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 14 {
		return d.fail(CutLink)
	}
	d.mac = uint64(be16(b[6:]))<<32 | uint64(be32(b[8:]))
	return d.ether(be16(b[12:]), b[14:], wire-14, seg)
}

// ether reads what follows an EtherType.
func (d *Decoder) ether(typ uint16, b []byte, wire int, seg *flows.Segment) Outcome {
	for {
		switch typ {
		case etherIPv4:
			return d.ip4(b, wire, seg)
		case etherIPv6:
			return d.ip6(b, wire, seg)
		case etherVLAN, etherQinQ, etherQ910:
			if d.depth++; d.depth > MaxDepth {
				return d.fail(TooDeep)
			}
			if len(b) < 4 {
				return d.fail(CutLink)
			}
			d.key(uint32(be16(b) & 0xfff))
			typ = be16(b[2:])
			b, wire = b[4:], wire-4
		default:
			return NotTCP
		}
	}
}

// key mixes a VLAN or tunnel number into the segment's domain, so that equal addresses in different
// networks stay apart. The first number is kept as it is: VLAN 7 is domain 7.
func (d *Decoder) key(n uint32) { d.domain = d.domain*0x9e3779b1 + n }

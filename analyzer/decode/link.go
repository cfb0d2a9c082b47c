package decode

import "github.com/rstexplain/rstexplain/flows"

// Link types (https://www.tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkSLL      = 113
	linkSLL2     = 276
)

// link reads a frame of the given link type.
func (d *Decoder) link(typ uint16, b []byte, wire int, seg *flows.Segment) Outcome {
	switch typ {
	case linkEthernet:
		return d.ethernet(b, wire, seg)
	case linkRaw:
		return d.ip(b, wire, seg)
	}
	return d.fail(UnknownLink)
}

// ip reads an IP packet whose version only its first nibble tells.
func (d *Decoder) ip(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) == 0 {
		return d.fail(CutIP)
	}
	if b[0]>>4 == 6 {
		return d.ip6(b, wire, seg)
	}
	return d.ip4(b, wire, seg)
}

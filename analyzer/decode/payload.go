package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// IP protocol numbers (IANA, Assigned Internet Protocol Numbers).
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoESP      = 50
	protoAH       = 51
	protoMinimal  = 55 // minimal encapsulation (RFC 2004)
	protoICMPv6   = 58
	protoDestOpts = 60
	protoIPIP     = 94 // KA9Q's IP in IP
	protoEtherIP  = 97
	protoEncap    = 98  // RFC 1241
	protoIPComp   = 108 // compressed (RFC 3173)
	protoL2TP     = 115
	protoMPLS     = 137
	protoShim6    = 140
	protoEthernet = 143
)

// payload reads what follows an IP header, by its protocol number or Next Header: extension headers
// (RFC 8200 §4; IPv4 may have them too), tunnels, and in the end TCP.
func (d *Decoder) payload(proto byte, b []byte, wire int, seg *flows.Segment) Outcome {
	for {
		n := 0 // length of an extension header
		switch proto {
		case protoTCP:
			return d.tcp(b, wire, seg)
		case protoUDP:
			return d.udp(b, wire, seg)
		case protoICMP:
			return d.icmp4(b, wire, seg)
		case protoICMPv6:
			return d.icmp6(b, wire, seg)
		case protoHopByHop, protoRouting, protoDestOpts, protoShim6:
			if len(b) >= 2 {
				n = 8 + int(b[1])*8
			}
		case protoAH: // RFC 4302 §2: authenticated, not encrypted
			if len(b) >= 2 {
				n = 8 + int(b[1])*4
			}
		case protoFragment:
			return d.fragment6(b, wire, seg)
		case protoESP:
			return d.fail(EncryptedIP)
		default:
			if tunnel, ok := ipTunnels[proto]; ok {
				return d.peel(tunnel, b, wire, seg)
			}
			return NotTCP
		}
		if n == 0 || len(b) < n {
			return d.ends(n == 0 && wire >= 2 || n > 0 && wire >= n, CutIP, ShortIP)
		}
		if !d.deeper() {
			return d.fail(TooDeep)
		}
		proto = b[0]
		b, wire = b[n:], wire-n
	}
}

// ipTunnels are the packets in IP that are peeled.
var ipTunnels = map[byte]gopacket.Decoder{
	protoIPv4:     layerIPinIP,
	protoIPv6:     layer6in4,
	protoGRE:      layers.LayerTypeGRE,
	protoMinimal:  unread(UnknownTunnel),
	protoIPIP:     unread(UnknownTunnel),
	protoEtherIP:  layers.LayerTypeEtherIP,
	protoEncap:    unread(UnknownTunnel),
	protoIPComp:   unread(UnknownTunnel),
	protoL2TP:     unread(UnknownTunnel), // version 3: what it carries only its control connection says
	protoMPLS:     layers.LayerTypeMPLS,  // RFC 4023
	protoEthernet: layerEthernetInIP,
}

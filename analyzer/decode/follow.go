package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Protocol types that GRE carries beside EtherTypes.
const (
	greERSPAN  = 0x88be // ERSPAN I and II
	greERSPAN3 = 0x22eb
	greWCCP    = 0x883e
	grePPP     = 0x880b
	greAruba   = 0x8200 // 802.11, from access points of Aruba; the lower bits are a queue
)

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

// follow returns what follows the layer l, the length of its header at b, and what remains of wire. It notes the
// numbers of networks and the hardware address. last is the layer before it, or nil.
func (d *Decoder) follow(l, last gopacket.Layer, b []byte, wire int) (next gopacket.Decoder, n, rest int) {
	n = len(l.LayerContents())
	rest = wire - n
	next = gopacket.LayerTypePayload
	switch l := l.(type) {
	case *header:
		if l.keyed {
			d.key(l.network)
		}
		if l.mac != 0 {
			d.mac = l.mac
		}
		if next = l.next; l.wire > 0 {
			rest = l.wire
		}
	case *layers.PPP:
		_, inPPPoE := last.(*layers.PPPoE)
		if l.HasPPTPHeader && inPPPoE {
			break // PPPoE has no address and control (RFC 2516 §7)
		}
		if l.HasPPTPHeader {
			n, rest = n+2, rest-2
		}
		next = pppNext(uint16(l.PPPType))
	case *layers.PPPoE:
		if l.Code == layers.PPPoECodeSession {
			d.key(uint32(l.SessionId))
			next, rest = layers.LayerTypePPP, min(rest, int(l.Length))
		}
	case *layers.MPLS:
		if !l.StackBottom {
			return layers.LayerTypeMPLS, n, rest
		}
		d.key(l.Label)
		var control int
		next, control = unlabelled(b[min(n, len(b)):], rest)
		n, rest = n+control, rest-control
	case *layers.GRE: // RFC 2784, RFC 2890; RFC 1701 with routing; RFC 2637 for PPTP; RFC 7637 for NVGRE
		if l.Version == 1 {
			if l.Key &= 0xffff; rest == 0 { // the upper half is the payload length; this is the call ID
				break // acknowledgment alone
			}
		}
		d.key(protoGRE<<16 + l.Key)
		next = greNext(l)
	case *layers.ERSPANII:
		d.key(uint32(l.SessionID))
		next = layers.LayerTypeEthernet
	case *layers.EtherIP: // RFC 3378
		d.key(protoEtherIP << 16)
		next = layers.LayerTypeEthernet
	case *layers.VXLAN: // RFC 7348 §5
		d.key(l.VNI)
		next = layers.LayerTypeEthernet
	case *layers.Geneve: // RFC 8926 §3.4
		d.key(l.VNI)
		n = 8 + int(l.OptionsLength)
		next, rest = l.Protocol, wire-n
	case *layers.GTPv1U:
		d.key(l.TEID)
		next = likelyIP(b[min(n, len(b)):])
	case *layers.FDDI:
		d.mac = mac(l.DstMAC) // the second address, which is the source
		next = layers.LayerTypeLLC
	case *layers.RadioTap:
		if n = 8; len(b) >= n {
			n = int(le16(b[2:])) // gopacket's is at most what it was shown
		}
		if next, rest = layers.LayerTypeDot11, wire-n; n < 8 {
			next = unread(BadLink)
		}
	case *layers.Dot11:
		padded := false
		if tap, ok := last.(*layers.RadioTap); ok && len(tap.RadioTapValues) > 0 {
			padded = tap.RadioTapValues[0].Flags.Datapad()
		}
		return d.followWiFi(l, padded, b, wire)
	}
	return next, n, rest
}

// pppNext returns what a PPP protocol number names.
func pppNext(proto uint16) gopacket.Decoder {
	switch proto {
	case pppIPv4:
		return layers.LayerTypeIPv4
	case pppIPv6:
		return layers.LayerTypeIPv6
	case pppMPLS, pppMPLSMulti:
		return layers.LayerTypeMPLS
	case pppVJ, pppVJFull, pppMultilink, pppLinkCompr, pppCompressed:
		return unread(CompressedPPP)
	}
	return gopacket.LayerTypePayload
}

// greNext returns what a GRE header says that it carries.
func greNext(l *layers.GRE) gopacket.Decoder {
	switch proto := l.Protocol; {
	case proto == greERSPAN && !l.SeqPresent:
		return layers.LayerTypeEthernet // type I has no header of its own
	case proto == greERSPAN:
		return layers.LayerTypeERSPANII
	case proto == greERSPAN3:
		return layerERSPAN3
	case proto == grePPP:
		return layers.LayerTypePPP
	case proto == greWCCP:
		return layerWCCP
	case proto >= greAruba && proto <= greAruba|0x01ff && proto&15 == 0:
		return layers.LayerTypeDot11
	default:
		return proto
	}
}

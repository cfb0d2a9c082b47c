package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// EtherTypes (IANA, IEEE 802 Numbers).
const (
	etherIPv4     = 0x0800
	etherTRILL    = 0x22f3
	etherCentrino = 0x2452 // 802.11, from drivers of Intel
	etherBridged  = 0x6558 // transparent Ethernet bridging
	etherVLAN     = 0x8100
	etherIPv6     = 0x86dd
	etherMPLS     = 0x8847
	etherMPLSUp   = 0x8848 // upstream-assigned label
	etherPPPoE    = 0x8864 // session stage
	etherLLC      = 0x8870 // jumbo frames with LLC
	etherQinQ     = 0x88a8 // 802.1ad service tag
	etherMACsec   = 0x88e5
	etherPBB      = 0x88e7 // 802.1ah
	etherCisco    = 0x8909 // Cisco metadata, TrustSec
	etherVNTag    = 0x8926
	etherHSR      = 0x892f
	etherETag     = 0x893f // 802.1BR
	etherNSH      = 0x894f
	etherQ9100    = 0x9100 // service tag before 802.1ad
	ether80211    = 0x890d // 802.11 in Ethernet
	etherRTag     = 0xf1c1 // 802.1CB
	etherTypesMin = 1536   // smaller values are lengths (IEEE 802.3 §3.2.6)
)

// ethernet reads an Ethernet frame at b.
func (d *Decoder) ethernet(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 14 {
		return d.endsLink(wire, 14)
	}
	d.layer(LayerEthernet, b)
	d.mac = mac(b[6:12])
	typ := be16(b[12:])
	if typ < etherTypesMin {
		if be32(b)&0xfdffffff == 0x01000c00 && b[4] == 0 {
			return d.peel(layerISL, b, wire, seg)
		}
		return d.llc(b[14:], min(wire-14, int(typ)), seg)
	}
	return d.ether(typ, b[14:], wire-14, seg)
}

// mac returns the MAC address at b as a number.
func mac(b []byte) uint64 { return uint64(be16(b))<<32 | uint64(be32(b[2:])) }

// ether reads what follows an EtherType.
func (d *Decoder) ether(typ uint16, b []byte, wire int, seg *flows.Segment) Outcome {
	for {
		var n int // length of a tag; the EtherType behind it is its last two bytes
		switch typ {
		case etherIPv4:
			return d.ip4(b, wire, seg)
		case etherIPv6:
			return d.ip6(b, wire, seg)
		case etherVLAN, etherQinQ, etherQ9100:
			n = 4
		case etherHSR, etherVNTag, etherRTag:
			n = 6
		case etherETag, etherCisco:
			n = 8
		default:
			if tunnel, ok := etherTunnels[typ]; ok {
				return d.peel(tunnel, b, wire, seg)
			}
			return NotTCP
		}
		if len(b) < n {
			return d.endsLink(wire, n)
		}
		if !d.deeper() {
			return d.fail(TooDeep)
		}
		if n == 4 {
			d.key(uint32(be16(b) & 0xfff))
		}
		typ = be16(b[n-2:])
		b, wire = b[n:], wire-n
		if typ < etherTypesMin {
			return d.llc(b, min(wire, int(typ)), seg)
		}
	}
}

// etherTunnels are the packets in Ethernet that are peeled.
var etherTunnels = map[uint16]gopacket.Decoder{
	etherTRILL:    layerTRILL,
	etherCentrino: unread(UnknownTunnel),
	etherBridged:  layerBridged,
	etherMPLS:     layers.LayerTypeMPLS,
	etherMPLSUp:   layers.LayerTypeMPLS,
	etherPPPoE:    layers.LayerTypePPPoE,
	etherLLC:      layerJumbo,
	etherMACsec:   layerMACsec,
	etherPBB:      layerPBB,
	ether80211:    unread(UnknownTunnel),
	etherNSH:      layerNSH,
}

// llc reads an IEEE 802.2 header, and the SNAP header behind it (RFC 1042).
func (d *Decoder) llc(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 3 {
		return d.endsLink(wire, 3)
	}
	const unnumbered = 0x03
	switch dsap, ssap, control := b[0], b[1], b[2]; {
	case dsap == 0x06 && control == unnumbered: // the SAP of IP
		return d.ip4(b[3:], wire-3, seg)
	case dsap != 0xaa || ssap != 0xaa || control != unnumbered:
		return NotTCP
	}
	if len(b) < 8 {
		return d.endsLink(wire, 8)
	}
	oui, pid := be24(b[3:]), be16(b[6:])
	b, wire = b[8:], wire-8
	switch oui {
	case 0x000000, 0x0000f8: // EtherType, by RFC 1042 and by 802.1H
		if !d.deeper() {
			return d.fail(TooDeep)
		}
		return d.ether(pid, b, wire, seg)
	}
	return NotTCP
}

package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// Link types (https://www.tcpdump.org/linktypes.html).
const (
	linkNull      = 0
	linkEthernet  = 1
	linkTokenRing = 6
	linkPPP       = 9
	linkFDDI      = 10
	linkRaw12     = 12 // DLT_RAW of most systems, which some programs write as it is
	linkRaw14     = 14 // DLT_RAW of OpenBSD
	linkPPPHDLC   = 50
	linkPPPoE     = 51
	linkATM       = 100
	linkRaw       = 101
	linkCiscoHDLC = 104
	linkWiFi      = 105
	linkFrameRel  = 107
	linkLoop      = 108
	linkEnc       = 109
	linkSLL       = 113
	linkPFLog     = 117
	linkPrism     = 119
	linkIPOverFC  = 122
	linkRadiotap  = 127
	linkFireWire  = 138
	linkPKTAPUser = 149 // PKTAP before it had a number of its own
	linkAVS       = 163
	linkPPPD      = 166
	linkPPI       = 192
	linkERF       = 197
	linkPPPDir    = 204
	linkHDLCDir   = 205
	linkFRDir     = 206
	linkIPNet     = 226
	linkIPv4      = 228
	linkIPv6      = 229
	linkNFLog     = 239
	linkIPoIB     = 242
	linkPKTAP     = 258
	linkSLL2      = 276
)

// linkLayers are the links that are peeled.
var linkLayers = map[uint32]gopacket.LayerType{
	linkPPP:       layerHDLC,
	linkPPPHDLC:   layerHDLC,
	linkCiscoHDLC: layerHDLC,
	linkPPPDir:    layerHDLCDir,
	linkHDLCDir:   layerHDLCDir,
	linkPPPD:      layerPPPD,
	linkPPPoE:     layers.LayerTypePPPoE,
	linkFrameRel:  layerFrameRelay,
	linkFRDir:     layerFrameRelayDir,
	linkTokenRing: layerTokenRing,
	linkFDDI:      layers.LayerTypeFDDI,
	linkIPOverFC:  layerIPOverFC,
	linkFireWire:  layerFireWire,
	linkIPoIB:     layerIPoIB,
	linkWiFi:      layers.LayerTypeDot11,
	linkRadiotap:  layers.LayerTypeRadioTap,
	linkPrism:     layerPrism,
	linkAVS:       layerPrism,
	linkEnc:       layerEnc,
	linkIPNet:     layerIPNet,
	linkNFLog:     layerNFLog,
	linkERF:       layerERF,
	linkPFLog:     layerPFLog,
	linkPPI:       layerPPI,
	linkPKTAP:     layerPKTAP,
	linkPKTAPUser: layerPKTAP,
}

// link reads a frame of the given link type.
func (d *Decoder) link(typ uint32, b []byte, wire int, seg *flows.Segment) Outcome {
	switch typ {
	case linkEthernet:
		return d.ethernet(b, wire, seg)
	case linkSLL:
		return d.sll(b, wire, seg)
	case linkSLL2:
		return d.sll2(b, wire, seg)
	case linkRaw, linkRaw12, linkRaw14:
		return d.ip(b, wire, seg)
	case linkIPv4:
		return d.ip4(b, wire, seg)
	case linkIPv6:
		return d.ip6(b, wire, seg)
	case linkNull, linkLoop:
		return d.null(b, wire, seg)
	case linkATM:
		return d.llc(b, wire, seg)
	}
	if layer, ok := linkLayers[typ]; ok {
		return d.peel(layer, b, wire, seg)
	}
	return d.fail(UnknownLink)
}

// null reads the address family in the byte order of the host that captured (LINKTYPE_NULL), or in
// network order (LINKTYPE_LOOP).
func (d *Decoder) null(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 4 {
		return d.endsLink(wire, 4)
	}
	return d.family(hostOrder(b), b[4:], wire-4, seg)
}

// hostOrder returns the small number at b, whichever byte order it is in.
func hostOrder(b []byte) uint32 { return min(le32(b), be32(b)) }

// family reads a packet of an address family. AF_INET is 2 everywhere, AF_INET6 is not.
func (d *Decoder) family(af uint32, b []byte, wire int, seg *flows.Segment) Outcome {
	switch af {
	case 2:
		return d.ip4(b, wire, seg)
	case 10, 24, 28, 30: // Linux; NetBSD, OpenBSD and Windows; FreeBSD; macOS
		return d.ip6(b, wire, seg)
	}
	return NotTCP
}

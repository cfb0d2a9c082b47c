package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Tunnels that gopacket lacks, or has no network number for.
var (
	layerIPinIP       = tunnel("IP in IP", protoIPv4<<16, layers.LayerTypeIPv4)               // RFC 2003
	layer6in4         = tunnel("IPv6 in IP", protoIPv6<<16, layers.LayerTypeIPv6)             // RFC 4213
	layerEthernetInIP = tunnel("Ethernet in IP", protoEthernet<<16, layers.LayerTypeEthernet) // RFC 8986 §4.9

	layerLISP    = ipBehind("LISP", portLISP)              // RFC 9300 §5.1
	layerJMirror = ipBehind("Juniper mirror", portJMirror) // two identifiers, then a packet that a router mirrored

	layerBridged = fixed("bridged Ethernet", 0, func([]byte) gopacket.Decoder { return layers.LayerTypeEthernet })
	layerJumbo   = fixed("jumbo frame with LLC", 0, func([]byte) gopacket.Decoder { return layers.LayerTypeLLC })

	// IEEE 802.1ah: flags and 24 bits of I-SID, then the customer's frame.
	layerPBB = register("802.1ah", 4, func(h *header, b []byte) int {
		h.tunnel(be24(b[1:]), layers.LayerTypeEthernet)
		return 4
	})

	// RFC 6325 §3.
	layerTRILL = register("TRILL", 6, func(h *header, b []byte) int {
		h.next = layers.LayerTypeEthernet
		return 6 + int(be16(b)>>6&31)*4
	})

	// Cisco's Inter-Switch Link: a header around an Ethernet frame.
	layerISL = register("ISL", 26, func(h *header, b []byte) int {
		h.tunnel(uint32(be16(b[20:])>>1), layers.LayerTypeEthernet) // VLAN
		return 26
	})

	// IEEE 802.1AE. Frames that are only authenticated can be read.
	layerMACsec = register("MACsec", 6, func(h *header, b []byte) int {
		const changed, encrypted, hasSCI = 0x04, 0x08, 0x20
		if b[0]&(changed|encrypted) != 0 {
			h.next = unread(EncryptedLink)
			return 6
		}
		n := 8
		if b[0]&hasSCI != 0 {
			n = 16
		}
		if len(b) >= n {
			h.next = layers.EthernetType(be16(b[n-2:]))
		}
		return n
	})

	// Network Service Header (RFC 8300 §2).
	layerNSH = register("NSH", 8, func(h *header, b []byte) int {
		h.next = nextProtocol(b[3])
		return max(int(b[1]&63)*4, 8)
	})

	// VXLAN with the Generic Protocol Extension (draft-ietf-nvo3-vxlan-gpe).
	layerVXLANGPE = register("VXLAN-GPE", 8, func(h *header, b []byte) int {
		h.tunnel(be24(b[4:]), nextProtocol(b[3]))
		return 8
	})

	// ERSPAN III (draft-foschiano-erspan).
	layerERSPAN3 = register("ERSPAN Type III", 12, func(h *header, b []byte) int {
		h.tunnel(be32(b)&0x3ff, layers.LayerTypeEthernet) // session
		if b[11]&1 != 0 {
			return 20 // platform-specific subheader
		}
		return 12
	})

	layerWCCP = register("WCCP", 0, func(h *header, b []byte) int {
		h.next = layers.LayerTypeIPv4
		if len(b) >= 4 && b[0]>>4 != 4 {
			return 4 // version 2 has a redirect header
		}
		return 0
	})

	// L2TPv2 data message (RFC 2661 §3.1).
	layerL2TP = register("L2TP", 6, func(h *header, b []byte) int {
		const control, hasLength, hasSeq, hasOffset = 0x8000, 0x4000, 0x0800, 0x0200
		flags := be16(b)
		if flags&control != 0 {
			return 6
		}
		switch flags & 15 {
		case 2:
		case 3:
			h.next = unread(UnknownTunnel) // L2TPv3: what it carries only its control connection says
			return 6
		default:
			return 6
		}
		n := 2
		if flags&hasLength != 0 {
			n += 2
		}
		ids := n
		n += 4
		if flags&hasSeq != 0 {
			n += 4
		}
		if flags&hasOffset != 0 {
			if len(b) < n+2 {
				return n + 2
			}
			n += 2 + int(be16(b[n:]))
		}
		if len(b) >= n {
			h.tunnel(be32(b[ids:]), layers.LayerTypePPP) // tunnel and session
		}
		return n
	})

	// IPv6 in UDP, with the indications that may stand before it (RFC 4380 §5.1.1).
	layerTeredo = register("Teredo", 1, func(h *header, b []byte) int {
		n := 0
		if len(b) >= 13 && be16(b) == 1 { // authentication
			if n = 13 + int(b[2]) + int(b[3]); len(b) < n {
				return n
			}
		}
		if len(b) >= n+8 && be16(b[n:]) == 0 { // origin
			n += 8
		}
		if likelyIP(b[n:]) == layers.LayerTypeIPv6 {
			h.tunnel(portTeredo<<16, layers.LayerTypeIPv6)
		}
		return n
	})

	// Anything In Anything (draft-massar-v6ops-ayiya).
	layerAYIYA = register("AYIYA", 8, func(h *header, b []byte) int {
		const forward = 1
		if b[2]&15 != forward {
			return 8
		}
		h.tunnel(portAYIYA<<16, layers.IPProtocol(b[3]))
		return 8 + 1<<(b[0]>>4) + int(b[1]>>4)*4 // identity and signature
	})

	// CAPWAP data (RFC 5415 §4.3).
	layerCAPWAP = register("CAPWAP", 8, func(h *header, b []byte) int {
		switch b[0] {
		case 0:
		case 1:
			h.next = unread(EncryptedLink) // DTLS
			return 8
		default:
			return 8
		}
		const native, isFragment, keepAlive, ieee80211 = 0x000100, 0x000080, 0x000008, 1
		switch flags := be24(b[1:]); {
		case flags&keepAlive != 0:
		case flags&isFragment != 0:
			h.next = unread(FragmentWiFi)
		case flags&native == 0:
			h.next = layers.LayerTypeEthernet
		case flags>>9&31 == ieee80211:
			h.next, h.swapped = layers.LayerTypeDot11, true
		}
		return max(int(b[1]>>3)*4, 8)
	})

	// TaZmen Sniffer Protocol, with which some routers stream captured frames.
	layerTZSP = register("TZSP", 4, func(h *header, b []byte) int {
		if b[0] != 1 {
			return 4
		}
		const padding, end = 0, 1
		n := 4
		for len(b) > n && b[n] != end {
			if b[n] == padding {
				n++
				continue
			}
			if len(b) < n+2 {
				return n + 2
			}
			n += 2 + int(b[n+1])
		}
		switch encapsulation := be16(b[2:]); encapsulation {
		case 1:
			h.tunnel(portTZSP<<16, layers.LayerTypeEthernet)
		case 18:
			h.tunnel(portTZSP<<16, layers.LayerTypeDot11)
		}
		return n + 1
	})

	// Version 5. Its samples are beginnings of packets that were seen elsewhere, one of many and several in a frame:
	// no connection can be followed through them. Wireshark does show their TCP headers.
	layerSFlow = register("sFlow", 4, func(h *header, b []byte) int {
		if be32(b) == 5 {
			h.next = unread(Samples)
		}
		return 4
	})
)

// ipBehind makes a layer with eight bytes before what is likely a packet of IP.
func ipBehind(name string, port uint32) gopacket.LayerType {
	return register(name, 8, func(h *header, b []byte) int {
		h.tunnel(port<<16, likelyIP(b[8:]))
		return 8
	})
}

// nextProtocol returns what a Next Protocol field names, of which NSH and VXLAN-GPE have the same values (RFC 8300
// §2.2, draft-ietf-nvo3-vxlan-gpe).
func nextProtocol(next byte) gopacket.Decoder {
	switch next {
	case 1:
		return layers.LayerTypeIPv4
	case 2:
		return layers.LayerTypeIPv6
	case 3:
		return layers.LayerTypeEthernet
	case 4:
		return layers.EthernetType(etherNSH)
	case 5:
		return layers.LayerTypeMPLS
	}
	return gopacket.LayerTypePayload
}

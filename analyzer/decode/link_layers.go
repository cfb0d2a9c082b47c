package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Link layers that gopacket lacks, or has for one form only: its PFLog and PKTAP have one length, and its Prism takes
// no AVS header.
var (
	layerHDLC = register("HDLC", 0, func(h *header, b []byte) int {
		if len(b) >= 4 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 { // Cisco's: unicast or broadcast
			h.next = layers.EthernetType(be16(b[2:]))
			return 4
		}
		h.next = layers.LayerTypePPP
		return 0
	})
	layerHDLCDir = fixed("HDLC with direction", 1, func([]byte) gopacket.Decoder { return layerHDLC })

	// Direction, in place of PPP's address.
	layerPPPD = register("pppd", 1, func(h *header, b []byte) int {
		h.next = layers.LayerTypePPP
		if len(b) > 1 && b[1] == 0x03 {
			return 2
		}
		return 1
	})

	// Q.922 with the encapsulation of RFC 2427, or Cisco's.
	layerFrameRelay = register("Frame Relay", 4, func(h *header, b []byte) int {
		n := 2
		for n <= 4 && len(b) >= n && b[n-1]&1 == 0 { // address extended
			n++
		}
		if len(b) < n+2 {
			return n + 2
		}
		if control := b[n]; control != 0x03 {
			h.next = layers.EthernetType(be16(b[n:]))
			return n + 2
		}
		n++
		if b[n] == 0 && len(b) > n+1 { // padding
			n++
		}
		switch n++; b[n-1] { // NLPID
		case 0xcc:
			h.next = layers.LayerTypeIPv4
		case 0x8e:
			h.next = layers.LayerTypeIPv6
		case 0xcf:
			h.next = layers.LayerTypePPP
		case 0x80: // SNAP
			if n += 5; len(b) >= n && be24(b[n-5:]) == 0 {
				h.next = layers.EthernetType(be16(b[n-2:]))
			}
		}
		return n
	})
	layerFrameRelayDir = fixed("Frame Relay with direction", 1,
		func([]byte) gopacket.Decoder { return layerFrameRelay })

	// IEEE 802.5, with its source route if there is one.
	layerTokenRing = register("Token Ring", 14, func(h *header, b []byte) int {
		h.mac, h.next = mac(b[8:]), layers.LayerTypeLLC
		if b[8]&0x80 == 0 {
			return 14
		}
		h.mac &^= 0x80 << 40
		if len(b) < 16 {
			return 16
		}
		return 14 + int(b[14]&31)
	})
	layerIPOverFC = fixed("IP over Fibre Channel", 16, func([]byte) gopacket.Decoder { return layers.LayerTypeLLC })

	// Destination, source, EtherType (RFC 2734).
	layerFireWire = fixed("IP over IEEE 1394", 18,
		func(b []byte) gopacket.Decoder { return layers.EthernetType(be16(b[16:])) })

	// InfiniBand's global routing header, EtherType (RFC 4391).
	layerIPoIB = fixed("IP over InfiniBand", 44,
		func(b []byte) gopacket.Decoder { return layers.EthernetType(be16(b[40:])) })

	// Address family, security parameter index, flags.
	layerEnc = fixed("OpenBSD enc", 12, func(b []byte) gopacket.Decoder { return family(hostOrder(b)) })

	layerIPNet = fixed("Solaris IPNET", 24, func(b []byte) gopacket.Decoder {
		if b[1] == 26 { // AF_INET6 of Solaris
			return layers.LayerTypeIPv6
		}
		return family(b[1])
	})

	// The Prism driver's header, or the AVS header that some drivers send in its place.
	layerPrism = register("Prism or AVS", 8, func(h *header, b []byte) int {
		n := le32(b[4:])
		if be32(b)>>12 == 0x80211 {
			n = be32(b[4:])
		}
		return described(h, n, layers.LayerTypeDot11)
	})
	layerPFLog = register("pflog", 12, func(h *header, b []byte) int {
		return described(h, uint32(b[0]+3)&^3, family(b[1]))
	})
	layerPPI = register("PPI", 12, func(h *header, b []byte) int {
		return described(h, uint32(le16(b[2:])), linkType(le32(b[4:])))
	})
	layerPKTAP = register("PKTAP", 12, func(h *header, b []byte) int {
		return described(h, le32(b), linkType(le32(b[8:])))
	})

	// Endace's Extensible Record Format.
	layerERF = register("ERF", 16, func(h *header, b []byte) int {
		n := 16
		for more := b[8]&0x80 != 0; more; n += 8 { // extension headers
			if len(b) < n+8 {
				return n + 8
			}
			more = b[n]&0x80 != 0
		}
		switch b[8] & 0x7f {
		case 1, 10, 15, 17: // packet over SONET, plain, coloured and hashed
			h.next = layerHDLC
		case 2, 11, 16, 20: // Ethernet, behind an offset and a padding byte
			h.next = layers.LayerTypeEthernet
			n += 2
		case 22:
			h.next = layers.LayerTypeIPv4
		case 23:
			h.next = layers.LayerTypeIPv6
		default:
			h.next = unread(UnknownTunnel)
		}
		return n
	})

	// A packet that netfilter logged: a header, then attributes in the byte order of the host that captured, of
	// which one is the packet.
	layerNFLog = register("NFLOG", 4, func(h *header, b []byte) int {
		const packetHeader, hardwareAddress, packet = 1, 8, 9
		protocol := layers.EthernetType(0)
		for at := 4; ; {
			if len(b) < at+4 {
				return at + 4
			}
			size, kind := le16(b[at:]), le16(b[at+2:])
			if kind&0xff == 0 && kind != 0 {
				size, kind = be16(b[at:]), be16(b[at+2:])
			}
			n := int(size)
			if n < 4 {
				h.next = unread(ShortLink)
				return at
			}
			switch v := b[at+4:]; kind {
			case packetHeader:
				if len(v) >= 2 {
					protocol = layers.EthernetType(be16(v))
				}
			case hardwareAddress:
				if len(v) >= 10 && be16(v) == 6 {
					h.mac = mac(v[4:])
				}
			case packet:
				if h.next = protocol; b[0] == 2 || b[0] == 10 {
					h.next = family(b[0])
				}
				h.wire = n - 4
				return at + 4
			}
			if at += (n + 3) &^ 3; len(b) < at {
				return at
			}
		}
	})
)

// described reads a header that says its own length, n.
func described(h *header, n uint32, next gopacket.Decoder) int {
	if h.next = next; n < 8 {
		h.next = unread(BadLink)
		return 8
	}
	return int(min(n, 1<<16))
}

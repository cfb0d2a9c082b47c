package decode

import "github.com/rstexplain/rstexplain/flows"

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
	case linkPPP, linkPPPHDLC, linkCiscoHDLC:
		return d.hdlc(b, wire, seg)
	case linkPPPoE:
		return d.pppoe(b, wire, seg)
	case linkFrameRel:
		return d.frameRelay(b, wire, seg)
	case linkATM:
		return d.llc(b, wire, seg)
	case linkTokenRing:
		return d.tokenRing(b, wire, seg)
	case linkWiFi:
		return d.wifi(b, wire, 0, false, seg)
	case linkRadiotap:
		return d.radiotap(b, wire, seg)
	case linkPrism, linkAVS:
		return d.prism(b, wire, seg)
	case linkNFLog:
		return d.nflog(b, wire, seg)
	case linkERF:
		return d.erf(b, wire, seg)
	case linkPFLog, linkPPI, linkPKTAP, linkPKTAPUser:
		return d.metadata(typ, b, wire, seg)
	}
	return d.fixedLink(typ, b, wire, seg)
}

// fixedLink reads the links whose header has a fixed length.
func (d *Decoder) fixedLink(typ uint32, b []byte, wire int, seg *flows.Segment) Outcome {
	var n int
	switch typ {
	case linkPPPDir, linkHDLCDir, linkFRDir, linkPPPD:
		n = 1
	case linkEnc:
		n = 12
	case linkFDDI:
		n = 13
	case linkIPOverFC:
		n = 16
	case linkFireWire:
		n = 18
	case linkIPNet:
		n = 24
	case linkIPoIB:
		n = 44
	default:
		return d.fail(UnknownLink)
	}
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	h, b, wire := b[:n], b[n:], wire-n
	switch typ {
	case linkPPPDir, linkHDLCDir: // direction
		return d.hdlc(b, wire, seg)
	case linkPPPD: // direction, in place of PPP's address octet
		if len(b) > 0 && b[0] == 0x03 {
			b, wire = b[1:], wire-1
		}
		return d.ppp(b, wire, seg)
	case linkFRDir:
		return d.frameRelay(b, wire, seg)
	case linkEnc: // address family, security parameter index, flags
		return d.family(hostOrder(h), b, wire, seg)
	case linkFDDI:
		d.mac = mac(h[7:])
		return d.llc(b, wire, seg)
	case linkIPOverFC:
		return d.llc(b, wire, seg)
	case linkFireWire: // destination, source, EtherType (RFC 2734)
		return d.ether(be16(h[16:]), b, wire, seg)
	case linkIPoIB: // InfiniBand's global routing header, EtherType (RFC 4391)
		return d.ether(be16(h[40:]), b, wire, seg)
	}
	const inet6 = 26 // Solaris
	if h[1] == inet6 {
		return d.ip6(b, wire, seg)
	}
	return d.family(uint32(h[1]), b, wire, seg)
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

// metadata reads the links whose header says its own length, and what link or address family follows.
func (d *Decoder) metadata(typ uint32, b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 12 {
		return d.endsLink(wire, 12)
	}
	if !d.deeper() {
		return d.fail(TooDeep)
	}
	var n int
	switch typ {
	case linkPFLog:
		n = (int(b[0]) + 3) &^ 3
	case linkPPI:
		n = int(le16(b[2:]))
	default:
		n = int(min(le32(b), 1<<16))
	}
	if n < 8 || len(b) < n {
		return d.endsLink(wire, max(n, 8))
	}
	h, b, wire := b, b[n:], wire-n
	switch typ {
	case linkPFLog:
		return d.family(uint32(h[1]), b, wire, seg)
	case linkPPI:
		return d.link(le32(h[4:]), b, wire, seg)
	}
	return d.link(le32(h[8:]), b, wire, seg)
}

// tokenRing reads an IEEE 802.5 frame, with its source route if there is one.
func (d *Decoder) tokenRing(b []byte, wire int, seg *flows.Segment) Outcome {
	n := 14
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	d.mac = mac(b[8:])
	if b[8]&0x80 != 0 { // source-routed
		d.mac &^= 0x80 << 40
		if len(b) < n+2 {
			return d.endsLink(wire, n+2)
		}
		n += int(b[n] & 31)
	}
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	return d.llc(b[n:], wire-n, seg)
}

// erf reads a record of Endace's Extensible Record Format.
func (d *Decoder) erf(b []byte, wire int, seg *flows.Segment) Outcome {
	n := 16
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	typ := b[8]
	for more := typ&0x80 != 0; more; n += 8 { // extension headers
		if len(b) < n+8 {
			return d.endsLink(wire, n+8)
		}
		more = b[n]&0x80 != 0
	}
	b, wire = b[n:], wire-n
	switch typ & 0x7f {
	case 1, 10, 15, 17: // packet over SONET, plain, coloured and hashed
		return d.hdlc(b, wire, seg)
	case 2, 11, 16, 20: // Ethernet, behind an offset and a padding octet
		if len(b) < 2 {
			return d.endsLink(wire, 2)
		}
		return d.ethernet(b[2:], wire-2, seg)
	case 22:
		return d.ip4(b, wire, seg)
	case 23:
		return d.ip6(b, wire, seg)
	}
	return d.fail(UnknownTunnel)
}

package decode

import "github.com/rstexplain/rstexplain/flows"

// UDP ports of tunnels (IANA, Service Name and Transport Protocol Port Number Registry).
const (
	portL2TP       = 1701
	portGTPU       = 2152
	portTeredo     = 3544
	portLISP       = 4341
	portVXLAN      = 4789
	portVXLANGPE   = 4790
	portAYIYA      = 5072
	portCAPWAP     = 5247
	portGeneve     = 6081
	portSFlow      = 6343
	portMPLS       = 6635
	portVXLANLinux = 8472 // what Linux used before VXLAN had a number, and still uses by default
	portJMirror    = 30030
	portTZSP       = 37008
)

// udp reads a UDP header and looks for a tunnel behind it. Only its port tells, so each tunnel checks
// that its header is one: other programs may use the port as well.
func (d *Decoder) udp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	src, dst := be16(b), be16(b[2:])
	read := udpTunnel(min(src, dst)) // Wireshark tries the lower port first
	if read == nil {
		read = udpTunnel(max(src, dst))
	}
	if read == nil {
		return NotTCP
	}
	if !d.deeper() {
		return d.fail(TooDeep)
	}
	if n := int(be16(b[4:])); n >= 8 && n < wire {
		wire = n
		b = b[:min(n, len(b))]
	}
	return read(d, b[8:], wire-8, seg)
}

// udpTunnel returns what reads the tunnel of a port, or nil.
func udpTunnel(port uint16) func(*Decoder, []byte, int, *flows.Segment) Outcome {
	switch port {
	case portVXLAN:
		return (*Decoder).vxlan
	case portGeneve:
		return (*Decoder).geneve
	case portGTPU:
		return (*Decoder).gtpu
	case portTeredo:
		return (*Decoder).teredo
	case portL2TP:
		return (*Decoder).l2tp
	case portVXLANGPE:
		return (*Decoder).vxlanGPE
	case portMPLS:
		return (*Decoder).mpls
	case portLISP:
		return (*Decoder).lisp
	case portCAPWAP:
		return (*Decoder).capwap
	case portAYIYA:
		return (*Decoder).ayiya
	case portJMirror:
		return (*Decoder).jmirror
	case portTZSP:
		return (*Decoder).tzsp
	case portVXLANLinux:
		return (*Decoder).vxlanLinux
	case portSFlow:
		return (*Decoder).sflow
	}
	return nil
}

// vxlan reads a VXLAN header (RFC 7348 §5).
func (d *Decoder) vxlan(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 || b[0]&0x08 == 0 { // the VNI must be valid
		return NotTCP
	}
	d.key(be24(b[4:]))
	return d.ethernet(b[8:], wire-8, seg)
}

// vxlanLinux reads VXLAN on the port that Linux uses by default. Wireshark does not, so that is asked for
// by Decoder.LinuxVXLAN.
func (d *Decoder) vxlanLinux(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 || be32(b) != 0x08000000 || b[7] != 0 {
		return NotTCP
	}
	if !d.LinuxVXLAN {
		return d.fail(OtherVXLAN)
	}
	return d.vxlan(b, wire, seg)
}

// vxlanGPE reads VXLAN with the Generic Protocol Extension (draft-ietf-nvo3-vxlan-gpe).
func (d *Decoder) vxlanGPE(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 || b[0]&0x08 == 0 {
		return NotTCP
	}
	d.key(be24(b[4:]))
	return d.nextProtocol(b[3], b[8:], wire-8, seg)
}

// geneve reads a Geneve header (RFC 8926 §3.4).
func (d *Decoder) geneve(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 || b[0]>>6 != 0 { // version 0
		return NotTCP
	}
	n := 8 + int(b[0]&63)*4
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	d.key(be24(b[4:]))
	return d.ether(be16(b[2:]), b[n:], wire-n, seg)
}

// gtpu reads a GTP-U header (3GPP TS 29.281 §5.1) of a user packet.
func (d *Decoder) gtpu(b []byte, wire int, seg *flows.Segment) Outcome {
	const userPacket = 255
	if len(b) < 8 || b[0]>>4 != 3 || b[1] != userPacket { // version 1, GTP and not GTP'
		return NotTCP
	}
	n := 8
	if b[0]&7 != 0 { // extension header, sequence number, N-PDU number: one set brings the room for all
		if len(b) < 12 {
			return d.endsLink(wire, 12)
		}
		n = 12
		for more := b[0]&4 != 0 && b[11] != 0; more; more = b[n-1] != 0 {
			if len(b) <= n {
				return d.endsLink(wire, n+1)
			}
			if b[n] == 0 {
				return NotTCP
			}
			if n += int(b[n]) * 4; len(b) < n {
				return d.endsLink(wire, n)
			}
		}
	}
	d.key(be32(b[4:]))
	return d.likelyIP(b[n:], wire-n, seg)
}

// teredo reads an IPv6 packet in UDP, with the indications that may stand before it (RFC 4380 §5.1.1).
func (d *Decoder) teredo(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) >= 13 && be16(b) == 1 { // authentication
		n := 13 + int(b[2]) + int(b[3])
		if len(b) < n {
			return d.endsLink(wire, n)
		}
		b, wire = b[n:], wire-n
	}
	if len(b) >= 8 && be16(b) == 0 { // origin
		b, wire = b[8:], wire-8
	}
	if len(b) == 0 || b[0]>>4 != 6 {
		return NotTCP
	}
	d.key(portTeredo << 16)
	return d.ip6(b, wire, seg)
}

// l2tp reads an L2TPv2 data message (RFC 2661 §3.1).
func (d *Decoder) l2tp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 6 {
		return NotTCP
	}
	const control, hasLength, hasSeq, hasOffset = 0x8000, 0x4000, 0x0800, 0x0200
	flags := be16(b)
	if flags&control != 0 {
		return NotTCP
	}
	switch flags & 15 {
	case 2:
	case 3:
		return d.fail(UnknownTunnel) // L2TPv3: what it carries only its control connection says
	default:
		return NotTCP
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
			return d.endsLink(wire, n+2)
		}
		n += 2 + int(be16(b[n:]))
	}
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	d.key(be32(b[ids:])) // tunnel and session
	return d.ppp(b[n:], wire-n, seg)
}

// lisp reads a LISP data header (RFC 9300 §5.1).
func (d *Decoder) lisp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	d.key(portLISP << 16)
	return d.likelyIP(b[8:], wire-8, seg)
}

// ayiya reads Anything In Anything (draft-massar-v6ops-ayiya).
func (d *Decoder) ayiya(b []byte, wire int, seg *flows.Segment) Outcome {
	const forward = 1
	if len(b) < 8 || b[2]&15 != forward {
		return NotTCP
	}
	n := 8 + 1<<(b[0]>>4) + int(b[1]>>4)*4 // identity and signature
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	d.key(portAYIYA << 16)
	return d.payload(b[3], b[n:], wire-n, seg)
}

// jmirror reads a packet that a Juniper router mirrored, behind two identifiers.
func (d *Decoder) jmirror(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	d.key(portJMirror << 16)
	return d.likelyIP(b[8:], wire-8, seg)
}

// sflow passes over sFlow (version 5). Its samples are beginnings of packets that were seen elsewhere, one
// of many and several in a frame: no connection can be followed through them. Wireshark does show their
// TCP headers.
func (d *Decoder) sflow(b []byte, _ int, _ *flows.Segment) Outcome {
	if len(b) < 4 || be32(b) != 5 {
		return NotTCP
	}
	return d.fail(Samples)
}

// likelyIP reads an IP packet where nothing has promised one.
func (d *Decoder) likelyIP(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) == 0 || b[0]>>4 != 4 && b[0]>>4 != 6 {
		return NotTCP
	}
	return d.ip(b, wire, seg)
}

// capwap reads a CAPWAP data header (RFC 5415 §4.3).
func (d *Decoder) capwap(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 || b[0]>>4 != 0 {
		return NotTCP
	}
	switch b[0] & 15 {
	case 0:
	case 1:
		return d.fail(EncryptedLink) // DTLS
	default:
		return NotTCP
	}
	const native, isFragment, keepAlive = 0x000100, 0x000080, 0x000008
	flags := be24(b[1:])
	n := int(flags>>19) * 4
	if n < 8 || len(b) < n {
		return d.endsLink(wire, max(n, 8))
	}
	switch b, wire := b[n:], wire-n; {
	case flags&keepAlive != 0:
		return NotTCP
	case flags&isFragment != 0:
		return d.fail(FragmentWiFi)
	case flags&native != 0:
		if binding := flags >> 9 & 31; binding != 1 {
			return NotTCP // not 802.11
		}
		return d.wifi(b, wire, 0, true, seg)
	default:
		return d.ethernet(b, wire, seg)
	}
}

// tzsp reads a TaZmen Sniffer Protocol header, with which some routers stream captured frames.
func (d *Decoder) tzsp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 4 || b[0] != 1 {
		return NotTCP
	}
	encapsulation := be16(b[2:])
	const padding, end = 0, 1
	n := 4
	for {
		if len(b) <= n {
			return d.endsLink(wire, n+1)
		}
		switch b[n] {
		case padding:
			n++
			continue
		case end:
			n++
		default:
			if len(b) < n+2 {
				return d.endsLink(wire, n+2)
			}
			n += 2 + int(b[n+1])
			continue
		}
		break
	}
	if n > len(b) {
		return d.endsLink(wire, n)
	}
	b, wire = b[n:], wire-n
	d.key(portTZSP << 16)
	switch encapsulation {
	case 1:
		return d.ethernet(b, wire, seg)
	case 18:
		return d.wifi(b, wire, 0, false, seg)
	}
	return NotTCP
}

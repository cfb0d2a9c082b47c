package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

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

// udp reads a UDP header and looks for a tunnel behind it. Only its port tells, so the beginning of the header is
// looked at before it is peeled: other programs may use the port as well.
func (d *Decoder) udp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	src, dst := be16(b), be16(b[2:])
	t := udpTunnel(min(src, dst)) // Wireshark tries the lower port first
	if t == nil {
		t = udpTunnel(max(src, dst))
	}
	if t == nil {
		return NotTCP
	}
	if n := int(be16(b[4:])); n >= 8 && n < wire {
		wire = n
		b = b[:min(n, len(b))]
	}
	b, wire = b[8:], wire-8
	if len(b) < t.least || t.is != nil && !t.is(b) {
		return NotTCP
	}
	if t == vxlanLinux && !d.LinuxVXLAN {
		return d.fail(OtherVXLAN)
	}
	return d.peel(t.layer, b, wire, seg)
}

// A tunnel is one that is carried in UDP.
type tunnel struct {
	layer gopacket.LayerType
	least int               // bytes of a header
	is    func([]byte) bool // reports whether it begins as a header does; nil if nothing tells
}

var (
	vxlan    = &tunnel{layers.LayerTypeVXLAN, 8, hasVNI}
	vxlanGPE = &tunnel{layerVXLANGPE, 8, hasVNI}
	geneve   = &tunnel{layers.LayerTypeGeneve, 8, func(b []byte) bool { return b[0]>>6 == 0 }} // version 0
	gtpu     = &tunnel{layers.LayerTypeGTPv1U, 8, userPacket}
	teredo   = &tunnel{layerTeredo, 1, nil}
	l2tp     = &tunnel{layerL2TP, 6, nil}
	mplsUDP  = &tunnel{layers.LayerTypeMPLS, 0, nil}
	lisp     = &tunnel{layerLISP, 8, nil}
	capwap   = &tunnel{layerCAPWAP, 8, nil}
	ayiya    = &tunnel{layerAYIYA, 8, nil}
	jmirror  = &tunnel{layerJMirror, 8, nil}
	tzsp     = &tunnel{layerTZSP, 4, nil}
	sflow    = &tunnel{layerSFlow, 4, nil}

	// What Linux sends by default. Wireshark does not read it there, so that is asked for by Decoder.LinuxVXLAN.
	vxlanLinux = &tunnel{layers.LayerTypeVXLAN, 8, func(b []byte) bool { return be32(b) == 0x08000000 && b[7] == 0 }}
)

// hasVNI reports whether VXLAN says that its network number is valid.
func hasVNI(b []byte) bool { return b[0]&0x08 != 0 }

// userPacket reports whether GTP version 1, and not GTP', carries a user's packet.
func userPacket(b []byte) bool { return b[0]>>4 == 3 && b[1] == 255 }

// udpTunnel returns the tunnel of a port, or nil.
func udpTunnel(port uint16) *tunnel {
	switch port {
	case portVXLAN:
		return vxlan
	case portGeneve:
		return geneve
	case portGTPU:
		return gtpu
	case portTeredo:
		return teredo
	case portL2TP:
		return l2tp
	case portVXLANGPE:
		return vxlanGPE
	case portMPLS:
		return mplsUDP
	case portLISP:
		return lisp
	case portCAPWAP:
		return capwap
	case portAYIYA:
		return ayiya
	case portJMirror:
		return jmirror
	case portTZSP:
		return tzsp
	case portVXLANLinux:
		return vxlanLinux
	case portSFlow:
		return sflow
	}
	return nil
}

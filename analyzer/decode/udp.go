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

// A udpTunnel is one that is carried in UDP.
type udpTunnel struct {
	layer gopacket.LayerType
	least int               // bytes of a header
	is    func([]byte) bool // reports whether it begins as a header does; nil if only the port tells
}

// udpTunnels are the tunnels by their port.
var udpTunnels = map[uint16]udpTunnel{
	portL2TP:       {layer: layerL2TP, least: 6},
	portGTPU:       {layers.LayerTypeGTPv1U, 8, func(b []byte) bool { return b[0]>>4 == 3 && b[1] == 255 }}, // T-PDU
	portTeredo:     {layer: layerTeredo, least: 1},
	portLISP:       {layer: layerLISP, least: 8},
	portVXLAN:      {layers.LayerTypeVXLAN, 8, hasVNI},
	portVXLANGPE:   {layerVXLANGPE, 8, hasVNI},
	portAYIYA:      {layer: layerAYIYA, least: 8},
	portCAPWAP:     {layer: layerCAPWAP, least: 8},
	portGeneve:     {layers.LayerTypeGeneve, 8, func(b []byte) bool { return b[0]>>6 == 0 }}, // version 0
	portSFlow:      {layer: layerSFlow, least: 4},
	portMPLS:       {layer: layers.LayerTypeMPLS},
	portVXLANLinux: {layers.LayerTypeVXLAN, 8, func(b []byte) bool { return be32(b) == 0x08000000 && b[7] == 0 }},
	portJMirror:    {layer: layerJMirror, least: 8},
	portTZSP:       {layer: layerTZSP, least: 4},
}

// hasVNI reports whether VXLAN says that its network number is valid.
func hasVNI(b []byte) bool { return b[0]&0x08 != 0 }

// udp reads a UDP header and looks for a tunnel behind it. Only its port tells, so the beginning of the header is
// looked at before it is peeled: other programs may use the port as well.
func (d *Decoder) udp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	port, other := be16(b), be16(b[2:])
	if port > other { // Wireshark tries the lower port first
		port, other = other, port
	}
	if other < portL2TP || port > portTZSP {
		return NotTCP
	}
	t, ok := udpTunnels[port]
	if !ok {
		port = other
		t, ok = udpTunnels[port]
	}
	if n := int(be16(b[4:])); n >= 8 && n < wire {
		wire = n
		b = b[:min(n, len(b))]
	}
	b, wire = b[8:], wire-8
	if !ok || len(b) < t.least || t.is != nil && !t.is(b) {
		return NotTCP
	}
	if port == portVXLANLinux && !d.LinuxVXLAN {
		return d.fail(OtherVXLAN)
	}
	return d.peel(t.layer, b, wire, seg)
}

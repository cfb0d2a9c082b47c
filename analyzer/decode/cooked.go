package decode

import (
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// Protocols in a Linux cooked header that are no EtherTypes (linux/if_ether.h).
const (
	sllEthernet = 0x0003 // ETH_P_ALL
	sllLLC      = 0x0004 // ETH_P_802_2
	sllPPP      = 0x0007 // ETH_P_PPP_MP
)

// Hardware types in a Linux cooked header after which something else follows (linux/if_arp.h).
const (
	arphrdFrameRelay = 770
	arphrdRadiotap   = 803
	arphrdNetlink    = 824
)

// sll reads a Linux cooked header, version 1 (LINKTYPE_LINUX_SLL).
func (d *Decoder) sll(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 16 {
		return d.endsLink(wire, 16)
	}
	d.layer(LayerSLL, b)
	if be16(b[4:]) == 6 {
		d.mac = mac(b[6:])
	}
	return d.cooked(be16(b[2:]), be16(b[14:]), b[16:], wire-16, seg)
}

// sll2 reads a Linux cooked header, version 2 (LINKTYPE_LINUX_SLL2).
func (d *Decoder) sll2(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 20 {
		return d.endsLink(wire, 20)
	}
	d.layer(LayerSLL2, b)
	if b[11] == 6 {
		d.mac = mac(b[12:])
	}
	return d.cooked(be16(b[8:]), be16(b), b[20:], wire-20, seg)
}

// cooked reads what follows a Linux cooked header.
func (d *Decoder) cooked(hardware, protocol uint16, b []byte, wire int, seg *flows.Segment) Outcome {
	switch hardware {
	case arphrdFrameRelay:
		return d.peel(layerFrameRelay, b, wire, seg)
	case arphrdRadiotap:
		return d.peel(layers.LayerTypeRadioTap, b, wire, seg)
	case arphrdNetlink:
		return NotTCP
	}
	switch protocol {
	case sllEthernet:
		return d.ethernet(b, wire, seg)
	case sllLLC:
		return d.llc(b, wire, seg)
	case sllPPP:
		return d.peel(layers.LayerTypePPP, b, wire, seg)
	}
	return d.ether(protocol, b, wire, seg)
}

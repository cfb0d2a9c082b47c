package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// unlabelled returns what is at b, behind a label stack (RFC 3032 §2.1), and the length of the control word before
// it. No field says what that is: like routers that balance load over several paths, and like Wireshark, unlabelled
// goes by the first four bits, and for the frames of Ethernet pseudowires (RFC 4448) by whether they lead to IP.
func unlabelled(b []byte, wire int) (next gopacket.Decoder, control int) {
	if len(b) < 4 {
		return layers.LayerTypeEthernet, 4
	}
	switch b[0] >> 4 {
	case 0: // the control word of a pseudowire (RFC 4385 §3), or the beginning of an address
		if looksEthernet(b) && !looksEthernet(b[4:]) {
			return layers.LayerTypeEthernet, 0
		}
		return layers.LayerTypeEthernet, 4
	case 1: // associated channel (RFC 4385 §5); the type may be that of a PPP protocol
		switch be16(b[2:]) {
		case pppIPv4:
			return layers.LayerTypeIPv4, 4
		case pppIPv6:
			return layers.LayerTypeIPv6, 4
		}
	case 4:
		if !looksEthernet(b) || validIP4(b) {
			return layers.LayerTypeIPv4, 0
		}
	case 6:
		if !looksEthernet(b) || int(be16(b[4:]))+40 == wire {
			return layers.LayerTypeIPv6, 0
		}
	}
	if looksEthernet(b) {
		return layers.LayerTypeEthernet, 0
	}
	return gopacket.LayerTypePayload, 0
}

// looksEthernet reports whether an Ethernet frame that leads to IP can start at b.
func looksEthernet(b []byte) bool {
	if len(b) < 17 {
		return false
	}
	switch typ := be16(b[12:]); typ {
	case etherIPv4:
		return b[14]>>4 == 4
	case etherIPv6:
		return b[14]>>4 == 6
	case etherVLAN, etherQinQ, etherQ9100, etherMPLS, etherPPPoE:
		return true
	default:
		return typ < etherTypesMin && b[14] == 0xaa && b[15] == 0xaa
	}
}

// validIP4 reports whether the checksum of the IPv4 header at b is right.
func validIP4(b []byte) bool {
	n := int(b[0]&15) << 2
	if n < 20 || len(b) < n {
		return false
	}
	sum := uint32(0)
	for i := 0; i < n; i += 2 {
		sum += uint32(be16(b[i:]))
	}
	return sum>>16+sum&0xffff == 0xffff
}

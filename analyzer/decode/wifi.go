package decode

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// layerSubframes stands for an A-MSDU, which peel leaves to subframes.
var layerSubframes = register("A-MSDU", 0, func(*header, []byte) int { return 0 })

// followWiFi is follow for 802.11, whose header may be padded to a multiple of four bytes.
func (d *Decoder) followWiFi(l *layers.Dot11, padded bool, b []byte, wire int) (next gopacket.Decoder, n, rest int) {
	const noData, subframes = 0x10, 0x80
	n = len(l.LayerContents())
	qos := n - 2 // of the QoS field
	if l.HTControl != nil {
		qos -= 4
	}
	if padded {
		n = (n + 3) &^ 3
	}
	rest = wire - n
	if l.Type.MainType() != layers.Dot11TypeData || l.Type&noData != 0 {
		return gopacket.LayerTypePayload, n, rest
	}
	source := l.Address2
	switch {
	case l.Flags.FromDS() && l.Flags.ToDS():
		source = l.Address4
	case l.Flags.FromDS():
		source = l.Address3
	}
	d.mac = mac(source)
	switch {
	case l.Flags.WEP():
		next = unread(EncryptedLink)
	case l.Flags.MF() || l.FragmentNumber != 0:
		next = unread(FragmentWiFi)
	case l.QOS != nil && len(b) > qos && b[qos]&subframes != 0:
		next = layerSubframes
	default:
		next = layers.LayerTypeLLC
	}
	return next, n, rest
}

// subframes reads an A-MSDU (IEEE 802.11 §9.3.2.2): several packets in one frame, each behind
// destination, source and length.
func (d *Decoder) subframes(b []byte, seg *flows.Segment) Outcome {
	domain, depth := d.domain, d.depth
	out, segments := NotTCP, 0
	var last flows.Segment
	for len(b) >= 14 {
		n := int(be16(b[12:]))
		end := min(14+n, len(b))
		d.domain, d.depth, d.mac, d.quoted = domain, depth, mac(b[6:12]), false
		switch o := d.llc(b[14:end], n, seg); {
		case o == Segment:
			out, last = Segment, *seg
			segments++
		case out == NotTCP:
			out = o
		}
		next := (end + 3) &^ 3
		if next >= len(b) {
			break
		}
		b = b[next:]
	}
	if segments > 0 {
		*seg = last
	}
	if segments > 1 {
		d.partly(SeveralTCP)
	}
	return out
}

package decode

import "github.com/rstexplain/rstexplain/flows"

// Bits of an 802.11 header (IEEE 802.11 §9.2.4), second octet of Frame Control.
const (
	wifiToDS      = 0x01
	wifiFromDS    = 0x02
	wifiMoreFrags = 0x04
	wifiProtected = 0x40
	wifiOrder     = 0x80
)

// wifi reads an 802.11 frame. align is the multiple to which its header is padded, 0 for none; swapped
// tells that the octets of Frame Control are the other way round, as in CAPWAP of some vendors.
func (d *Decoder) wifi(b []byte, wire, align int, swapped bool, seg *flows.Segment) Outcome {
	if len(b) < 2 {
		return d.endsLink(wire, 2)
	}
	kind, flags := b[0], b[1]
	if swapped {
		kind, flags = flags, kind
	}
	const data, noData, qos = 2, 0x40, 0x80
	if kind>>2&3 != data || kind&noData != 0 {
		return NotTCP
	}
	n := 24
	source := 10 // Address 2
	switch flags & (wifiToDS | wifiFromDS) {
	case wifiFromDS:
		source = 16
	case wifiToDS | wifiFromDS:
		source = 24
		n = 30
	}
	aggregate := false
	if kind&qos != 0 {
		if len(b) < n+2 {
			return d.endsLink(wire, n+2)
		}
		aggregate = b[n]&0x80 != 0
		n += 2
		if flags&wifiOrder != 0 {
			n += 4 // HT Control
		}
	}
	if align > 0 {
		n = (n + align - 1) / align * align
	}
	if len(b) < n {
		return d.endsLink(wire, n)
	}
	switch {
	case flags&wifiProtected != 0:
		return d.fail(EncryptedLink)
	case flags&wifiMoreFrags != 0 || b[22]&15 != 0:
		return d.fail(FragmentWiFi)
	}
	d.mac = mac(b[source : source+6])
	b, wire = b[n:], wire-n
	if aggregate {
		return d.aggregate(b, seg)
	}
	return d.llc(b, wire, seg)
}

// aggregate reads an A-MSDU (IEEE 802.11 §9.3.2.2): several packets in one frame, each behind
// destination, source and length.
func (d *Decoder) aggregate(b []byte, seg *flows.Segment) Outcome {
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

// radiotap reads a radiotap header (https://www.radiotap.org). Of its fields only the flags matter: they
// tell whether the 802.11 header is padded.
func (d *Decoder) radiotap(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return d.endsLink(wire, 8)
	}
	n := int(le16(b[2:]))
	if n < 8 || len(b) < n {
		return d.endsLink(wire, max(n, 8))
	}
	const hasTSFT, hasFlags, more = 1 << 0, 1 << 1, 1 << 31
	const padded = 0x20
	align := 0
	present := le32(b[4:])
	if present&hasFlags != 0 {
		at := 8
		for word := present; word&more != 0 && at+4 <= n; at += 4 {
			word = le32(b[at:])
		}
		if present&hasTSFT != 0 {
			at = (at+7)&^7 + 8
		}
		if at < n && b[at]&padded != 0 {
			align = 4
		}
	}
	return d.wifi(b[n:], wire-n, align, false, seg)
}

// prism reads the header of the Prism driver, or the AVS header that some drivers send in its place.
func (d *Decoder) prism(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return d.endsLink(wire, 8)
	}
	n := int(le32(b[4:]))
	if be32(b)>>12 == 0x80211 {
		n = int(be32(b[4:]))
	}
	if n < 8 || len(b) < n {
		return d.endsLink(wire, max(n, 8))
	}
	return d.wifi(b[n:], wire-n, 0, false, seg)
}

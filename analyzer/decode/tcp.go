package decode

import "github.com/rstexplain/rstexplain/flows"

// Bytes of a TCP header (RFC 9293 §3.1).
const (
	tcpFlagsEnd  = 14 // up to and with the flags: the least that tells something
	tcpWindowEnd = 16 // from here on Wireshark shows the flags, and numbers the stream
	tcpHeaderLen = 20 // without options
	tcpMaxHeader = 60 // with as many options as fit
)

// tcp reads a TCP header at b. wire is the length of the segment, header and data, by the account of
// IP; b is shorter when the snaplen cut it, and never longer.
func (d *Decoder) tcp(b []byte, wire int, seg *flows.Segment) Outcome {
	d.header, d.headerWire = b, wire
	if d.quoted {
		d.layer(LayerQuotedTCP, b)
		return d.quote(b, seg)
	}
	d.layer(LayerTCP, b)
	if len(b) < tcpHeaderLen {
		return d.oddTCP(b, wire, seg)
	}
	hlen := int(b[12]>>4) << 2
	if hlen < tcpHeaderLen || hlen > len(b) {
		return d.oddTCP(b, wire, seg)
	}
	tcpHeader(b, seg)
	seg.HeaderLen = uint8(hlen)
	seg.DataLen = uint32(wire - hlen)
	seg.Payload = b[hlen:]
	seg.Cut = false
	seg.Opts = flows.Options{}
	if hlen > tcpHeaderLen {
		options(b[tcpHeaderLen:hlen], &seg.Opts)
	}
	d.stamp(seg)
	return Segment
}

// tcpHeader reads the fixed header at b, which has at least 20 bytes.
func tcpHeader(b []byte, seg *flows.Segment) {
	b = b[:tcpHeaderLen]
	seg.Src.Port = be16(b[0:])
	seg.Dst.Port = be16(b[2:])
	seg.SEQ = flows.Seq(be32(b[4:]))
	seg.ACK = flows.Seq(be32(b[8:]))
	seg.Flags = flows.Flags(b[12]&1)<<8 | flows.Flags(b[13])
	seg.WND = be16(b[14:])
	seg.Urgent = be16(b[18:])
}

// oddTCP reads a TCP header that is cut or broken. Like Wireshark it takes one whose data offset points
// beyond the segment for a segment without data; a TCP would drop it.
func (d *Decoder) oddTCP(b []byte, wire int, seg *flows.Segment) Outcome {
	if wire < tcpWindowEnd {
		return d.fail(ShortTCP)
	}
	if len(b) < tcpFlagsEnd {
		return d.fail(CutTCP)
	}
	d.Unnumbered = len(b) < tcpWindowEnd
	hlen := partOfTCP(b, seg)
	d.stamp(seg)
	switch {
	case hlen < tcpHeaderLen:
		return Malformed
	case hlen > wire:
		d.partly(LongDataOffset)
	default:
		d.partly(CutOptions)
		seg.DataLen = uint32(wire - hlen)
	}
	return Segment
}

// partOfTCP reads what there is of a TCP header: fields that are not there are zero. It returns the
// header's length by the data offset.
func partOfTCP(b []byte, seg *flows.Segment) int {
	var h [tcpHeaderLen]byte
	copy(h[:], b)
	tcpHeader(h[:], seg)
	hlen := int(h[12]>>4) << 2
	seg.HeaderLen = uint8(hlen)
	seg.DataLen = 0
	seg.Payload = nil
	seg.Cut = true
	seg.Opts = flows.Options{}
	if len(b) > tcpHeaderLen && hlen > tcpHeaderLen {
		options(b[tcpHeaderLen:min(hlen, len(b))], &seg.Opts)
	}
	return hlen
}

// stamp writes what the capture, and not a header, says about the segment.
func (d *Decoder) stamp(seg *flows.Segment) {
	seg.Frame = d.pkt.Frame
	seg.Time = flows.Time(d.pkt.Time)
	seg.Interface = d.pkt.Interface
	seg.MAC = d.mac
	seg.Domain = d.domain
}

package decode

import "github.com/rstexplain/rstexplain/flows"

// The least captured octets of a TCP header that tell something: up to and with the flags, and the
// header without options.
const (
	tcpFlagsEnd  = 14
	tcpHeaderLen = 20
)

// tcp reads a TCP header (RFC 9293 §3.1) at b. wire is the segment's length by the IP header, header
// and data; b is shorter when the snaplen cut it and never longer.
func (d *Decoder) tcp(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < tcpHeaderLen {
		return d.shortTCP(b, wire, seg)
	}
	h := b[:tcpHeaderLen]
	hlen := int(h[12]>>4) << 2
	if hlen < tcpHeaderLen {
		return d.fail(BadDataOffset)
	}
	if hlen > wire {
		return d.fail(LongDataOffset)
	}
	seg.Src.Port = be16(h[0:])
	seg.Dst.Port = be16(h[2:])
	seg.SEQ = flows.Seq(be32(h[4:]))
	seg.ACK = flows.Seq(be32(h[8:]))
	seg.DataLen = uint32(wire - hlen)
	seg.Flags = flows.Flags(h[12]&1)<<8 | flows.Flags(h[13])
	seg.WND = be16(h[14:])
	seg.Urgent = be16(h[18:])
	seg.HeaderLen = uint8(hlen)
	d.stamp(seg)
	seg.Opts = flows.Options{}
	if len(b) < hlen {
		seg.Cut = true
		seg.Payload = nil
		options(b[tcpHeaderLen:], &seg.Opts)
		return Segment
	}
	seg.Cut = false
	seg.Payload = b[hlen:]
	if hlen > tcpHeaderLen {
		options(b[tcpHeaderLen:hlen], &seg.Opts)
	}
	return Segment
}

// shortTCP reads a TCP header of which fewer than 20 octets are there.
func (d *Decoder) shortTCP(b []byte, wire int, seg *flows.Segment) Outcome {
	if wire < tcpHeaderLen {
		return d.fail(ShortTCP)
	}
	if len(b) < tcpFlagsEnd {
		return d.fail(CutTCP)
	}
	hlen := int(b[12]>>4) << 2
	if hlen < tcpHeaderLen {
		return d.fail(BadDataOffset)
	}
	if hlen > wire {
		return d.fail(LongDataOffset)
	}
	var full [tcpHeaderLen]byte
	copy(full[:], b)
	seg.Src.Port = be16(full[0:])
	seg.Dst.Port = be16(full[2:])
	seg.SEQ = flows.Seq(be32(full[4:]))
	seg.ACK = flows.Seq(be32(full[8:]))
	seg.DataLen = uint32(wire - hlen)
	seg.Flags = flows.Flags(full[12]&1)<<8 | flows.Flags(full[13])
	seg.WND = be16(full[14:])
	seg.Urgent = be16(full[18:])
	seg.HeaderLen = uint8(hlen)
	d.stamp(seg)
	seg.Opts = flows.Options{}
	seg.Cut = true
	seg.Payload = nil
	return Segment
}

// stamp writes what the capture, and not a header, says about the segment.
func (d *Decoder) stamp(seg *flows.Segment) {
	seg.Frame = d.pkt.Frame
	seg.Time = flows.Time(d.pkt.Time)
	seg.Interface = d.pkt.Interface
	seg.MAC = d.mac
	seg.Domain = d.domain
}

package decode

import "github.com/rstexplain/rstexplain/flows"

// ICMP errors (RFC 792) and ICMPv6 errors (RFC 4443) that quote the packet which caused them.
const (
	icmpUnreachable   = 3
	icmpSourceQuench  = 4
	icmpRedirect      = 5
	icmpTimeExceeded  = 11
	icmpBadParameter  = 12
	icmpFragNeeded    = 4 // code of icmpUnreachable
	icmp6Unreachable  = 1
	icmp6TooBig       = 2
	icmp6TimeExceeded = 3
	icmp6BadParameter = 4
)

// icmp4 reads an ICMP message.
func (d *Decoder) icmp4(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	mtu := uint32(0)
	switch b[0] {
	case icmpUnreachable:
		if b[1] == icmpFragNeeded {
			mtu = uint32(be16(b[6:])) // RFC 1191 §4
		}
	case icmpSourceQuench, icmpRedirect, icmpTimeExceeded, icmpBadParameter:
	default:
		return NotTCP
	}
	return d.icmpError(b, wire, mtu, false, seg)
}

// icmp6 reads an ICMPv6 message.
func (d *Decoder) icmp6(b []byte, wire int, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	mtu := uint32(0)
	switch b[0] {
	case icmp6TooBig:
		mtu = be32(b[4:])
	case icmp6Unreachable, icmp6TimeExceeded, icmp6BadParameter:
	default:
		return NotTCP
	}
	return d.icmpError(b, wire, mtu, true, seg)
}

// icmpError reads the packet that an ICMP error quotes. It goes through the same readers as any other,
// and ends in quote when it is TCP.
func (d *Decoder) icmpError(b []byte, wire int, mtu uint32, v6 bool, seg *flows.Segment) Outcome {
	if !d.deeper() {
		return d.fail(TooDeep)
	}
	if !d.quoted { // an error about an error: the outer one counts
		d.quoted = true
		d.Note = flows.ICMPNote{
			Mark:   flows.Mark{Frame: d.pkt.Frame, Time: flows.Time(d.pkt.Time)},
			From:   flows.Addr{IP: seg.Src.IP},
			Type:   b[0],
			Code:   b[1],
			V6:     v6,
			Stream: -1,
			MTU:    uint16(min(mtu, 0xffff)),
		}
	}
	out := NotTCP
	if v6 {
		out = d.ip6(b[8:], wire-8, seg)
	} else {
		out = d.ip4(b[8:], wire-8, seg)
	}
	if out != ICMPError {
		return NotTCP // whatever is quoted, it is not in the capture
	}
	return out
}

// quote takes a quoted TCP header. RFC 792 asks for its first 8 bytes only: ports and SEQ.
func (d *Decoder) quote(b []byte, seg *flows.Segment) Outcome {
	if len(b) < 8 {
		return NotTCP
	}
	n := &d.Note
	redirect := !n.V6 && n.Type == icmpRedirect
	d.Unnumbered = len(b) < tcpWindowEnd || redirect
	partOfTCP(b[:min(len(b), tcpMaxHeader)], seg)
	d.stamp(seg)
	n.Src, n.Dst = seg.Src, seg.Dst
	n.QuotedSYN = len(b) >= tcpFlagsEnd && seg.Flags&(flows.SYN|flows.ACK) == flows.SYN
	return ICMPError
}

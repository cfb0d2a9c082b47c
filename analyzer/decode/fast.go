package decode

import (
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// fast reads what most packets of most captures are, in one function and without a Segment in between: whole
// TCP in IPv4 without options or in IPv6 without extension headers, directly in Ethernet, with no RST, and no data
// beside a SYN. It reports false, and adds nothing to b, for everything else. The fuzz test holds it against the
// general way.
func fast(p *capture.Packet, b *track.Batch) bool {
	const ip = 14 // where the header begins
	data := p.Data
	if p.Link != linkEthernet || len(data) < ip+20+tcpHeaderLen {
		return false
	}
	tcp, total := ip+20, int(be16(data[ip+2:])) // where TCP begins, and bytes from ip on
	six := false
	switch be16(data[12:]) {
	case etherIPv4:
		if data[ip] != 0x45 || data[ip+9] != protoTCP || be16(data[ip+6:])&0x3fff != 0 { // or a fragment
			return false
		}
	case etherIPv6:
		tcp = ip + 40
		if total = 40 + int(be16(data[ip+4:])); total == 40 || data[ip]>>4 != 6 || data[ip+6] != protoTCP ||
			len(data) < tcp+tcpHeaderLen {
			return false
		}
		six = true
	default:
		return false
	}
	if ip+total > len(data) && ip+total > int(p.Length) {
		return false // longer than its frame
	}
	t := data[tcp : tcp+tcpHeaderLen]
	flags := flows.Flags(t[13])
	if flags&flows.RST != 0 || t[12]&1 != 0 {
		return false
	}
	hlen := int(t[12]>>4) << 2
	end := min(ip+total, len(data))
	dataLen := ip + total - tcp - hlen
	if hlen < tcpHeaderLen || tcp+hlen > end || flags&flows.SYN != 0 && dataLen > 0 {
		return false
	}
	h := track.Header{
		Frame: p.Frame, Time: flows.Time(p.Time), SrcPort: be16(t), DstPort: be16(t[2:]),
		SEQ: flows.Seq(be32(t[4:])), ACK: flows.Seq(be32(t[8:])), DataLen: uint32(dataLen), Flags: flags, WND: be16(t[14:]),
		MAC: mac(data[6:12]), Interface: p.Interface,
	}
	if opts := data[tcp+tcpHeaderLen : tcp+hlen]; len(opts) == 12 && be32(opts) == onlyTimestamps && flags&flows.SYN == 0 {
		h.Opts.TSval, h.Opts.TSecr, h.Opts.HasTS = be32(opts[4:]), be32(opts[8:]), true
	} else if len(opts) > 0 || flags&flows.SYN != 0 {
		options(opts, &h.Opts)
	}
	if six {
		h.TTL = data[ip+7]
		return b.AddIPv6(&h, (*[16]byte)(data[ip+8:]), (*[16]byte)(data[ip+24:]), data[tcp+hlen:end])
	}
	h.TTL, h.IPID = data[ip+8], be16(data[ip+4:])
	return b.AddIPv4(&h, be32(data[ip+12:]), be32(data[ip+16:]), data[tcp+hlen:end])
}

// Foresee has what DecodeTo needs for p fetched from memory. It is called some packets ahead.
func Foresee(b *track.Batch, p *capture.Packet) {
	const ip = 14
	if data := p.Data; p.Link == linkEthernet && len(data) >= ip+40 && be16(data[12:]) == etherIPv6 {
		b.Expect((*[16]byte)(data[ip+8:]))
		b.Expect((*[16]byte)(data[ip+24:]))
	}
}

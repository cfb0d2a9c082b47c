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
	tcp, total := ip+20, int(be16(data[ip+2:])) // where TCP begins, and octets from ip on
	six := false
	switch be16(data[12:]) {
	case etherIPv4:
		if data[ip] != 0x45 || data[ip+9] != protoTCP || be16(data[ip+6:])&0x3fff != 0 { // or a fragment
			return false
		}
	case etherIPv6:
		tcp = ip + 40
		if total = 40 + int(be16(data[ip+4:])); total == 40 || data[ip]>>4 != 6 || data[ip+6] != protoTCP || len(data) < tcp+tcpHeaderLen {
			return false
		}
		six = true
	default:
		return false
	}
	h := data[tcp : tcp+tcpHeaderLen]
	if flows.Flags(h[13])&flows.RST != 0 || h[12]&1 != 0 {
		return false // no ordinary segment
	}
	hlen := int(h[12]>>4) << 2
	end := min(ip+total, len(data))
	dataLen := ip + total - tcp - hlen
	syn := flows.Flags(h[13])&flows.SYN != 0
	if hlen < tcpHeaderLen || tcp+hlen > end || syn && dataLen > 0 {
		return false
	}
	src, dst := be32(data[ip+12:]), be32(data[ip+16:])
	if six {
		var ok, both bool
		src, ok = b.Alias((*[16]byte)(data[ip+8:]))
		dst, both = b.Alias((*[16]byte)(data[ip+24:]))
		if !ok || !both {
			return false
		}
	} else if max(src, dst) >= track.FirstAlias {
		return false
	}
	o := b.AddOrdinary(uint64(src)<<16|uint64(be16(h)), uint64(dst)<<16|uint64(be16(h[2:])), mac(data[6:12]), 0, p.Interface, data[tcp+hlen:end])
	if o == nil {
		return false
	}
	o.Time, o.Frame = flows.Time(p.Time), uint32(p.Frame)
	o.SEQ, o.ACK = flows.Seq(be32(h[4:])), flows.Seq(be32(h[8:]))
	o.DataLen = uint16(dataLen)
	o.Flags, o.WND = h[13], be16(h[14:])
	if six {
		o.TTL, o.IPID = data[ip+7], 0
	} else {
		o.TTL, o.IPID = data[ip+8], be16(data[ip+4:])
	}
	o.TSval, o.Has = 0, 0
	if opts := data[tcp+tcpHeaderLen : tcp+hlen]; len(opts) == 12 && be32(opts) == onlyTimestamps && !syn {
		o.TSval, o.Has = be32(opts[4:]), track.OrdinaryTS
	} else if len(opts) > 0 || syn {
		ordinaryOptions(opts, o)
	}
	return true
}

// Foresee has what DecodeTo needs for p fetched from memory. It is called some packets ahead.
func Foresee(b *track.Batch, p *capture.Packet) {
	const ip = 14
	if data := p.Data; p.Link == linkEthernet && len(data) >= ip+40 && be16(data[12:]) == etherIPv6 {
		b.FetchAlias((*[16]byte)(data[ip+8:]))
		b.FetchAlias((*[16]byte)(data[ip+24:]))
	}
}

// ordinaryOptions reads the TCP options at b.
func ordinaryOptions(b []byte, o *track.Ordinary) {
	var opts flows.Options
	options(b, &opts)
	o.SetOptions(&opts)
}

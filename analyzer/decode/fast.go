package decode

import (
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// fast reads what most packets of most captures are, in one function and without a Segment in between: whole
// TCP in IPv4 without options, directly in Ethernet, with no RST, and no data beside a SYN. It reports false, and
// adds nothing to b, for everything else. The fuzz test holds it against the general way.
func fast(p *capture.Packet, b *flows.Batch) bool {
	const ip, tcp = 14, 14 + 20 // where the headers begin
	data := p.Data
	if p.Link != linkEthernet || len(data) < tcp+tcpHeaderLen || be16(data[12:]) != etherIPv4 || data[ip] != 0x45 || data[ip+9] != protoTCP {
		return false
	}
	h := data[:tcp+tcpHeaderLen]
	if be16(h[ip+6:])&0x3fff != 0 || flows.Flags(h[tcp+13])&flows.RST != 0 || h[tcp+12]&1 != 0 {
		return false // a fragment, or no ordinary segment
	}
	total := int(be16(h[ip+2:]))
	hlen := int(h[tcp+12]>>4) << 2
	end := min(ip+total, len(data))
	syn := flows.Flags(h[tcp+13])&flows.SYN != 0
	if hlen < tcpHeaderLen || tcp+hlen > end || syn && total > 20+hlen {
		return false
	}
	src := uint64(be32(h[ip+12:]))<<16 | uint64(be16(h[tcp:]))
	dst := uint64(be32(h[ip+16:]))<<16 | uint64(be16(h[tcp+2:]))
	o := b.AddOrdinary(src, dst, mac(h[6:12]), 0, p.Interface, data[tcp+hlen:end])
	if o == nil {
		return false
	}
	o.Time, o.Frame = flows.Time(p.Time), uint32(p.Frame)
	o.SEQ, o.ACK = flows.Seq(be32(h[tcp+4:])), flows.Seq(be32(h[tcp+8:]))
	o.DataLen = uint16(total - 20 - hlen)
	o.Flags, o.WND = h[tcp+13], be16(h[tcp+14:])
	o.TTL, o.IPID = h[ip+8], be16(h[ip+4:])
	o.TSval, o.Has = 0, 0
	if opts := data[tcp+tcpHeaderLen : tcp+hlen]; len(opts) == 12 && be32(opts) == onlyTimestamps && !syn {
		o.TSval, o.Has = be32(opts[4:]), flows.OrdinaryTS
	} else if len(opts) > 0 || syn {
		ordinaryOptions(opts, o)
	}
	return true
}

// ordinaryOptions reads the TCP options at b.
func ordinaryOptions(b []byte, o *flows.Ordinary) {
	var opts flows.Options
	options(b, &opts)
	o.SetOptions(&opts)
}

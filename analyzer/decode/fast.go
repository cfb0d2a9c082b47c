package decode

import (
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// fast reads what most packets of most captures are, in one function and a third less time than the
// general way: whole TCP in IPv4 without options, directly in Ethernet. It reports false, and leaves seg
// in any state, for everything else. The fuzz test holds it against the general way.
func fast(p *capture.Packet, seg *flows.Segment) bool {
	const ip, tcp = 14, 14 + 20 // where the headers begin
	b := p.Data
	if p.Link != linkEthernet || len(b) < tcp+tcpHeaderLen || be16(b[12:]) != etherIPv4 || b[ip] != 0x45 || b[ip+9] != protoTCP {
		return false
	}
	if off := be16(b[ip+6:]); off&0x3fff != 0 {
		return false // fragment
	}
	total := int(be16(b[ip+2:]))
	hlen := int(b[tcp+12]>>4) << 2
	end := min(ip+total, len(b))
	if hlen < tcpHeaderLen || tcp+hlen > end {
		return false
	}
	seg.Payload = b[tcp+hlen : end]
	seg.Frame = p.Frame
	seg.Time = flows.Time(p.Time)
	putIP4(&seg.Src.IP, b[ip+12:ip+16])
	putIP4(&seg.Dst.IP, b[ip+16:ip+20])
	tcpHeader(b[tcp:], seg)
	seg.DataLen = uint32(total - 20 - hlen)
	seg.HeaderLen = uint8(hlen)
	seg.TTL = b[ip+8]
	seg.IPID = be16(b[ip+4:])
	seg.V6 = false
	seg.DF = b[ip+6]&0x40 != 0
	seg.Opts = flows.Options{}
	if hlen > tcpHeaderLen {
		options(b[tcp+tcpHeaderLen:tcp+hlen], &seg.Opts)
	}
	seg.MAC = mac(b[6:12])
	seg.Domain = 0
	seg.Interface = p.Interface
	seg.Cut = false
	return true
}

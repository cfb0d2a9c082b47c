package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A Header is what most segments of a capture consist of, for a decoder that reads them where they lie: its fields are
// those of a flows.Segment.
type Header struct {
	Frame            int
	Time             flows.Time
	SrcPort, DstPort uint16
	SEQ, ACK         flows.Seq
	DataLen          uint32
	Flags            flows.Flags
	WND, IPID        uint16
	TTL              uint8
	Interface        uint16
	Domain           uint32
	MAC              uint64
	Opts             flows.Options
}

// AddIPv4 appends the segment of a header and a payload, as Add does, without a Segment in between. The bytes of
// payload, of which there are as many as were captured of the segment's data, must stay as they are until AddBatch
// returns. It reports false, and appends nothing, for what must be added by Add: a RST, a SYN with data, a segment of
// 64 KiB or more, and some addresses.
func (b *Batch) AddIPv4(h *Header, src, dst uint32, payload []byte) bool {
	return max(src, dst) < tuple.FirstCompressed && b.addHeader(h, src, dst, payload)
}

// AddIPv6 is AddIPv4 for IPv6.
func (b *Batch) AddIPv6(h *Header, src, dst *[16]byte, payload []byte) bool {
	x := &b.lines.Stage.Addresses
	from, ok := x.Compress(src, true)
	to, both := x.Compress(dst, true)
	if len(b.lines.Addresses) != len(x.List) {
		b.lines.Addresses = x.List
	}
	return ok && both && b.addHeader(h, from, to, payload)
}

// addHeader appends a segment from src to dst, IPv4 addresses or what stands for IPv6 ones.
func (b *Batch) addHeader(h *Header, src, dst uint32, payload []byte) bool {
	if h.Flags&(flows.RST|flows.AE) != 0 || h.DataLen > 0 && (h.Flags&flows.SYN != 0 || h.DataLen >= 1<<16) {
		return false
	}
	l := b.lines.Line(uint64(src)<<16|uint64(h.SrcPort), uint64(dst)<<16|uint64(h.DstPort), h.MAC, h.Domain, h.Interface, payload)
	if l == nil {
		return false
	}
	l.Time, l.Frame, l.SEQ, l.ACK, l.DataLen = h.Time, uint32(h.Frame), h.SEQ, h.ACK, uint16(h.DataLen)
	l.WND, l.IPID, l.Flags, l.TTL = h.WND, h.IPID, uint8(h.Flags), h.TTL
	l.SetOptions(&h.Opts)
	return true
}

// HasIPv6 reports whether there have been IPv6 addresses so far: then Expect may help.
func (b *Batch) HasIPv6() bool { return len(b.lines.Addresses) > 0 }

// Expect says that AddIPv6 will be called for ip, a few packets ahead: what it needs is asked of the memory.
func (b *Batch) Expect(ip *[16]byte) { b.lines.Stage.Addresses.Fetch(ip) }

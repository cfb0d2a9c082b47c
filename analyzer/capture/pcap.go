package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Magic numbers of pcap files as the little-endian bytes of a little-endian writer read.
const (
	magicMicro     = 0xa1b2c3d4
	magicNano      = 0xa1b23c4d
	magicModified  = 0xa1b2cd34 // Kuznetzov's patch: record headers of 24 bytes, or 28
	magicIxiaNano  = 0x1c0001ac // "lcap": file header of 28 bytes
	magicIxiaMicro = 0x1c0001ab
)

// A pcapFormat is what the file header of a pcap says.
type pcapFormat struct {
	swap     bool   // big-endian
	fraction uint32 // nanoseconds of a unit of the second timestamp field
	header   int    // bytes of a record header
	reversed int8   // the order of the two lengths: 0 captured first, 1 original first, 2 whichever is larger is original
	link     uint16
}

// pcapHeader reads the file header at the start of the chunk; or asks for more of it.
func (r *Reader) pcapHeader() verdict {
	b := r.chunk.buf[r.pos:r.end]
	n := 24
	magic, swap := pcapMagic(b)
	if magic == magicIxiaNano || magic == magicIxiaMicro {
		n = 28
	}
	if len(b) < n {
		r.need = n
		return wantMore
	}
	f := &r.pcap
	*f = pcapFormat{swap: swap, fraction: 1000, header: 16}
	switch magic {
	case magicNano, magicIxiaNano:
		f.fraction = 1
	case magicModified:
		f.header = 24
	}
	major, minor := u16(b[4:], swap), u16(b[6:], swap)
	switch {
	case major == 2 && minor < 3, major == 543: // before 2.3, and DG/UX
		f.reversed = 1
	case major == 2 && minor == 3:
		f.reversed = 2
	}
	network := u32(b[20:], swap)
	f.link = uint16(network)
	if link, aix := aixLinks[network]; aix && magic == magicMicro && major == 2 && minor == 2 {
		f.link, f.fraction = link, 1
	}
	fcs := -1
	if network&(1<<26) != 0 { // length present, in units of 16 bits (draft-ietf-opsawg-pcap §4)
		fcs = int(network>>28) * 2
	}
	resolution := uint8(6)
	if f.fraction == 1 {
		resolution = 9
	}
	r.ifaces = append(r.ifaces[:0], iface{link: f.link})
	r.described = append(r.described, Interface{Link: f.link, SnapLen: u32(b[16:], swap), Resolution: resolution,
		FCSLen: fcs})
	r.pos += n
	r.headed = true
	r.pcapVariant(magic)
	return walked
}

// aixLinks are the interface types (RFC 1573) that AIX writes for a link type, in files of version 2.2
// whose times are in nanoseconds; and what they are elsewhere.
var aixLinks = map[uint32]uint16{6: 1, 9: 6, 15: 10, 24: 0} // Ethernet, Token Ring, FDDI, loopback

// pcapVariant finds out how long the record headers of a pcap file are. Patched libpcaps of 1999, as in
// Red Hat 6.1 and SuSE 6.3, and Nokia's made them longer and some left the magic number as it was, so the
// first records decide. A stream is taken to be of the usual kind, as its first packet cannot wait for the second.
//
// A file of the usual kind that was cut a few bytes behind its only packet can look like one of another: then the
// packet decides, and the reading is reported.
func (r *Reader) pcapVariant(magic uint32) {
	others := map[uint32][]int{magicMicro: {24, 20}, magicModified: {28}}[magic]
	if r.src.size < 0 || len(others) == 0 || r.info.Compression != "" {
		return
	}
	f, eof := &r.pcap, r.eof
	usual := f.header
	defer func() { r.eof = eof }()
	r.eof = r.src.read.Load() >= r.src.size
	b := r.chunk.buf[r.pos:r.end]
	sensible := false // the first packet, in the usual reading
	if len(b) >= usual {
		n := r.recordAt(b)
		sensible = n > 0 && n <= len(b) && plausible(f.link, b[usual:n])
	}
	for _, n := range append([]int{usual}, others...) {
		f.header = n
		if k, _ := r.recordsAt(b); k == 0 {
			continue
		}
		if n != usual && sensible {
			r.note(Problem{Reason: Variant, Offset: r.base + int64(r.pos),
				What: fmt.Sprintf("record headers are read as %d bytes long, as usual: the lengths would also fit %d bytes, but "+
					"the first packet is valid after %d", usual, n, usual)})
			break
		}
		f.header = n
		return
	}
	f.header = usual
}

// plausible reports whether a packet of a known link type has an IPv4 or IPv6 header that fits its length.
func plausible(link uint16, b []byte) bool {
	skip := map[uint16]int{0: 4, 1: 14, 12: 0, 14: 0, 101: 0, 108: 4, 113: 16, 228: 0, 229: 0, 276: 20}
	n, known := skip[link]
	if !known || len(b) < n+20 {
		return false
	}
	// IEEE 802.1Q, 802.1ad
	if link == 1 && len(b) >= n+24 && (b[12] == 0x81 || b[12] == 0x88) && (b[13] == 0 || b[13] == 0xa8) {
		n += 4
	}
	ip := b[n:]
	switch ip[0] >> 4 {
	case 4:
		header, total := int(ip[0]&15)*4, int(ip[2])<<8|int(ip[3])
		return header >= 20 && (total == 0 || total >= header) && (link != 1 || b[n-2] == 8 && b[n-1] == 0)
	case 6:
		return len(ip) >= 40 && (link != 1 || b[n-2] == 0x86 && b[n-1] == 0xdd)
	}
	return false
}

// pcapMagic returns the magic number at the start of b and whether the file is big-endian; 0 for none.
func pcapMagic(b []byte) (magic uint32, swap bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, swap := range []bool{false, true} {
		switch m := u32(b, swap); m {
		case magicMicro, magicNano, magicModified, magicIxiaMicro, magicIxiaNano:
			return m, swap
		}
	}
	return 0, false
}

// walkPcap turns the complete records of the chunk into packets, up to the first that is not complete or not right.
func (r *Reader) walkPcap() (v verdict) {
	if !r.headed {
		if v := r.pcapHeader(); v != walked {
			return v
		}
	}
	c, f := r.chunk, &r.pcap
	buf, pos, frame, packets := c.buf[:r.end], r.pos, r.frame, r.packets
	header, swap, fraction, limit := f.header, f.swap, int64(f.fraction), uint32(r.opts.MaxPacket)
	for {
		b := buf[pos:]
		if len(b) < header {
			r.need, v = header, wantMore
			break
		}
		_ = b[15]
		sec, frac := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		caplen, length := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
		if swap {
			sec, frac = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac)
			caplen, length = bits.ReverseBytes32(caplen), bits.ReverseBytes32(length)
		}
		if f.reversed != 0 {
			caplen, length = f.lengths(caplen, length)
		}
		if caplen > limit {
			v = damaged
			break
		}
		end := header + int(caplen)
		if end > len(b) {
			r.need, v = end, wantMore
			break
		}
		frame++
		packets = oneMore(packets)
		p := &packets[len(packets)-1]
		p.Data, p.Frame, p.Time = b[header:end], frame, int64(sec)*1e9+int64(frac)*fraction
		p.Length, p.Link, p.Interface, p.Offset = length, f.link, 0, r.base+int64(pos)
		pos += end
	}
	r.ifaces[0].packets += int64(len(packets) - len(r.packets))
	if n := len(packets); n > 0 {
		r.lastSec = packets[n-1].Time / 1e9
	}
	r.pos, r.frame, r.packets = pos, frame, packets
	return v
}

// lengths returns the captured and the original length of a record whose header has them in the order given.
func (f *pcapFormat) lengths(first, second uint32) (caplen, length uint32) {
	if f.reversed == 1 || f.reversed == 2 && first > second {
		return second, first
	}
	return first, second
}

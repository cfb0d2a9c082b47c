package rewrite

import (
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
)

// scrubbed writes packets as a new pcapng that tells nothing of where they were captured: no name of a
// machine, an interface or a program, no comment, and of each packet its headers with other addresses.
type scrubbed struct {
	out      io.Writer
	pan      *CryptoPAn
	outliner decode.Decoder
	ng       *pcapgo.NgWriter
	ids      map[source]int // interface of the new capture for each old one
}

// A source is what an interface of the new capture stands for.
type source struct{ face, link uint16 }

// write writes p, or reports false when some address in it could not be found.
func (s *scrubbed) write(p *capture.Packet) (bool, error) {
	data, ok := s.packet(p)
	if !ok {
		return false, nil
	}
	id, err := s.face(source{uint16(p.Interface), p.Link})
	if err != nil {
		return false, err
	}
	info := gopacket.CaptureInfo{Timestamp: time.Unix(0, p.Time).UTC(), CaptureLength: len(data), Length: max(int(p.Length), len(data)), InterfaceIndex: id}
	return true, s.ng.WritePacket(info, data)
}

// face returns the interface of the new capture for one of the old: copies of a packet are told by the
// interfaces that they were captured on.
func (s *scrubbed) face(from source) (int, error) {
	if id, ok := s.ids[from]; ok {
		return id, nil
	}
	face := pcapgo.NgInterface{LinkType: layers.LinkType(from.link), TimestampResolution: 9}
	var id int
	var err error
	if s.ng == nil {
		s.ids = map[source]int{}
		s.ng, err = pcapgo.NewNgWriterInterface(s.out, face, pcapgo.NgWriterOptions{})
	} else {
		id, err = s.ng.AddInterface(face)
	}
	if err == nil {
		s.ids[from] = id
	}
	return id, err
}

// close completes the capture; one without a packet still has its head.
func (s *scrubbed) close() error {
	if s.ng == nil {
		if _, err := s.face(source{link: uint16(layers.LinkTypeEthernet)}); err != nil {
			return err
		}
	}
	return s.ng.Flush()
}

// packet returns p's headers with every address in them mapped and timestamps shifted. Checksums of IP headers
// are right again; TCP's is changed by what changed, so that it is as right or wrong as it was (RFC 1624).
func (s *scrubbed) packet(p *capture.Packet) ([]byte, bool) {
	outline := s.outliner.Outline(p)
	if len(outline) == 0 || outline[len(outline)-1].Kind != decode.LayerTCP {
		return nil, false // a fragment, an ICMP error: what lies behind the headers may hold addresses
	}
	data := append([]byte(nil), headers(p.Data, outline)...)
	var change uint32 // of the ones' complement sum over the addresses of the innermost IP header
	var clocks clockShifts
	for _, l := range outline {
		b := data[min(l.Offset, len(data)):]
		switch l.Kind {
		case decode.LayerEthernet:
			s.mac(b[0:6])
			s.mac(b[6:12])
		case decode.LayerSLL:
			s.mac(b[6:12])
		case decode.LayerSLL2:
			s.mac(b[12:18])
		case decode.LayerIPv4:
			clocks = s.clocks(b[12:16], b[16:20])
			change = s.address(b[12:16]) + s.address(b[16:20])
			n := int(b[0]&15) << 2
			for i := 20; i < n; i++ {
				b[i] = 1 // no operation: options can hold addresses (RFC 791 §3.1, record route)
			}
			binary.BigEndian.PutUint16(b[10:], 0)
			binary.BigEndian.PutUint16(b[10:], ^fold(sum(b[:n])))
		case decode.LayerIPv6:
			if b[6] == 43 { // a routing header holds more addresses (RFC 8200 §4.4)
				return nil, false
			}
			clocks = s.clocks(b[8:24], b[24:40])
			change = s.address(b[8:24]) + s.address(b[24:40])
		case decode.LayerTCP:
			before := fold(sum(b))
			scrubOptions(b, clocks)
			change += uint32(fold(sum(b))) + uint32(^before)
			if len(b) >= 18 {
				old := ^binary.BigEndian.Uint16(b[16:])
				binary.BigEndian.PutUint16(b[16:], ^fold(uint32(old)+change))
			}
		case decode.LayerQuotedTCP:
			return nil, false
		}
	}
	return data, true
}

// address maps the IP address at b in place and returns by what the sum over it changed.
func (s *scrubbed) address(b []byte) uint32 {
	before := fold(sum(b))
	a, _ := netip.AddrFromSlice(b)
	copy(b, s.pan.Map(a).AsSlice())
	return uint32(fold(sum(b))) + uint32(^before)
}

// mac maps the MAC address at b in place; the group bit stays, so that a broadcast is still seen as one,
// and the result is a locally administered address (IEEE 802, §8.2.2).
func (s *scrubbed) mac(b []byte) {
	in := s.pan.pad
	copy(in[:6], b)
	in[15] ^= 0xff // apart from what addresses are mapped with
	var out [16]byte
	s.pan.block.Encrypt(out[:], in[:])
	group := b[0] & 1
	copy(b, out[:6])
	b[0] = b[0]&^1 | 2 | group
}

// clockShifts are what the timestamps of a segment's sender and receiver are shifted by.
type clockShifts struct{ sender, receiver uint32 }

// clocks returns the shifts for two hosts. A timestamp clock can tell when its host was started (RFC 7323
// §7); a shift of its own for each host hides that, and leaves every difference between two timestamps.
func (s *scrubbed) clocks(src, dst []byte) clockShifts {
	shift := func(addr []byte) uint32 {
		in := s.pan.pad
		for i := range addr {
			in[i] ^= addr[i]
		}
		s.pan.block.Encrypt(in[:], in[:])
		in[0] ^= 0xff // twice, and changed between: apart from what addresses are mapped with
		s.pan.block.Encrypt(in[:], in[:])
		return binary.BigEndian.Uint32(in[:])
	}
	return clockShifts{shift(src), shift(dst)}
}

// The TCP options that scrubOptions looks for, and the bit of the ACK flag.
const (
	optionTimestamps = 8
	optionMPTCP      = 30
	flagACK          = 0x10
)

// scrubOptions shifts the timestamps of the TCP header at b (RFC 7323 §3), and overwrites the option that can
// hold an address: MPTCP's ADD_ADDR (RFC 8684 §3.4.1). A timestamp of 0 stays: it is no clock's, but says
// that there is none.
func scrubOptions(b []byte, clocks clockShifts) {
	shift := func(b []byte, by uint32) {
		if v := binary.BigEndian.Uint32(b); v != 0 {
			binary.BigEndian.PutUint32(b, v+by)
		}
	}
	for i := 20; i+1 < len(b); {
		kind, n := b[i], int(b[i+1])
		if kind <= 1 {
			i++
			continue
		}
		if n < 2 || i+n > len(b) {
			return
		}
		if kind == optionTimestamps && n == 10 {
			shift(b[i+2:], clocks.sender)
			if b[13]&flagACK != 0 { // else the echo means nothing
				shift(b[i+6:], clocks.receiver)
			}
		}
		if kind == optionMPTCP && n > 2 && b[i+2]>>4 == 3 {
			for k := i; k < i+n; k++ {
				b[k] = 1
			}
		}
		i += n
	}
}

// sum adds up b as 16-bit words (RFC 1071).
func sum(b []byte) (total uint32) {
	for ; len(b) >= 2; b = b[2:] {
		total += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		total += uint32(b[0]) << 8
	}
	return total
}

// fold adds the carries back in.
func fold(total uint32) uint16 {
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}

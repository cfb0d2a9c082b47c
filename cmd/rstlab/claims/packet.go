package claims

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A Raw is a packet as the file holds it.
type Raw struct {
	Data []byte
	Info gopacket.CaptureInfo
	Link layers.LinkType
}

// Flags are the control bits of a TCP header.
type Flags uint8

// The control bits that matter here.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// A Packet is a TCP segment, or an ICMP error about one.
type Packet struct {
	Frame  int
	Time   int64 // nanoseconds since the epoch
	Stream int   // as Wireshark's tcp.stream
	Place  int   // interface of the capture

	Src, Dst netip.AddrPort
	SEQ, ACK uint32
	Flags    Flags
	Window   uint16
	Len      int    // bytes of data on the wire
	Payload  []byte // of these, those that were captured

	Scale        int // window scale option of a SYN, −1 without one
	HasTS        bool
	TSval, TSecr uint32
	Options      int      // without padding
	MPTCP        [][]byte // MPTCP options, from the subtype on

	TTL  uint8
	V6   bool
	IPID uint16
	MAC  string // innermost Ethernet source, "" without one

	Copy  bool // the same packet captured once more
	Alike bool // like a packet just before it in all numbers, though nothing tells that it is the same packet

	ICMP *ICMP // set for an ICMP error: Src, Dst, SEQ and Flags are those of the segment that it quotes
}

// An ICMP is an ICMP error.
type ICMP struct {
	From     netip.Addr
	V6       bool
	Type     uint8
	Code     uint8
	MTU      uint16
	HasFlags bool // the quotation reaches the TCP flags
}

// Has reports whether all bits of f are set.
func (p *Packet) Has(f Flags) bool { return p.Flags&f == f }

// End is the sequence number after the segment, SYN and FIN counted.
func (p *Packet) End() uint32 {
	n := p.DataEnd()
	if p.Has(FIN) {
		n++
	}
	return n
}

// DataEnd is the sequence number after the segment's data.
func (p *Packet) DataEnd() uint32 {
	n := p.SEQ + uint32(p.Len)
	if p.Has(SYN) {
		n++
	}
	return n
}

// Cut reports whether the snaplen took a part of the data.
func (p *Packet) Cut() bool { return len(p.Payload) < p.Len }

// above returns how far a lies above b in sequence space.
func above(a, b uint32) int32 { return int32(a - b) }

// A Capture is the segments of a capture file, and the connections that they belong to.
type Capture struct {
	Path    string
	Frames  int   // packets of the file
	First   int64 // time of the first one, in nanoseconds
	Last    int64
	Packets []*Packet
	Streams [][]*Packet // by stream number, in the order of the file; ICMP errors are not in it

	Trace []string // lines of the trace of a host's kernel, if there is one

	byFrame map[int]*Packet
	tshark  *dissection

	sorted     *Capture    // the same in the order of time
	renumbered map[int]int // the numbers that its frames have there
}

// ReadRaw reads all packets of a pcap or pcapng file, compressed with gzip or not.
func ReadRaw(path string) ([]Raw, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raws, err := readRaw(f)
	if err != nil {
		return raws, fmt.Errorf("%s: %w", path, err)
	}
	return raws, nil
}

// readRaw reads until the end, or until the file is damaged: what is before the damage counts.
func readRaw(in io.Reader) (raws []Raw, err error) {
	b := bufio.NewReader(in)
	magic, _ := b.Peek(4)
	if len(magic) > 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReader(z)
		magic, _ = b.Peek(4)
	}
	if bytes.Equal(magic, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		r, err := pcapgo.NewNgReader(b, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return nil, err
		}
		for {
			data, info, err := r.ReadPacketData()
			if err != nil {
				return raws, ended(raws, err)
			}
			link := r.LinkType()
			for _, a := range info.AncillaryData {
				if l, ok := a.(layers.LinkType); ok {
					link = l
				}
			}
			raws = append(raws, Raw{data, info, link})
		}
	}
	r, err := pcapgo.NewReader(b)
	if err != nil {
		return nil, err
	}
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return raws, ended(raws, err)
		}
		raws = append(raws, Raw{data, info, r.LinkType()})
	}
}

// ended returns nil where a file ends, also in the middle of a packet.
func ended(raws []Raw, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || len(raws) > 0 {
		return nil
	}
	return err
}

// Read reads a capture file.
func Read(path string) (*Capture, error) {
	raws, err := ReadRaw(path)
	if err != nil {
		return nil, err
	}
	c := Decode(raws)
	c.Path = path
	return c, nil
}

// Decode makes a Capture of packets.
func Decode(raws []Raw) *Capture {
	c := &Capture{Frames: len(raws), byFrame: map[int]*Packet{}}
	d := decoder{defrag: ip4defrag.NewIPv4Defragmenter()}
	streams := numbering{last: map[[2]netip.AddrPort]*incarnation{}}
	for i := range raws {
		at := raws[i].Info.Timestamp.UnixNano()
		if i == 0 {
			c.First, c.Last = at, at
		}
		c.First, c.Last = min(c.First, at), max(c.Last, at)
		p := d.packet(&raws[i])
		if p == nil {
			continue
		}
		p.Frame = i + 1
		p.Time = raws[i].Info.Timestamp.UnixNano()
		p.Place = raws[i].Info.InterfaceIndex
		if p.ICMP == nil || p.ICMP.HasFlags {
			p.Stream = streams.of(p)
		}
		for len(c.Streams) < streams.next {
			c.Streams = append(c.Streams, nil)
		}
		c.Packets = append(c.Packets, p)
		c.byFrame[p.Frame] = p
		if p.ICMP == nil {
			c.Streams[p.Stream] = append(c.Streams[p.Stream], p)
		}
	}
	for _, s := range c.Streams {
		markCopies(s)
	}
	return c
}

// A decoder peels packets down to TCP.
type decoder struct {
	defrag *ip4defrag.IPv4Defragmenter
}

func (d *decoder) packet(raw *Raw) *Packet {
	var first gopacket.Decoder = raw.Link
	data := raw.Data
	switch raw.Link {
	case layers.LinkTypeIPv4:
		first = layers.LayerTypeIPv4
	case layers.LinkTypeIPv6:
		first = layers.LayerTypeIPv6
	case layers.LinkTypeRaw, 12, 14:
		first = layers.LinkTypeRaw
	}
	missing := max(raw.Info.Length-len(data), 0)
	pkt := gopacket.NewPacket(data, first, gopacket.DecodeOptions{Lazy: true, NoCopy: true, SkipDecodeRecovery: false})
	pkt.Layer(layers.LayerTypeTCP) // decodes until there
	p := &Packet{}
	pad := 0
	if missing > 0 && missing < 1<<16 && pkt.ErrorLayer() != nil {
		// gopacket reads PPPoE only where it is whole: it is given zeros in place of what the snaplen cut.
		pad = missing
		pkt = gopacket.NewPacket(append(slices.Clone(data), make([]byte, pad)...), first,
			gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		pkt.Layer(layers.LayerTypeTCP)
	}
	all := pkt.Layers()
	for i, l := range all {
		switch l := l.(type) {
		case *layers.Ethernet:
			p.MAC = l.SrcMAC.String()
		case *layers.IPv4:
			if l.FragOffset != 0 || l.Flags&layers.IPv4MoreFragments != 0 {
				whole, err := d.defrag.DefragIPv4WithTimestamp(l, raw.Info.Timestamp)
				if err != nil || whole == nil {
					return nil
				}
				return d.whole(p, whole)
			}
			if l.Protocol == layers.IPProtocolTCP {
				wire := int(binary.BigEndian.Uint16(l.Contents[2:])) - len(l.Contents)
				if wire <= 0 { // segmentation offload leaves the length out
					wire = len(l.Payload) + missing
				}
				p.TTL, p.IPID = l.TTL, l.Id
				return p.tcp(l.SrcIP, l.DstIP, l.Payload[:max(len(l.Payload)-pad, 0)], wire)
			}
		case *layers.IPv6:
			next, payload := l.NextHeader, l.Payload
			wire := int(l.Length)
			if wire == 0 {
				wire = len(l.Payload) + missing
			}
			for next == layers.IPProtocolIPv6HopByHop || next == layers.IPProtocolIPv6Routing ||
				next == layers.IPProtocolIPv6Destination || next == layers.IPProtocolIPv6Fragment {
				if len(payload) < 8 {
					return nil
				}
				n := 8 * (int(payload[1]) + 1)
				if next == layers.IPProtocolIPv6Fragment {
					if n = 8; binary.BigEndian.Uint16(payload[2:])&^6 != 0 {
						return nil // a real fragment
					}
				}
				if len(payload) < n {
					return nil
				}
				next, payload, wire = layers.IPProtocol(payload[0]), payload[n:], wire-n
			}
			if next == layers.IPProtocolTCP {
				p.V6, p.TTL = true, l.HopLimit
				return p.tcp(l.SrcIP, l.DstIP, payload[:max(len(payload)-pad, 0)], wire)
			}
		case *layers.ICMPv4:
			if ip, ok := all[i-1].(*layers.IPv4); ok {
				return icmp4(p, ip, l)
			}
		case *layers.ICMPv6:
			if ip, ok := all[i-1].(*layers.IPv6); ok {
				return icmp6(p, ip, l)
			}
		}
	}
	return nil
}

// whole reads a datagram that was put together from fragments.
func (d *decoder) whole(p *Packet, ip *layers.IPv4) *Packet {
	if ip.Protocol != layers.IPProtocolTCP {
		return nil
	}
	p.TTL, p.IPID = ip.TTL, ip.Id
	return p.tcp(ip.SrcIP, ip.DstIP, ip.Payload, len(ip.Payload))
}

func icmp4(p *Packet, ip *layers.IPv4, l *layers.ICMPv4) *Packet {
	from, _ := netip.AddrFromSlice(ip.SrcIP)
	p.ICMP = &ICMP{From: from, Type: l.TypeCode.Type(), Code: l.TypeCode.Code()}
	switch p.ICMP.Type {
	case layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4TypeTimeExceeded, layers.ICMPv4TypeSourceQuench,
		layers.ICMPv4TypeParameterProblem:
	default:
		return nil
	}
	if p.ICMP.Type == layers.ICMPv4TypeDestinationUnreachable && p.ICMP.Code == 4 {
		p.ICMP.MTU = l.Seq
	}
	q := l.Payload
	if len(q) < 20 || q[0]>>4 != 4 || q[9] != 6 {
		return nil
	}
	n := int(q[0]&15) * 4
	if n < 20 || len(q) < n+8 {
		return nil
	}
	return p.quoted(q[12:16], q[16:20], q[n:])
}

func icmp6(p *Packet, ip *layers.IPv6, l *layers.ICMPv6) *Packet {
	from, _ := netip.AddrFromSlice(ip.SrcIP)
	p.ICMP = &ICMP{From: from, V6: true, Type: l.TypeCode.Type(), Code: l.TypeCode.Code()}
	q := l.Payload
	if p.ICMP.Type >= 128 || len(q) < 4+40+8 {
		return nil
	}
	if p.ICMP.Type == layers.ICMPv6TypePacketTooBig {
		p.ICMP.MTU = uint16(binary.BigEndian.Uint32(q))
	}
	if q = q[4:]; q[6] != 6 {
		return nil
	}
	return p.quoted(q[8:24], q[24:40], q[40:])
}

// quoted reads the beginning of a TCP header in an ICMP error.
func (p *Packet) quoted(src, dst, b []byte) *Packet {
	s, _ := netip.AddrFromSlice(src)
	d, _ := netip.AddrFromSlice(dst)
	p.Src = netip.AddrPortFrom(s, binary.BigEndian.Uint16(b))
	p.Dst = netip.AddrPortFrom(d, binary.BigEndian.Uint16(b[2:]))
	p.SEQ = binary.BigEndian.Uint32(b[4:])
	p.Stream, p.Scale = -1, -1
	if len(b) >= 16 {
		p.ICMP.HasFlags = true
		p.ACK = binary.BigEndian.Uint32(b[8:])
		p.Flags = Flags(b[13]) & (FIN | SYN | RST | PSH | ACK | URG)
	}
	return p
}

// tcp reads the TCP header at b, whose segment has wire bytes. A header that the snaplen cut is read as far as it
// reaches.
func (p *Packet) tcp(src, dst []byte, b []byte, wire int) *Packet {
	if len(b) < 14 {
		return nil
	}
	n := int(b[12]>>4) * 4
	if n < 20 || wire < n {
		return nil
	}
	header := make([]byte, n) // zeros, which end the list of options, in place of what is missing
	copy(header, b)
	var h layers.TCP
	// on an error the fixed header is read, and options as far as they are sound
	_ = h.DecodeFromBytes(header, gopacket.NilDecodeFeedback)
	s, _ := netip.AddrFromSlice(src)
	d, _ := netip.AddrFromSlice(dst)
	p.Src, p.Dst = netip.AddrPortFrom(s, uint16(h.SrcPort)), netip.AddrPortFrom(d, uint16(h.DstPort))
	p.SEQ, p.ACK, p.Window, p.Scale = h.Seq, h.Ack, h.Window, -1
	p.Flags = Flags(header[13]) & (FIN | SYN | RST | PSH | ACK | URG)
	p.Len = wire - n
	if len(b) > n {
		p.Payload = b[n:min(len(b), wire)]
	}
	at := 20
	for i := range h.Options {
		o := &h.Options[i]
		if at += max(int(o.OptionLength), 1); at > len(b) {
			break // the snaplen cut this option
		}
		switch o.OptionType {
		case layers.TCPOptionKindEndList, layers.TCPOptionKindNop:
			continue
		case layers.TCPOptionKindWindowScale:
			if len(o.OptionData) == 1 {
				p.Scale = int(min(o.OptionData[0], 14))
			}
		case layers.TCPOptionKindTimestamps:
			if len(o.OptionData) == 8 {
				p.HasTS = true
				p.TSval, p.TSecr = binary.BigEndian.Uint32(o.OptionData), binary.BigEndian.Uint32(o.OptionData[4:])
			}
		case layers.TCPOptionKindMultipathTCP:
			if at <= n && int(o.OptionLength) > 2 {
				p.MPTCP = append(p.MPTCP, header[at-int(o.OptionLength)+2:at])
			}
		}
		p.Options++
	}
	return p
}

// Frame returns the segment, or ICMP error, with a frame number; nil where that packet is something else.
func (c *Capture) Frame(n int) *Packet { return c.byFrame[n] }

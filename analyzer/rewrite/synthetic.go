package rewrite

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/flows"
)

// A Synthetic writes segments that come from no capture as pcapng: each with headers made of what is known of it, and a
// comment that says what is not. Of unknown data there are none: the packet is cut behind its headers, as by a snaplen.
type Synthetic struct {
	out  io.Writer
	ng   *pcapgo.NgWriter
	buf  gopacket.SerializeBuffer
	anon anonymous // its pan is nil unless addresses are mapped
}

// NewSynthetic returns a Synthetic that writes to w. Where pan is set, addresses are mapped, TCP timestamps are
// shifted, and data and names are left out, as in an anonymized slice.
func NewSynthetic(w io.Writer, pan *CryptoPAn) (*Synthetic, error) {
	face := pcapgo.NgInterface{LinkType: layers.LinkTypeRaw, TimestampResolution: 9, Comment: "headers made of " +
		"printed text"}
	ng, err := pcapgo.NewNgWriterInterface(w, face, pcapgo.NgWriterOptions{})
	if err != nil {
		return nil, err
	}
	return &Synthetic{out: w, ng: ng, buf: gopacket.NewSerializeBuffer(), anon: anonymous{pan: pan}}, nil
}

// Segment writes one segment. sack are the edges of its SACK blocks, where they are known.
func (y *Synthetic) Segment(s *flows.Segment, sack []uint32, comment string) error {
	tcp := &layers.TCP{
		SrcPort: layers.TCPPort(s.Src.Port), DstPort: layers.TCPPort(s.Dst.Port), Seq: uint32(s.SEQ), Ack: uint32(s.ACK),
		Window: s.WND, Urgent: s.Urgent,
		FIN: s.Flags.Has(flows.FIN), SYN: s.Flags.Has(flows.SYN), RST: s.Flags.Has(flows.RST), PSH: s.Flags.Has(flows.PSH),
		ACK: s.Flags.Has(flows.ACK),
		URG: s.Flags.Has(flows.URG), ECE: s.Flags.Has(flows.ECE), CWR: s.Flags.Has(flows.CWR), NS: s.Flags.Has(flows.AE),
	}
	opts, payload := s.Opts, s.Payload
	if y.anon.pan != nil {
		by := y.anon.clocks(s)
		opts.TSval += by.sender
		if opts.TSecr != 0 {
			opts.TSecr += by.receiver
		}
		payload = nil
	}
	tcp.Options = tcpOptions(&opts, sack)
	src, dst := y.address(s.Src), y.address(s.Dst)
	ip := ipHeader(src, dst, layers.IPProtocolTCP, s)
	network, _ := ip.(gopacket.NetworkLayer)
	_ = tcp.SetNetworkLayerForChecksum(network)
	// The lengths in the headers are those of the whole segment; only its headers and known data are there.
	data := make([]byte, min(int(s.DataLen), 65000))
	known := copy(data, payload)
	if err := gopacket.SerializeLayers(y.buf,
		gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: known == len(data)}, ip, tcp,
		gopacket.Payload(data)); err != nil {
		return err
	}
	whole := y.buf.Bytes()
	return y.write(int64(s.Time), whole[:len(whole)-len(data)+known], len(whole), comment)
}

// ICMP writes an ICMP error with the beginning of the segment that it quotes.
func (y *Synthetic) ICMP(n *flows.ICMPNote, comment string) error {
	src, dst, from := y.address(n.Src), y.address(n.Dst), y.address(n.From)
	quoted := make([]byte, 20)
	binary.BigEndian.PutUint16(quoted, n.Src.Port)
	binary.BigEndian.PutUint16(quoted[2:], n.Dst.Port)
	quoted[12] = 5 << 4
	if n.QuotedSYN {
		quoted[13] = byte(flows.SYN)
	}
	unknown := &flows.Segment{TTL: icmpTTL}
	all := []gopacket.SerializableLayer{nil}
	if n.V6 {
		icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(n.Type, n.Code)}
		outer := ipHeader(from, src, layers.IPProtocolICMPv6, unknown)
		network, _ := outer.(gopacket.NetworkLayer)
		_ = icmp.SetNetworkLayerForChecksum(network)
		all = append(all[:0], outer, icmp, gopacket.Payload(binary.BigEndian.AppendUint32(nil, uint32(n.MTU))))
	} else {
		all = append(all[:0], ipHeader(from, src, layers.IPProtocolICMPv4, unknown),
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(n.Type, n.Code), Seq: n.MTU})
	}
	all = append(all, ipHeader(src, dst, layers.IPProtocolTCP, unknown), gopacket.Payload(quoted))
	if err := gopacket.SerializeLayers(y.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		all...); err != nil {
		return err
	}
	whole := y.buf.Bytes()
	return y.write(int64(n.Time), whole, len(whole), comment)
}

// Name writes the name of an address (a Name Resolution Block, draft-ietf-opsawg-pcapng §4.5), unless names are left
// out. Write it before the first packet with the address.
func (y *Synthetic) Name(a netip.Addr, name string) error {
	if y.anon.pan != nil {
		return nil
	}
	if err := y.ng.Flush(); err != nil {
		return err
	}
	kind := uint16(1) // IPv4
	if a.Is6() {
		kind = 2
	}
	value := append(append(a.AsSlice(), name...), 0)
	b := binary.LittleEndian.AppendUint32(nil, 4)
	b = binary.LittleEndian.AppendUint32(b, 0) // the length, set below
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = binary.LittleEndian.AppendUint32(b, 0) // end of the records
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)+4))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)+4))
	_, err := y.out.Write(b)
	return err
}

func (y *Synthetic) address(a flows.Addr) netip.Addr {
	ip := a.AddrPort().Addr()
	if y.anon.pan != nil {
		return y.anon.pan.Map(ip)
	}
	return ip
}

// ipHeader returns an IP header with the fields of s.
func ipHeader(src, dst netip.Addr, proto layers.IPProtocol, s *flows.Segment) gopacket.SerializableLayer {
	if src.Is4() && dst.Is4() {
		ip := &layers.IPv4{Version: 4, TTL: s.TTL, Id: s.IPID, Protocol: proto, SrcIP: net.IP(src.AsSlice()),
			DstIP: net.IP(dst.AsSlice())}
		if s.DF {
			ip.Flags = layers.IPv4DontFragment
		}
		return ip
	}
	a, b := src.As16(), dst.As16()
	return &layers.IPv6{Version: 6, HopLimit: s.TTL, NextHeader: proto, SrcIP: a[:], DstIP: b[:]}
}

func (y *Synthetic) write(at int64, held []byte, length int, comment string) error {
	info := gopacket.CaptureInfo{Timestamp: time.Unix(0, at).UTC(), CaptureLength: len(held), Length: length}
	opts := pcapgo.NgPacketOptions{}
	if comment != "" {
		opts.Comments = []string{comment}
	}
	return y.ng.WritePacketWithOptions(info, held, opts)
}

// Close writes what is left.
func (y *Synthetic) Close() error { return y.ng.Flush() }

// tcpOptions returns the options that are known, as far as they have room. Of an MPTCP option only its subtype is.
func tcpOptions(o *flows.Options, sack []uint32) []layers.TCPOption {
	be32 := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	var list []layers.TCPOption
	room := 40
	add := func(kind layers.TCPOptionKind, data []byte) {
		if n := len(data) + 2; n <= room {
			list = append(list, layers.TCPOption{OptionType: kind, OptionLength: uint8(n), OptionData: data})
			room -= n
		}
	}
	if o.MSS != 0 {
		add(layers.TCPOptionKindMSS, be32(uint32(o.MSS))[2:])
	}
	if o.SACKOK {
		add(layers.TCPOptionKindSACKPermitted, nil)
	}
	if o.HasTS {
		add(layers.TCPOptionKindTimestamps, append(be32(o.TSval), be32(o.TSecr)...))
	}
	if o.HasWScale {
		add(layers.TCPOptionKindWindowScale, []byte{o.WScale})
	}
	const mptcp = 30 // RFC 8684 §3
	switch {
	case o.MPTCP&flows.MPTCPReset != 0:
		add(mptcp, []byte{8 << 4, o.MPTCPReason})
	case o.MPTCP&flows.MPTCPFastClose != 0:
		add(mptcp, append([]byte{7 << 4, 0}, make([]byte, 8)...))
	case o.MPTCP&flows.MPTCPPresent != 0:
		add(mptcp, []byte{2 << 4, 0}) // DSS with nothing in it
	}
	var edges []byte
	for i := 0; i+1 < len(sack) && len(edges)+8+2 <= room; i += 2 {
		edges = append(append(edges, be32(sack[i])...), be32(sack[i+1])...)
	}
	if len(edges) > 0 {
		add(layers.TCPOptionKindSACK, edges)
	}
	return list
}

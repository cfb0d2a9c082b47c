package rewrite

import (
	"io"
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/flows"
)

// A Synthetic writes segments that come from no capture as pcapng: each with headers made of what is known of it, and a
// comment that says what is not. Of unknown data there are none: the packet is cut behind its headers, as by a snaplen.
type Synthetic struct {
	ng  *pcapgo.NgWriter
	buf gopacket.SerializeBuffer
}

// NewSynthetic returns a Synthetic that writes to w.
func NewSynthetic(w io.Writer) (*Synthetic, error) {
	face := pcapgo.NgInterface{LinkType: layers.LinkTypeRaw, TimestampResolution: 9, Comment: "headers made of printed text"}
	ng, err := pcapgo.NewNgWriterInterface(w, face, pcapgo.NgWriterOptions{})
	if err != nil {
		return nil, err
	}
	return &Synthetic{ng: ng, buf: gopacket.NewSerializeBuffer()}, nil
}

// Write writes one segment.
func (y *Synthetic) Write(s *flows.Segment, comment string) error {
	tcp := &layers.TCP{
		SrcPort: layers.TCPPort(s.Src.Port), DstPort: layers.TCPPort(s.Dst.Port), Seq: uint32(s.SEQ), Ack: uint32(s.ACK), Window: s.WND, Urgent: s.Urgent,
		FIN: s.Flags.Has(flows.FIN), SYN: s.Flags.Has(flows.SYN), RST: s.Flags.Has(flows.RST), PSH: s.Flags.Has(flows.PSH), ACK: s.Flags.Has(flows.ACK),
		URG: s.Flags.Has(flows.URG), ECE: s.Flags.Has(flows.ECE), CWR: s.Flags.Has(flows.CWR), NS: s.Flags.Has(flows.AE), Options: tcpOptions(&s.Opts),
	}
	src, dst := s.Src.AddrPort().Addr(), s.Dst.AddrPort().Addr()
	var ip gopacket.SerializableLayer
	if src.Is4() && dst.Is4() {
		v4 := &layers.IPv4{Version: 4, TTL: s.TTL, Id: s.IPID, Protocol: layers.IPProtocolTCP, SrcIP: net.IP(src.AsSlice()), DstIP: net.IP(dst.AsSlice())}
		if s.DF {
			v4.Flags = layers.IPv4DontFragment
		}
		ip = v4
		_ = tcp.SetNetworkLayerForChecksum(v4)
	} else {
		a, b := src.As16(), dst.As16()
		v6 := &layers.IPv6{Version: 6, HopLimit: s.TTL, NextHeader: layers.IPProtocolTCP, SrcIP: a[:], DstIP: b[:]}
		ip = v6
		_ = tcp.SetNetworkLayerForChecksum(v6)
	}
	// The lengths in the headers are those of the whole segment; only its headers and known data are there.
	data := make([]byte, min(int(s.DataLen), 65000))
	known := copy(data, s.Payload)
	if err := gopacket.SerializeLayers(y.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: known == len(data)}, ip, tcp, gopacket.Payload(data)); err != nil {
		return err
	}
	whole := y.buf.Bytes()
	held := whole[:len(whole)-len(data)+known]
	info := gopacket.CaptureInfo{Timestamp: time.Unix(0, int64(s.Time)).UTC(), CaptureLength: len(held), Length: len(whole)}
	opts := pcapgo.NgPacketOptions{}
	if comment != "" {
		opts.Comments = []string{comment}
	}
	return y.ng.WritePacketWithOptions(info, held, opts)
}

// Close writes what is left.
func (y *Synthetic) Close() error { return y.ng.Flush() }

// tcpOptions returns the options that are known.
func tcpOptions(o *flows.Options) []layers.TCPOption {
	be32 := func(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
	var list []layers.TCPOption
	if o.MSS != 0 {
		list = append(list, layers.TCPOption{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: be32(uint32(o.MSS))[2:]})
	}
	if o.SACKOK {
		list = append(list, layers.TCPOption{OptionType: layers.TCPOptionKindSACKPermitted, OptionLength: 2})
	}
	if o.HasTS {
		list = append(list, layers.TCPOption{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: append(be32(o.TSval), be32(o.TSecr)...)})
	}
	if o.HasWScale {
		list = append(list, layers.TCPOption{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{o.WScale}})
	}
	return list
}

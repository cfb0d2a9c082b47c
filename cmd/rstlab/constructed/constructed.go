// Package constructed holds captures of resets that a Linux kernel does not send, written as segment
// scripts after published behaviour, and turns them into pcapng files with their truth.
//
// A script is in the notation of package flows/wire. Comments at its head say what it is:
//
//	#: says Windows gives a connection up after five resends and resets it.
//	#: source Microsoft, "TcpMaxDataRetransmissions"
//	#: rule data-unacked
//	#: truth 12 retransmit-timeout data-unacked endpoint [also unknown-connection,…] [hidden] why it was sent
package constructed

import (
	"bytes"
	"embed"
	"encoding/binary"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/wire"
)

//go:embed *.wire
var scripts embed.FS

// A Capture is one constructed capture.
type Capture struct {
	Name, Says, Source string
	Rule, NearMiss     string // rules whose example, or near miss, it is; "" none
	PCAPNG             []byte
	Lines              []truth.Line // with Path empty
}

// All builds every constructed capture, in the order of their names.
func All() ([]Capture, error) {
	files, err := scripts.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var out []Capture
	for _, f := range files {
		text, err := scripts.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		c, err := build(strings.TrimSuffix(path.Base(f.Name()), ".wire"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func build(name, text string) (Capture, error) {
	c := Capture{Name: name}
	segs, err := wire.Parse(text)
	if err != nil {
		return c, err
	}
	resets := map[int]bool{}
	for i := range segs {
		if segs[i].Flags.Has(flows.RST) {
			resets[segs[i].Frame] = true
		}
	}
	streams := streamNumbers(segs)
	for _, line := range strings.Split(text, "\n") {
		head, ok := strings.CutPrefix(line, "#: ")
		if !ok {
			continue
		}
		key, rest, _ := strings.Cut(head, " ")
		switch key {
		case "says":
			c.Says = strings.TrimSpace(c.Says + " " + rest)
		case "source":
			c.Source = strings.TrimSpace(c.Source + " " + rest)
		case "rule":
			c.Rule = rest
		case "near-miss":
			c.NearMiss = rest
		case "truth":
			l, err := truthLine(rest)
			if err != nil {
				return c, fmt.Errorf("%q: %w", line, err)
			}
			if !resets[l.Frame] {
				return c, fmt.Errorf("frame %d is no RST", l.Frame)
			}
			delete(resets, l.Frame)
			l.Stream, l.Situation, l.Constructed = streams[l.Frame], name, true
			c.Lines = append(c.Lines, l)
		default:
			return c, fmt.Errorf("unknown head line %q", line)
		}
	}
	for f := range resets {
		return c, fmt.Errorf("the RST in frame %d has no truth", f)
	}
	for i := range c.Lines {
		c.Lines[i].Source = "constructed after " + c.Source
	}
	c.PCAPNG, err = pcapng(segs)
	return c, err
}

// truthLine reads "12 retransmit-timeout data-unacked endpoint also a,b hidden why …".
func truthLine(s string) (truth.Line, error) {
	f := strings.Fields(s)
	if len(f) < 5 {
		return truth.Line{}, fmt.Errorf("want FRAME CAUSE DETAIL ORIGIN WHY")
	}
	n, err := strconv.Atoi(f[0])
	l := truth.Line{Frame: n, Cause: f[1], Detail: strings.Trim(f[2], "-"), Origin: f[3]}
	f = f[4:]
	for {
		switch {
		case f[0] == "also":
			l.AlsoOK, f = strings.Split(f[1], ","), f[2:]
			continue
		case f[0] == "hidden":
			l.Hidden, f = true, f[1:]
			continue
		}
		break
	}
	l.Why = strings.Join(f, " ")
	return l, err
}

// streamNumbers numbers connections in the order of their first segments; scripts here use no 4-tuple twice.
func streamNumbers(segs []flows.Segment) map[int]int {
	type pair [2]flows.Addr
	known := map[pair]int{}
	byFrame := map[int]int{}
	for i := range segs {
		s := &segs[i]
		p, q := pair{s.Src, s.Dst}, pair{s.Dst, s.Src}
		n, ok := known[p]
		if !ok {
			n, ok = known[q]
		}
		if !ok {
			n = len(known)
			known[p] = n
		}
		byFrame[s.Frame] = n
	}
	return byFrame
}

func pcapng(segs []flows.Segment) ([]byte, error) {
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&out,
		pcapgo.NgInterface{Name: "eth0", LinkType: layers.LinkTypeEthernet, TimestampResolution: 9},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "rstexplain, constructed"}})
	if err != nil {
		return nil, err
	}
	for i := range segs {
		frame, err := ethernet(&segs[i])
		if err != nil {
			return nil, err
		}
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(0, int64(segs[i].Time)).UTC(), CaptureLength: len(frame),
			Length: len(frame)}
		if err := w.WritePacket(ci, frame); err != nil {
			return nil, err
		}
	}
	err = w.Flush()
	return out.Bytes(), err
}

func mac(s *flows.Segment, a flows.Addr) net.HardwareAddr {
	if s.MAC != 0 && a == s.Src {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], s.MAC)
		return b[2:]
	}
	return net.HardwareAddr{0x52, 0x54, 0, a.IP[13], a.IP[14], a.IP[15]}
}

func ethernet(s *flows.Segment) ([]byte, error) {
	eth := &layers.Ethernet{SrcMAC: mac(s, s.Src), DstMAC: mac(s, s.Dst), EthernetType: layers.EthernetTypeIPv4}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(s.Src.Port), DstPort: layers.TCPPort(s.Dst.Port), Seq: uint32(s.SEQ),
		Ack: uint32(s.ACK), Window: s.WND, Urgent: s.Urgent,
		FIN: s.Flags.Has(flows.FIN), SYN: s.Flags.Has(flows.SYN), RST: s.Flags.Has(flows.RST), PSH: s.Flags.Has(flows.PSH),
		ACK: s.Flags.Has(flows.ACK),
		URG: s.Flags.Has(flows.URG), ECE: s.Flags.Has(flows.ECE), CWR: s.Flags.Has(flows.CWR), Options: options(&s.Opts)}
	payload := gopacket.Payload(append([]byte(nil), s.Payload...))
	for uint32(len(payload)) < s.DataLen {
		payload = append(payload, 'x')
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if s.V6 {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolTCP, HopLimit: s.TTL, SrcIP: s.Src.IP[:],
			DstIP: s.Dst.IP[:]}
		tcp.SetNetworkLayerForChecksum(ip)
		err := gopacket.SerializeLayers(buf, opts, eth, ip, tcp, payload)
		return buf.Bytes(), err
	}
	ip := &layers.IPv4{Version: 4, TTL: s.TTL, Id: s.IPID, Protocol: layers.IPProtocolTCP, SrcIP: s.Src.IP[12:],
		DstIP: s.Dst.IP[12:]}
	if s.DF {
		ip.Flags = layers.IPv4DontFragment
	}
	tcp.SetNetworkLayerForChecksum(ip)
	err := gopacket.SerializeLayers(buf, opts, eth, ip, tcp, payload)
	return buf.Bytes(), err
}

func options(o *flows.Options) []layers.TCPOption {
	var out []layers.TCPOption
	add := func(kind layers.TCPOptionKind, data ...byte) {
		out = append(out, layers.TCPOption{OptionType: kind, OptionLength: uint8(2 + len(data)), OptionData: data})
	}
	if o.MSS != 0 {
		add(layers.TCPOptionKindMSS, byte(o.MSS>>8), byte(o.MSS))
	}
	if o.SACKOK {
		add(layers.TCPOptionKindSACKPermitted)
	}
	if o.HasWScale {
		add(layers.TCPOptionKindWindowScale, o.WScale)
	}
	if o.HasTS {
		out = append(out, layers.TCPOption{OptionType: layers.TCPOptionKindNop},
			layers.TCPOption{OptionType: layers.TCPOptionKindNop})
		add(layers.TCPOptionKindTimestamps, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, o.TSval),
			o.TSecr)...)
	}
	switch { // RFC 8684 §3.5, §3.6: subtype in the upper four bits
	case o.MPTCP&flows.MPTCPFastClose != 0:
		add(layers.TCPOptionKind(30), append([]byte{7 << 4, 0}, make([]byte, 8)...)...)
	case o.MPTCP&flows.MPTCPReset != 0:
		add(layers.TCPOptionKind(30), 8<<4, o.MPTCPReason)
	}
	return out
}

package claims

import (
	"bytes"
	"encoding/hex"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// script builds a capture of one segment a line: time in milliseconds, direction, flags, SEQ, ACK where it has one, and
// other fields:
//
//	0  > S  100 ws=7
//	10 < SA 500 101 ttl=60
//	30 > PA 101 501 data=GET_/ cut=4
//
// The client is 10.0.0.1:40000, the server 10.0.0.2:80; sp, dp, src and dst change that. An underscore stands for a
// space, ~ for CR LF. IP IDs count up from 1 for each side.
func script(t *testing.T, text string) *Capture {
	t.Helper()
	var raws []Raw
	ids := map[string]uint16{}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			raws = append(raws, segment(t, line, ids))
		}
	}
	var file bytes.Buffer
	if err := Write(&file, raws); err != nil {
		t.Fatal(err)
	}
	read, err := readRaw(&file)
	if err != nil {
		t.Fatal(err)
	}
	return Decode(read)
}

func segment(t *testing.T, line string, ids map[string]uint16) Raw {
	f := strings.Fields(line)
	number := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return n
	}
	ms := number(f[0])
	src, dst := "10.0.0.1", "10.0.0.2"
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 80, Window: 1000}
	mac := "02:00:00:00:00:01"
	if f[1] == "<" {
		src, dst, tcp.SrcPort, tcp.DstPort, mac = dst, src, 80, 40000, "02:00:00:00:00:02"
	}
	tcp.SYN, tcp.ACK, tcp.FIN = strings.Contains(f[2], "S"), strings.Contains(f[2], "A"), strings.Contains(f[2], "F")
	tcp.RST, tcp.PSH = strings.Contains(f[2], "R"), strings.Contains(f[2], "P")
	tcp.Seq = uint32(number(f[3]))
	rest := f[4:]
	if tcp.ACK || len(rest) > 0 && !strings.Contains(rest[0], "=") {
		tcp.Ack = uint32(number(rest[0]))
		rest = rest[1:]
	}
	ids[src]++
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolTCP, Id: ids[src]}
	var payload []byte
	cutBy := 0
	for _, kv := range rest {
		k, v, _ := strings.Cut(kv, "=")
		switch k {
		case "len":
			payload = bytes.Repeat([]byte("x"), int(number(v)))
		case "data":
			payload = []byte(strings.NewReplacer("_", " ", "~", "\r\n").Replace(v))
		case "hex":
			payload, _ = hex.DecodeString(v)
		case "cut":
			cutBy = int(number(v))
		case "win":
			tcp.Window = uint16(number(v))
		case "ttl":
			ip.TTL = uint8(number(v))
		case "id":
			ip.Id = uint16(number(v))
			ids[src]--
		case "sp":
			tcp.SrcPort = layers.TCPPort(number(v))
		case "dp":
			tcp.DstPort = layers.TCPPort(number(v))
		case "src":
			src = v
		case "dst":
			dst = v
		case "mac":
			mac = v
		case "ws":
			tcp.Options = append(tcp.Options, layers.TCPOption{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{byte(number(v))}})
		case "ts":
			a, b, _ := strings.Cut(v, "/")
			o := binaryPair(uint32(number(a)), uint32(number(b)))
			tcp.Options = append(tcp.Options, layers.TCPOption{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: o})
		case "mptcp":
			o, _ := hex.DecodeString(v)
			tcp.Options = append(tcp.Options, layers.TCPOption{OptionType: 30, OptionLength: uint8(2 + len(o)), OptionData: o})
		case "icmp": // the line is what an ICMP error quotes: type/code/mtu/from
		default:
			t.Fatalf("%s: no field %s", line, k)
		}
	}
	ip.SrcIP, ip.DstIP = net.ParseIP(src), net.ParseIP(dst)
	m, _ := net.ParseMAC(mac)
	eth := &layers.Ethernet{SrcMAC: m, DstMAC: m, EthernetType: layers.EthernetTypeIPv4}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	b := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	var err error
	if i := strings.Index(line, "icmp="); i >= 0 {
		if err = gopacket.SerializeLayers(b, opts, ip, tcp, gopacket.Payload(payload)); err != nil {
			t.Fatal(err)
		}
		quoted := append([]byte(nil), b.Bytes()...)
		p := strings.Split(strings.Fields(line[i+5:])[0], "/")
		b = gopacket.NewSerializeBuffer()
		outer := &layers.IPv4{Version: 4, IHL: 5, TTL: 60, Protocol: layers.IPProtocolICMPv4, SrcIP: net.ParseIP(p[3]), DstIP: ip.SrcIP}
		icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(uint8(number(p[0])), uint8(number(p[1]))), Seq: uint16(number(p[2]))}
		err = gopacket.SerializeLayers(b, opts, eth, outer, icmp, gopacket.Payload(quoted))
	} else {
		err = gopacket.SerializeLayers(b, opts, eth, ip, tcp, gopacket.Payload(payload))
	}
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	data := append([]byte(nil), b.Bytes()...)
	r := Raw{Data: data[:len(data)-cutBy], Link: layers.LinkTypeEthernet}
	r.Info.Timestamp = time.Unix(1700000000, int64(ms)*1e6).UTC()
	r.Info.Length, r.Info.CaptureLength = len(data), len(r.Data)
	return r
}

func binaryPair(a, b uint32) []byte {
	return []byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a), byte(b >> 24), byte(b >> 16), byte(b >> 8), byte(b)}
}

// ask checks one claim about the RST at a frame, and returns what is wrong with it.
func ask(t *testing.T, c *Capture, frame int, e ...Evidence) []Violation {
	t.Helper()
	p := c.byFrame[frame]
	if p == nil || !p.Has(RST) {
		t.Fatalf("frame %d is no RST", frame)
	}
	originator, responder := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	r := Reset{Frame: frame, Stream: p.Stream, Originator: originator.String(), Responder: responder.String(), Sender: "originator", Evidence: e}
	if p.Src == responder {
		r.Sender = "responder"
	}
	for i := range r.Evidence {
		r.Evidence[i].Says = "it"
	}
	return Check(c, &File{Resets: []Reset{r}}).Violations
}

package analyzer

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A writtenCapture is a capture that a test writes, packet by packet.
type writtenCapture struct {
	t    testing.TB
	path string
	w    *pcapgo.Writer
	at   time.Time
	id   uint16
	mac  [6]byte // Ethernet source
}

func writeCapture(t testing.TB, name string) *writtenCapture {
	path := filepath.Join(t.TempDir(), name+".pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w := pcapgo.NewWriter(f)
	if err := w.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	return &writtenCapture{t: t, path: path, w: w, at: time.Unix(1_700_000_000, 0), id: uint16(len(name)) * 0x2f31,
		mac: [6]byte{2, 0, 0, 0, 0, 1}}
}

// A tcpPacket is what a test says of a packet; flags are the letters S, F, R, P, A.
type tcpPacket struct {
	from, to string
	flags    string
	seq, ack uint32
	data     string
	ttl      uint8
	stamp    uint32 // TSval, if not 0
}

func (c *writtenCapture) add(after time.Duration, p tcpPacket) {
	c.at = c.at.Add(after)
	c.id++
	from, to := netip.MustParseAddrPort(p.from), netip.MustParseAddrPort(p.to)
	ip := &layers.IPv4{Version: 4, TTL: max(p.ttl, 1), Id: c.id, Protocol: layers.IPProtocolTCP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	if p.ttl == 0 {
		ip.TTL = 64
	}
	has := func(s string) bool { return strings.Contains(p.flags, s) }
	tcp := &layers.TCP{SrcPort: layers.TCPPort(from.Port()), DstPort: layers.TCPPort(to.Port()), Seq: p.seq, Ack: p.ack, Window: 64240,
		SYN: has("S"), FIN: has("F"), RST: has("R"), PSH: has("P"), ACK: has("A")}
	if has("R") {
		tcp.Window = 0
	}
	if p.stamp != 0 {
		option := binary.BigEndian.AppendUint64(nil, uint64(p.stamp)<<32)
		tcp.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: option}}
	}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	b := gopacket.NewSerializeBuffer()
	eth := &layers.Ethernet{SrcMAC: c.mac[:], DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp, gopacket.Payload(p.data)); err != nil {
		c.t.Fatal(err)
	}
	info := gopacket.CaptureInfo{Timestamp: c.at, CaptureLength: len(b.Bytes()), Length: len(b.Bytes())}
	if err := c.w.WritePacket(info, b.Bytes()); err != nil {
		c.t.Fatal(err)
	}
}

// exchange writes a connection with one request that its responder resets.
func (c *writtenCapture) exchange(from, to string, isn uint32, requests ...string) {
	const ms = time.Millisecond
	seq, ack := isn+1, 7*isn+1
	c.add(ms, tcpPacket{from: from, to: to, flags: "S", seq: isn})
	c.add(ms, tcpPacket{from: to, to: from, flags: "SA", seq: ack - 1, ack: seq})
	c.add(ms, tcpPacket{from: from, to: to, flags: "A", seq: seq, ack: ack})
	for _, r := range requests {
		c.add(ms, tcpPacket{from: from, to: to, flags: "PA", seq: seq, ack: ack, data: r})
		seq += uint32(len(r))
	}
	c.add(30*ms, tcpPacket{from: to, to: from, flags: "RA", seq: ack, ack: seq})
}

// A proxy ends the client's connection and begins another: they are two connections that carry the same request, if the
// application says so, and never one.
func TestCompareRelayed(t *testing.T) {
	hello := func(random string) string {
		return "\x16\x03\x01\x00\x50\x01\x00\x00\x4c\x03\x03" + random + "\x20" + random + "\x00\x02\x13\x01\x01\x00"
	}
	const random, other = "0123456789abcdef0123456789ABCDEF", "ffffffffffffffff0123456789ABCDEF"
	get := func(version, path string, headers ...string) string {
		return fmt.Sprintf("GET %s HTTP/%s\r\n%s\r\n\r\n", path, version, strings.Join(headers, "\r\n"))
	}
	v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x0a\x01\x00\x05\x0a\x02\x00\x07\x9c\x40\x01\xbb"
	for _, v := range []struct {
		name           string
		client, server []string
		evidence       []string // nil: not the same request
	}{
		{"request ID", []string{get("1.1", "/a", "Host: shop", "X-Request-ID: 8f14e45fceea")},
			[]string{get("1.0", "/a", "Host: backend", "X-Request-ID: 8f14e45fceea")}, []string{"request line", "request ID"}},
		{"X-Forwarded-For", []string{get("1.1", "/b", "Host: shop")}, []string{get("1.1", "/b", "Host: backend", "X-Forwarded-For: 10.1.0.5")},
			[]string{"request line", "X-Forwarded-For"}},
		{"Host", []string{get("1.1", "/c", "Host: shop", "User-Agent: curl/8.5")}, []string{get("1.1", "/c", "Host: shop", "User-Agent: curl/8.5")},
			[]string{"request line", "Host", "User-Agent"}},
		{"TLS passed through", []string{hello(random)}, []string{hello(random)}, []string{"TLS random and session ID"}},
		{"PROXY 1", []string{hello(random)}, []string{"PROXY TCP4 10.1.0.5 10.2.0.7 40000 443\r\n", hello(other)},
			[]string{"address in the PROXY protocol header"}},
		{"PROXY 2", []string{hello(random)}, []string{v2 + hello(other)}, []string{"address in the PROXY protocol header"}},
		{"another request", []string{get("1.1", "/d", "Host: shop")}, []string{get("1.1", "/e", "Host: shop")}, nil},
		{"the request line alone", []string{get("1.1", "/", "Host: shop")}, []string{get("1.1", "/", "Host: other")}, nil},
		{"another request ID", []string{get("1.1", "/", "Host: shop", "X-Request-ID: aaaaaaaaaa")},
			[]string{get("1.1", "/", "Host: other", "X-Request-ID: bbbbbbbbbb")}, nil},
		{"another client of the proxy", []string{hello(random)}, []string{"PROXY TCP4 10.1.0.6 10.2.0.7 40000 443\r\n", hello(other)}, nil},
		{"two connections with new ClientHellos", []string{hello(random)}, []string{hello(other)}, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			client, server := writeCapture(t, "client"), writeCapture(t, "the server")
			client.exchange("10.1.0.5:40000", "10.2.0.7:443", 1_000_000, v.client...)
			server.at = server.at.Add(2 * time.Millisecond)
			server.exchange("192.168.9.1:51234", "192.168.9.2:8080", 2_500_000, v.server...)
			c, err := Compare(context.Background(), []VantagePoint{{"client", []string{client.path}}, {"server", []string{server.path}}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if c.Connections.Paired != 0 || len(c.Resets) != 2 {
				t.Fatalf("%d connections are paired, %d RSTs", c.Connections.Paired, len(c.Resets))
			}
			for i := range c.Resets {
				r := &c.Resets[i]
				if r.Proven {
					t.Errorf("%v: the origin is said to be proven", r.Seen)
				}
				if v.evidence == nil {
					if len(r.Relayed) > 0 {
						t.Errorf("%v: relayed: %+v", r.Seen, r.Relayed)
					}
					continue
				}
				if len(r.Relayed) != 1 || !slices.Equal(r.Relayed[0].Evidence, v.evidence) {
					t.Fatalf("%v: relayed: %+v", r.Seen, r.Relayed)
				}
				o := r.Relayed[0]
				if o.Here.At != r.At || o.At == r.At || o.There.At != o.At || len(o.Resets) != 1 || o.Resets[0].At != o.At {
					t.Errorf("%v: relayed: %+v", r.Seen, o)
				}
				if !slices.ContainsFunc(r.Shows, func(s report.SharedClaim) bool {
					return s.Claim == "same-request-relayed" && strings.HasPrefix(s.Says, "the same request, relayed: ")
				}) {
					t.Errorf("%v: it is not said: %+v", r.Seen, r.Shows)
				}
			}
			relayed := 0
			if v.evidence != nil {
				relayed = 1
			}
			if c.Connections.Relayed != relayed {
				t.Errorf("%d pairs of connections carry the same request", c.Connections.Relayed)
			}
		})
	}
}

package decode

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// An odd is a packet about which decoders may disagree, and what this one makes of it.
type odd struct {
	name string
	p    *capture.Packet
	want Outcome
	why  Reason // of Unreadable and Malformed, and of a Segment that is not read whole

	// unlike says why Wireshark shows something else, where it does.
	unlike string
}

func allOdd() []odd { return slices.Concat(oddIP, oddTCP, oddICMP, oddEthernet, oddTunnels, oddLinks) }

// TestOdd reads each odd packet by itself.
func TestOdd(t *testing.T) {
	for _, o := range allOdd() {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(o.p, &seg); out != o.want {
			t.Errorf("%s: outcome %d, want %d (%s)", o.name, out, o.want, d.why)
			continue
		}
		if o.want == Unreadable && d.why != o.why {
			t.Errorf("%s: %s, want %s", o.name, d.why, o.why)
		}
		if o.want == Segment && o.why != 0 && d.Counts.By[o.why].Packets != 1 {
			t.Errorf("%s: not counted as %s", o.name, o.why)
		}
	}
}

// TestOddTshark shows the odd packets to tshark, in one capture with an interface for each link type.
func TestOddTshark(t *testing.T) {
	odds := allOdd()
	file := filepath.Join(t.TempDir(), "odd.pcapng")
	packets := make([]*capture.Packet, len(odds))
	for i, o := range odds {
		packets[i] = o.p
	}
	writePcapng(t, file, packets)
	frames := runShark(t, file)
	if len(frames) != len(odds) {
		t.Fatalf("tshark shows %d frames of %d", len(frames), len(odds))
	}
	for i, o := range odds {
		var d Decoder
		var seg flows.Segment
		out := d.Decode(o.p, &seg)
		diff := frames[i].differs(&reading{out: out, unnumbered: d.Unnumbered, seg: seg})
		if diff != "" && o.unlike == "" {
			t.Errorf("%s: %s [%s]", o.name, diff, frames[i].protocols)
		}
		if diff == "" && o.unlike != "" {
			t.Errorf("%s: tshark agrees, but the list says: %s", o.name, o.unlike)
		}
	}
}

// writePcapng writes packets to a capture that has an interface for each of their link types.
func writePcapng(t *testing.T, file string, packets []*capture.Packet) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := pcapgo.NewNgWriter(f, layers.LinkType(packets[0].Link))
	if err != nil {
		t.Fatal(err)
	}
	interfaces := map[uint16]int{packets[0].Link: 0}
	for _, p := range packets {
		n, ok := interfaces[p.Link]
		if !ok {
			if n, err = w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkType(p.Link), SnapLength: 65536}); err != nil {
				t.Fatal(err)
			}
			interfaces[p.Link] = n
		}
		ci := gopacket.CaptureInfo{CaptureLength: len(p.Data), Length: int(p.Length), InterfaceIndex: n}
		if err := w.WritePacket(ci, p.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

func eth(data []byte) *capture.Packet { return packet(linkEthernet, data) }

var oddIP = []odd{
	{name: "plain", p: eth(eth4(6, tcp(1000, 2))), want: Segment},
	{name: "plain IPv6", p: eth(eth6(6, tcp(1001, 2))), want: Segment},
	{name: "Ethernet padding", p: eth(cat(eth4(6, tcp(1002, 2)), make([]byte, 6))), want: Segment},
	{name: "Ethernet padding, IPv6", p: eth(cat(eth6(6, tcp(1003, 2)), make([]byte, 6))), want: Segment},
	{name: "IPv4 options", p: eth(ether(0x0800, ip4{opts: []byte{1, 1, 1, 0}}.wrap(6, tcp(1004, 4)))), want: Segment},
	{name: "IPv6 announced as IPv4", p: eth(ether(0x0800, ipv6(6, tcp(1005, 4)))), want: Segment},
	{name: "IPv4 announced as IPv6", p: eth(ether(0x86dd, ipv4(6, tcp(1006, 4)))), want: Unreadable, why: BadIPVersion},
	{name: "IP version 5", p: eth(ether(0x0800, cat([]byte{0x55}, ipv4(6, tcp(1007, 4))[1:]))), want: Unreadable, why: BadIPVersion},
	{name: "IP header of 16 bytes", p: eth(ether(0x0800, cat([]byte{0x44}, ipv4(6, tcp(1008, 4))[1:]))), want: Unreadable, why: BadIPHeader},
	{name: "IP length 0", p: eth(ether(0x0800, cat([]byte{0x45, 0, 0, 0}, ipv4(6, tcp(1009, 4))[4:]))), want: Segment},
	{name: "IP length 19", p: eth(ether(0x0800, ip4{total: 19}.wrap(6, tcp(1010, 4)))), want: Unreadable, why: BadIPLength},
	{name: "IP length 35", p: eth(ether(0x0800, ip4{total: 35}.wrap(6, tcp(1011, 4)))), want: Unreadable, why: ShortTCP},
	{name: "IP length 36", p: eth(ether(0x0800, ip4{total: 36}.wrap(6, tcp(1012, 4)))), want: Segment, why: LongDataOffset},
	{name: "IP length beyond the frame", p: eth(ether(0x0800, ip4{total: 100}.wrap(6, tcp(1013, 4)))), want: Segment},
	{name: "IPv6 length 0", p: eth(ether(0x86dd, ipv6Len(0, 6, tcp(1014, 4)))), want: Segment, unlike: "it does not read offloaded IPv6"},
	{name: "IPv6 length 10", p: eth(ether(0x86dd, ipv6Len(10, 6, tcp(1015, 4)))), want: Unreadable, why: ShortTCP},
	{name: "IPv6 length beyond the frame", p: eth(ether(0x86dd, ipv6Len(100, 6, tcp(1016, 4)))), want: Segment},
	{name: "snaplen in the IP header", p: cut(eth(eth4(6, tcp(1017, 4))), 24), want: Unreadable, why: CutIP},
	{name: "snaplen in the IPv6 header", p: cut(eth(eth6(6, tcp(1018, 4))), 24), want: Unreadable, why: CutIP},
	{name: "frame ends in the IP header", p: eth(eth4(6, tcp(1019, 4))[:24]), want: Unreadable, why: ShortIP},

	{name: "hop-by-hop", p: eth(eth6(0, ext(6, tcp(1020, 4)))), want: Segment},
	{name: "destination options after hop-by-hop", p: eth(eth6(0, ext(60, ext(6, tcp(1021, 4))))), want: Segment},
	{name: "routing", p: eth(eth6(43, cat([]byte{6, 2, 2, 0, 0, 0, 0, 0}, make([]byte, 16), tcp(1022, 4)))), want: Segment},
	{name: "segment routing", p: eth(eth6(43, cat([]byte{6, 2, 4, 0, 0, 0, 0, 0}, unhex("20010db8000000000000000000000002"), tcp(1023, 4)))), want: Segment},
	{name: "shim6", p: eth(eth6(140, cat([]byte{6, 0, 0x80, 0, 0, 0, 0, 0}, tcp(1024, 4)))), want: Segment},
	{name: "authentication", p: eth(eth6(51, cat([]byte{6, 4, 0, 0}, make([]byte, 20), tcp(1025, 4)))), want: Segment},
	{name: "authentication, IPv4", p: eth(eth4(51, cat([]byte{6, 4, 0, 0}, make([]byte, 20), tcp(1026, 4)))), want: Segment},
	{name: "destination options in IPv4", p: eth(eth4(60, ext(6, tcp(1027, 4)))), want: Segment},
	{name: "atomic fragment", p: eth(eth6(44, frag6(6, 0, 0, 1, tcp(1028, 4)))), want: Segment},
	{name: "mobility", p: eth(eth6(135, cat([]byte{6, 0, 0, 0, 0, 0, 0, 0}, tcp(1029, 4)))), want: NotTCP},
	{name: "no next header", p: eth(eth6(59, tcp(1030, 4))), want: NotTCP},
	{name: "extension header beyond the packet", p: eth(eth6(60, cat([]byte{6, 200, 1, 4, 0, 0, 0, 0}, tcp(1031, 4)))), want: Unreadable, why: ShortIP},
	{name: "snaplen in an extension header", p: cut(eth(eth6(60, ext(6, tcp(1032, 4)))), 57), want: Unreadable, why: CutIP},
	{name: "ESP", p: eth(eth4(50, cat(u32(1), u32(1), make([]byte, 40)))), want: Unreadable, why: EncryptedIP},
	{name: "40 extension headers", p: eth(eth6(60, extensions(40, tcp(1034, 4)))), want: Unreadable, why: TooDeep,
		unlike: "it follows more"},
}

// extensions is data behind n destination options headers.
func extensions(n int, data []byte) []byte {
	data = ext(6, data)
	for range n - 1 {
		data = ext(60, data)
	}
	return data
}

var oddTCP = []odd{
	{name: "no data, no options", p: eth(eth4(6, tcpOpts(2000, 4, nil, nil))), want: Segment},
	{name: "all flags", p: eth(eth4(6, cat(tcp(2001, 0)[:12], []byte{0x51, 0xff}, tcp(2001, 0)[14:]))), want: Segment},
	{name: "reserved bits", p: eth(eth4(6, cat(tcp(2002, 0)[:12], []byte{0x5e, 0x04}, tcp(2002, 0)[14:]))), want: Segment},
	{name: "data offset 4", p: eth(eth4(6, tcpOff(4, 2003, 4, nil, nil))), want: Malformed, why: BadDataOffset},
	{name: "data offset 0", p: eth(eth4(6, tcpOff(0, 2004, 4, nil, nil))), want: Malformed, why: BadDataOffset},
	{name: "data offset beyond the segment", p: eth(eth4(6, tcpOff(15, 2005, 4, nil, nil))), want: Segment, why: LongDataOffset},
	{name: "no TCP header", p: eth(eth4(6, nil)), want: Unreadable, why: ShortTCP},
	{name: "15 bytes of TCP", p: eth(eth4(6, tcp(2007, 4)[:15])), want: Unreadable, why: ShortTCP},
	{name: "16 bytes of TCP", p: eth(eth4(6, tcp(2008, 4)[:16])), want: Segment, why: LongDataOffset},
	{name: "19 bytes of TCP", p: eth(eth4(6, tcp(2009, 4)[:19])), want: Segment, why: LongDataOffset},
	{name: "snaplen at 13 bytes of TCP", p: cut(eth(eth4(6, tcp(2010, 4))), 34+13), want: Unreadable, why: CutTCP},
	{name: "snaplen at 14 bytes of TCP", p: cut(eth(eth4(6, tcp(2011, 4))), 34+14), want: Segment, why: CutOptions,
		unlike: "it shows the flags only with the window behind them"},
	{name: "snaplen at 15 bytes of TCP", p: cut(eth(eth4(6, tcp(2012, 4))), 34+15), want: Segment, why: CutOptions,
		unlike: "it shows the flags only with the window behind them"},
	{name: "snaplen at 16 bytes of TCP", p: cut(eth(eth4(6, tcp(2013, 4))), 34+16), want: Segment, why: CutOptions},
	{name: "snaplen at 20 bytes of TCP", p: cut(eth(eth4(6, tcp(2014, 4))), 34+20), want: Segment},
	{name: "snaplen in the options", p: cut(eth(eth4(6, tcpOpts(2015, 2, unhex("020405b4 0402080a 00000001 00000000 01030307"), nil))), 34+30), want: Segment, why: CutOptions},
	{name: "option of length 0", p: eth(eth4(6, tcpOpts(2016, 2, unhex("020005b4"), nil))), want: Segment},
	{name: "option beyond the header", p: eth(eth4(6, tcpOpts(2017, 2, unhex("024005b4"), nil))), want: Segment},
	{name: "MP_TCPRST", p: eth(eth4(6, tcpOpts(2018, 4, unhex("1e048001"), nil))), want: Segment},
	{name: "data offset 4, snaplen at 16", p: cut(eth(eth4(6, tcpOff(4, 2019, 4, nil, nil))), 34+16), want: Malformed, why: BadDataOffset},
	{name: "data offset 4, snaplen at 15", p: cut(eth(eth4(6, tcpOff(4, 2020, 4, nil, nil))), 34+15), want: Malformed, why: BadDataOffset,
		unlike: "it does not come as far"},
}

var quotedTCP = ipv4(6, tcp(3000, 2))

var oddICMP = []odd{
	{name: "unreachable", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP))), want: ICMPError},
	{name: "unreachable quotes 8 bytes", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:28]))), want: ICMPError},
	{name: "unreachable quotes 14 bytes", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:34]))), want: ICMPError},
	{name: "unreachable quotes 16 bytes", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:36]))), want: ICMPError},
	{name: "unreachable quotes 7 bytes", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:27]))), want: NotTCP},
	{name: "fragmentation needed", p: eth(eth4(1, icmp(3, 4, u32(1400), quotedTCP))), want: ICMPError},
	{name: "source quench", p: eth(eth4(1, icmp(4, 0, u32(0), quotedTCP))), want: ICMPError},
	{name: "redirect", p: eth(eth4(1, icmp(5, 0, u32(0), quotedTCP))), want: ICMPError},
	{name: "time exceeded", p: eth(eth4(1, icmp(11, 0, u32(0), quotedTCP))), want: ICMPError},
	{name: "parameter problem", p: eth(eth4(1, icmp(12, 0, u32(0), quotedTCP))), want: ICMPError},
	{name: "echo that looks like an error", p: eth(eth4(1, icmp(8, 0, u32(0), quotedTCP))), want: NotTCP},
	{name: "quotes a first fragment", p: eth(eth4(1, icmp(11, 1, u32(0), ip4{frag: 0x2000}.wrap(6, tcp(3010, 2))))), want: ICMPError,
		unlike: "it waits for the rest, unless the quotation is cut"},
	{name: "quotes the beginning of a first fragment", p: eth(eth4(1, icmp(11, 1, u32(0), ip4{frag: 0x2000}.wrap(6, tcp(3010, 2))[:40]))), want: ICMPError},
	{name: "quotes a later fragment", p: eth(eth4(1, icmp(11, 1, u32(0), ip4{frag: 3}.wrap(6, tcp(3011, 2))))), want: NotTCP},
	{name: "quotes UDP", p: eth(eth4(1, icmp(3, 3, u32(0), ipv4(17, udp(1, 2, nil))))), want: NotTCP},
	{name: "quotes an ICMP error", p: eth(eth4(1, icmp(3, 1, u32(0), ipv4(1, icmp(3, 1, u32(0), quotedTCP))))), want: ICMPError},
	{name: "quotes IP in IP", p: eth(eth4(1, icmp(3, 1, u32(0), ipv4(4, quotedTCP)))), want: ICMPError},
	{name: "quotes a bad data offset", p: eth(eth4(1, icmp(3, 1, u32(0), ipv4(6, tcpOff(4, 3016, 4, nil, nil))))), want: ICMPError,
		unlike: "it shows ports and stream, not more"},
	{name: "snaplen in the quotation", p: cut(eth(eth4(1, icmp(3, 1, u32(0), quotedTCP))), 14+20+8+20+18), want: ICMPError},
	{name: "ICMPv6 unreachable", p: eth(eth6(58, icmp(1, 4, u32(0), ipv6(6, tcp(3018, 2))))), want: ICMPError},
	{name: "ICMPv6 too big", p: eth(eth6(58, icmp(2, 0, u32(1280), ipv6(6, tcp(3019, 2))))), want: ICMPError},
	{name: "ICMPv6 time exceeded", p: eth(eth6(58, icmp(3, 0, u32(0), ipv6(6, tcp(3020, 2))))), want: ICMPError},
	{name: "ICMPv6 parameter problem", p: eth(eth6(58, icmp(4, 1, u32(0), ipv6(6, tcp(3021, 2))))), want: ICMPError},
	{name: "ICMPv6 echo", p: eth(eth6(58, icmp(128, 0, u32(0), ipv6(6, tcp(3022, 2))))), want: NotTCP},
	{name: "in a tunnel", p: eth(eth4(4, ipv4(1, icmp(3, 1, u32(0), quotedTCP)))), want: ICMPError},
}

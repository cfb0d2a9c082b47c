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
		diff := frames[i].differs(&d, out, &seg)
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
	{name: "IP header of 16 octets", p: eth(ether(0x0800, cat([]byte{0x44}, ipv4(6, tcp(1008, 4))[1:]))), want: Unreadable, why: BadIPHeader},
	{name: "IP length 0", p: eth(ether(0x0800, cat([]byte{0x45, 0, 0, 0}, ipv4(6, tcp(1009, 4))[4:]))), want: Segment},
	{name: "IP length 19", p: eth(ether(0x0800, ip4{total: 19}.wrap(6, tcp(1010, 4)))), want: Unreadable, why: BadIPLength},
	{name: "IP length 35", p: eth(ether(0x0800, ip4{total: 35}.wrap(6, tcp(1011, 4)))), want: Unreadable, why: ShortTCP},
	{name: "IP length 36", p: eth(ether(0x0800, ip4{total: 36}.wrap(6, tcp(1012, 4)))), want: Segment, why: LongDataOffset},
	{name: "IP length beyond the frame", p: eth(ether(0x0800, ip4{total: 100}.wrap(6, tcp(1013, 4)))), want: Segment,
		unlike: "it takes the frame's length; the header's own account is what the sender meant"},
	{name: "IPv6 length 0", p: eth(ether(0x86dd, ipv6Len(0, 6, tcp(1014, 4)))), want: Segment, unlike: "it does not read offloaded IPv6"},
	{name: "IPv6 length 10", p: eth(ether(0x86dd, ipv6Len(10, 6, tcp(1015, 4)))), want: Unreadable, why: ShortTCP},
	{name: "IPv6 length beyond the frame", p: eth(ether(0x86dd, ipv6Len(100, 6, tcp(1016, 4)))), want: Segment,
		unlike: "it takes the frame's length"},
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
	{name: "15 octets of TCP", p: eth(eth4(6, tcp(2007, 4)[:15])), want: Unreadable, why: ShortTCP},
	{name: "16 octets of TCP", p: eth(eth4(6, tcp(2008, 4)[:16])), want: Segment, why: LongDataOffset},
	{name: "19 octets of TCP", p: eth(eth4(6, tcp(2009, 4)[:19])), want: Segment, why: LongDataOffset},
	{name: "snaplen at 13 octets of TCP", p: cut(eth(eth4(6, tcp(2010, 4))), 34+13), want: Unreadable, why: CutTCP},
	{name: "snaplen at 14 octets of TCP", p: cut(eth(eth4(6, tcp(2011, 4))), 34+14), want: Segment, why: CutOptions,
		unlike: "it shows the flags only with the window behind them"},
	{name: "snaplen at 15 octets of TCP", p: cut(eth(eth4(6, tcp(2012, 4))), 34+15), want: Segment, why: CutOptions,
		unlike: "it shows the flags only with the window behind them"},
	{name: "snaplen at 16 octets of TCP", p: cut(eth(eth4(6, tcp(2013, 4))), 34+16), want: Segment, why: CutOptions},
	{name: "snaplen at 20 octets of TCP", p: cut(eth(eth4(6, tcp(2014, 4))), 34+20), want: Segment},
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
	{name: "unreachable quotes 8 octets", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:28]))), want: ICMPError},
	{name: "unreachable quotes 14 octets", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:34]))), want: ICMPError},
	{name: "unreachable quotes 16 octets", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:36]))), want: ICMPError},
	{name: "unreachable quotes 7 octets", p: eth(eth4(1, icmp(3, 1, u32(0), quotedTCP[:27]))), want: NotTCP},
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

// vlan is a tag and what it holds.
func vlan(id, typ int, data []byte) []byte { return cat(u16(id), u16(typ), data) }

// snap is LLC and SNAP with an EtherType.
func snap(typ int, data []byte) []byte { return cat(unhex("aaaa03 000000"), u16(typ), data) }

var oddEthernet = []odd{
	{name: "802.1Q", p: eth(ether(0x8100, vlan(7, 0x0800, ipv4(6, tcp(4000, 4))))), want: Segment},
	{name: "QinQ", p: eth(ether(0x88a8, vlan(7, 0x8100, vlan(8, 0x86dd, ipv6(6, tcp(4001, 4)))))), want: Segment},
	{name: "QinQ 9100", p: eth(ether(0x9100, vlan(7, 0x8100, vlan(8, 0x0800, ipv4(6, tcp(4002, 4)))))), want: Segment},
	{name: "802.3 with SNAP", p: eth(ether(8+43, snap(0x0800, ipv4(6, tcp(4003, 4))))), want: Segment},
	{name: "802.3 with the SAP of IP", p: eth(ether(3+43, cat(unhex("060603"), ipv4(6, tcp(4004, 4))))), want: Segment},
	{name: "802.3 in a VLAN", p: eth(ether(0x8100, vlan(7, 8+43, snap(0x0800, ipv4(6, tcp(4005, 4)))))), want: Segment},
	{name: "SNAP of 802.1H", p: eth(ether(8+43, cat(unhex("aaaa03 0000f8 0800"), ipv4(6, tcp(4006, 4))))), want: Segment},
	{name: "jumbo LLC", p: eth(ether(0x8870, snap(0x0800, ipv4(6, tcp(4007, 4))))), want: Segment},
	{name: "PPPoE", p: eth(ether(0x8864, cat([]byte{0x11, 0}, u16(9), u16(45), u16(0x21), ipv4(6, tcp(4008, 4))))), want: Segment},
	{name: "PPPoE, IPv6", p: eth(ether(0x8864, cat([]byte{0x11, 0}, u16(9), u16(65), u16(0x57), ipv6(6, tcp(4009, 4))))), want: Segment},
	{name: "PPPoE, compressed protocol", p: eth(ether(0x8864, cat([]byte{0x11, 0}, u16(9), u16(44), []byte{0x21}, ipv4(6, tcp(4010, 4))))), want: Segment},
	{name: "MPLS", p: eth(ether(0x8847, cat(label(100, false), label(101, true), ipv4(6, tcp(4011, 4))))), want: Segment},
	{name: "MPLS, IPv6", p: eth(ether(0x8847, cat(label(100, true), ipv6(6, tcp(4012, 4))))), want: Segment},
	{name: "MPLS, IPv4 null", p: eth(ether(0x8847, cat(label(0, true), ipv4(6, tcp(4013, 4))))), want: Segment},
	{name: "MPLS, IPv6 null", p: eth(ether(0x8847, cat(label(2, true), ipv6(6, tcp(4014, 4))))), want: Segment},
	{name: "MPLS, entropy label", p: eth(ether(0x8847, cat(label(100, false), label(7, false), label(55555, true), ipv4(6, tcp(4015, 4))))), want: Segment},
	{name: "pseudowire with control word", p: pseudowire(u32(5), bridged("001b21", "001ec9", 0x0800, ipv4(6, tcp(4016, 4)))), want: Segment},
	{name: "pseudowire with zero control word", p: pseudowire(u32(0), bridged("001b21", "001ec9", 0x0800, ipv4(6, tcp(4017, 4)))), want: Segment},
	{name: "pseudowire with control word, VLAN", p: pseudowire(u32(5), bridged("001b21", "001ec9", 0x8100, vlan(7, 0x0800, ipv4(6, tcp(4018, 4))))), want: Segment},
	{name: "pseudowire with control word, 802.3", p: pseudowire(u32(5), bridged("001b21", "001ec9", 8+43, snap(0x0800, ipv4(6, tcp(4019, 4))))), want: Segment},
	{name: "pseudowire", p: pseudowire(nil, bridged("001b21", "001ec9", 0x0800, ipv4(6, tcp(4020, 4)))), want: Segment},
	{name: "pseudowire, VLAN", p: pseudowire(nil, bridged("001b21", "001ec9", 0x8100, vlan(7, 0x86dd, ipv6(6, tcp(4021, 4))))), want: Segment},
	{name: "pseudowire to 4…", p: pseudowire(nil, bridged("40a8f0", "001ec9", 0x0800, ipv4(6, tcp(4022, 4)))), want: Segment,
		unlike: "it takes every 4 for IPv4"},
	{name: "pseudowire to 45…", p: pseudowire(nil, bridged("4510ab", "001ec9", 0x0800, ipv4(6, tcp(4022, 4)))), want: Segment,
		unlike: "it takes every 4 for IPv4"},
	{name: "pseudowire to 6…", p: pseudowire(nil, bridged("60eb69", "001ec9", 0x0800, ipv4(6, tcp(4023, 4)))), want: Segment,
		unlike: "it takes every 6 for IPv6"},
	{name: "pseudowire to 8…", p: pseudowire(nil, bridged("80c16e", "001ec9", 0x0800, ipv4(6, tcp(4024, 4)))), want: Segment,
		unlike: "it expects a control word, 4 or 6"},
	{name: "pseudowire to 1…", p: pseudowire(nil, bridged("14feb5", "001ec9", 0x0800, ipv4(6, tcp(4024, 4)))), want: Segment,
		unlike: "it takes every 1 for an associated channel"},
	{name: "pseudowire to unknown hardware", p: pseudowire(nil, bridged("020000", "020000", 0x0800, ipv4(6, tcp(4025, 4)))), want: Segment,
		unlike: "it goes by the names of vendors"},
	{name: "pseudowire with control word, to unknown hardware", p: pseudowire(u32(5), bridged("020000", "020000", 0x0800, ipv4(6, tcp(4025, 4)))), want: Segment,
		unlike: "it goes by the names of vendors"},
	{name: "pseudowire associated channel", p: eth(ether(0x8847, cat(label(100, true), unhex("10000021"), ipv4(6, tcp(4023, 4))))), want: Segment},
	{name: "TRILL", p: eth(ether(0x22f3, cat(unhex("0000 0001 0002"), eth4(6, tcp(4024, 4))))), want: Segment},
	{name: "802.1ah", p: eth(ether(0x88e7, cat(unhex("00000007"), eth4(6, tcp(4025, 4))))), want: Segment},
	{name: "VN-Tag", p: eth(ether(0x8926, cat(unhex("00000000 0800"), ipv4(6, tcp(4026, 4))))), want: Segment},
	{name: "E-Tag", p: eth(ether(0x893f, cat(unhex("000000000000 0800"), ipv4(6, tcp(4027, 4))))), want: Segment},
	{name: "HSR", p: eth(ether(0x892f, cat(unhex("002d 0001 0800"), ipv4(6, tcp(4028, 4))))), want: Segment},
	{name: "R-Tag", p: eth(ether(0xf1c1, cat(unhex("0000 0001 0800"), ipv4(6, tcp(4029, 4))))), want: Segment},
	{name: "Cisco metadata", p: eth(ether(0x8909, cat(unhex("01 01 0001 0007 0800"), ipv4(6, tcp(4030, 4))))), want: Segment},
	{name: "MACsec, encrypted", p: eth(ether(0x88e5, cat(unhex("2c 00 00000001 0000000000000001"), make([]byte, 60)))), want: Unreadable, why: EncryptedLink},
	{name: "MACsec, authenticated", p: eth(ether(0x88e5, cat(unhex("20 00 00000001 0000000000000001 0800"), ipv4(6, tcp(4032, 4)), make([]byte, 16)))), want: Segment},
	{name: "NSH", p: eth(ether(0x894f, cat(unhex("0fc2 0201 00000101"), ipv4(6, tcp(4033, 4))))), want: Segment},
	{name: "NSH, Ethernet", p: eth(ether(0x894f, cat(unhex("0fc6 0103 00000101"), make([]byte, 16), eth4(6, tcp(4034, 4))))), want: Segment},
	{name: "bridged Ethernet", p: eth(ether(0x6558, eth4(6, tcp(4035, 4)))), want: Segment},
	{name: "ISL", p: eth(cat(unhex("01000c0000 00 020000000001 0051 aaaa03 020000 000e 0000 0000"), eth4(6, tcp(4044, 4)), u32(0))), want: Segment},
	{name: "ARP", p: eth(ether(0x0806, make([]byte, 28))), want: NotTCP},
	{name: "frame ends in the Ethernet header", p: eth(make([]byte, 13)), want: Unreadable, why: ShortLink},
	{name: "snaplen in the VLAN tag", p: cut(eth(ether(0x8100, vlan(7, 0x0800, ipv4(6, tcp(4039, 4))))), 16), want: Unreadable, why: CutLink},
	{name: "empty frame", p: eth(nil), want: Unreadable, why: ShortLink},
	{name: "40 VLAN tags", p: eth(ether(0x8100, tags(40, ipv4(6, tcp(4041, 4))))), want: Unreadable, why: TooDeep},
	{name: "PPPoE, compressed packets", p: eth(ether(0x8864, cat([]byte{0x11, 0}, u16(9), u16(45), u16(0xfd), ipv4(6, tcp(4042, 4))))), want: Unreadable, why: CompressedPPP},
	{name: "PPPoE, address and control", p: eth(ether(0x8864, cat([]byte{0x11, 0}, u16(9), u16(47), unhex("ff03 0021"), ipv4(6, tcp(4043, 4))))), want: NotTCP},
}

// bridged is an Ethernet frame between hardware of two vendors.
func bridged(to, from string, typ int, data []byte) []byte {
	return cat(unhex(to+"000002"), unhex(from+"000001"), u16(typ), data)
}

func pseudowire(control, frame []byte) *capture.Packet {
	return eth(ether(0x8847, cat(label(100, true), control, frame)))
}

// tags is data behind n VLAN tags; the first one's EtherType is outside.
func tags(n int, data []byte) []byte {
	data = vlan(n, 0x0800, data)
	for i := n - 1; i > 0; i-- {
		data = vlan(i, 0x8100, data)
	}
	return data
}

func overUDP(port int, data []byte) *capture.Packet { return eth(eth4(17, udp(50000, port, data))) }

var oddTunnels = []odd{
	{name: "IP in IP", p: eth(eth4(4, ipv4(6, tcp(5000, 4)))), want: Segment},
	{name: "6in4", p: eth(eth4(41, ipv6(6, tcp(5001, 4)))), want: Segment},
	{name: "4in6", p: eth(eth6(4, ipv4(6, tcp(5002, 4)))), want: Segment},
	{name: "6in6", p: eth(eth6(41, ipv6(6, tcp(5003, 4)))), want: Segment},
	{name: "IPv6 in protocol 4", p: eth(eth4(4, ipv6(6, tcp(5004, 4)))), want: Segment},
	{name: "TCP with IP inside", p: eth(eth4(6, tcpOpts(5005, 4, nil, ipv4(6, tcp(1, 2))))), want: Segment},
	{name: "EtherIP", p: eth(eth4(97, cat(unhex("3000"), eth4(6, tcp(5006, 4))))), want: Segment},
	{name: "Ethernet in IP", p: eth(eth6(143, eth4(6, tcp(5007, 4)))), want: Segment},
	{name: "MPLS in IP", p: eth(eth4(137, cat(label(100, true), ipv4(6, tcp(5008, 4))))), want: Segment},
	{name: "40 times IP in IP", p: eth(eth4(4, nested(40, tcp(5009, 4)))), want: Unreadable, why: TooDeep, unlike: "it follows more"},
	{name: "30 times IP in IP", p: eth(eth4(4, nested(30, tcp(5010, 4)))), want: Segment},

	{name: "GRE", p: eth(eth4(47, cat(unhex("0000 0800"), ipv4(6, tcp(5011, 4))))), want: Segment},
	{name: "GRE, IPv6", p: eth(eth4(47, cat(unhex("0000 86dd"), ipv6(6, tcp(5012, 4))))), want: Segment},
	{name: "GRE, checksum, key, sequence", p: eth(eth4(47, cat(unhex("b000 0800 00000000 00000007 00000001"), ipv4(6, tcp(5013, 4))))), want: Segment},
	{name: "NVGRE", p: eth(eth4(47, cat(unhex("2000 6558 00000700"), eth4(6, tcp(5014, 4))))), want: Segment},
	{name: "PPTP", p: eth(eth4(47, cat(unhex("3081 880b 002f0007 00000001 00000002 ff03 0021"), ipv4(6, tcp(5015, 4))))), want: Segment},
	{name: "PPTP, compressed framing", p: eth(eth4(47, cat(unhex("3001 880b 002c0007 00000001 21"), ipv4(6, tcp(5016, 4))))), want: Segment},
	{name: "PPTP acknowledgment", p: eth(eth4(47, unhex("2081 880b 00000007 00000002"))), want: NotTCP},
	{name: "PPTP, MPPE", p: eth(eth4(47, cat(unhex("3001 880b 002d0007 00000001 00fd"), make([]byte, 40)))), want: Unreadable, why: CompressedPPP},
	{name: "ERSPAN I", p: eth(eth4(47, cat(unhex("0000 88be"), eth4(6, tcp(5019, 4))))), want: Segment},
	{name: "ERSPAN II", p: eth(eth4(47, cat(unhex("1000 88be 00000001 10000005 00000000"), eth4(6, tcp(5020, 4))))), want: Segment},
	{name: "ERSPAN III", p: eth(eth4(47, cat(unhex("1000 22eb 00000001 20000005 00000000 00000000"), eth4(6, tcp(5021, 4))))), want: Segment},
	{name: "ERSPAN III with subheader", p: eth(eth4(47, cat(unhex("1000 22eb 00000001 20000005 00000000 00000001 0000000000000000"), eth4(6, tcp(5022, 4))))), want: Segment},
	{name: "GRE, MPLS", p: eth(eth4(47, cat(unhex("0000 8847"), label(100, true), ipv4(6, tcp(5023, 4))))), want: Segment},
	{name: "GRE, routing", p: eth(eth4(47, cat(unhex("4000 0800 00000000 0800 0004 0a000001 0000 0000"), ipv4(6, tcp(5024, 4))))), want: Segment},
	{name: "WCCP", p: eth(eth4(47, cat(unhex("0000 883e"), ipv4(6, tcp(5025, 4))))), want: Segment},
	{name: "WCCP version 2", p: eth(eth4(47, cat(unhex("0000 883e 00010000"), ipv4(6, tcp(5026, 4))))), want: Segment},
	{name: "GRE, NSH", p: eth(eth4(47, cat(unhex("0000 894f 0fc2 0201 00000101"), ipv4(6, tcp(5027, 4))))), want: Segment},
	{name: "GRE, Aruba", p: eth(eth4(47, cat(unhex("0000 8210"), wifi(0x08, 1, tcp(5065, 4))))), want: Segment},
	{name: "GRE, keep-alive", p: eth(eth4(47, unhex("0000 0000"))), want: NotTCP},

	{name: "VXLAN", p: overUDP(4789, cat(unhex("08000000 00000700"), eth4(6, tcp(5029, 4)))), want: Segment},
	{name: "VXLAN from its port", p: eth(eth4(17, udp(4789, 50000, cat(unhex("08000000 00000700"), eth4(6, tcp(5030, 4)))))), want: Segment},
	{name: "VXLAN over IPv6", p: eth(eth6(17, udp(50000, 4789, cat(unhex("08000000 00000700"), eth6(6, tcp(5031, 4)))))), want: Segment},
	{name: "VXLAN with group policy", p: overUDP(4789, cat(unhex("88000005 00000700"), eth4(6, tcp(5032, 4)))), want: Segment},
	{name: "VXLAN, VLAN inside", p: overUDP(4789, cat(unhex("08000000 00000700"), ether(0x8100, vlan(7, 0x0800, ipv4(6, tcp(5033, 4)))))), want: Segment},
	{name: "VXLAN on port 8472", p: overUDP(8472, cat(unhex("08000000 00000700"), eth4(6, tcp(5034, 4)))), want: Unreadable, why: OtherVXLAN},
	{name: "VXLAN-GPE, IPv4", p: overUDP(4790, cat(unhex("0c000001 00000700"), ipv4(6, tcp(5035, 4)))), want: Segment},
	{name: "VXLAN-GPE, Ethernet", p: overUDP(4790, cat(unhex("0c000003 00000700"), eth4(6, tcp(5036, 4)))), want: Segment},
	{name: "VXLAN-GPE, NSH", p: overUDP(4790, cat(unhex("0c000004 00000700 0fc2 0201 00000101"), ipv4(6, tcp(5037, 4)))), want: Segment},
	{name: "Geneve", p: overUDP(6081, cat(unhex("0000 6558 00000700"), eth4(6, tcp(5038, 4)))), want: Segment},
	{name: "Geneve with options", p: overUDP(6081, cat(unhex("0200 6558 00000700 0102000100000000"), eth4(6, tcp(5039, 4)))), want: Segment},
	{name: "Geneve, IPv4", p: overUDP(6081, cat(unhex("0000 0800 00000700"), ipv4(6, tcp(5040, 4)))), want: Segment},
	{name: "GTP-U", p: overUDP(2152, cat(unhex("30ff 002b 00000007"), ipv4(6, tcp(5041, 4)))), want: Segment},
	{name: "GTP-U, IPv6", p: overUDP(2152, cat(unhex("30ff 003f 00000007"), ipv6(6, tcp(5042, 4)))), want: Segment},
	{name: "GTP-U, sequence number", p: overUDP(2152, cat(unhex("32ff 002f 00000007 0001 00 00"), ipv4(6, tcp(5043, 4)))), want: Segment},
	{name: "GTP-U, extension header", p: overUDP(2152, cat(unhex("34ff 0033 00000007 0000 00 85 01100100"), ipv4(6, tcp(5044, 4)))), want: Segment},
	{name: "GTP-U, PPP", p: overUDP(2152, cat(unhex("30ff 002f 00000007 ff03 0021"), ipv4(6, tcp(5045, 4)))), want: NotTCP},
	{name: "GTP-U echo", p: overUDP(2152, unhex("3201 0004 00000000 00010000")), want: NotTCP},
	{name: "Teredo", p: overUDP(3544, ipv6(6, tcp(5047, 4))), want: Segment},
	{name: "Teredo with authentication and origin", p: overUDP(3544, cat(unhex("0001 00 00 0000000000000001 00 0000 1234 0a000001"), ipv6(6, tcp(5048, 4)))), want: Segment},
	{name: "L2TP", p: overUDP(1701, cat(unhex("0002 0001 0002 ff03 0021"), ipv4(6, tcp(5049, 4)))), want: Segment},
	{name: "L2TP, length, sequence, offset", p: overUDP(1701, cat(unhex("4a02 0043 0001 0002 0003 0000 0002 0000 0021"), ipv4(6, tcp(5050, 4)))), want: Segment},
	{name: "L2TP control", p: overUDP(1701, unhex("c802 000c 0001 0000 0001 0001")), want: NotTCP},
	{name: "L2TPv3", p: overUDP(1701, cat(unhex("0003 0000 00000007"), make([]byte, 40))), want: Unreadable, why: UnknownTunnel},
	{name: "L2TPv3 in IP", p: eth(eth4(115, cat(u32(7), make([]byte, 40)))), want: Unreadable, why: UnknownTunnel},
	{name: "MPLS in UDP", p: overUDP(6635, cat(label(100, true), ipv4(6, tcp(5054, 4)))), want: Segment},
	{name: "LISP", p: overUDP(4341, cat(unhex("80000001 00000001"), ipv4(6, tcp(5055, 4)))), want: Segment},
	{name: "LISP, IPv6", p: overUDP(4341, cat(unhex("80000001 00000001"), ipv6(6, tcp(5056, 4)))), want: Segment},
	{name: "CAPWAP, Ethernet", p: overUDP(5247, cat(unhex("00 100000 00000000"), eth4(6, tcp(5057, 4)))), want: Segment},
	{name: "CAPWAP, 802.11", p: overUDP(5247, cat(unhex("00 100300 00000000"), capwapWiFi(tcp(5058, 4)))), want: Segment},
	{name: "CAPWAP, DTLS", p: overUDP(5247, cat(unhex("01 000000"), make([]byte, 40))), want: Unreadable, why: EncryptedLink},
	{name: "TZSP, Ethernet", p: overUDP(37008, cat(unhex("01 00 0001 0a0105 00 01"), eth4(6, tcp(5060, 4)))), want: Segment},
	{name: "TZSP, 802.11", p: overUDP(37008, cat(unhex("01 00 0012 01"), wifi(0x08, 0, tcp(5061, 4)))), want: Segment},
	{name: "AYIYA", p: eth(eth4(17, udp(50001, 5072, cat(unhex("41 52 11 29 00000001"), make([]byte, 36), ipv6(6, tcp(5066, 4)))))), want: Segment},
	{name: "AYIYA heartbeat", p: overUDP(5072, cat(unhex("41 52 10 3b 00000001"), make([]byte, 36))), want: NotTCP},
	{name: "Juniper mirror", p: overUDP(30030, cat(unhex("00000001 00000002"), ipv4(6, tcp(5068, 4)))), want: Segment},
	{name: "sFlow", p: overUDP(6343, cat(u32(5), make([]byte, 60))), want: Unreadable, why: Samples},
	{name: "DNS from the port of GTP-U", p: eth(eth4(17, udp(2152, 53, cat(unhex("30ff 002b 00000007"), ipv4(6, tcp(5062, 4)))))), want: Segment,
		unlike: "it takes the lower port's protocol; but no DNS message looks like this"},
	{name: "VXLAN of zeros", p: overUDP(4789, make([]byte, 60)), want: NotTCP},
	{name: "UDP tunnel cut by the snaplen", p: cut(overUDP(6081, cat(unhex("0200 6558 00000700 0102000100000000"), eth4(6, tcp(5064, 4)))), 14+20+8+10), want: Unreadable, why: CutLink},
}

// nested is data n times in IP.
func nested(n int, data []byte) []byte {
	data = ipv4(6, data)
	for range n - 1 {
		data = ipv4(4, data)
	}
	return data
}

// wifi is an 802.11 data frame with IPv4; kind is the first octet of Frame Control, flags the second.
func wifi(kind, flags byte, data []byte) []byte {
	h := cat([]byte{kind, flags}, u16(0), unhex("020000000002 020000000001 020000000003 1000"))
	if flags&3 == 3 {
		h = cat(h, unhex("020000000004"))
	}
	if kind&0x80 != 0 {
		h = cat(h, unhex("0000"))
	}
	return cat(h, snap(0x0800, ipv4(6, data)))
}

// capwapWiFi has the octets of Frame Control the other way round.
func capwapWiFi(data []byte) []byte {
	b := wifi(0x08, 0x01, data)
	b[0], b[1] = b[1], b[0]
	return b
}

// radiotap is a header with the flags field.
func radiotap(flags byte, data []byte) []byte {
	return cat(unhex("0000 0900 02000000"), []byte{flags}, data)
}

// subframe is one packet of an A-MSDU.
func subframe(data []byte) []byte {
	data = snap(0x0800, ipv4(6, data))
	b := cat(unhex("020000000002 020000000001"), u16(len(data)), data)
	return cat(b, make([]byte, -len(b)&3))
}

// amsdu is an 802.11 frame of several packets.
func amsdu(segments ...[]byte) []byte {
	b := cat(unhex("8801 0000 020000000002 020000000001 020000000003 1000 8000"))
	for _, s := range segments {
		b = append(b, subframe(s)...)
	}
	return b
}

func le32b(n int) []byte { b := u32(n); slices.Reverse(b); return b }
func le16b(n int) []byte { b := u16(n); slices.Reverse(b); return b }

// tlv is an attribute of netfilter.
func tlv(kind int, v []byte) []byte {
	return cat(le16b(4+len(v)), le16b(kind), v, make([]byte, -len(v)&3))
}

var oddLinks = []odd{
	{name: "null, little-endian", p: packet(linkNull, cat(le32b(2), ipv4(6, tcp(6000, 4)))), want: Segment},
	{name: "null, big-endian", p: packet(linkNull, cat(u32(2), ipv4(6, tcp(6001, 4)))), want: Segment},
	{name: "null, IPv6 of NetBSD", p: packet(linkNull, cat(le32b(24), ipv6(6, tcp(6002, 4)))), want: Segment},
	{name: "null, IPv6 of FreeBSD", p: packet(linkNull, cat(le32b(28), ipv6(6, tcp(6003, 4)))), want: Segment},
	{name: "null, IPv6 of macOS", p: packet(linkNull, cat(le32b(30), ipv6(6, tcp(6004, 4)))), want: Segment},
	{name: "null, cut", p: packet(linkNull, []byte{2, 0}), want: Unreadable, why: ShortLink},
	{name: "null, AppleTalk", p: packet(linkNull, cat(le32b(16), make([]byte, 40))), want: NotTCP},
	{name: "loop", p: packet(linkLoop, cat(u32(2), ipv4(6, tcp(6007, 4)))), want: Segment},
	{name: "loop, IPv6", p: packet(linkLoop, cat(u32(24), ipv6(6, tcp(6008, 4)))), want: Segment},
	{name: "raw", p: packet(linkRaw, ipv4(6, tcp(6009, 4))), want: Segment},
	{name: "raw, IPv6", p: packet(linkRaw, ipv6(6, tcp(6010, 4))), want: Segment},
	{name: "raw, nothing", p: packet(linkRaw, nil), want: Unreadable, why: ShortIP},
	{name: "raw 12", p: packet(linkRaw12, ipv4(6, tcp(6012, 4))), want: Segment},
	{name: "raw 14", p: packet(linkRaw14, ipv4(6, tcp(6013, 4))), want: Segment},
	{name: "raw IPv4", p: packet(linkIPv4, ipv4(6, tcp(6014, 4))), want: Segment},
	{name: "raw IPv6", p: packet(linkIPv6, ipv6(6, tcp(6015, 4))), want: Segment},
	{name: "cooked", p: packet(linkSLL, cat(unhex("0000 0001 0006 020000000001 0000 0800"), ipv4(6, tcp(6016, 4)))), want: Segment},
	{name: "cooked, VLAN", p: packet(linkSLL, cat(unhex("0000 0001 0006 020000000001 0000 8100"), vlan(7, 0x0800, ipv4(6, tcp(6017, 4))))), want: Segment},
	{name: "cooked, LLC", p: packet(linkSLL, cat(unhex("0000 0001 0006 020000000001 0000 0004"), snap(0x0800, ipv4(6, tcp(6018, 4))))), want: Segment},
	{name: "cooked, PPP", p: packet(linkSLL, cat(unhex("0000 0200 0000 0000000000000000 0007"), u16(0x21), ipv4(6, tcp(6019, 4)))), want: Segment},
	{name: "cooked, point to point", p: packet(linkSLL, cat(unhex("0000 fffe 0000 0000000000000000 86dd"), ipv6(6, tcp(6020, 4)))), want: Segment},
	{name: "cooked, GRE interface", p: packet(linkSLL, cat(unhex("0000 030a 0004 0a00000100000000 0800"), ipv4(6, tcp(6021, 4)))), want: Segment},
	{name: "cooked, netlink", p: packet(linkSLL, cat(unhex("0004 0338 0000 0000000000000000 0000"), make([]byte, 20))), want: NotTCP},
	{name: "cooked, radiotap", p: packet(linkSLL, cat(unhex("0000 0323 0006 0200000000010000 0004"), radiotap(0, wifi(0x08, 1, tcp(6023, 4))))), want: Segment},
	{name: "cooked 2", p: packet(linkSLL2, cat(unhex("0800 0000 00000002 0001 00 06 0200000000010000"), ipv4(6, tcp(6024, 4)))), want: Segment},
	{name: "cooked 2, IPv6", p: packet(linkSLL2, cat(unhex("86dd 0000 00000002 0001 00 06 0200000000010000"), ipv6(6, tcp(6025, 4)))), want: Segment},
	{name: "cooked 2, cut", p: packet(linkSLL2, make([]byte, 19)), want: Unreadable, why: ShortLink},
	{name: "PPP", p: packet(linkPPP, cat(unhex("ff03 0021"), ipv4(6, tcp(6027, 4)))), want: Segment},
	{name: "PPP without address", p: packet(linkPPP, cat(unhex("0021"), ipv4(6, tcp(6028, 4)))), want: Segment},
	{name: "PPP HDLC", p: packet(linkPPPHDLC, cat(unhex("ff03 0057"), ipv6(6, tcp(6029, 4)))), want: Segment},
	{name: "PPP HDLC that is Cisco's", p: packet(linkPPPHDLC, cat(unhex("0f00 0800"), ipv4(6, tcp(6030, 4)))), want: Segment},
	{name: "PPPoE link", p: packet(linkPPPoE, cat([]byte{0x11, 0}, u16(9), u16(45), u16(0x21), ipv4(6, tcp(6031, 4)))), want: Segment},
	{name: "Cisco HDLC", p: packet(linkCiscoHDLC, cat(unhex("0f00 0800"), ipv4(6, tcp(6032, 4)))), want: Segment},
	{name: "Cisco HDLC, IPv6", p: packet(linkCiscoHDLC, cat(unhex("0f00 86dd"), ipv6(6, tcp(6033, 4)))), want: Segment},
	{name: "PPP with direction", p: packet(linkPPPDir, cat(unhex("00 ff03 0021"), ipv4(6, tcp(6034, 4)))), want: Segment},
	{name: "HDLC with direction", p: packet(linkHDLCDir, cat(unhex("01 0f00 0800"), ipv4(6, tcp(6035, 4)))), want: Segment,
		unlike: "it does not know this link type"},
	{name: "pppd", p: packet(linkPPPD, cat(unhex("0003 0021"), ipv4(6, tcp(6036, 4)))), want: Segment,
		unlike: "it does not know this link type"},
	{name: "frame relay", p: packet(linkFrameRel, cat(unhex("1841 03 cc"), ipv4(6, tcp(6037, 4)))), want: Segment},
	{name: "frame relay, SNAP", p: packet(linkFrameRel, cat(unhex("1841 03 00 80 000000 0800"), ipv4(6, tcp(6038, 4)))), want: Segment},
	{name: "frame relay, Cisco", p: packet(linkFrameRel, cat(unhex("1841 0800"), ipv4(6, tcp(6039, 4)))), want: Segment},
	{name: "frame relay with direction", p: packet(linkFRDir, cat(unhex("00 1841 03 cc"), ipv4(6, tcp(6040, 4)))), want: Segment,
		unlike: "it does not know this link type"},
	{name: "ATM, RFC 1483", p: packet(linkATM, snap(0x0800, ipv4(6, tcp(6041, 4)))), want: Segment},
	{name: "token ring", p: packet(linkTokenRing, cat(unhex("1040 020000000002 020000000001"), snap(0x0800, ipv4(6, tcp(6042, 4))))), want: Segment},
	{name: "token ring, source-routed", p: packet(linkTokenRing, cat(unhex("1040 020000000002 820000000001 0630 0011 0020"), snap(0x0800, ipv4(6, tcp(6043, 4))))), want: Segment},
	{name: "FDDI", p: packet(linkFDDI, cat(unhex("50 020000000002 020000000001"), snap(0x0800, ipv4(6, tcp(6044, 4))))), want: Segment},
	{name: "802.11, from station", p: packet(linkWiFi, wifi(0x08, 0x01, tcp(6045, 4))), want: Segment},
	{name: "802.11, to station", p: packet(linkWiFi, wifi(0x08, 0x02, tcp(6046, 4))), want: Segment},
	{name: "802.11, four addresses", p: packet(linkWiFi, wifi(0x08, 0x03, tcp(6047, 4))), want: Segment},
	{name: "802.11, QoS", p: packet(linkWiFi, wifi(0x88, 0x01, tcp(6048, 4))), want: Segment},
	{name: "802.11, protected", p: packet(linkWiFi, wifi(0x88, 0x41, tcp(6049, 4))), want: Unreadable, why: EncryptedLink},
	{name: "802.11, first fragment", p: packet(linkWiFi, wifi(0x88, 0x05, tcp(6050, 4))), want: Unreadable, why: FragmentWiFi},
	{name: "802.11, beacon", p: packet(linkWiFi, cat(unhex("8000 0000"), make([]byte, 60))), want: NotTCP},
	{name: "802.11, null data", p: packet(linkWiFi, cat(unhex("4801 0000"), make([]byte, 20))), want: NotTCP},
	{name: "802.11, A-MSDU of one", p: packet(linkWiFi, amsdu(tcp(6053, 4))), want: Segment},
	{name: "802.11, A-MSDU of two", p: packet(linkWiFi, amsdu(tcp(6054, 4), tcp(6055, 2))), want: Segment, why: SeveralTCP},
	{name: "radiotap", p: packet(linkRadiotap, radiotap(0, wifi(0x08, 0x01, tcp(6056, 4)))), want: Segment},
	{name: "radiotap, FCS", p: packet(linkRadiotap, radiotap(0x10, cat(wifi(0x08, 0x01, tcp(6057, 4)), u32(0)))), want: Segment},
	{name: "radiotap, padding", p: packet(linkRadiotap, radiotap(0x20, cat(wifi(0x88, 0x01, nil)[:26], u16(0), wifi(0x88, 0x01, tcp(6058, 4))[26:]))), want: Segment},
	{name: "radiotap, TSFT and two presence words", p: packet(linkRadiotap, cat(unhex("0000 1900 03000080 00000000 00000000 0000000000000000 20"), wifi(0x88, 0x01, nil)[:26], u16(0), wifi(0x88, 0x01, tcp(6059, 4))[26:])), want: Segment},
	{name: "prism", p: packet(linkPrism, cat(unhex("44000000 90000000"), make([]byte, 136), wifi(0x08, 0x01, tcp(6060, 4)))), want: Segment},
	{name: "AVS", p: packet(linkAVS, cat(unhex("80211001 00000040"), make([]byte, 56), wifi(0x08, 0x01, tcp(6061, 4)))), want: Segment},
	{name: "AVS as prism", p: packet(linkPrism, cat(unhex("80211001 00000040"), make([]byte, 56), wifi(0x08, 0x01, tcp(6062, 4)))), want: Segment},
	{name: "PPI", p: packet(linkPPI, cat(unhex("0000 0800 69000000"), wifi(0x08, 0x01, tcp(6063, 4)))), want: Segment},
	{name: "PPI, Ethernet", p: packet(linkPPI, cat(unhex("0000 0800 01000000"), eth4(6, tcp(6064, 4)))), want: Segment},
	{name: "netfilter log", p: packet(linkNFLog, cat(unhex("02 00 0001"), tlv(1, unhex("0800 00 00")), tlv(10, []byte("x\x00")), tlv(9, ipv4(6, tcp(6065, 4))))), want: Segment},
	{name: "netfilter log, IPv6", p: packet(linkNFLog, cat(unhex("0a 00 0001"), tlv(9, ipv6(6, tcp(6066, 4))))), want: Segment},
	{name: "netfilter log, bridge", p: packet(linkNFLog, cat(unhex("07 00 0001"), tlv(1, unhex("86dd 03 00")), tlv(9, ipv6(6, tcp(6067, 4))))), want: Segment},
	{name: "netfilter log, big-endian", p: packet(linkNFLog, cat(unhex("02 00 0001 0008 0001 0800 0000 002f 0009"), ipv4(6, tcp(6068, 4)), []byte{0})), want: Segment,
		unlike: "it expects the byte order of the file, which here is the other"},
	{name: "PF log", p: packet(linkPFLog, cat([]byte{61, 2, 1, 0}, make([]byte, 60), ipv4(6, tcp(6069, 4)))), want: Segment},
	{name: "PF log, IPv6", p: packet(linkPFLog, cat([]byte{61, 28, 1, 0}, make([]byte, 60), ipv6(6, tcp(6070, 4)))), want: Segment},
	{name: "enc", p: packet(linkEnc, cat(le32b(2), make([]byte, 8), ipv4(6, tcp(6071, 4)))), want: Segment},
	{name: "IP over Fibre Channel", p: packet(linkIPOverFC, cat(unhex("1000 020000000002 1000 020000000001"), snap(0x0800, ipv4(6, tcp(6072, 4))))), want: Segment},
	{name: "FireWire", p: packet(linkFireWire, cat(make([]byte, 16), u16(0x0800), ipv4(6, tcp(6073, 4)))), want: Segment},
	{name: "IPNET", p: packet(linkIPNet, cat([]byte{1, 2, 0, 0}, u32(43), make([]byte, 16), ipv4(6, tcp(6074, 4)))), want: Segment},
	{name: "IPNET, IPv6", p: packet(linkIPNet, cat([]byte{1, 26, 0, 0}, u32(63), make([]byte, 16), ipv6(6, tcp(6075, 4)))), want: Segment},
	{name: "IP over InfiniBand", p: packet(linkIPoIB, cat(make([]byte, 40), u16(0x0800), u16(0), ipv4(6, tcp(6077, 4)))), want: Segment},
	{name: "PKTAP", p: packet(linkPKTAP, cat(le32b(108), le32b(1), le32b(1), make([]byte, 96), eth4(6, tcp(6078, 4)))), want: Segment},
	{name: "ERF, Ethernet", p: packet(linkERF, cat(make([]byte, 8), []byte{2, 4}, u16(16+2+57), u16(0), u16(57), u16(0), eth4(6, tcp(6079, 4)))), want: Segment},
	{name: "ERF, extension header", p: packet(linkERF, cat(make([]byte, 8), []byte{0x82, 4}, u16(24+2+57), u16(0), u16(57), make([]byte, 8), u16(0), eth4(6, tcp(6080, 4)))), want: Segment},
	{name: "ERF, IPv4", p: packet(linkERF, cat(make([]byte, 8), []byte{22, 4}, u16(16+43), u16(0), u16(43), ipv4(6, tcp(6081, 4)))), want: Segment},
	{name: "unknown link type", p: packet(147, ipv4(6, tcp(6082, 4))), want: Unreadable, why: UnknownLink},
}

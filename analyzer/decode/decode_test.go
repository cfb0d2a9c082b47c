package decode

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// decoded compares what the decoder writes of a segment.
var decoded = cmpopts.IgnoreUnexported(flows.Segment{})

// TestSegment reads packets that gopacket built and compares every field.
func TestSegment(t *testing.T) {
	link := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeDot1Q}
	tag := &layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 52, Id: 4711, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP, SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{198, 51, 100, 2}}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 443, Seq: 1000, Ack: 2000, ACK: true, PSH: true, NS: true, Window: 501, Urgent: 3, Options: []layers.TCPOption{
		{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: []byte{0, 0, 0, 1, 0, 0, 0, 2}},
	}}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, link, tag, ip, tcp, gopacket.Payload("hello")); err != nil {
		t.Fatal(err)
	}
	p := &capture.Packet{Data: buf.Bytes(), Length: uint32(len(buf.Bytes())), Link: linkEthernet, Frame: 12, Time: 34, Interface: 5}
	var d Decoder
	var seg flows.Segment
	if out := d.Decode(p, &seg); out != Segment {
		t.Fatalf("outcome %d: %s", out, d.why)
	}
	want := flows.Segment{
		Payload: []byte("hello"), Frame: 12, Time: 34, Interface: 5,
		Src: flows.AddrFrom(netip.MustParseAddrPort("192.0.2.1:40000")), Dst: flows.AddrFrom(netip.MustParseAddrPort("198.51.100.2:443")),
		SEQ: 1000, ACK: 2000, DataLen: 5, Flags: flows.ACK | flows.PSH | flows.AE, WND: 501, Urgent: 3,
		HeaderLen: 32, TTL: 52, IPID: 4711, DF: true, MAC: 0x020000000001, Domain: 7,
		Opts: flows.Options{TSval: 1, TSecr: 2, HasTS: true, Kinds: 1},
	}
	if diff := cmp.Diff(want, seg, decoded); diff != "" {
		t.Error(diff)
	}
	if &seg.Payload[0] != &p.Data[len(p.Data)-5] {
		t.Error("payload was copied")
	}
}

// TestSegmentReused makes sure that nothing of the segment before stays in a segment.
func TestSegmentReused(t *testing.T) {
	for _, o := range allOdd() {
		if o.want != Segment {
			continue
		}
		fresh, used := flows.Segment{}, flows.Segment{
			Payload: []byte("old"), Frame: 99, Time: 99, Src: flows.Addr{Port: 9}, SEQ: 9, ACK: 9, DataLen: 9, Flags: 0x1ff, WND: 9, Urgent: 9,
			HeaderLen: 9, TTL: 9, IPID: 9, V6: true, DF: true, MAC: 9, Domain: 9, Interface: 9, Cut: true,
			Opts: flows.Options{TSval: 9, TSecr: 9, MSS: 9, WScale: 9, Kinds: 9, HasTS: true, HasWScale: true, SACKOK: true, HasSACK: true, MPTCP: 9, MPTCPReason: 9},
		}
		var d Decoder
		d.Decode(o.p, &fresh)
		d.Decode(o.p, &used)
		if diff := cmp.Diff(fresh, used, decoded); diff != "" {
			t.Errorf("%s: %s", o.name, diff)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name, octets string
		want         flows.Options
	}{
		{"none", "", flows.Options{}},
		{"Linux SYN", "020405b4 0402080a 00000001 00000000 01030307",
			flows.Options{MSS: 1460, SACKOK: true, TSval: 1, HasTS: true, WScale: 7, HasWScale: true, Kinds: 4}},
		{"Windows SYN", "020405b4 01030308 01010402", flows.Options{MSS: 1460, WScale: 8, HasWScale: true, SACKOK: true, Kinds: 3}},
		{"timestamps", "0101080a 00000003 00000004", flows.Options{TSval: 3, TSecr: 4, HasTS: true, Kinds: 1}},
		{"timestamps without padding before", "080a 00000003 00000004 0000", flows.Options{TSval: 3, TSecr: 4, HasTS: true, Kinds: 1}},
		{"SACK", "0101050a 00000001 00000002", flows.Options{HasSACK: true, Kinds: 1}},
		{"end, and rubbish after it", "020405b4 00020405", flows.Options{MSS: 1460, Kinds: 1}},
		{"length 0", "020405b4 02000000", flows.Options{MSS: 1460, Kinds: 1}},
		{"length 1", "020405b4 02010000", flows.Options{MSS: 1460, Kinds: 1}},
		{"length beyond the header", "020405b4 080a0000", flows.Options{MSS: 1460, Kinds: 1}},
		{"no length", "020405b4 01010102", flows.Options{MSS: 1460, Kinds: 1}},
		{"wrong length", "02030501", flows.Options{Kinds: 1}},
		{"MP_CAPABLE", "1e040100", flows.Options{MPTCP: flows.MPTCPPresent, Kinds: 1}},
		{"MP_FASTCLOSE and MP_TCPRST", "1e0c7000 0102030405060708 1e048003",
			flows.Options{MPTCP: flows.MPTCPPresent | flows.MPTCPFastClose | flows.MPTCPReset, MPTCPReason: 3, Kinds: 2}},
		{"MP_TCPRST cut short", "1e038000", flows.Options{MPTCP: flows.MPTCPPresent, Kinds: 1}},
		{"unknown", "fd04abcd", flows.Options{Kinds: 1}},
	} {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(eth(eth4(6, tcpOpts(1, 2, unhex(test.octets), nil))), &seg); out != Segment {
			t.Errorf("%s: outcome %d", test.name, out)
		}
		if diff := cmp.Diff(test.want, seg.Opts); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// TestOptionsCut keeps the options before the snaplen's cut.
func TestOptionsCut(t *testing.T) {
	var d Decoder
	var seg flows.Segment
	p := cut(eth(eth4(6, tcpOpts(1, 2, unhex("020405b4 0402080a 00000001 00000000 01030307"), []byte("data")))), 34+20+6)
	d.Decode(p, &seg)
	if want := (flows.Options{MSS: 1460, SACKOK: true, Kinds: 2}); seg.Opts != want || !seg.Cut || seg.DataLen != 4 || seg.HeaderLen != 40 {
		t.Errorf("%+v, cut %v, %d bytes of data behind %d", seg.Opts, seg.Cut, seg.DataLen, seg.HeaderLen)
	}
}

// TestDataLen checks that a segment has no data that its frame never had.
func TestDataLen(t *testing.T) {
	six := func(n int) *capture.Packet { return eth(ether(0x86dd, ipv6Len(n, 6, tcpOpts(1, 0x10, nil, nil)))) }
	four := func(n int) *capture.Packet {
		return eth(ether(0x0800, ip4{total: n}.wrap(6, tcpOpts(1, 0x10, nil, nil))))
	}
	cutAt := func(n int, p *capture.Packet) *capture.Packet { return cut(p, n) }
	full := bytes.Repeat([]byte("d"), 40)
	offloaded := eth4(6, tcpOpts(1, 0x10, nil, full))
	offloaded[16], offloaded[17] = 0, 0 // total length
	for _, test := range []struct {
		name string
		p    *capture.Packet
		want uint32
	}{
		{"IPv6, 60 announced, 20 in the frame", six(60), 0},
		{"IPv4, 80 announced, 40 in the frame", four(80), 0},
		{"IPv6 in a VLAN", eth(ether(0x8100, vlan(7, 0x86dd, ipv6Len(60, 6, tcpOpts(1, 0x10, nil, nil))))), 0},
		{"IPv4 in IPv4", eth(eth4(4, ip4{total: 80}.wrap(6, tcpOpts(1, 0x10, nil, nil)))), 0},
		{"near miss: cut by the snaplen", cutAt(54, eth(eth4(6, tcpOpts(1, 0x10, nil, full)))), 40},
		{"near miss: IPv6 cut by the snaplen", cutAt(74, eth(eth6(6, tcpOpts(1, 0x10, nil, full)))), 40},
		{"near miss: length 0 of segmentation offload", eth(offloaded), 40},
		{"near miss: length 0, cut by the snaplen", cutAt(54, eth(bytes.Clone(offloaded))), 40},
		{"near miss: exactly the frame", eth(eth4(6, tcpOpts(1, 0x10, nil, full))), 40},
	} {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(test.p, &seg); out != Segment || seg.DataLen != test.want {
			t.Errorf("%s: outcome %d, DataLen %d, want %d", test.name, out, seg.DataLen, test.want)
		}
	}
}

// TestDomain checks that packets of different networks get different domains, and those of one the same.
func TestDomain(t *testing.T) {
	const plain = 0
	domains := make(map[uint32]string)
	for _, test := range []struct {
		name string
		p    *capture.Packet
	}{
		{"VLAN 7", eth(ether(0x8100, vlan(7, 0x0800, ipv4(6, tcp(1, 2)))))},
		{"VLAN 8", eth(ether(0x8100, vlan(8, 0x0800, ipv4(6, tcp(1, 2)))))},
		{"VLAN 7 in 8", eth(ether(0x88a8, vlan(8, 0x8100, vlan(7, 0x0800, ipv4(6, tcp(1, 2))))))},
		{"VLAN 8 in 7", eth(ether(0x88a8, vlan(7, 0x8100, vlan(8, 0x0800, ipv4(6, tcp(1, 2))))))},
		{"IP in IP", eth(eth4(4, ipv4(6, tcp(1, 2))))},
		{"6in4", eth(eth4(41, ipv6(6, tcp(1, 2))))},
		{"GRE", eth(eth4(47, cat(unhex("0000 0800"), ipv4(6, tcp(1, 2)))))},
		{"GRE key 7", eth(eth4(47, cat(unhex("2000 0800 00000007"), ipv4(6, tcp(1, 2)))))},
		{"VXLAN 0x700", overUDP(4789, cat(unhex("08000000 00070000"), eth4(6, tcp(1, 2))))},
		{"VXLAN 0x701", overUDP(4789, cat(unhex("08000000 00070100"), eth4(6, tcp(1, 2))))},
		{"GTP-U 7f", overUDP(2152, cat(unhex("30ff 002b 0000007f"), ipv4(6, tcp(1, 2))))},
	} {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(test.p, &seg); out != Segment {
			t.Errorf("%s: outcome %d", test.name, out)
		}
		if other, taken := domains[seg.Domain]; taken || seg.Domain == plain {
			t.Errorf("%s has the domain of %s", test.name, other)
		}
		domains[seg.Domain] = test.name
	}
	var d Decoder
	var seg flows.Segment
	d.Decode(eth(eth4(6, tcp(1, 2))), &seg)
	if seg.Domain != plain {
		t.Errorf("domain %d on the plain wire", seg.Domain)
	}
}

// TestLinuxVXLAN reads VXLAN on port 8472 when asked to, and nothing else there.
func TestLinuxVXLAN(t *testing.T) {
	d := Decoder{LinuxVXLAN: true}
	var seg flows.Segment
	if out := d.Decode(overUDP(8472, cat(unhex("08000000 00070000"), eth4(6, tcp(1, 2)))), &seg); out != Segment {
		t.Errorf("outcome %d", out)
	}
	if out := d.Decode(overUDP(8472, cat(unhex("0c000000 00070000"), eth4(6, tcp(1, 2)))), &seg); out != NotTCP {
		t.Errorf("other flags: outcome %d", out)
	}
}

// TestMAC finds the source of each link that has one.
func TestMAC(t *testing.T) {
	const want = 0x020000000001
	for _, test := range []struct {
		name string
		p    *capture.Packet
		want uint64
	}{
		{"Ethernet", eth(eth4(6, tcp(1, 2))), want},
		{"cooked", packet(linkSLL, cat(unhex("0000 0001 0006 020000000001 0000 0800"), ipv4(6, tcp(1, 2)))), want},
		{"cooked 2", packet(linkSLL2, cat(unhex("0800 0000 00000002 0001 00 06 020000000001 0000"), ipv4(6, tcp(1, 2)))), want},
		{"802.11 from station", packet(linkWiFi, wifi(0x08, 0x01, tcp(1, 2))), want},
		{"802.11 to station", packet(linkWiFi, wifi(0x08, 0x02, tcp(1, 2))), 0x020000000003},
		{"802.11 between access points", packet(linkWiFi, wifi(0x08, 0x03, tcp(1, 2))), 0x020000000004},
		{"FDDI", packet(linkFDDI, cat(unhex("50 020000000002 020000000001"), snap(0x0800, ipv4(6, tcp(1, 2))))), want},
		{"token ring", packet(linkTokenRing, cat(unhex("1040 020000000002 820000000001 0630 0011 0020"), snap(0x0800, ipv4(6, tcp(1, 2))))), want},
		{"inside VXLAN", overUDP(4789, cat(unhex("08000000 00070000"), bridged("001b21", "001ec9", 0x0800, ipv4(6, tcp(1, 2))))), 0x001ec9000001},
		{"netfilter log", packet(linkNFLog, cat(unhex("02 00 0001"), tlv(8, unhex("0006 0000 020000000001 0000")), tlv(9, ipv4(6, tcp(1, 2))))), want},
		{"raw", packet(linkRaw, ipv4(6, tcp(1, 2))), 0},
	} {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(test.p, &seg); out != Segment || seg.MAC != test.want {
			t.Errorf("%s: outcome %d, MAC %012x, want %012x", test.name, out, seg.MAC, test.want)
		}
	}
}

// TestNote checks what an ICMP error tells.
func TestNote(t *testing.T) {
	src, dst := flows.AddrFrom(netip.MustParseAddrPort("192.0.2.1:3000")), flows.AddrFrom(netip.MustParseAddrPort("198.51.100.2:80"))
	from := flows.Addr{IP: dst.IP}
	back := func(proto int, data []byte) *capture.Packet {
		p := eth(ether(0x0800, ip4{back: true}.wrap(proto, data)))
		p.Frame, p.Time = 3, 4
		return p
	}
	mark := flows.Mark{Frame: 3, Time: 4}
	for _, test := range []struct {
		name string
		p    *capture.Packet
		want flows.ICMPNote
	}{
		{"unreachable", back(1, icmp(3, 13, u32(0), quotedTCP)),
			flows.ICMPNote{Mark: mark, From: from, Type: 3, Code: 13, QuotedSYN: true, Src: src, Dst: dst, Stream: -1}},
		{"8 bytes quoted", back(1, icmp(3, 1, u32(0), quotedTCP[:28])),
			flows.ICMPNote{Mark: mark, From: from, Type: 3, Code: 1, Src: src, Dst: dst, Stream: -1}},
		{"14 bytes quoted", back(1, icmp(3, 1, u32(0), quotedTCP[:34])),
			flows.ICMPNote{Mark: mark, From: from, Type: 3, Code: 1, QuotedSYN: true, Src: src, Dst: dst, Stream: -1}},
		{"no SYN", back(1, icmp(11, 0, u32(0), ipv4(6, tcp(3000, 0x10)))),
			flows.ICMPNote{Mark: mark, From: from, Type: 11, Src: src, Dst: dst, Stream: -1}},
		{"SYN-ACK", back(1, icmp(11, 0, u32(0), ipv4(6, tcp(3000, 0x12)))),
			flows.ICMPNote{Mark: mark, From: from, Type: 11, Src: src, Dst: dst, Stream: -1}},
		{"fragmentation needed", back(1, icmp(3, 4, u32(1400), quotedTCP)),
			flows.ICMPNote{Mark: mark, From: from, Type: 3, Code: 4, QuotedSYN: true, Src: src, Dst: dst, Stream: -1, MTU: 1400}},
	} {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(test.p, &seg); out != ICMPError {
			t.Errorf("%s: outcome %d", test.name, out)
		}
		if diff := cmp.Diff(test.want, d.Note); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if seg.Src != src || seg.Dst != dst || seg.SEQ != 0x01020304 || seg.Frame != 3 {
			t.Errorf("%s: quoted %v > %v, SEQ %x", test.name, seg.Src, seg.Dst, seg.SEQ)
		}
	}

	var d Decoder
	var seg flows.Segment
	d.Decode(eth(eth6(58, icmp(2, 0, u32(1280), ipv6(6, tcp(3000, 2))))), &seg)
	if n := d.Note; !n.V6 || n.MTU != 1280 || n.Type != 2 || n.Src.String() != "[2001:db8::1]:3000" || !n.QuotedSYN {
		t.Errorf("ICMPv6: %+v", n)
	}
}

// TestCounts adds up the counts: each packet is in one.
func TestCounts(t *testing.T) {
	var d Decoder
	var seg flows.Segment
	for i, o := range allOdd() {
		o.p.Frame = i + 1
		d.Decode(o.p, &seg)
	}
	c := d.Counts
	if c.Packets != uint64(len(allOdd())) || c.Packets != c.Segments+c.ICMPErrors+c.NotTCP+c.Fragments+c.Unreadable+c.Malformed {
		t.Errorf("%+v", c)
	}
	unreadable := uint64(0)
	for _, why := range c.Reasons() {
		if why < CutOptions {
			unreadable += c.By[why].Packets
		}
		if first := c.By[why].First; allOdd()[first-1].why != why {
			t.Errorf("%s: first in frame %d, %s", why, first, allOdd()[first-1].name)
		}
	}
	if unreadable != c.Unreadable+c.Malformed {
		t.Errorf("%d unreadable, reasons for %d", c.Unreadable, unreadable)
	}
	if got := c.Links[147]; got.Packets != 1 || allOdd()[got.First-1].p.Link != 147 {
		t.Errorf("link type 147: %+v", got)
	}
}

// TestReasons keeps every reason's words.
func TestReasons(t *testing.T) {
	for r := range reasons {
		if r.String() == "" {
			t.Errorf("reason %d has no words", r)
		}
	}
}

// TestNoAllocation reads without allocating what is read by own code: the odd packets of IP, TCP and ICMP, but for
// those in a tunnel, with the links and tags that captures commonly have. What gopacket reads does allocate.
func TestNoAllocation(t *testing.T) {
	odds := slices.Concat(oddIP, oddTCP, oddICMP)
	for _, o := range oddEthernet {
		switch typ := be16(cat(o.p.Data, make([]byte, 14))[12:]); typ {
		case etherVLAN, etherQinQ, etherQ9100, etherVNTag, etherETag, etherHSR, etherRTag, etherCisco:
			odds = append(odds, o)
		}
	}
	for _, o := range oddLinks {
		switch o.p.Link {
		case linkNull, linkLoop, linkRaw, linkRaw12, linkRaw14, linkIPv4, linkIPv6, linkATM, linkSLL2:
			odds = append(odds, o)
		case linkSLL:
			if o.name != "cooked, PPP" && o.name != "cooked, radiotap" {
				odds = append(odds, o)
			}
		}
	}
	var d Decoder
	var seg flows.Segment
	for _, o := range odds {
		if o.name == "quotes IP in IP" || o.name == "in a tunnel" {
			continue
		}
		d.Decode(o.p, &seg)
		if n := testing.AllocsPerRun(10, func() { d.Decode(o.p, &seg) }); n != 0 {
			t.Errorf("%s: %v allocations", o.name, n)
		}
	}
}

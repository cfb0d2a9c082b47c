package decode

import (
	"slices"

	"github.com/rstexplain/rstexplain/analyzer/capture"
)

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
	{name: "NSH in NSH", p: eth(ether(0x894f, cat(unhex("0fc2 0204 00000101 0fc2 0201 00000101"), ipv4(6, tcp(4094, 4))))), want: Segment},
	{name: "NSH, Ethernet", p: eth(ether(0x894f, cat(unhex("0fc6 0103 00000101"), make([]byte, 16), eth4(6, tcp(4034, 4))))), want: Segment},
	{name: "bridged Ethernet", p: eth(ether(0x6558, eth4(6, tcp(4035, 4)))), want: Segment},
	{name: "ISL", p: eth(cat(unhex("01000c0000 00 020000000001 0051 aaaa03 020000 000e 0000 0000"), eth4(6, tcp(4044, 4)), u32(0))), want: Segment},
	{name: "802.11 of Intel's drivers", p: eth(ether(0x2452, make([]byte, 60))), want: Unreadable, why: UnknownTunnel},
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

// wifi is an 802.11 data frame with IPv4; kind is the first byte of Frame Control, flags the second.
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

// capwapWiFi has the bytes of Frame Control the other way round.
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

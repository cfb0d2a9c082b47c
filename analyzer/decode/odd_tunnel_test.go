package decode

import "github.com/rstexplain/rstexplain/analyzer/capture"

func overUDP(port int, data []byte) *capture.Packet { return eth(eth4(17, udp(50000, port, data))) }

var oddTunnels = []odd{
	{name: "IP in IP", p: eth(eth4(4, ipv4(6, tcp(5000, 4)))), want: Segment},
	{name: "6in4", p: eth(eth4(41, ipv6(6, tcp(5001, 4)))), want: Segment},
	{name: "4in6", p: eth(eth6(4, ipv4(6, tcp(5002, 4)))), want: Segment},
	{name: "6in6", p: eth(eth6(41, ipv6(6, tcp(5003, 4)))), want: Segment},
	{name: "IPv6 in protocol 4", p: eth(eth4(4, ipv6(6, tcp(5004, 4)))), want: Segment},
	{name: "TCP with IP inside", p: eth(eth4(6, tcpOpts(5005, 4, nil, ipv4(6, tcp(1, 2))))), want: Segment},
	{name: "minimal encapsulation", p: eth(eth4(55, cat(unhex("0600 0000 0a000001"), tcp(5069, 4)))), want: Unreadable, why: UnknownTunnel},
	{name: "IPComp", p: eth(eth4(108, cat(unhex("0600 0002"), make([]byte, 40)))), want: Unreadable, why: UnknownTunnel},
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

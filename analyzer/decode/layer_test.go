package decode

import (
	"bytes"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// TestPeelCut checks that what is in a link or a tunnel is read whole, and where the snaplen cut it behind the TCP
// header, which gopacket's readers of PPPoE, GTP and 802.11 by themselves refuse or shorten.
func TestPeelCut(t *testing.T) {
	data := bytes.Repeat([]byte("d"), 40)
	seg := tcpOpts(1, 0x10, nil, data)
	ip := ipv4(6, seg)
	for _, test := range []struct {
		name string
		p    *capture.Packet
	}{
		{"PPPoE", eth(ether(0x8864, cat([]byte{0x11, 0}, u16(9), u16(2+len(ip)), u16(0x21), ip)))},
		{"GTP-U", overUDP(portGTPU, cat(unhex("30ff"), u16(len(ip)), u32(7), ip))},
		{"802.11 without checksum", packet(linkWiFi, wifi(0x08, 1, seg))},
		{"radiotap with padding", packet(linkRadiotap, radiotap(0x20, cat(wifi(0x88, 1, seg)[:26], u16(0), wifi(0x88, 1, seg)[26:])))},
		{"GRE", eth(eth4(protoGRE, cat(unhex("2000 0800 00000007"), ip)))},
		{"Geneve, the longest options", overUDP(portGeneve, cat(unhex("3f00 0800 00000700"), bytes.Repeat(unhex("01020001 00000000"), 31), unhex("01020000"), ip))},
	} {
		before := bytes.Clone(test.p.Data)
		var d Decoder
		var got flows.Segment
		if out := d.Decode(test.p, &got); out != Segment || got.DataLen != 40 || !bytes.Equal(got.Payload, data) {
			t.Errorf("%s: outcome %d (%s), DataLen %d, payload %q", test.name, out, d.why, got.DataLen, got.Payload)
		}
		if !bytes.Equal(test.p.Data, before) {
			t.Errorf("%s: the packet was changed", test.name)
		}
		if out := d.Decode(cut(test.p, len(test.p.Data)-30), &got); out != Segment || got.DataLen != 40 || len(got.Payload) != 10 {
			t.Errorf("%s, cut: outcome %d (%s), DataLen %d, %d bytes of payload", test.name, out, d.why, got.DataLen, len(got.Payload))
		}
	}
}

// TestPeelHostile checks that headers inside each other without end, and headers that contradict themselves, are
// counted by their reason.
func TestPeelHostile(t *testing.T) {
	many := func(n int, header string) []byte { return bytes.Repeat(unhex(header), n) }
	for _, test := range []struct {
		name string
		p    *capture.Packet
		why  Reason
	}{
		{"MPLS labels", eth(ether(0x8847, many(10_000, "00064040"))), TooDeep},
		{"NSH", eth(ether(0x894f, many(10_000, "0fc2 0204 00000101"))), TooDeep},
		{"PPI", packet(linkPPI, many(10_000, "0000 0800 c0000000")), TooDeep},
		{"PPP protocol number", packet(linkPPP, cat(unhex("ff03 0020"), ipv4(6, tcp(1, 4)))), BadLink},
		{"GTP extension header of length 0", overUDP(portGTPU, cat(unhex("34ff 0033 00000007 0000 00 85 00100100"), ipv4(6, tcp(1, 4)))), BadLink},
	} {
		var d Decoder
		var seg flows.Segment
		if out := d.Decode(test.p, &seg); out != Unreadable || d.Counts.By[test.why].Packets != 1 {
			t.Errorf("%s: outcome %d, %v", test.name, out, d.Counts.Reasons())
		}
	}
}

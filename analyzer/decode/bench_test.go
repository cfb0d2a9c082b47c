package decode

import (
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// BenchmarkDecode reads one packet of each common kind, over and over, into a batch of segments.
func BenchmarkDecode(b *testing.B) {
	ts := unhex("0101080a 00000001 00000002")
	data := tcpOpts(1000, 0x18, ts, make([]byte, 60))
	inner := eth4(6, data)
	for _, bm := range []struct {
		name string
		link int
		data []byte
	}{
		{"ipv4", linkEthernet, eth4(6, data)},
		{"ipv4-syn", linkEthernet, eth4(6, tcpOpts(1000, 2, unhex("020405b4 0402080a 00000001 00000000 01030307"), nil))},
		{"ipv4-rst", linkEthernet, eth4(6, tcpOpts(1000, 4, nil, nil))},
		{"ipv6", linkEthernet, eth6(6, data)},
		{"vlan", linkEthernet, ether(0x8100, cat(u16(7), u16(0x0800), ipv4(6, data)))},
		{"sll2", linkSLL2, cat(u16(0x0800), make([]byte, 18), ipv4(6, data))},
		{"raw", linkRaw, ipv4(6, data)},
		{"udp", linkEthernet, eth4(17, udp(1000, 53, data))},
		{"vxlan", linkEthernet, eth4(17, udp(1000, portVXLAN, cat(unhex("08000000 00000700"), inner)))},
		{"gtpu", linkEthernet, eth4(17, udp(portGTPU, portGTPU, cat(unhex("30ff0000 00000007"), ipv4(6, data))))},
		{"icmp-error", linkEthernet, eth4(1, icmp(3, 1, u32(0), ipv4(6, data)))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var d Decoder
			segs := make([]flows.Segment, 512)
			p := packet(bm.link, bm.data)
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.data)))
			for i := 0; b.Loop(); i++ {
				d.Decode(p, &segs[i%len(segs)])
			}
			if d.Counts.Unreadable > 0 {
				b.Fatal(d.why)
			}
		})
	}
}

// BenchmarkDecodeTo reads the first packet of BenchmarkDecode into a batch of its table, as the program does.
func BenchmarkDecodeTo(b *testing.B) {
	data := eth4(6, tcpOpts(1000, 0x18, unhex("0101080a 00000001 00000002"), make([]byte, 60)))
	var d Decoder
	var seg flows.Segment
	p := packet(linkEthernet, data)
	table := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	batch := table.NewBatch()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		d.DecodeTo(batch, p, &seg)
		if batch.Segments() == 512 {
			b.StopTimer()
			table.AddBatch(batch)
			batch = table.NewBatch()
			b.StartTimer()
		}
	}
}

// BenchmarkGopacket reads the first packet of BenchmarkDecode with gopacket's fastest way, for comparison.
func BenchmarkGopacket(b *testing.B) {
	data := eth4(6, tcpOpts(1000, 0x18, unhex("0101080a 00000001 00000002"), make([]byte, 60)))
	var eth layers.Ethernet
	var ip4 layers.IPv4
	var ip6 layers.IPv6
	var tcp layers.TCP
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip4, &ip6, &tcp)
	parser.IgnoreUnsupported = true
	found := make([]gopacket.LayerType, 0, 8)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := parser.DecodeLayers(data, &found); err != nil {
			b.Fatal(err)
		}
	}
}

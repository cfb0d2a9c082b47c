package decode

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// split cuts data into IPv4 packets of the given sizes.
func split(h ip4, data []byte, sizes ...int) []*capture.Packet {
	var ps []*capture.Packet
	offset := 0
	for i, n := range sizes {
		h.frag = offset / 8
		if i < len(sizes)-1 {
			h.frag |= 0x2000
		}
		ps = append(ps, eth(ether(0x0800, h.wrap(6, data[offset:offset+n]))))
		offset += n
	}
	return ps
}

// split6 cuts data into IPv6 packets.
func split6(id, next int, data []byte, sizes ...int) []*capture.Packet {
	var ps []*capture.Packet
	offset := 0
	for i, n := range sizes {
		more := 0
		if i < len(sizes)-1 {
			more = 1
		}
		ps = append(ps, eth(eth6(44, frag6(next, offset, more, id, data[offset:offset+n]))))
		offset += n
	}
	return ps
}

func long(port int, fill byte) []byte {
	return tcpOpts(port, 0x14, nil, bytes.Repeat([]byte{fill}, 80))
}

// pick returns the packets at the given places.
func pick(ps []*capture.Packet, places ...int) []*capture.Packet {
	var out []*capture.Packet
	for _, i := range places {
		out = append(out, ps[i])
	}
	return out
}

// fragmentRuns are packets that one Decoder reads in turn, and which of them give a segment.
var fragmentRuns = []struct {
	name     string
	packets  []*capture.Packet
	segments []int // places, from 0
	unlike   string
}{
	{name: "in order", packets: split(ip4{id: 1}, long(7000, 'd'), 40, 40, 20), segments: []int{2}},
	{name: "backwards", packets: pick(split(ip4{id: 2}, long(7001, 'd'), 40, 40, 20), 2, 1, 0), segments: []int{2}},
	{name: "8 bytes first", packets: split(ip4{id: 3}, long(7002, 'd'), 8, 40, 52), segments: []int{2}},
	{name: "one twice", packets: pick(split(ip4{id: 4}, long(7003, 'd'), 40, 40, 20), 0, 0, 1, 2), segments: []int{3}},
	{name: "all twice", packets: pick(split(ip4{id: 5}, long(7004, 'd'), 40, 40, 20), 0, 1, 2, 0, 1, 2), segments: []int{2, 5}},
	{name: "last one again before all again", packets: pick(split(ip4{id: 6}, long(7005, 'd'), 40, 40, 20), 0, 1, 2, 2, 0, 1, 2), segments: []int{2, 5}},
	{name: "never whole", packets: pick(split(ip4{id: 7}, long(7006, 'd'), 40, 40, 20), 0, 2)},
	{name: "two directions", packets: slices.Concat(
		pick(split(ip4{id: 8}, long(7007, 'd'), 40, 40, 20), 0),
		pick(split(ip4{id: 8, back: true}, long(7008, 'd'), 40, 40, 20), 1),
		pick(split(ip4{id: 8}, long(7007, 'd'), 40, 40, 20), 1, 2),
		pick(split(ip4{id: 8, back: true}, long(7008, 'd'), 40, 40, 20), 0, 2)), segments: []int{3, 5}},
	{name: "two protocols", packets: slices.Concat(
		pick(split(ip4{id: 9}, long(7009, 'd'), 40, 40, 20), 0),
		[]*capture.Packet{eth(ether(0x0800, ip4{id: 9, frag: 5}.wrap(17, make([]byte, 60))))},
		pick(split(ip4{id: 9}, long(7009, 'd'), 40, 40, 20), 1, 2)), segments: []int{3}},
	{name: "overlap of other bytes", packets: slices.Concat(
		pick(split(ip4{id: 10}, long(7010, 'd'), 40, 40, 20), 0),
		pick(split(ip4{id: 10}, tcpOpts(7011, 4, nil, bytes.Repeat([]byte("e"), 80)), 40, 40, 20), 0, 1),
		pick(split(ip4{id: 10}, long(7010, 'd'), 40, 40, 20), 1, 2)), segments: []int{4}},
	{name: "beyond the end", packets: slices.Concat(
		pick(split(ip4{id: 11}, long(7012, 'd'), 40, 40, 20), 0, 2),
		[]*capture.Packet{eth(ether(0x0800, ip4{id: 11, frag: 0x2000 | 10}.wrap(6, make([]byte, 80))))},
		pick(split(ip4{id: 11}, long(7012, 'd'), 40, 40, 20), 1)), segments: []int{3}},
	{name: "don't fragment", packets: []*capture.Packet{
		eth(ether(0x0800, ip4{id: 12, frag: 0x6000}.wrap(6, long(7013, 'd')[:40]))),
		eth(ether(0x0800, ip4{id: 12, frag: 5}.wrap(6, long(7013, 'd')[40:])))}, segments: []int{1}},
	{name: "empty", packets: []*capture.Packet{eth(ether(0x0800, ip4{id: 13, frag: 0x2000}.wrap(6, nil)))}},
	{name: "two VLANs", packets: []*capture.Packet{
		eth(ether(0x8100, vlan(5, 0x0800, ip4{id: 1400, frag: 0x2000}.wrap(6, long(7014, 'd')[:40])))),
		eth(ether(0x8100, vlan(6, 0x0800, ip4{id: 1400, frag: 5}.wrap(6, long(7014, 'd')[40:])))),
		eth(ether(0x8100, vlan(5, 0x0800, ip4{id: 1400, frag: 5}.wrap(6, long(7014, 'd')[40:]))))}, segments: []int{2},
		unlike: "it keeps VLANs apart for private addresses only"},
	{name: "identification used again", packets: slices.Concat(
		split(ip4{id: 15}, long(7015, 'd'), 40, 60), split(ip4{id: 15}, long(7016, 'e'), 40, 60)), segments: []int{1, 3}},
	{name: "snaplen cuts the first", packets: slices.Concat(
		[]*capture.Packet{cut(pick(split(ip4{id: 16}, long(7017, 'd'), 40, 60), 0)[0], 60)},
		pick(split(ip4{id: 16}, long(7017, 'd'), 40, 60), 1)), segments: []int{0}},
	{name: "snaplen cuts the second", packets: slices.Concat(
		pick(split(ip4{id: 17}, long(7018, 'd'), 40, 60), 0),
		[]*capture.Packet{cut(pick(split(ip4{id: 17}, long(7018, 'd'), 40, 60), 1)[0], 60)})},
	{name: "a tunnel in fragments", packets: []*capture.Packet{
		eth(ether(0x0800, ip4{id: 18, frag: 0x2000}.wrap(17, udp(50000, 4789, cat(unhex("08000000 00000700"), eth4(6, tcp(7019, 4))))[:48]))),
		eth(ether(0x0800, ip4{id: 18, frag: 6}.wrap(17, udp(50000, 4789, cat(unhex("08000000 00000700"), eth4(6, tcp(7019, 4))))[48:])))}, segments: []int{1}},
	{name: "fragments in a tunnel", packets: []*capture.Packet{
		eth(eth4(4, ip4{id: 19, frag: 0x2000}.wrap(6, long(7020, 'd')[:40]))),
		eth(eth4(4, ip4{id: 19, frag: 5}.wrap(6, long(7020, 'd')[40:])))}, segments: []int{1}},

	{name: "IPv6", packets: split6(1, 6, long(7100, 'd'), 40, 40, 20), segments: []int{2}},
	{name: "IPv6 backwards", packets: pick(split6(2, 6, long(7101, 'd'), 40, 40, 20), 2, 1, 0), segments: []int{2}},
	{name: "IPv6, options in the fragments", packets: split6(3, 60, ext(6, long(7102, 'd')), 40, 68), segments: []int{1}},
	{name: "IPv6, options before the fragments", packets: []*capture.Packet{
		eth(eth6(0, ext(44, frag6(6, 0, 1, 4, long(7103, 'd')[:40])))),
		eth(eth6(0, ext(44, frag6(6, 40, 0, 4, long(7103, 'd')[40:]))))}, segments: []int{1}},
	{name: "IPv6, never whole", packets: pick(split6(5, 6, long(7104, 'd'), 40, 40, 20), 0, 1)},
	{name: "IPv6, snaplen cuts the first", packets: []*capture.Packet{cut(pick(split6(6, 6, long(7105, 'd'), 40, 60), 0)[0], 90)},
		segments: []int{0}, unlike: "it shows a cut first fragment of IPv4 only"},
}

func TestFragments(t *testing.T) {
	for _, r := range fragmentRuns {
		var d Decoder
		var got []int
		for i, p := range r.packets {
			var seg flows.Segment
			if d.Decode(p, &seg) == Segment {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, r.segments) {
			t.Errorf("%s: segments at %v, want %v", r.name, got, r.segments)
		}
		d.Flush()
		if d.fragments.bytes != 0 || len(d.fragments.open) != 0 {
			t.Errorf("%s: %d bytes left after Flush", r.name, d.fragments.bytes)
		}
	}
}

// TestFragmentsTshark shows all runs to tshark in one capture, and to one Decoder.
func TestFragmentsTshark(t *testing.T) {
	var all []*capture.Packet
	for _, r := range fragmentRuns {
		all = append(all, r.packets...)
	}
	file := filepath.Join(t.TempDir(), "fragments.pcapng")
	writePcapng(t, file, all)
	frames := runShark(t, file)
	var d Decoder
	frame := 0
	for _, r := range fragmentRuns {
		for i, p := range r.packets {
			var seg flows.Segment
			out := d.Decode(p, &seg)
			if diff := frames[frame].differs(&reading{out: out, unnumbered: d.Unnumbered, seg: seg}); diff != "" && r.unlike == "" {
				t.Errorf("%s, packet %d: %s", r.name, i, diff)
			}
			frame++
		}
	}
}

// TestFragmentPayload checks that what was put together is what was cut.
func TestFragmentPayload(t *testing.T) {
	var d Decoder
	var seg flows.Segment
	data := long(7200, 'd')
	for i := 20; i < 100; i++ {
		data[i] = byte(i)
	}
	for _, p := range pick(split(ip4{id: 1}, data, 40, 40, 20), 1, 2, 0) {
		d.Decode(p, &seg)
	}
	if !bytes.Equal(seg.Payload, data[20:]) || seg.DataLen != 80 {
		t.Errorf("payload %x of %d bytes", seg.Payload, seg.DataLen)
	}
}

// TestFragmentFlood holds the bounds of reassembly against fragments that never become whole.
func TestFragmentFlood(t *testing.T) {
	var d Decoder
	var seg flows.Segment
	const n = 5000
	for i := range n {
		p := eth(ether(0x0800, ip4{id: i, frag: 0x2000 | 8000}.wrap(6, make([]byte, 8))))
		p.Frame = i + 1
		if out := d.Decode(p, &seg); out != Fragment {
			t.Fatalf("outcome %d", out)
		}
		if r := &d.fragments; r.bytes > maxFragmentBytes || len(r.open) > maxDatagrams || r.order.Len() != len(r.open) {
			t.Fatalf("%d bytes in %d datagrams", r.bytes, len(r.open))
		}
	}
	d.Flush()
	if got := d.Counts.By[FragmentAlone]; got.Packets != n || got.First != 1 {
		t.Errorf("%d fragments alone, first in frame %d", got.Packets, got.First)
	}
}

package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPcapngBlocks(t *testing.T) {
	data := octets(61)
	for _, o := range orders {
		other := orders[0]
		if o == orders[0] {
			other = orders[1]
		}
		f := newPcapng(o).
			iface(1, 0).
			iface(101, 0, option{9, []byte{9}}). // nanoseconds
			packet(0, 1700000000_000001, data).
			packet(1, 1700000000_000000002, data[:1]).
			oldPacket(0, 0xffff, 1700000000_000003, data[:2]).
			simplePacket(100, data[:60])
		f.order = other
		f.section().
			iface(276, 40, option{9, []byte{0}}, option{14, other.AppendUint64(nil, 10)}). // seconds, 10 later
			packet(0, 1700000000, data[:4]).
			simplePacket(100, data[:40]).
			packet(0, 1700000001, nil)
		got, r := readBytes(t, f.b)
		want := []Packet{
			{Data: data, Frame: 1, Time: 1700000000_000001_000, Length: 61, Link: 1},
			{Data: data[:1], Frame: 2, Time: 1700000000_000000_002, Length: 1, Link: 101, Interface: 1},
			{Data: data[:2], Frame: 3, Time: 1700000000_000003_000, Length: 2, Link: 1},
			{Data: data[:60], Frame: 4, Length: 100, Link: 1},
			{Data: data[:4], Frame: 5, Time: 1700000010_000000000, Length: 4, Link: 276},
			{Data: data[:40], Frame: 6, Length: 100, Link: 276},
			{Data: nil, Frame: 7, Time: 1700000011_000000000, Length: 0, Link: 276},
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Packet{}, "Offset"), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%v: packets (-want +got):\n%s", o, d)
		}
		for _, p := range got {
			if typ := f.b[p.Offset:][:4]; !bytes.ContainsAny(typ, "\x02\x03\x06") {
				t.Errorf("%v: frame %d: no packet block at its offset %d", o, p.Frame, p.Offset)
			}
		}
		if d := cmp.Diff(map[uint16]int64{1: 3, 101: 1, 276: 3}, r.Links()); d != "" {
			t.Errorf("%v: links (-want +got):\n%s", o, d)
		}
		if got := reasons(r); !slices.Equal(got, []Reason{NoTime}) {
			t.Errorf("%v: problems %v", o, got)
		}
	}
}

// Which blocks other than packets take a frame number was observed in tshark 4.0.
func TestPcapngFrameNumbers(t *testing.T) {
	for typ, want := range map[uint32]int{
		blockNames: 2, blockStatistics: 2, blockSecrets: 2, 0x7: 2, 0x8: 2, 0x101: 2, 0x201: 2, 0x777: 2, 0x80000001: 2,
		0x208: 2, 0x217: 2, 0x222: 2,
		blockCustom: 3, blockCustomKeep: 3, blockJournal: 3, blockSysdig: 3, blockSysdig2: 3, blockSysdigLarge: 3,
	} {
		f := newPcapng(binary.LittleEndian).iface(1, 0).packet(0, 1, nil).block(typ, make([]byte, 64)).packet(0, 2, nil)
		got, r := readBytes(t, f.b)
		if len(got) != 2 || got[1].Frame != want || r.Frames() != want {
			t.Errorf("block type %#x: %d packets, %d frames; want the second packet to be frame %d", typ, len(got), r.Frames(), want)
		}
	}
}

func TestPcapngDescriptions(t *testing.T) {
	for _, o := range orders {
		f := &pcapng{order: o}
		f.section(textOption(1, "first"), textOption(2, "x86"), textOption(3, "Linux 6.1"), textOption(4, "dumpcap\x00"), textOption(1, "bad \xff")).
			iface(1, 262144, textOption(2, "eth0"), textOption(3, "the wire"), option{9, []byte{9}}, option{11, []byte("\x00tcp port 80")},
				textOption(12, "Linux"), option{13, []byte{32}}, textOption(15, "virtio")).
			packet(0, 1, nil, textOption(1, "a comment"), f.count(4, 7)).
			iface(101, 96).
			packet(1, 1, nil).
			packet(1, 2, nil).
			oldPacket(1, 2, 2, nil).
			statistics(0, f.count(4, 1000), f.count(5, 3), f.count(7, 40)).
			statistics(0, f.count(4, 2000), f.count(5, 4), f.count(7, 50))
		_, r := readBytes(t, f.b)
		if d := cmp.Diff([]Interface{
			{Link: 1, SnapLen: 262144, Resolution: 9, FCSLen: 4, Name: "eth0", Description: "the wire", OS: "Linux", Hardware: "virtio",
				Filter: "tcp port 80", Packets: 1, Received: 2000, Dropped: 54},
			{Index: 1, Link: 101, SnapLen: 96, Resolution: 6, FCSLen: -1, Packets: 3, Dropped: 2},
		}, r.Interfaces()); d != "" {
			t.Errorf("%v: interfaces (-want +got):\n%s", o, d)
		}
		if d := cmp.Diff(Info{Format: "pcapng", Sections: 1, Comments: []string{"first", "bad \uFFFD"}, Hardware: "x86",
			OS: "Linux 6.1", Application: "dumpcap"}, r.Info()); d != "" {
			t.Errorf("%v: info (-want +got):\n%s", o, d)
		}
		if got := reasons(r); !slices.Equal(got, []Reason{Dropped, Dropped}) {
			t.Errorf("%v: problems %v", o, got)
		}
	}
}

// Some writers do not count the padding in a block's length, and some do not pad.
func TestPcapngUnpadded(t *testing.T) {
	o := binary.LittleEndian
	for _, padded := range []bool{true, false} {
		f := newPcapng(o).iface(1, 0).packet(0, 1, octets(4))
		at := len(f.b)
		f.packet(0, 2, octets(5))
		o.PutUint32(f.b[at+4:], 37)
		if padded {
			o.PutUint32(f.b[len(f.b)-4:], 37)
		} else {
			f.b = o.AppendUint32(f.b[:at+28+5], 37)
		}
		f.packet(0, 3, octets(6))
		got, r := readBytes(t, f.b)
		if len(got) != 3 || len(got[1].Data) != 5 || len(r.Problems()) != 0 {
			t.Errorf("padded %v: %d packets, problems %v", padded, len(got), r.Problems())
		}
	}
}

func TestPcapngUnknownVersion(t *testing.T) {
	f := newPcapng(binary.LittleEndian).iface(1, 0).packet(0, 1, nil)
	at := len(f.b)
	f.section().iface(1, 0).packet(0, 2, nil)
	f.b[at+12] = 2
	f.section().iface(1, 0).packet(0, 3, nil)
	got, r := readBytes(t, f.b)
	if len(got) != 2 || got[1].Time != 3000 || !slices.Equal(reasons(r), []Reason{Unsupported}) {
		t.Errorf("%d packets, problems %v", len(got), r.Problems())
	}
}

func TestPcapngLimits(t *testing.T) {
	o := binary.LittleEndian
	t.Run("oversize packet keeps its number", func(t *testing.T) {
		f := newPcapng(o).iface(1, 0).packet(0, 1, nil).packet(0, 2, make([]byte, 300<<10)).packet(0, 3, make([]byte, 256<<10))
		got, r := readBytes(t, f.b)
		if len(got) != 2 || got[1].Frame != 3 || len(got[1].Data) != 256<<10 || !slices.Equal(reasons(r), []Reason{Oversize}) {
			t.Errorf("%d packets, problems %v", len(got), r.Problems())
		}
		if got, r := readAll(t, bytes.NewReader(f.b), Options{MaxPacket: 1 << 20}); len(got) != 3 || len(r.Problems()) != 0 {
			t.Errorf("with a higher limit: %d packets, problems %v", len(got), r.Problems())
		}
	})
	t.Run("interface not described", func(t *testing.T) {
		f := newPcapng(o).packet(0, 1, nil).iface(1, 0).packet(0, 2, nil).packet(1, 3, nil).packet(0, 4, nil).
			section().simplePacket(1, octets(1))
		got, r := readBytes(t, f.b)
		if len(got) != 2 || got[1].Frame != 4 || r.Frames() != 5 || !slices.Equal(reasons(r), []Reason{NoInterface, NoInterface, NoInterface}) {
			t.Errorf("%d packets, problems %v", len(got), r.Problems())
		}
	})
	t.Run("a million interfaces", func(t *testing.T) {
		f := newPcapng(o)
		for range 1_000_000 {
			f.iface(1, 0, textOption(2, "eth0"))
		}
		f.packet(65535, 1, nil).packet(65536, 1, nil)
		got, r := readBytes(t, f.b)
		if len(got) != 1 || got[0].Interface != 65535 || len(r.Interfaces()) != interfacesKept {
			t.Errorf("%d packets, %d interfaces described", len(got), len(r.Interfaces()))
		}
		if p := r.Problems(); !slices.Equal(reasons(r), []Reason{NoInterface, Unsupported}) ||
			!strings.Contains(p[0].What, "of interface 65536, but only 65536 interfaces per section are supported") ||
			!strings.Contains(p[1].What, "interfaces beyond the first 65536 of a section: 934464, the first at byte 2097180") {
			t.Errorf("problems %v", p)
		}
	})
	t.Run("a million sections", func(t *testing.T) {
		one := newPcapng(o).iface(1, 0, textOption(2, "eth0")).packet(0, 1, octets(8)).b
		got, r := readBytes(t, bytes.Repeat(one, 1_000_000))
		if len(got) != 1_000_000 || r.Info().Sections != 1_000_000 || len(r.Interfaces()) != interfacesKept || r.Links()[1] != 1_000_000 {
			t.Errorf("%d packets in %d sections", len(got), r.Info().Sections)
		}
	})
	t.Run("endless options", func(t *testing.T) {
		opts := slices.Repeat([]option{textOption(1, "x")}, 1_000_000)
		f := &pcapng{order: o}
		f.section(opts...).iface(1, 0, opts...).packet(0, 1, octets(4), opts...)
		got, r := readBytes(t, f.b)
		if len(got) != 1 || len(r.Info().Comments) != commentsKept || len(r.Problems()) != 0 {
			t.Errorf("%d packets, %d comments, problems %v", len(got), len(r.Info().Comments), r.Problems())
		}
	})
	t.Run("times out of range", func(t *testing.T) {
		f := newPcapng(o).iface(1, 0).packet(0, 1<<63, nil).
			iface(1, 0, option{14, o.AppendUint64(nil, 1<<63)}).packet(1, 5, nil)
		got, r := readBytes(t, f.b)
		if len(got) != 2 || got[0].Time != maxTime || got[1].Time != -maxTime || !slices.Equal(reasons(r), []Reason{TimeRange, TimeRange}) {
			t.Errorf("packets %v, problems %v", got, r.Problems())
		}
	})
}

// Lengths that lie must neither panic, nor hang, nor hide the packets before and after them.
func TestPcapngHostileLengths(t *testing.T) {
	lengths := []uint32{0, 1, 4, 11, 12, 13, 16, 31, 32, 33, 64, 65, 1 << 16, 1 << 20, blockMax - 4, blockMax, blockMax + 4, 1 << 31, 1<<32 - 4, 1<<32 - 1}
	for _, o := range orders {
		f := newPcapng(o).iface(1, 0).packet(0, 1, octets(30)).packet(0, 2, octets(31))
		at := len(f.b)
		f.packet(0, 3, octets(32), textOption(1, "hi"))
		end := len(f.b)
		f.packet(0, 4, octets(33)).packet(0, 5, octets(34))
		for name, place := range map[string]int{"block length": at + 4, "trailing length": end - 4, "captured length": at + 20, "option length": at + 28 + 32 + 2, "interface": at + 8} {
			for _, n := range lengths {
				b := slices.Clone(f.b)
				o.PutUint32(b[place:], n)
				got, r := readBytes(t, b)
				if len(got) < 4 || got[len(got)-1].Time != 5000 {
					t.Errorf("%v: %s %d: %d packets, problems %v", o, name, n, len(got), r.Problems())
				}
				if len(got) == 4 && len(r.Problems()) != 1 {
					t.Errorf("%v: %s %d: problems %v", o, name, n, r.Problems())
				}
			}
		}
	}
}

func ExampleProblem() {
	f := newPcapng(binary.LittleEndian).iface(1, 0).packet(0, 1, octets(60))
	f.packet(0, 2, octets(60))
	b := slices.Concat(f.b[:len(f.b)-40], newPcapng(binary.LittleEndian).iface(1, 0).packet(0, 3, octets(60)).b)
	r, _ := NewReader(bytes.NewReader(b), Options{})
	var batch Batch
	for r.Next(&batch) == nil {
		for _, p := range batch.Packets {
			fmt.Println("frame", p.Frame, "at byte", p.Offset)
		}
	}
	for _, p := range r.Problems() {
		fmt.Println(p.Error())
	}
	// Output:
	// frame 1 at byte 48
	// frame 3 at byte 240
	// stream: damaged from byte 140, near frame 2, to byte 192: 52 bytes cannot be read, and frame numbers after them are not Wireshark's; copy the file again; everything before and after that is read
}

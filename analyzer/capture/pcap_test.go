package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPcapVariants(t *testing.T) {
	type variant struct {
		magic        uint32
		major, minor uint16
		network      uint32
	}
	for _, o := range orders {
		for _, v := range []variant{
			{magicMicro, 2, 4, 1},
			{magicNano, 2, 4, 113},
			{magicModified, 2, 4, 1},
			{magicIxiaMicro, 2, 4, 1},
			{magicIxiaNano, 2, 4, 1},
			{magicMicro, 2, 4, 2<<28 | 1<<26 | 1}, // a frame check sequence of two 16-bit words
			{magicMicro, 2, 3, 1},
			{magicMicro, 2, 2, 1},
			{magicMicro, 543, 0, 1},
		} {
			f := newPcap(o, v.magic, v.major, v.minor, v.network)
			caplen, length := uint32(60), uint32(1500)
			if v.minor < 4 {
				caplen, length = length, caplen // as it stands in these files
			}
			f.record(1700000000, 7, caplen, length, octets(60)).packet(1<<32-1, 8, nil)
			got, r := readBytes(t, f.b)
			name := fmt.Sprintf("%v %+v", o, v)
			if len(got) != 2 || len(r.Problems()) != 0 {
				t.Errorf("%s: %d packets, problems %v", name, len(got), r.Problems())
				continue
			}
			unit := int64(1000)
			if v.magic == magicNano || v.magic == magicIxiaNano {
				unit = 1
			}
			p := got[0]
			if p.Frame != 1 || p.Time != 1700000000e9+7*unit || p.Length != 1500 || !bytes.Equal(p.Data, octets(60)) || p.Link != uint16(v.network) || f.b[p.Offset] != f.b[len(f.b)-2*f.header-60] {
				t.Errorf("%s: %+v", name, p)
			}
			if p := got[1]; p.Frame != 2 || p.Time != (1<<32-1)*1e9+8*unit || p.Offset != int64(len(f.b)-f.header) {
				t.Errorf("%s: %+v", name, p)
			}
			fcs := -1
			if v.network > 1<<16 {
				fcs = 4
			}
			if d := r.Interfaces()[0]; d.FCSLen != fcs || d.SnapLen != 65535 || d.Packets != 2 {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

func TestPcapDamage(t *testing.T) {
	const sec = 1700000000
	build := func(o order, magic uint32) (f *pcapFile, starts []int) {
		f = newPcap(o, magic, 2, 4, 1)
		for i := range uint32(20) {
			starts = append(starts, len(f.b))
			f.packet(sec+i, 100*i, octets(60+int(i)))
		}
		return f, append(starts, len(f.b))
	}
	for _, o := range orders {
		for _, magic := range []uint32{magicMicro, magicNano, magicModified} {
			for _, caplen := range []uint32{300 << 10, blockMax, blockMax + 1, 1<<32 - 1} {
				f, starts := build(o, magic)
				o.PutUint32(f.b[starts[5]+8:], caplen)
				got, r := readBytes(t, f.b)
				if len(got) != 19 || got[5].Frame != 7 || got[18].Time/1e9 != sec+19 {
					t.Errorf("%v %#x: length %d: %d packets, problems %v", o, magic, caplen, len(got), r.Problems())
				}
				if p := r.Problems(); len(p) != 1 || p[0].Reason != Corrupt || p[0].Offset != int64(starts[5]) || p[0].Bytes != int64(starts[6]-starts[5]) {
					t.Errorf("%v %#x: length %d: problems %+v", o, magic, caplen, p)
				}
			}
			// A length that is possible but wrong misleads until one is not; the next records that agree are found.
			f, starts := build(o, magic)
			o.PutUint32(f.b[starts[5]+8:], 100)
			got, r := readBytes(t, f.b)
			if len(got) < 17 || got[len(got)-1].Time/1e9 != sec+19 || !slices.Equal(reasons(r), []Reason{Corrupt}) {
				t.Errorf("%v %#x: a wrong length: %d packets, problems %v", o, magic, len(got), r.Problems())
			}
			// A hole.
			f, starts = build(o, magic)
			got, r = readBytes(t, slices.Concat(f.b[:starts[5]+30], f.b[starts[7]+50:]))
			if len(got) < 15 || got[len(got)-1].Time/1e9 != sec+19 {
				t.Errorf("%v %#x: a hole: %d packets, problems %v", o, magic, len(got), r.Problems())
			}
		}
	}
}

func TestPcapOversize(t *testing.T) {
	f := newPcap(binary.LittleEndian, magicMicro, 2, 4, 1).packet(1, 1, octets(60)).packet(1, 2, make([]byte, 300<<10)).packet(1, 3, octets(60))
	got, r := readBytes(t, f.b)
	if len(got) != 2 || got[1].Frame != 3 || !slices.Equal(reasons(r), []Reason{Oversize}) {
		t.Errorf("%d packets, problems %v", len(got), r.Problems())
	}
	f.packet(1, 4, make([]byte, 300<<10)) // at the end of the file
	got, r = readBytes(t, f.b)
	if len(got) != 2 || r.Frames() != 4 || !slices.Equal(reasons(r), []Reason{Oversize, Oversize}) {
		t.Errorf("%d packets, problems %v", len(got), r.Problems())
	}
}

// The header lengths of the patched libpcaps are found out from the records, in a file but not in a stream.
func TestPcapPatched(t *testing.T) {
	for _, o := range orders {
		for _, c := range []struct {
			magic  uint32
			header int
		}{{magicMicro, 16}, {magicMicro, 24}, {magicMicro, 20}, {magicModified, 24}, {magicModified, 28}} {
			for n := range uint32(5) {
				f := newPcap(o, c.magic, 2, 4, 1)
				f.header = c.header
				for i := range n {
					f.packet(1700000000+i, i, octets(60+int(i)))
				}
				path := filepath.Join(t.TempDir(), "patched.pcap")
				if err := os.WriteFile(path, f.b, 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := Open(path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				got := drain(t, r)
				if len(got) != int(n) || len(r.Problems()) != 0 || n > 0 && !bytes.Equal(got[n-1].Data, octets(59+int(n))) {
					t.Errorf("%v %+v: %d packets of %d, problems %v", o, c, len(got), n, r.Problems())
				}
			}
		}
	}
}

// AIX writes nanoseconds and its own link types under the usual magic number, with the lengths as before version 2.3.
func TestPcapAIX(t *testing.T) {
	f := newPcap(binary.BigEndian, magicMicro, 2, 2, 6).record(1, 999_999_999, 1500, 60, octets(60))
	got, _ := readBytes(t, f.b)
	if len(got) != 1 || got[0].Link != 1 || got[0].Time != 1_999_999_999 || got[0].Length != 1500 {
		t.Errorf("%+v", got)
	}
}

// A pcap that ends a few bytes behind its only packet has the lengths of a patched one, whose headers are 4 or 8
// bytes longer: the packet decides.
func TestPcapCutBehindOnlyPacket(t *testing.T) {
	ipv4 := append([]byte{0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}, octets(20)...)
	ipv6 := append(append([]byte{0x60, 0, 0, 0, 0, 20, 6, 64}, make([]byte, 32)...), octets(20)...)
	ethernet := func(typ ...byte) []byte { return append(make([]byte, 12), typ...) }
	for _, o := range orders {
		for _, c := range []struct {
			link   uint32
			packet []byte
		}{
			{1, append(ethernet(8, 0), ipv4...)}, {1, append(ethernet(0x86, 0xdd), ipv6...)}, {1, append(ethernet(0x81, 0, 0, 9, 8, 0), ipv4...)},
			{101, ipv4}, {101, ipv6}, {0, append([]byte{2, 0, 0, 0}, ipv4...)}, {113, append(make([]byte, 16), ipv4...)}, {276, append(make([]byte, 20), ipv4...)},
		} {
			for rest := range 16 {
				f := newPcap(o, magicMicro, 2, 4, c.link).packet(1700000000, 1, c.packet)
				path := filepath.Join(t.TempDir(), "cut.pcap")
				if err := os.WriteFile(path, append(f.b, octets(rest)...), 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := Open(path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				got := drain(t, r)
				var want []Reason
				if rest == 4 || rest == 8 {
					want = append(want, Variant)
				}
				if rest > 0 {
					want = append(want, Truncated)
				}
				if len(got) != 1 || !bytes.Equal(got[0].Data, c.packet) || !slices.Equal(reasons(r), want) {
					t.Errorf("link type %d, %d bytes behind the packet: %d packets, problems %v", c.link, rest, len(got), r.Problems())
				}
			}
		}
	}
}

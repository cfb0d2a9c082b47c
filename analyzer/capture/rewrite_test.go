package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
)

func rewrite(t testing.TB, file []byte, edit func(*Packet) Edit) []byte {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), Options{ChunkSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := r.Rewrite(context.Background(), &b, edit); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everyBlock returns a capture with blocks of every kind, in two sections of the two byte orders.
func everyBlock(o, other order) *pcapng {
	f := newPcapng(o).
		iface(1, 0, textOption(2, "eth0")).
		block(blockNames, make([]byte, 8)).
		packet(0, 1, octets(61), textOption(1, "old"), option{3, octets(5)}, option{2, []byte{1, 0, 0, 0}}).
		packet(0, 2, octets(4)).
		oldPacket(0, 0xffff, 3, octets(5)).
		simplePacket(100, octets(60)).
		block(blockJournal, octets(40)).
		block(0x777, octets(13)).
		packet(7, 3, octets(9)) // of an interface that is not described
	f.order = other
	return f.section(textOption(1, "second")).iface(101, 0).packet(0, 8, nil).statistics(0).block(blockCustom, octets(7))
}

func TestRewriteKeepsAll(t *testing.T) {
	for i, o := range orders {
		f := everyBlock(o, orders[1-i])
		for name, edit := range map[string]func(*Packet) Edit{"nothing": nil, "no packet": func(*Packet) Edit { return Edit{} }} {
			if got := rewrite(t, f.b, edit); !bytes.Equal(got, f.b) {
				t.Errorf("%v, edit %s: %d bytes in, %d other ones out", o, name, len(f.b), len(got))
			}
		}
	}
}

// What others may learn from is counted, where it is copied.
func TestRewriteCounts(t *testing.T) {
	f := everyBlock(binary.LittleEndian, binary.BigEndian).block(blockSecrets, octets(20)).block(blockSecrets, octets(24)).block(blockCustomKeep, octets(8))
	for _, drop := range []bool{false, true} {
		r, err := NewReader(bytes.NewReader(f.b), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Rewrite(context.Background(), io.Discard, func(*Packet) Edit { return Edit{Drop: drop} })
		want := Copied{Secrets: 2, Names: 1, Journals: 1, Others: 2}
		if err != nil || got != want {
			t.Errorf("dropping packets %v: %+v, %v, want %+v", drop, got, err, want)
		}
	}
}

// The end of the context ends the copy.
func TestRewriteEnds(t *testing.T) {
	r, err := NewReader(bytes.NewReader(sample(5000)), Options{ChunkSize: 4 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := 0
	if _, err := r.Rewrite(ctx, io.Discard, func(*Packet) Edit { n++; stop(); return Edit{Drop: true} }); err != context.Canceled || n == 0 || n > 500 {
		t.Errorf("%v after %d packets", err, n)
	}
}

// A block that no program but its maker's may copy is left out, and a section's length is no longer reported.
func TestRewriteLeavesOut(t *testing.T) {
	f := newPcapng(binary.LittleEndian).block(blockCustomKeep, octets(8)).iface(1, 0)
	binary.LittleEndian.PutUint64(f.b[16:], 4711)
	want := newPcapng(binary.LittleEndian).iface(1, 0)
	if got := rewrite(t, f.b, nil); !bytes.Equal(got, want.b) {
		t.Errorf("got %x", got)
	}
}

func TestRewriteEdits(t *testing.T) {
	for i, o := range orders {
		other := orders[1-i]
		f := everyBlock(o, other)
		got := rewrite(t, f.b, func(p *Packet) Edit {
			switch p.Frame {
			case 1, 3, 4:
				return Edit{Comments: []string{"frame", "ünïcode"}}
			case 2:
				return Edit{Data: []byte{1, 2, 3}}
			case 6: // frame 5 is the journal
				if p.Data != nil {
					t.Errorf("frame 6 has data")
				}
				return Edit{Drop: true}
			}
			return Edit{}
		})
		comments := []option{textOption(1, "frame"), textOption(1, "ünïcode")}
		want := newPcapng(o).
			iface(1, 0, textOption(2, "eth0")).
			block(blockNames, make([]byte, 8)).
			packet(0, 1, octets(61), append([]option{textOption(1, "old"), {3, octets(5)}, {2, []byte{1, 0, 0, 0}}}, comments...)...).
			packet(0, 2, []byte{1, 2, 3})
		o.PutUint32(want.b[len(want.b)-12:], 4) // the length on the wire stays
		at := len(want.b)
		want.packet(0, 3, octets(5), comments...)
		o.PutUint32(want.b[at:], blockOldPacket)
		o.PutUint16(want.b[at+10:], 0xffff)
		at = len(want.b)
		want.packet(0, 0, octets(60), comments...)
		o.PutUint32(want.b[at+24:], 100)
		want.block(blockJournal, octets(40)).block(0x777, octets(13))
		want.order = other
		want.section(textOption(1, "second")).iface(101, 0).packet(0, 8, nil).statistics(0).block(blockCustom, octets(7))
		if !bytes.Equal(got, want.b) {
			t.Errorf("%v:\n got %x\nwant %x", o, got, want.b)
		}
	}
}

// A hash of bytes that changed would be wrong.
func TestRewriteDropsHash(t *testing.T) {
	o := binary.LittleEndian
	f := newPcapng(o).iface(1, 0).packet(0, 1, octets(8), option{3, octets(5)}, textOption(1, "x"))
	want := newPcapng(o).iface(1, 0).packet(0, 1, octets(9), textOption(1, "x"))
	o.PutUint32(want.b[48+24:], 8)
	if got := rewrite(t, f.b, func(*Packet) Edit { return Edit{Data: octets(9)} }); !bytes.Equal(got, want.b) {
		t.Errorf("\n got %x\nwant %x", got, want.b)
	}
}

func TestRewritePcap(t *testing.T) {
	for _, magic := range []uint32{magicMicro, magicNano} {
		f := newPcap(binary.BigEndian, magic, 2, 4, 2<<28|1<<26|113)
		for i := range uint32(10) {
			f.record(1700000000, i, 60+i, 100, octets(int(60+i)))
		}
		before, _ := readBytes(t, f.b)
		got := rewrite(t, f.b, func(p *Packet) Edit {
			return Edit{Drop: p.Frame == 3, Comments: []string{"frame " + string(rune('0'+p.Frame%10))}}
		})
		after, r := readBytes(t, got)
		want := slices.Delete(slices.Clone(before), 2, 3)
		for i := range want {
			want[i].Frame = i + 1
		}
		if d := differ(withoutOffsets(want), withoutOffsets(after)); d != "" || len(r.Problems()) != 0 {
			t.Errorf("%#x: %s, problems %v", magic, d, r.Problems())
		}
		if d := r.Interfaces()[0]; d.FCSLen != 4 || d.SnapLen != 65535 {
			t.Errorf("%#x: %+v", magic, d)
		}
		ng, err := pcapgo.NewNgReader(bytes.NewReader(got), pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			_, _, opts, err := ng.ReadPacketDataWithOptions()
			if err != nil || len(opts.Comments) != 1 || opts.Comments[0] != "frame "+string(rune('0'+before[slices.IndexFunc(before, func(p Packet) bool { return p.Time == want[i].Time })].Frame%10)) {
				t.Errorf("%#x: packet %d: %v, %q", magic, i, err, opts.Comments)
			}
		}
	}
	if got := rewrite(t, newPcap(binary.LittleEndian, magicMicro, 2, 4, 1).b, nil); len(got) != 28+20+8+4 {
		t.Errorf("without packets: %x", got)
	}
}

// What a damaged file still holds makes a sound one.
func TestRewriteDamaged(t *testing.T) {
	f := newPcapng(binary.LittleEndian).iface(1, 0)
	for i := range 10 {
		f.packet(0, uint64(i), octets(50+i))
	}
	for _, at := range []int{50, 52, 60, 70, 48 + 82 + 2} {
		b := slices.Clone(f.b)
		b[at] ^= 0xff
		before, _ := readBytes(t, b)
		after, r := readBytes(t, rewrite(t, b, nil))
		for i := range before {
			before[i].Frame = i + 1
		}
		for i := range after {
			after[i].Frame = i + 1
		}
		if d := differ(withoutOffsets(before), withoutOffsets(after)); d != "" || at != 60 && len(r.Problems()) != 0 {
			t.Errorf("damaged at %d: %s, problems %v", at, d, r.Problems())
		}
	}
}

func TestRewriteLongComment(t *testing.T) {
	f := newPcapng(binary.LittleEndian).iface(1, 0).packet(0, 1, nil)
	got := rewrite(t, f.b, func(*Packet) Edit { return Edit{Comments: []string{strings.Repeat("ü", 40000)}} })
	ng, err := pcapgo.NewNgReader(bytes.NewReader(got), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, opts, err := ng.ReadPacketDataWithOptions(); err != nil || len(opts.Comments) != 1 || opts.Comments[0] != strings.Repeat("ü", 32767) {
		t.Errorf("%v, %d comments", err, len(opts.Comments))
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestRewriteFullDisk(t *testing.T) {
	r, err := NewReader(bytes.NewReader(sample(5000)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rewrite(context.Background(), full{}, nil); err == nil || err.Error() != "no space left on device" {
		t.Errorf("%v", err)
	}
}

// The captures of other projects come out as they went in, or as pcapng of the same packets.
func TestRewriteCaptures(t *testing.T) {
	for _, path := range captures(t) {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, r := readBytes(t, file)
		got := rewrite(t, file, nil)
		after, _ := readBytes(t, got)
		if d := differ(withoutOffsets(before), withoutOffsets(after)); d != "" {
			t.Errorf("%s: %s", filepath.Base(path), d)
		}
		unsized := bytes.Equal(file[min(16, len(file)):min(24, len(file))], bytes.Repeat([]byte{255}, 8))
		if r.Info().Format == "pcapng" && r.Info().Compression == "" && len(r.Problems()) == 0 && unsized && !bytes.Equal(got, file) {
			t.Errorf("%s: not the same bytes", filepath.Base(path))
		}
	}
}

// FuzzRewrite: what comes out can be read, and holds the packets that could be read.
func FuzzRewrite(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if compression(file) != "" {
			return
		}
		opts := Options{MaxPacket: 1 << 20}
		r, err := NewReader(bytes.NewReader(file), opts)
		if err != nil {
			return
		}
		before := drain(t, r)
		r, _ = NewReader(bytes.NewReader(file), opts)
		var b bytes.Buffer
		if _, err := r.Rewrite(context.Background(), &b, func(p *Packet) Edit {
			return Edit{Drop: p.Data == nil, Comments: []string{"c"}}
		}); err != nil || b.Len() == 0 {
			return
		}
		r, err = NewReader(bytes.NewReader(b.Bytes()), opts)
		if err != nil {
			t.Fatal(err)
		}
		after := drain(t, r)
		for i := range before {
			before[i].Frame = i + 1
		}
		for i := range after {
			after[i].Frame = i + 1
			if i < len(before) && before[i].Time == 0 { // a Simple Packet Block, on an interface with an if_tsoffset
				after[i].Time = 0
			}
		}
		if d := differ(withoutOffsets(before), withoutOffsets(after)); d != "" {
			t.Fatal(d)
		}
		for _, p := range r.Problems() {
			if p.Reason == Corrupt || p.Reason == Truncated {
				t.Fatal(p.Error())
			}
		}
	})
}

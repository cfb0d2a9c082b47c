package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/internal/sharkd"
)

// readPcapgo reads a capture with gopacket's own readers. It returns what they read before the first error, and that error.
func readPcapgo(file []byte) (all []Packet, err error) {
	var r interface {
		ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	}
	ng, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	r = ng
	var old *pcapgo.Reader
	if err != nil {
		if old, err = pcapgo.NewReader(bytes.NewReader(file)); err != nil {
			return nil, err
		}
		ng, r = nil, old
	}
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return all, err
		}
		p := Packet{Data: data, Frame: len(all) + 1, Time: ci.Timestamp.UnixNano(), Length: uint32(ci.Length), Interface: uint16(ci.InterfaceIndex)}
		if ng != nil {
			i, _ := ng.Interface(ci.InterfaceIndex)
			p.Link = uint16(i.LinkType)
		} else {
			p.Link = uint16(old.LinkType())
		}
		all = append(all, p)
	}
}

// sampleNgWriter returns a capture that gopacket's writer made.
func sampleNgWriter(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{Name: "eth0", Comment: "c", OS: "linux", LinkType: layers.LinkTypeEthernet, SnapLength: 65535, TimestampResolution: 9, TimestampOffset: 5},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Hardware: "x86", OS: "linux", Application: "test", Comment: "a file"}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.AddInterface(pcapgo.NgInterface{Name: "lo", LinkType: layers.LinkTypeRaw, TimestampResolution: 6})
	if err != nil {
		t.Fatal(err)
	}
	data := octets(2000)
	for i := range 300 {
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(1700000000, int64(i)*1000).UTC(), CaptureLength: i * 3, Length: i * 4, InterfaceIndex: i % 2 * id}
		opts := pcapgo.NgPacketOptions{}
		if i%10 == 0 {
			opts.Comments = []string{"one", "two"}
		}
		if err := w.WritePacketWithOptions(ci, data[:i*3], opts); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{PacketsReceived: 150, PacketsDropped: 3}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func withoutOffsets(all []Packet) []Packet {
	for i := range all {
		all[i].Offset = 0
	}
	return all
}

func TestAgainstPcapgo(t *testing.T) {
	for name, file := range map[string][]byte{"pcapng": sample(500), "pcap": samplePcap(500), "NgWriter": sampleNgWriter(t)} {
		want, err := readPcapgo(file)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := readBytes(t, file)
		if d := differ(want, withoutOffsets(got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// captures returns the captures of other projects, named by RSTEXPLAIN_CAPTURES or standing beside the repository.
func captures(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("RSTEXPLAIN_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "captures")
	}
	all, _ := filepath.Glob(filepath.Join(dir, "*.*"))
	var files []string
	for _, f := range all {
		if ext := filepath.Ext(f); ext != ".md" && ext != ".jsonl" {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		t.Skip("no captures of other projects: set RSTEXPLAIN_CAPTURES to a directory of them")
	}
	return files
}

func TestCapturesAgainstPcapgo(t *testing.T) {
	for _, path := range captures(t) {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := readPcapgo(file)
		if err != nil {
			t.Logf("%s: pcapgo stops: %v", filepath.Base(path), err)
			continue
		}
		got, r := readBytes(t, file)
		for i := range got { // pcapgo numbers packets, not frames
			got[i].Frame = i + 1
		}
		if d := differ(want, withoutOffsets(got)); d != "" {
			t.Errorf("%s: %s, problems %v", filepath.Base(path), d, r.Problems())
		}
	}
}

// Frame numbers, times to the nanosecond and lengths are Wireshark's.
func TestCapturesAgainstTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("has Wireshark read every capture")
	}
	var wireshark sharkd.Pool
	kept := sharkd.Answers{Path: filepath.Join("testdata", "wireshark-frames.txt")}
	for _, path := range captures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			r, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var mine []string
			for _, p := range drain(t, r) {
				sec, frac := p.Time/1e9, strconv.FormatInt(1e9+p.Time%1e9, 10)[1:]
				mine = append(mine, fmt.Sprintf("%d\t%d.%s\t%d\t%d", p.Frame, sec, frac, p.Length, len(p.Data)))
			}
			var theirs []string // where they were asked for now
			digest, err := kept.Get(path, "digest of frame.number frame.time_epoch frame.len frame.cap_len", func() (string, error) {
				theirs, err = framesOf(t, &wireshark, path)
				return sharkd.Digest(strings.Join(theirs, "\n")), err
			})
			if err == nil && digest != sharkd.Digest(strings.Join(mine, "\n")) && theirs == nil {
				theirs, err = framesOf(t, &wireshark, path)
			}
			if errors.Is(err, sharkd.ErrMissing) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(theirs, mine); theirs != nil && diff != "" {
				t.Errorf("- Wireshark, + Reader:\n%s", diff)
			}
		})
	}
	t.Cleanup(func() {
		asked, err := kept.Save()
		if err != nil {
			t.Error(err)
		}
		t.Logf("%d answers were not in %s", asked, kept.Path)
	})
}

// framesOf lists the number, time and lengths of each frame, as Wireshark shows them.
func framesOf(t *testing.T, wireshark *sharkd.Pool, path string) (list []string, err error) {
	t.Helper()
	err = wireshark.Do(path, func(s *sharkd.Session) error {
		if s.Partial {
			t.Log("Wireshark does not read it to its end")
		}
		rows, err := s.Frames("", "frame.number", "frame.time_epoch", "frame.len", "frame.cap_len")
		for _, row := range rows {
			list = append(list, strings.Join(row, "\t"))
		}
		return err
	})
	return list, err
}

// seeds are files that a fuzzer can start from.
func seeds(t testing.TB) [][]byte {
	o := binary.LittleEndian
	mixed := newPcapng(binary.BigEndian).iface(1, 40, option{9, []byte{0x8a}}, option{14, []byte{0, 0, 0, 0, 0, 0, 0, 9}}).
		packet(0, 1, octets(20), textOption(1, "hi")).oldPacket(0, 3, 5, octets(3)).simplePacket(70, octets(40)).
		statistics(0, option{5, []byte{0, 0, 0, 0, 0, 0, 0, 9}}).block(blockCustom, octets(8))
	mixed.order = o
	mixed.section().iface(101, 0).packet(0, 2, octets(21))
	damaged := sample(4)
	damaged[60] ^= 0x55
	all := [][]byte{sample(3), samplePcap(3), mixed.b, damaged,
		newPcap(o, magicModified, 2, 4, 1).packet(1, 2, octets(30)).packet(1, 3, octets(30)).b,
		newPcap(o, magicMicro, 2, 3, 1).record(1, 2, 300<<10, 30, octets(30)).packet(1, 3, octets(30)).packet(1, 3, octets(30)).packet(1, 3, octets(30)).b,
	}
	for _, b := range compressed(t, sample(3)) {
		all = append(all, b)
	}
	return all
}

// FuzzReader reads any bytes: nothing may crash or hang, what is read does not depend on how it
// arrives, and frame numbers, offsets and lengths stay in bounds.
func FuzzReader(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		opts := Options{MaxPacket: 4096, MaxBytes: 1 << 20}
		r, err := NewReader(bytes.NewReader(file), opts)
		if err != nil {
			return
		}
		want := drain(t, r)
		frame, offset := 0, int64(-1)
		for _, p := range want {
			if p.Frame <= frame || p.Offset <= offset || len(p.Data) > opts.MaxPacket || p.Time > maxTime || p.Time < -maxTime {
				t.Fatalf("%+v after frame %d at %d", p, frame, offset)
			}
			frame, offset = p.Frame, p.Offset
		}
		if r.Frames() < frame {
			t.Fatalf("%d frames, but a frame %d", r.Frames(), frame)
		}
		opts.ChunkSize = 1 // the smallest there is
		again, s := readAll(t, &stutter{b: file}, opts)
		if d := differ(want, again); d != "" {
			t.Fatalf("in other reads: %s", d)
		}
		if a, b := r.Problems(), s.Problems(); len(a) != len(b) {
			t.Fatalf("in other reads: problems %v, before %v", b, a)
		}
	})
}

// stutter gives its bytes in runs of 1, 2, 4 … 64, 1 …
type stutter struct {
	b []byte
	n int
}

func (s *stutter) Read(b []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1<<(s.n%7))], s.b)
	s.b, s.n = s.b[n:], s.n+1
	return n, nil
}

// oddClock reports whether something in file may be an if_tsresol or if_tsoffset of another length than it has
// (draft-ietf-opsawg-pcapng §4.2).
func oddClock(file []byte) bool {
	for _, o := range [...]binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for b := file; len(b) >= 4; b = b[1:] {
			if code, n := o.Uint16(b), o.Uint16(b[2:]); code == 9 && n != 1 || code == 14 && n != 8 {
				return true
			}
		}
	}
	return false
}

// hugeFraction reports whether the record at offset of a pcap file has a fraction of a second that is none.
func hugeFraction(file []byte, offset int64) bool {
	o := binary.ByteOrder(binary.LittleEndian)
	switch {
	case file[0] == 0x0a || offset+8 > int64(len(file)):
		return false
	case file[0] == 0xa1:
		o = binary.BigEndian
	}
	second := uint32(1e6)
	if o.Uint32(file) == magicNano {
		second = 1e9
	}
	return o.Uint32(file[offset+4:]) >= second
}

// FuzzPcapgo holds the reader against gopacket's: the packets that pcapgo reads are read alike.
func FuzzPcapgo(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if compression(file) != "" {
			return
		}
		want, err := readPcapgo(file)
		if len(want) == 0 {
			return
		}
		r, rerr := NewReader(bytes.NewReader(file), Options{})
		if rerr != nil {
			t.Fatalf("pcapgo reads %d packets (%v), we: %v", len(want), err, rerr)
		}
		read := drain(t, r)
		signed := slices.ContainsFunc(read, func(p Packet) bool { return hugeFraction(file, p.Offset) })
		got := withoutOffsets(read)
		for i := range got {
			got[i].Frame = i + 1
		}
		if err != nil || len(r.Problems()) > 0 { // each is free in what it makes of damage
			return
		}
		if slices.ContainsFunc(r.Interfaces(), func(d Interface) bool { return d.Resolution == 0 || d.Resolution&0x80 != 0 }) ||
			oddClock(file) || signed {
			// pcapgo rounds a tick of 2^-n s to whole nanoseconds, takes ticks of 1 s for microseconds, takes the front of
			// options that are too long, and computes nanoseconds of a pcap file in 32 bits; tshark does not.
			for _, list := range [...][]Packet{want, got} {
				for i := range list {
					list[i].Time = 0
				}
			}
		}
		if d := differ(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

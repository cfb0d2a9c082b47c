package decode

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/internal/sharkd"
	"github.com/rstexplain/rstexplain/flows"
)

// A shark is what Wireshark shows of one frame's innermost TCP header; fields that it does not show are "".
type shark struct {
	protocols             string   // "eth:ethertype:ip:tcp"
	src, dst, src6, dst6  []string // of every IP header, and of what TCP carries
	stream                string
	sport, dport          string
	seq, ack, length, wnd string
	flags                 string
}

var sharkFields = []string{"frame.protocols", "tcp.stream", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
	"tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size_value", "tcp.flags"}

// wireshark sees captures as Wireshark does; the preferences that matter are its own defaults.
var wireshark = sharkd.Pool{Preferences: map[string]string{"tcp.relative_sequence_numbers": "FALSE"}}

// runShark returns what Wireshark shows of each frame of a capture; index 0 is frame 1.
func runShark(t testing.TB, file string) []shark {
	t.Helper()
	frames, err := shownBy(t, file)
	if errors.Is(err, sharkd.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

func shownBy(t testing.TB, file string) ([]shark, error) {
	t.Helper()
	var rows [][]string
	err := wireshark.Do(file, func(s *sharkd.Session) (err error) {
		if s.Partial {
			t.Logf("Wireshark does not read %s to its end; the frames before that count", file)
		}
		rows, err = s.Frames("", sharkFields...)
		return err
	})
	frames := make([]shark, 0, len(rows))
	for _, v := range rows {
		addrs := func(i int) []string { return strings.Split(v[i], ",") }
		last := func(i int) string { return v[i][strings.LastIndexByte(v[i], ',')+1:] }
		frames = append(frames, shark{protocols: v[0], stream: last(1), src: addrs(2), dst: addrs(3), src6: addrs(4), dst6: addrs(5),
			sport: last(6), dport: last(7), seq: last(8), ack: last(9), length: last(10), wnd: last(11), flags: last(12)})
	}
	return frames, err
}

// quoted reports whether the innermost TCP header is in an ICMP error.
func (s *shark) quoted() bool {
	before, _, _ := strings.Cut(s.protocols, ":tcp")
	return strings.Contains(before, ":icmp")
}

// differs compares what tshark shows with what Decode returned, and says how they differ, or "".
func (s *shark) differs(d *reading) string {
	out, seg := d.out, &d.seg
	want := NotTCP
	switch {
	case s.quoted() && s.seq != "":
		want = ICMPError
	case s.quoted():
	case s.flags != "":
		want = Segment
	case s.stream != "":
		want = Malformed
	}
	if out == Fragment || out == Unreadable {
		out = NotTCP
	}
	if out != want {
		return fmt.Sprintf("outcome %d, tshark's %d (%s)", out, want, s.protocols)
	}
	if out == NotTCP {
		return ""
	}
	if d.unnumbered != (s.stream == "") {
		return fmt.Sprintf("Unnumbered %v, tshark's stream %q", d.unnumbered, s.stream)
	}
	src, dst := s.src, s.dst
	if seg.V6 {
		src, dst = s.src6, s.dst6
	}
	if ip := seg.Src.AddrPort().Addr().String(); !slices.Contains(src, ip) {
		return fmt.Sprintf("source %s, tshark's %v", ip, src)
	}
	if ip := seg.Dst.AddrPort().Addr().String(); !slices.Contains(dst, ip) {
		return fmt.Sprintf("destination %s, tshark's %v", ip, dst)
	}
	pairs := [][3]string{
		{"source port", strconv.Itoa(int(seg.Src.Port)), s.sport},
		{"destination port", strconv.Itoa(int(seg.Dst.Port)), s.dport},
		{"SEQ", strconv.Itoa(int(uint32(seg.SEQ))), s.seq},
	}
	if out == Segment || out == ICMPError && !d.unnumbered {
		pairs = append(pairs, [][3]string{
			{"ACK", strconv.Itoa(int(uint32(seg.ACK))), s.ack},
			{"flags", fmt.Sprintf("0x%04x", uint16(seg.Flags)), sharkFlags(s.flags)},
			{"window", strconv.Itoa(int(seg.WND)), s.wnd},
		}...)
	}
	if out == Segment && s.length != "" {
		pairs = append(pairs, [3]string{"length", strconv.Itoa(int(seg.DataLen)), s.length})
	}
	for _, p := range pairs {
		if p[1] != p[2] {
			return fmt.Sprintf("%s %s, tshark's %s", p[0], p[1], p[2])
		}
	}
	return ""
}

// sharkFlags drops the reserved bits.
func sharkFlags(s string) string {
	n, _ := strconv.ParseUint(s, 0, 16)
	return fmt.Sprintf("0x%04x", n&0x1ff)
}

// captures returns the captures of other projects, or skips the test.
func captures(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("RSTEXPLAIN_CAPTURES")
	if dir == "" {
		dir = "../../../shared/captures"
	}
	var files []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".pcap", ".pcapng", ".cap", ".dmp", ".gz", ".zst", ".lz4":
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		t.Skip("no captures in " + dir + "; set RSTEXPLAIN_CAPTURES")
	}
	return files
}

// eachPacket calls f for every packet of a capture.
func eachPacket(t testing.TB, file string, f func(*capture.Packet)) {
	t.Helper()
	r, err := capture.Open(file, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b capture.Batch
	for {
		err := r.Next(&b)
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Packets {
			f(&b.Packets[i])
		}
	}
}

// A reading is what Decode returned about a packet.
type reading struct {
	frame      int
	out        Outcome
	unnumbered bool
	seg        flows.Segment
}

// String writes what is compared with Wireshark.
func (d *reading) String() string {
	s := &d.seg
	return fmt.Sprintln(d.frame, d.out, d.unnumbered, s.V6, s.Src.AddrPort(), s.Dst.AddrPort(), s.SEQ, s.ACK, s.Flags, s.WND, s.DataLen)
}

// TestTshark holds every frame of real captures against tshark. What was compared and did not differ is not compared
// again: its digest is in testdata.
func TestTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("has Wireshark read every capture")
	}
	kept := sharkd.Answers{Path: filepath.Join("testdata", "wireshark-headers.txt")}
	t.Cleanup(func() {
		asked, err := kept.Save()
		if err != nil {
			t.Error(err)
		}
		t.Logf("%d captures were not in %s as they are read now", asked, kept.Path)
	})
	for _, file := range captures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			var d Decoder
			var list []reading
			var text strings.Builder
			resets := 0
			eachPacket(t, file, func(p *capture.Packet) {
				one := reading{frame: p.Frame}
				one.out, one.unnumbered = d.Decode(p, &one.seg), d.Unnumbered
				if list = append(list, one); one.out == Segment && one.seg.Flags.Has(flows.RST) {
					resets++
				}
				text.WriteString(one.String())
			})
			_, err := kept.Get(file, "as tshark shows it: "+sharkd.Digest(text.String()), func() (string, error) {
				frames, err := shownBy(t, file)
				if err != nil {
					return "", err
				}
				for i := range list {
					if list[i].frame > len(frames) {
						return "", fmt.Errorf("frame %d, tshark shows %d", list[i].frame, len(frames))
					}
					if diff := frames[list[i].frame-1].differs(&list[i]); diff != "" {
						err = errors.Join(err, fmt.Errorf("frame %d: %s", list[i].frame, diff))
					}
				}
				return "equal", err
			})
			if errors.Is(err, sharkd.ErrMissing) {
				t.Skip(err)
			}
			if err != nil {
				t.Error(err)
			}
			for _, why := range d.Counts.Reasons() {
				t.Logf("%d × %s, first in frame %d", d.Counts.By[why].Packets, why, d.Counts.By[why].First)
			}
			t.Logf("%d packets, %d segments, %d resets, %d ICMP errors", d.Counts.Packets, d.Counts.Segments, resets, d.Counts.ICMPErrors)
		})
	}
}

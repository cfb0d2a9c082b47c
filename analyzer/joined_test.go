package analyzer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// TestJoinedOverlapping deals the packets of captures out to files that overlap all the time, and joins these.
func TestJoinedOverlapping(t *testing.T) {
	t.Parallel()
	for i, path := range ruleCaptures(t) {
		if i%6 != 0 { // all kinds of captures are among these
			continue
		}
		for name, pick := range map[string]func(i int) int{
			"in turn":    func(i int) int { return i % 3 },
			"runs":       func(i int) int { return i / 4 % 3 },
			"all in one": func(int) int { return 0 },
		} {
			t.Run(title(path)+"/"+name, func(t *testing.T) {
				parts, whole := deal(t, path, pick)
				got := joinedReport(t, parts)
				want := explain(t, whole)
				if diff := cmp.Diff(verdicts(want), verdicts(*got), cmpopts.IgnoreUnexported(report.Reset{})); diff != "" {
					t.Errorf("- whole, + joined:\n%s", diff)
				}
				if got.Packets != want.Packets || got.TCPSegments != want.TCPSegments {
					t.Errorf("%d packets and %d segments instead of %d and %d", got.Packets, got.TCPSegments, want.Packets,
						want.TCPSegments)
				}
				checkPlaces(t, parts, whole, got)
			})
		}
	}
}

// deal writes the packets of a capture to one file in the order of time, and to several of which each gets some.
func deal(t *testing.T, path string, pick func(i int) int) (parts []string, whole string) {
	t.Helper()
	dir := t.TempDir()
	r, err := capture.Open(path, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	writers := map[string]*pcapgo.Writer{}
	write := func(name string, p *capture.Packet, at int64) {
		w := writers[name]
		if w == nil {
			f, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			w = pcapgo.NewWriterNanos(f)
			if err := w.WriteFileHeader(1<<18, layers.LinkType(p.Link)); err != nil {
				t.Fatal(err)
			}
			writers[name] = w
		}
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, at), CaptureLength: len(p.Data), Length: int(p.Length)}
		if err := w.WritePacket(info, p.Data); err != nil {
			t.Fatal(err)
		}
	}
	whole = filepath.Join(dir, "whole.pcap")
	var last int64
	n := 0
	for b := (capture.Batch{}); r.Next(&b) == nil; {
		for i := range b.Packets {
			p := &b.Packets[i]
			last = max(last+1, p.Time) // no two at the same time, and none that goes back
			name := filepath.Join(dir, fmt.Sprintf("part%d.pcap", pick(n)))
			if writers[name] == nil {
				parts = append(parts, name)
			}
			write(name, p, last)
			write(whole, p, last)
			n++
		}
	}
	return parts, whole
}

func joinedReport(t *testing.T, parts []string) *report.File {
	t.Helper()
	var out bytes.Buffer
	if _, err := ExplainJoined(t.Context(), parts, report.JSON(&out), Options{}); err != nil {
		t.Fatal(err)
	}
	return &unmarshal(t, out.Bytes()).Files[0]
}

// checkPlaces checks that each reset is in its file where the report says.
func checkPlaces(t *testing.T, parts []string, whole string, got *report.File) {
	t.Helper()
	times := map[string][]int64{}
	for _, path := range append(parts, whole) {
		r, err := capture.Open(path, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for b := (capture.Batch{}); r.Next(&b) == nil; {
			for i := range b.Packets {
				times[path] = append(times[path], b.Packets[i].Time)
			}
		}
		r.Close()
	}
	for _, m := range got.Resets {
		if len(m.Places) == 0 {
			t.Fatalf("frame %d is in no file", m.Frame)
		}
		p := m.Places[0]
		if at := times[p.Path][p.Frames[0]-1]; at != int64(m.Time) {
			t.Errorf("frame %d of %s is at %v, and the reset at %v", p.Frames[0], p.Path, at, m.Time)
		}
		frames := 0
		for _, p := range m.Places {
			frames += len(p.Frames)
		}
		if len(m.Timeline) > frames {
			t.Errorf("%d events in %d frames", len(m.Timeline), frames)
		}
	}
}

// TestJoinedWarnings checks what is said of files that cannot be of one rotating capture.
func TestJoinedWarnings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, link string, at ...int64) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w, err := pcapgo.NewNgWriterInterface(f, pcapgo.NgInterface{Name: link, LinkType: layers.LinkTypeEthernet},
			pcapgo.NgWriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		arp := make([]byte, 60)
		arp[12], arp[13] = 8, 6
		for _, s := range at {
			info := gopacket.CaptureInfo{Timestamp: time.Unix(s, 0), CaptureLength: len(arp), Length: len(arp)}
			if err := w.WritePacket(info, arp); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a, b, c, d := file("a", "eth0", 10, 20, 30), file("b", "eth0", 30, 40), file("c", "eth0", 35, 36, 37),
		file("d", "eth1", 50, 51)
	for _, tt := range []struct {
		name  string
		paths []string
		want  []string // parts of warnings; none: there is none
	}{
		{"a ring", []string{b, a}, nil},
		{"overlapping", []string{a, b, c}, []string{"c begins more than 1s before the end of " + b}},
		{"another interface", []string{a, d}, []string{"d was captured on eth1, and the file before it on eth0"}},
		{"twice", []string{a, a, b}, []string{"is the same file as " + a}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := joinedReport(t, tt.paths)
			if len(got.Warnings) != len(tt.want) {
				t.Fatalf("warnings %+v instead of %q", got.Warnings, tt.want)
			}
			for i, want := range tt.want {
				if !strings.Contains(got.Warnings[i].Says, want) {
					t.Errorf("%q does not say %q", got.Warnings[i].Says, want)
				}
			}
			frames := 0
			for _, p := range got.Parts {
				frames += p.Packets
			}
			if got.Packets != frames {
				t.Errorf("%d packets, of which the files have %d", got.Packets, frames)
			}
		})
	}
}

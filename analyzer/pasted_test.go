package analyzer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A printer is a program with options that prints a capture.
type printer struct {
	name string
	args []string // the capture follows
	full bool     // it prints all bytes: compared with the capture as it is
	// What it may lose: resets with an equal cause, and with one that is equal or left open.
	equal, within float64
}

var printers = []printer{
	{"tcpdump", []string{"tcpdump", "-nn", "-r"}, false, 0.97, 0.995},
	{"tcpdump -tttt -S -v", []string{"tcpdump", "-nn", "-tttt", "-S", "-v", "-r"}, false, 0.97, 0.995},
	{"tcpdump -tt -e", []string{"tcpdump", "-nn", "-tt", "-e", "-r"}, false, 0.97, 0.995},
	{"tcpdump -XX", []string{"tcpdump", "-nn", "-tttt", "-XX", "-r"}, true, 0.97, 0.995},
	{"tshark", []string{"tshark", "-n", "-r"}, false, 0.97, 0.995},
	{"tshark -V", []string{"tshark", "-n", "-V", "-r"}, false, 0.97, 0.995},
	{"tshark -P -x", []string{"tshark", "-n", "-P", "-x", "-r"}, true, 0.97, 0.995},
	{"tshark -t ad", []string{"tshark", "-n", "-t", "ad", "-r"}, false, 0.97, 0.995},
}

// cutToHeaders writes the capture at path behind each TCP header, and reports whether that can be told in a pcap file: it
// has one link type.
func cutToHeaders(t *testing.T, path, to string) bool {
	t.Helper()
	r, err := capture.Open(path, capture.Options{})
	if err != nil {
		return false
	}
	defer r.Close()
	var out bytes.Buffer
	var d decode.Decoder
	link := -1
	for {
		var b capture.Batch
		if err := r.Next(&b); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		for i := range b.Packets {
			p := &b.Packets[i]
			if link < 0 {
				link = int(p.Link)
				head := make([]byte, 24)
				binary.LittleEndian.PutUint32(head, 0xa1b23c4d) // nanoseconds
				binary.LittleEndian.PutUint16(head[4:], 2)
				binary.LittleEndian.PutUint16(head[6:], 4)
				binary.LittleEndian.PutUint32(head[16:], 1<<18)
				binary.LittleEndian.PutUint32(head[20:], uint32(link))
				out.Write(head)
			}
			if link != int(p.Link) {
				return false
			}
			data := p.Data
			for _, l := range d.Outline(p) {
				if l.Kind == decode.LayerTCP && l.Offset+20 <= len(p.Data) {
					data = p.Data[:min(len(p.Data), l.Offset+int(p.Data[l.Offset+12]>>4)*4)]
				}
			}
			head := make([]byte, 16)
			binary.LittleEndian.PutUint32(head, uint32(p.Time/1e9))
			binary.LittleEndian.PutUint32(head[4:], uint32(p.Time%1e9))
			binary.LittleEndian.PutUint32(head[8:], uint32(len(data)))
			binary.LittleEndian.PutUint32(head[12:], max(p.Length, uint32(len(p.Data))))
			out.Write(head)
			out.Write(data)
		}
		b.Release()
	}
	if err := os.WriteFile(to, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return link >= 0
}

var roundTrip = flag.Bool("roundtrip", false, "print every capture in each style, also those of other projects, and not only some")

// Captures that tcpdump and tshark print, and that are read back from the text, have the same RSTs and, where the text
// holds what decides, the same causes as the capture that was cut behind its TCP headers.
func TestPrintedEqualsCapture(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tcpdump and tshark on captures")
	}
	paths := ruleCaptures(t)
	if *roundTrip {
		paths = append(ownCaptures(t), foreignCaptures(t)...)
	}
	if !*roundTrip { // tshark takes a second to start
		some := paths[:0]
		for i, path := range paths {
			if i%8 == 0 {
				some = append(some, path)
			}
		}
		paths = some
	}
	for _, pr := range printers {
		t.Run(pr.name, func(t *testing.T) {
			bin, err := exec.LookPath(pr.args[0])
			if err != nil {
				t.Skip(pr.args[0] + " is not installed")
			}
			var resets, equal, within, captures, sets int
			dir := t.TempDir()
			for _, path := range paths {
				st, err := os.Stat(path)
				if err != nil || st.Size() > 2<<20 {
					continue
				}
				cut := filepath.Join(dir, "cut.pcap")
				if !cutToHeaders(t, path, cut) {
					continue
				}
				text, err := exec.Command(bin, append(slices.Clone(pr.args[1:]), cut)...).Output()
				if pr.full {
					cut = path
					text, err = exec.Command(bin, append(slices.Clone(pr.args[1:]), cut)...).Output()
				}
				if err != nil && len(text) == 0 {
					continue
				}
				printed := filepath.Join(dir, "printed.txt")
				if err := os.WriteFile(printed, text, 0o600); err != nil {
					t.Fatal(err)
				}
				want, got := explain(t, cut), explain(t, printed)
				captures++
				if a, b := rstSet(&want), rstSet(&got); !slices.Equal(a, b) {
					t.Errorf("%s: RSTs differ: %d in the capture, %d in its print (%v)", title(path), len(a), len(b), got.Warnings)
					continue
				}
				sets++
				for i := range want.Resets {
					w, g := &want.Resets[i], &got.Resets[i]
					resets++
					open := g.Cause == w.Cause
					if open {
						equal++
					}
					for _, a := range g.Alternatives {
						open = open || a.Cause == w.Cause
					}
					if open {
						within++
					}
					if g.Cause != w.Cause {
						t.Logf("%s: frame %d: %s/%s (%.2f), of the print line %d: %s/%s (%.2f), open %v", title(path), w.Frame, w.Cause, w.Detail, w.Confidence,
							g.Line, g.Cause, g.Detail, g.Confidence, open)
					}
				}
			}
			if resets == 0 {
				t.Skip("no resets in captures that can be printed")
			}
			e, w := float64(equal)/float64(resets), float64(within)/float64(resets)
			t.Logf("%d captures, RST sets equal in %d; %d resets, cause equal %.4f, within what is open %.4f", captures, sets, resets, e, w)
			if e < pr.equal || w < pr.within {
				t.Errorf("cause equal %.4f, within what is open %.4f; at least %.3f and %.3f are wanted", e, w, pr.equal, pr.within)
			}
		})
	}
}

// rstSet lists the RSTs of a file by who sent them to whom, in order.
func rstSet(f *report.File) []string {
	var out []string
	for i := range f.Resets {
		r := &f.Resets[i]
		from, to := r.Originator, r.Responder
		if r.Sender == "responder" {
			from, to = to, from
		}
		out = append(out, fmt.Sprint(from, to, strings.Contains(r.Segment.Flags, "ACK")))
	}
	return out
}

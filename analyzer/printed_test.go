//go:build unix

package analyzer

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/internal/sharkd"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// A printer is a program with options that prints a capture.
type printer struct {
	name string
	args []string // the capture follows
	full bool     // it prints all bytes: compared with the capture as it is
	// records takes a print of several captures apart: what stands before the first packet, each packet, and what stands
	// behind the last.
	records func(text string) (head string, packets []string, tail string)
	// What it may lose: resets with an equal cause, and with one that is equal or left open.
	equal, within float64
}

var fieldsArgs = []string{"tshark", "-n", "-T", "fields", "-E", "header=y", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "ip.src", "-e", "ip.dst",
	"-e", "ipv6.src", "-e", "ipv6.dst", "-e", "ip.ttl", "-e", "ip.id", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.flags", "-e", "tcp.seq",
	"-e", "tcp.ack", "-e", "tcp.len", "-e", "tcp.window_size_value", "-e", "icmp.type", "-e", "icmpv6.type", "-r"}

var printers = []printer{
	{"tcpdump", []string{"tcpdump", "-nn", "-r"}, false, byIndent, 0.97, 0.995},
	{"tcpdump -tttt -S -v", []string{"tcpdump", "-nn", "-tttt", "-S", "-v", "-r"}, false, byIndent, 0.97, 0.995},
	{"tcpdump -tt -e", []string{"tcpdump", "-nn", "-tt", "-e", "-r"}, false, byIndent, 0.97, 0.995},
	{"tcpdump -XX", []string{"tcpdump", "-nn", "-tttt", "-XX", "-r"}, true, byIndent, 0.97, 0.995},
	{"tshark", []string{"tshark", "-n", "-r"}, false, byLine, 0.97, 0.995},
	{"tshark -V", []string{"tshark", "-n", "-V", "-r"}, false, byStart(regexp.MustCompile(`(?m)^Frame [0-9]+: `)), 0.97, 0.995},
	{"tshark -P -x", []string{"tshark", "-n", "-P", "-x", "-r"}, true, bySummary, 0.97, 0.995},
	{"tshark -t ad", []string{"tshark", "-n", "-t", "ad", "-r"}, false, byLine, 0.97, 0.995},
	{"tshark -T psml", []string{"tshark", "-n", "-T", "psml", "-r"}, false, byStart(regexp.MustCompile(`(?m)^<packet>`)), 0.97, 0.995},
	{"tshark -T fields", fieldsArgs, false, byLineWithHead, 0.97, 0.995},
}

// byIndent takes apart what tcpdump prints: further lines of a packet are indented.
var byIndent = byStart(regexp.MustCompile(`(?m)^[^ \t\n]`))

func byLine(text string) (string, []string, string) {
	return "", strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n"), ""
}

func byLineWithHead(text string) (string, []string, string) {
	_, lines, _ := byLine(text)
	return lines[0], lines[1:], ""
}

// byStart takes apart what has a beginning of its own for each packet.
func byStart(begin *regexp.Regexp) func(string) (string, []string, string) {
	return func(text string) (string, []string, string) {
		at := begin.FindAllStringIndex(text, -1)
		if len(at) == 0 {
			return text, nil, ""
		}
		var packets []string
		for i := range at {
			end := len(text)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			packets = append(packets, text[at[i][0]:end])
		}
		last, tail, found := strings.Cut(packets[len(packets)-1], "</psml>")
		if found {
			packets[len(packets)-1], tail = last, "</psml>"+tail
		}
		return text[:at[0][0]], packets, tail
	}
}

// bySummary takes apart summary lines that are followed by dumps: paragraphs of one line that is none of a dump.
func bySummary(text string) (string, []string, string) {
	var packets []string
	for _, paragraph := range strings.SplitAfter(text, "\n\n") {
		if first, rest, _ := strings.Cut(paragraph, "\n"); strings.TrimSpace(rest) == "" && first != "" && !strings.HasPrefix(first, "0000 ") {
			packets = append(packets, paragraph)
		} else if len(packets) > 0 {
			packets[len(packets)-1] += paragraph
		}
	}
	return "", packets, ""
}

// A printable is a capture of one link type that is printed.
type printable struct {
	title      string
	link       uint16
	packets    []capture.Packet
	cut        []int // bytes of each up to the end of its TCP header
	tuples     map[[2]flows.Addr]bool
	foreign    bool   // of another project
	whole      string // paths of pcap files: with all bytes, and cut behind the TCP headers
	cutFile    string
	wants      map[bool]*report.File // by whether it is whole
	last, size int64
}

// load reads the capture at path, nil where it is of no use here.
func load(t *testing.T, path string) *printable {
	t.Helper()
	r, err := capture.Open(path, capture.Options{})
	if err != nil {
		return nil
	}
	defer r.Close()
	c := &printable{title: title(path), tuples: map[[2]flows.Addr]bool{}, wants: map[bool]*report.File{}}
	var outline, whole decode.Decoder
	var s flows.Segment
	for {
		var b capture.Batch
		if err := r.Next(&b); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		for i := range b.Packets {
			p := b.Packets[i]
			p.Data = bytes.Clone(p.Data)
			if len(c.packets) == 0 {
				c.link = p.Link
			} else if c.link != p.Link {
				return nil
			}
			cut := len(p.Data)
			for _, l := range outline.Outline(&p) {
				if l.Kind == decode.LayerTCP && l.Offset+20 <= len(p.Data) {
					cut = min(len(p.Data), l.Offset+int(p.Data[l.Offset+12]>>4)*4)
				}
			}
			if whole.Decode(&p, &s) == decode.Segment {
				tuple := [2]flows.Addr{s.Src, s.Dst}
				slices.SortFunc(tuple[:], func(a, b flows.Addr) int { return cmp.Or(bytes.Compare(a.IP[:], b.IP[:]), cmp.Compare(a.Port, b.Port)) })
				c.tuples[tuple] = true
			}
			c.packets, c.cut = append(c.packets, p), append(c.cut, cut)
			c.size += int64(len(p.Data))
		}
		b.Release()
	}
	if len(c.packets) == 0 {
		return nil
	}
	return c
}

// shift moves the capture to begin at a moment.
func (c *printable) shift(to int64) {
	first := c.packets[0].Time
	for i := range c.packets {
		first = min(first, c.packets[i].Time)
	}
	for i := range c.packets {
		c.packets[i].Time += to - first
		c.last = max(c.last, c.packets[i].Time)
	}
}

// write writes the files of the capture.
func (c *printable) write(t *testing.T, dir, name string) {
	t.Helper()
	c.whole, c.cutFile = filepath.Join(dir, name+".pcap"), filepath.Join(dir, name+"-cut.pcap")
	for path, cut := range map[string]bool{c.whole: false, c.cutFile: true} {
		var out bytes.Buffer
		head := make([]byte, 24)
		binary.LittleEndian.PutUint32(head, 0xa1b23c4d) // nanoseconds
		binary.LittleEndian.PutUint16(head[4:], 2)
		binary.LittleEndian.PutUint16(head[6:], 4)
		binary.LittleEndian.PutUint32(head[16:], 1<<18)
		binary.LittleEndian.PutUint32(head[20:], uint32(c.link))
		out.Write(head)
		c.each(cut, func(data []byte, p *capture.Packet) {
			binary.LittleEndian.PutUint32(head, uint32(p.Time/1e9))
			binary.LittleEndian.PutUint32(head[4:], uint32(p.Time%1e9))
			binary.LittleEndian.PutUint32(head[8:], uint32(len(data)))
			binary.LittleEndian.PutUint32(head[12:], max(p.Length, uint32(len(p.Data))))
			out.Write(head[:16])
			out.Write(data)
		})
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *printable) each(cut bool, f func(data []byte, p *capture.Packet)) {
	for i := range c.packets {
		p := &c.packets[i]
		data := p.Data
		if cut {
			data = data[:c.cut[i]]
		}
		f(data, p)
	}
}

func (c *printable) file(full bool) string {
	if full {
		return c.whole
	}
	return c.cutFile
}

// want explains the capture itself.
func (c *printable) want(t *testing.T, full bool) *report.File {
	t.Helper()
	if c.wants[full] == nil {
		f := explain(t, c.file(full))
		c.wants[full] = &f
	}
	return c.wants[full]
}

// A reel is captures one behind the other, without a connection in common, which a program prints at once. They are all of
// the project, so that what is printed can be kept, or all of others.
type reel struct {
	captures []*printable
	tuples   map[[2]flows.Addr]bool
	packets  int
	size     int64
}

const maxReel = 8 << 20 // bytes

// takes reports whether c finds room in the reel.
func (l *reel) takes(c *printable) bool {
	if l.size+c.size > maxReel || len(l.captures) > 0 && l.captures[0].foreign != c.foreign {
		return false
	}
	for tuple := range c.tuples {
		if l.tuples[tuple] {
			return false
		}
	}
	return true
}

// parts returns the link types that a program prints in one run: tcpdump wants one, others take all.
func (l *reel) parts(one bool) (parts [][]uint16) {
	var links []uint16
	for _, c := range l.captures {
		if !slices.Contains(links, c.link) {
			links = append(links, c.link)
		}
	}
	if !one {
		return [][]uint16{links}
	}
	for _, link := range links {
		parts = append(parts, []uint16{link})
	}
	return parts
}

// write writes those captures as pcapng that have one of the link types, each with an interface of its own.
func (l *reel) write(t *testing.T, path string, cut bool, links []uint16) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g := forge{Writer: bufio.NewWriter(f)}
	g.section()
	faces := 0
	for _, c := range l.captures {
		if !slices.Contains(links, c.link) {
			continue
		}
		g.block(1, []byte{byte(c.link), byte(c.link >> 8), 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0}) // nanoseconds
	}
	for _, c := range l.captures {
		if !slices.Contains(links, c.link) {
			continue
		}
		face := uint32(faces)
		faces++
		c.each(cut, func(data []byte, p *capture.Packet) {
			b := le.AppendUint32(nil, face)
			b = le.AppendUint32(b, uint32(uint64(p.Time)>>32))
			b = le.AppendUint32(b, uint32(p.Time))
			b = le.AppendUint32(b, uint32(len(data)))
			b = le.AppendUint32(b, max(p.Length, uint32(len(p.Data))))
			g.block(6, append(b, data...))
		})
	}
	if err := g.Flush(); err != nil {
		t.Fatal(err)
	}
}

var roundTrip = flag.Bool("roundtrip", false, "print every capture in each style, also those of other projects, and not only some")

// printables returns the captures that are printed: one of each rule, and of other projects one of each shape, that is, of a link
// type, a version of IP and the flags of its RSTs; with -roundtrip all of them.
func printables(t *testing.T) (list []*printable) {
	t.Helper()
	largest := int64(64 << 10)
	own, foreign := ruleCaptures(t), foreignCaptures(t)
	if *roundTrip {
		largest, own = 2<<20, ownCaptures(t)
	}
	seen := map[string]bool{}
	for _, path := range append(own, foreign...) {
		st, err := os.Stat(path)
		if err != nil || st.Size() > largest {
			continue
		}
		dir := filepath.Dir(path)
		if !*roundTrip && dir != foreignDir() {
			if seen[dir] {
				continue
			}
			seen[dir] = true
		}
		c := load(t, path)
		if c == nil {
			continue
		}
		if !*roundTrip && dir == foreignDir() {
			if shape := c.shape(); shape == "" || seen[shape] {
				continue
			} else {
				seen[shape] = true
			}
		}
		c.foreign = dir == foreignDir()
		list = append(list, c)
	}
	return list
}

// shape says what kind of RSTs a capture holds, and in what; "" where it holds none.
func (c *printable) shape() string {
	shapes := map[string]bool{}
	var d decode.Decoder
	var s flows.Segment
	for i := range c.packets {
		if d.Decode(&c.packets[i], &s) == decode.Segment && s.Flags&flows.RST != 0 {
			shapes[fmt.Sprintf("%d %v %v %v %v", c.link, s.V6, s.Domain != 0, s.Flags, s.SEQ == 0)] = true
		}
	}
	var list []string
	for s := range shapes {
		list = append(list, s)
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// keptPrints is where prints by tshark are kept, and written to with -wireshark.
var keptPrints = filepath.Join("testdata", "wireshark-prints")

// Captures that tcpdump and tshark print, and that are read back from the text, have the same RSTs and, where the text
// holds what decides, the same causes as the capture that was cut behind its TCP headers.
func TestPrintedEqualsCapture(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tcpdump and tshark on captures")
	}
	if err := sharkd.Forget(keptPrints); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	list := printables(t)
	var reels []*reel
	for i, c := range list {
		k := slices.IndexFunc(reels, func(l *reel) bool { return l.takes(c) })
		if k < 0 {
			k = len(reels)
			reels = append(reels, &reel{tuples: map[[2]flows.Addr]bool{}})
		}
		l := reels[k]
		at := int64(1_700_000_000_000_000_000)
		if n := len(l.captures); n > 0 {
			at = l.captures[n-1].last + 100e9
		}
		c.shift(at)
		c.write(t, dir, fmt.Sprint(i))
		l.captures = append(l.captures, c)
		for tuple := range c.tuples {
			l.tuples[tuple] = true
		}
		l.packets += len(c.packets)
		l.size += c.size
	}
	t.Logf("%d captures, printed by tshark in %d runs", len(list), len(reels))
	for _, pr := range printers {
		t.Run(pr.name, func(t *testing.T) {
			p := printedStyle{printer: pr}
			for _, l := range reels {
				for _, links := range l.parts(pr.args[0] == "tcpdump") {
					p.print(t, filepath.Join(dir, "reel.pcapng"), l, links)
				}
			}
			p.result(t)
		})
	}
}

// A printedStyle compares prints of captures in one style with the captures.
type printedStyle struct {
	printer
	captures, sets, resets, equal, within int
}

// print prints the captures of a reel that have one of the link types, and compares each.
func (p *printedStyle) print(t *testing.T, path string, l *reel, links []uint16) {
	t.Helper()
	l.write(t, path, !p.full, links)
	var text []byte
	var err error
	if p.args[0] == "tshark" {
		// The plain style is always printed anew, so that what is kept of the others stays what tshark prints.
		keep := p.name != "tshark" && !l.captures[0].foreign && !*roundTrip
		text, err = sharkd.Print(keptPrints, path, keep, p.args[2:len(p.args)-1]...)
	} else {
		text, err = exec.Command(p.args[0], append(slices.Clone(p.args[1:]), path)...).Output()
	}
	if errors.Is(err, exec.ErrNotFound) {
		t.Log(err)
		return
	}
	if err != nil && len(text) == 0 {
		if p.args[0] == "tcpdump" {
			return // which does not know the link type
		}
		t.Fatal(err)
	}
	head, packets, tail := p.records(string(text))
	at := 0
	for _, c := range l.captures {
		if !slices.Contains(links, c.link) {
			continue
		}
		if at+len(c.packets) > len(packets) {
			t.Fatalf("%s, packet %d: only %d packets are printed", c.title, at, len(packets))
		}
		p.compare(t, c, head+strings.Join(packets[at:at+len(c.packets)], "")+tail)
		at += len(c.packets)
	}
	if at != len(packets) {
		t.Fatalf("%d packets are printed as %d", at, len(packets))
	}
}

// compare reads the print of a capture back.
func (p *printedStyle) compare(t *testing.T, c *printable, text string) {
	t.Helper()
	path := c.whole + ".txt"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want, got := c.want(t, p.full), explain(t, path)
	p.captures++
	restsOnKnown(t, c.title, &got)
	if a, b := rstSet(want), rstSet(&got); !slices.Equal(a, b) {
		t.Errorf("%s: RSTs differ: %d in the capture, %d in its print (%v)", c.title, len(a), len(b), got.Warnings)
		return
	}
	p.sets++
	for i := range want.Resets {
		w, g := &want.Resets[i], &got.Resets[i]
		p.resets++
		open := g.Cause == w.Cause
		if open {
			p.equal++
		}
		for _, a := range g.Alternatives {
			open = open || a.Cause == w.Cause
		}
		if open {
			p.within++
		}
		if g.Cause != w.Cause {
			t.Logf("%s: frame %d: %s/%s (%.2f), of the print line %d: %s/%s (%.2f), open %v", c.title, w.Frame, w.Cause, w.Detail, w.Confidence,
				g.Line, g.Cause, g.Detail, g.Confidence, open)
		}
	}
}

func (p *printedStyle) result(t *testing.T) {
	t.Helper()
	if p.resets == 0 {
		t.Skip("no resets in captures that can be printed, or nothing that prints them")
	}
	e, w := float64(p.equal)/float64(p.resets), float64(p.within)/float64(p.resets)
	t.Logf("%d captures, RST sets equal in %d; %d resets, cause equal %.4f, within what is open %.4f", p.captures, p.sets, p.resets, e, w)
	if e < p.printer.equal || w < p.printer.within {
		t.Errorf("cause equal %.4f, within what is open %.4f; at least %.3f and %.3f are wanted", e, w, p.printer.equal, p.printer.within)
	}
}

var stamp = regexp.MustCompile(`(?m)^[0-9]{10}\.[0-9]{6} `)

// later moves the times of a print by tcpdump -tt.
func later(text string, by int) string {
	return stamp.ReplaceAllStringFunc(text, func(s string) string {
		sec, rest, _ := strings.Cut(s, ".")
		n, _ := strconv.Atoi(sec)
		return fmt.Sprintf("%d.%s", n+by, rest)
	})
}

// Where a text leaves packets out, the time that passes there says nothing, however long it is: with each known idle
// time, and with others, the explanation is the same.
func TestOmittedTimeSaysNothing(t *testing.T) {
	bin, err := exec.LookPath("tcpdump")
	if testing.Short() || err != nil {
		t.Skip("runs tcpdump on captures")
	}
	dir := t.TempDir()
	waits := []string{"idle", "silent", "matches-timeout", "last-data", "last-segment", "unanswered", "no-response", "window-closed"}
	places := 0
	for i, c := range printables(t) {
		c.shift(1_700_000_000_000_000_000)
		c.write(t, dir, fmt.Sprint(i))
		text, err := exec.Command(bin, "-nn", "-tt", "-S", "-v", "-r", c.cutFile).Output()
		if err != nil {
			continue
		}
		head, packets, tail := byIndent(string(text))
		for k := len(packets) - 1; k > 0 && k > len(packets)-4; k-- {
			before, after := head+strings.Join(packets[:k], ""), strings.Join(packets[k:], "")+tail
			var want *report.File
			for _, by := range []int{61, 7 * 60, 3*3600 + 7} {
				path := filepath.Join(dir, "text.txt")
				if err := os.WriteFile(path, []byte(before+"[...]\n"+later(after, by)), 0o600); err != nil {
					t.Fatal(err)
				}
				got := explain(t, path)
				if want == nil {
					want = &got
					places++
				}
				if len(got.Resets) != len(want.Resets) {
					t.Fatalf("%s, %d: %d resets, %d with another time", c.title, k, len(got.Resets), len(want.Resets))
				}
				for n := range got.Resets {
					g, w := &got.Resets[n], &want.Resets[n]
					scan := w.Detail == "port-scan" || g.Detail == "port-scan" // how soon other connections came is no silence
					if g.Cause != w.Cause || g.Detail != w.Detail && !scan || g.Confidence != w.Confidence {
						t.Errorf("%s, packet %d of %d left out before: frame %d is %s/%s (%.2f), with another time %s/%s (%.2f)", c.title,
							k, len(packets), g.Frame, g.Cause, g.Detail, g.Confidence, w.Cause, w.Detail, w.Confidence)
					}
					for _, e := range slices.Concat(g.Evidence, g.OriginWhy, g.Notes) {
						if slices.Contains(waits, e.Claim) && time.Duration(e.Values.Span) >= time.Duration(by)*time.Second {
							t.Errorf("%s, packet %d of %d left out before: %s", c.title, k, len(packets), e.Says)
						}
					}
				}
			}
		}
	}
	t.Logf("%d places", places)
}

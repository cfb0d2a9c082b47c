package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rstexplain/rstexplain/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readFile(t, path)), string(got)); diff != "" {
		t.Errorf("%s differs; go test -update writes it anew:\n%s", path, diff)
	}
}

// sample returns a small report: a finding, two repeats of it, and an ending with all there can be.
func sample() (File, []*Reset) {
	var b Builder
	m := *b.Reset(dataAfterFIN())
	m.Evidence, m.Notes = append([]Evidence(nil), m.Evidence...), append([]Evidence(nil), m.Notes...)
	m.Alternatives = append([]Alternative(nil), m.Alternatives...)
	m.Timeline = append([]Event(nil), m.Timeline...)
	again, third := m, m
	again.Frame, again.Repeats = 132, 131
	third.Frame, third.Repeats = 133, 131
	other := m
	other.Frame, other.Stream, other.Cause, other.Detail = 400, 8, rules.ClosedPort, "no-listener"
	other.Origin, other.Severity, other.Confidence = rules.OriginMiddlebox, rules.Warning, 0.996
	other.OriginWhy = []Evidence{{Frames: []int{399}, Says: "hop limit 61, the host's other packets have 52"}}
	other.CaptureNext = "capture on the responder: a RST that its own capture lacks came from the path"
	other.Conn.Defects = []string{"no-handshake", "snap-cut"}
	other.Evidence = []Evidence{{Frames: []int{3, 4, 5, 9, 12, 1000}, Says: "escape \x1b[31m sequences and \u202e turns are not printed"}}
	for _, r := range []*Reset{&again, &third, &other} {
		b.count(r)
	}
	f := File{Path: "edge/capture.pcapng", Packets: 1204, TCPSegments: 1100, Connections: 37, Bytes: 99000, First: m.Time, Last: m.Time + 330e9,
		Partial: true,
		Warnings: []Warning{
			{Says: "the file ends in the middle of a packet", Offset: 98_987, Hint: "copy it again, whole"},
			{Says: "unknown link type 147", Count: 2, Frame: 7}},
		Notes: []Evidence{{Frames: []int{3}, Says: "ICMP port unreachable from 192.0.2.1 refused the SYN to 192.0.2.7:53"}}}
	b.Finish(&f)
	return f, []*Reset{&m, &again, &third, &other}
}

func TestText(t *testing.T) {
	file, resets := sample()
	for name, opts := range map[string]TextOptions{
		"text.txt":        {},
		"text-narrow.txt": {Width: 80},
		"text-color.txt":  {Color: true},
	} {
		var out bytes.Buffer
		write(t, Text(&out, opts), file, resets...)
		golden(t, name, out.Bytes())
		for n, line := range strings.Split(out.String(), "\n") {
			if opts.Width > 0 && width(line) > opts.Width && !strings.HasPrefix(line, "Filter") {
				t.Errorf("%s:%d is %d columns wide", name, n+1, width(line))
			}
		}
	}
}

func TestTextOfNothing(t *testing.T) {
	var b Builder
	file := File{Path: "empty.pcap"}
	b.Finish(&file)
	var out bytes.Buffer
	write(t, Text(&out, TextOptions{}), file)
	if got, want := out.String(), "empty.pcap\n0 packets · 0 connections · no resets\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Thousands of findings wait in a file and not in memory, and come out in their order.
func TestTextSpoolsFindings(t *testing.T) {
	file, resets := sample()
	var many []*Reset
	for i := range 5000 {
		r := *resets[0]
		r.Frame = 1000 + i
		many = append(many, &r)
	}
	var out bytes.Buffer
	text := Text(&out, TextOptions{All: true}).(*textRenderer)
	memory := 0
	write(t, endless{text, func() { memory = max(memory, text.blocks.mem.Cap()) }}, file, many...)
	if out.Len() < spoolMemory {
		t.Fatalf("%d bytes do not fill the spool", out.Len())
	}
	if memory == 0 || memory > 2*spoolMemory {
		t.Errorf("the spool holds %d bytes", memory)
	}
	rest := out.String()
	for _, r := range many {
		var found bool
		if _, rest, found = strings.Cut(rest, fmt.Sprintf("\n#%d  ", r.Frame)); !found {
			t.Fatalf("no block of #%d in its place", r.Frame)
		}
	}
}

// An endless calls at before the end of a report.
type endless struct {
	Renderer
	at func()
}

func (e endless) End() error { e.at(); return e.Renderer.End() }

// Any format can be had from the JSON alone.
func TestReplay(t *testing.T) {
	file, resets := sample()
	resets[3].Evidence[0].Says = "plain"
	var direct, asJSON, replayed, again bytes.Buffer
	write(t, Text(&direct, TextOptions{}), file, resets...)
	write(t, JSON(&asJSON), file, resets...)
	if err := Replay(bytes.NewReader(asJSON.Bytes()), Text(&replayed, TextOptions{})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(direct.String(), replayed.String()); diff != "" {
		t.Error(diff)
	}
	if err := Replay(bytes.NewReader(asJSON.Bytes()), JSON(&again)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asJSON.String(), again.String()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "{", "[]", `{"schema_version":99}`, `{"files":[{"resets":[3]}]}`, `{"files":{}}`} {
		if err := Replay(strings.NewReader(bad), JSON(&again)); err == nil {
			t.Errorf("%q was read without an error", bad)
		}
	}
}

// A long timeline shows its beginning, what is noteworthy, and what stands near the reset.
func TestLadderLeavesOutTheUneventful(t *testing.T) {
	var b Builder
	m := b.Reset(dataAfterFIN())
	busy := m.Timeline[3] // data, which changes no state
	var long []Event
	long = append(long, m.Timeline[:4]...)
	for i := range 20 {
		e := busy
		e.Frame = 200 + i
		if i == 9 {
			e.Notes = []string{"retransmitted"}
		}
		long = append(long, e)
	}
	m.Timeline = append(long, m.Timeline[4:]...)
	got := page{width: 100}.ladder(m)
	for _, want := range []string{"#118 ", "⋮ 10 more", "#209 ", "⋮ 7 more", "#217 ", "#131 ", "#140 "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not there:\n%s", want, got)
		}
	}
	if strings.Contains(got, "#205 ") {
		t.Errorf("an uneventful segment is there:\n%s", got)
	}
}

// Ladders are laid out as the other tables are, also with characters that take two columns or none.
func TestLadderLines(t *testing.T) {
	reset := sampleResets()[0]
	reset.Timeline[0].Notes = []string{"漢字", "e\u0301"}
	for _, layout := range ladderLayouts {
		g := page{width: 100}.rungs(reset, layout)
		if diff := cmp.Diff(g.lines(), g.ladderLines()); diff != "" {
			t.Error(diff)
		}
	}
}

// Nothing is wider than the terminal but what cannot be broken: display filters and paths.
func TestTextFits(t *testing.T) {
	for _, columns := range []int{70, 80, 100} {
		resets := sampleResets()
		for i, m := range resets {
			m.Originator, m.Responder = "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:1]:51234", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:2]:443"
			m.Detail = []string{"keepalive-unanswered", "state-lost-keepalive", "state-lost-keepalive"}[i]
			for j := range m.Timeline {
				e := &m.Timeline[j]
				e.SEQ, e.ACK, e.Notes = 4284929560, 4284929560, []string{"out-of-order", "challenge-ack", "not-accepted"}
				e.Time *= 2 // hours between
			}
		}
		mixed := resets[1].Clone()
		mixed.Severity = rules.Warning
		var out bytes.Buffer
		play(t, Text(&out, TextOptions{Width: columns}), append(resets, mixed)...)
		for line := range strings.Lines(out.String()) {
			line = strings.TrimRight(line, "\n")
			if width(line) > columns && !strings.HasPrefix(line, "Filter") && len(strings.Fields(line)) > 1 {
				t.Errorf("%d columns in a terminal of %d: %s", width(line), columns, line)
			}
		}
		for _, want := range []string{"challenge ack", "not accepted", "1 error, 1 warning"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is not reported in %d columns", want, columns)
			}
		}
	}
}

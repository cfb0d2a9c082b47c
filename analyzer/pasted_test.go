package analyzer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// fieldOf names the field that claims of a kind rest on.
var fieldOf = map[string]string{
	"ttl-same": "ttl", "ttl-differs": "ttl", "ip-id-continues": "ip_id", "ip-id-copied": "ip_id", "ip-id-breaks": "ip_id", "ip-id-not-zero": "ip_id",
	"window-copied": "window", "window-closed": "window", "window-probes": "window", "timestamp-continues": "options", "odd-syn": "options", "wrong-echo": "options",
}

// restsOnKnown checks that no claim rests on a field that the text does not hold.
func restsOnKnown(t *testing.T, name string, f *report.File) {
	t.Helper()
	for i := range f.Resets {
		r := &f.Resets[i]
		unknown := map[int][]string{r.Frame: r.Segment.Unknown}
		for _, e := range r.Timeline {
			unknown[e.Frame] = e.Unknown
		}
		for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy, r.Notes} {
			for _, e := range list {
				for _, frame := range e.Frames {
					lacks := func(field string) bool { return slices.Contains(unknown[frame], field) }
					if field := fieldOf[e.Claim]; field != "" && lacks(field) || e.Claim == "request" && e.Values.Text != "" && lacks("payload") {
						t.Errorf("%s: line %d: %s, of which line %d shows nothing: %s", name, r.Line, e.Claim, frame, e.Says)
					}
				}
			}
		}
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

// explainText explains a text.
func explainText(t *testing.T, text string) report.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.md")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return explain(t, path)
}

const onePaste = `%[1]s.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0
%[1]s.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [S.], seq 100, ack 3000000001, win 65535, length 0
%[1]s.020000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [.], ack 1, win 1000, length 0
%[1]s.030000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [P.], seq 1:100, ack 1, win 1000, length 99
%[2]s%[3]s.120000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 1, ack 100, win 0, length 0
`

// Two pastes of one connection are two captures: each has its handshake, and numbers of streams and frames go on.
func TestPastesAreExplainedOneByOne(t *testing.T) {
	one := fmt.Sprintf(onePaste, "10:00:00", "", "10:00:03")
	f := explainText(t, "Client side:\n\n"+one+"\nServer side:\n\n"+one)
	if len(f.Resets) != 2 || f.Connections != 2 || f.Packets != 10 || f.TCPSegments != 10 {
		t.Fatalf("%d resets, %d connections, %d packets", len(f.Resets), f.Connections, f.Packets)
	}
	for i, r := range f.Resets {
		if r.Stream != i || r.Frame != 5*(i+1) || r.Line != 7+8*i || len(r.Timeline) != 5 || len(r.Timeline[4].Notes) != 0 || r.Conn.Packets != 4 {
			t.Errorf("reset %d: %+v", i, r)
		}
	}
	if f.Resets[0].Paste != 0 || f.Resets[1].Paste != 2 || len(f.Pastes) != 2 || f.Pastes[1] != (report.Paste{Frame: 6, Line: 11, Heading: "Server side"}) {
		t.Errorf("pastes %+v, resets in %d and %d", f.Pastes, f.Resets[0].Paste, f.Resets[1].Paste)
	}
	if f.Resets[0].Cause != f.Resets[1].Cause || f.Resets[0].Confidence != f.Resets[1].Confidence {
		t.Errorf("%s %.3f and %s %.3f", f.Resets[0].Cause, f.Resets[0].Confidence, f.Resets[1].Cause, f.Resets[1].Confidence)
	}
}

// What is absent where the text leaves packets out may have been left out.
func TestOmissionsLimitClaims(t *testing.T) {
	for _, mark := range []string{"", "...\n"} {
		f := explainText(t, fmt.Sprintf(onePaste, "10:00:00", mark, "10:00:40"))
		r := &f.Resets[0]
		absences := 0
		for _, e := range append(r.Evidence, r.Notes...) {
			if e.Claim == "idle" && mark != "" {
				t.Errorf("said across an omission mark: %s", e.Says)
			}
			if e.Claim == "unanswered" {
				if absences++; e.Limited != (mark != "") {
					t.Errorf("with %q between: limited %v: %s", mark, e.Limited, e.Says)
				}
			}
		}
		if absences == 0 {
			t.Errorf("with %q between: nothing is said of the unanswered request: %+v", mark, r.Evidence)
		}
	}
}

// What a text does not show is absent in the JSON report, and not 0.
func TestUnknownIsAbsentInJSON(t *testing.T) {
	for _, c := range []struct {
		name, text     string
		absent, there  []string
		event, unknown []string
	}{
		{"tcpdump", "10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0\n" +
			"10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0\n",
			[]string{"ttl", "ip_id"}, []string{"window", "header_length", "payload"}, []string{"ttl", "ip_id"}, []string{"ttl", "ip_id"}},
		{"tcpdump -v", "10:00:00.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 44)\n    192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], cksum 0x0000 (correct), seq 3000000000, win 64240, options [mss 1460], length 0\n" +
			"10:00:00.010000 IP (tos 0x0, ttl 60, id 0, offset 0, flags [DF], proto TCP (6), length 40)\n    198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], cksum 0x0000 (correct), seq 0, ack 3000000001, win 0, length 0\n",
			nil, []string{"ttl", "ip_id", "window", "header_length", "payload"}, nil, nil},
		{"a sniffer without window and options", "2.429703 port1 in 192.0.2.1.40000 -> 198.51.100.7.8080: syn 3000000000\n2.439703 port1 out 198.51.100.7.8080 -> 192.0.2.1.40000: rst 0 ack 3000000001\n",
			[]string{"ttl", "ip_id", "window", "header_length", "payload"}, nil, []string{"ttl", "ip_id", "window"}, []string{"payload", "ttl", "ip_id", "options", "window"}},
		{"an export of chosen fields", `[{"_index":"p","_source":{"layers":{"frame.number":["1"],"frame.time_epoch":["1.0"],"ip.src":["192.0.2.1"],"ip.dst":["198.51.100.7"],` +
			`"tcp.srcport":["40000"],"tcp.dstport":["8080"],"tcp.flags":["0x0002"],"tcp.seq_raw":["3000000000"],"tcp.ack_raw":["0"],"tcp.len":["0"]}}},` +
			`{"_index":"p","_source":{"layers":{"frame.number":["2"],"frame.time_epoch":["1.1"],"ip.src":["198.51.100.7"],"ip.dst":["192.0.2.1"],` +
			`"tcp.srcport":["8080"],"tcp.dstport":["40000"],"tcp.flags":["0x0014"],"tcp.seq_raw":["0"],"tcp.ack_raw":["3000000001"],"tcp.len":["0"]}}}]`,
			[]string{"ttl", "ip_id", "window", "header_length"}, []string{"payload"}, []string{"ttl", "ip_id", "window"}, []string{"ttl", "ip_id", "options", "window"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "text.txt")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, again bytes.Buffer
			if _, err := Explain(t.Context(), path, report.JSON(&out), Options{}); err != nil {
				t.Fatal(err)
			}
			if err := report.Replay(bytes.NewReader(out.Bytes()), report.JSON(&again)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Error("the report reads back as another")
			}
			var all struct {
				Files []struct {
					Resets []struct {
						Segment  map[string]any
						Timeline []map[string]any
					}
				}
			}
			if err := json.Unmarshal(out.Bytes(), &all); err != nil {
				t.Fatal(err)
			}
			r := all.Files[0].Resets[0]
			check := func(what string, of map[string]any, absent []string) {
				for _, name := range absent {
					if v, ok := of[name]; ok {
						t.Errorf("%s: %s is %v, and not in the text", what, name, v)
					}
				}
			}
			check("segment", r.Segment, c.absent)
			for _, name := range c.there {
				if _, ok := r.Segment[name]; !ok {
					t.Errorf("segment: %s is absent", name)
				}
			}
			for _, e := range r.Timeline {
				check("event", e, c.event)
			}
			var unknown []string
			if list, ok := r.Segment["unknown"].([]any); ok {
				for _, v := range list {
					unknown = append(unknown, v.(string))
				}
			}
			if !slices.Equal(unknown, c.unknown) {
				t.Errorf("unknown: %v, want %v", unknown, c.unknown)
			}
		})
	}
}

// Each testdata/pasted/<style>.txt, a print in one style, is told as <style>.report there says, and what is known of it follows
// the schema of the JSON report.
func TestGoldenTexts(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join(root, "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	texts := glob(t, "testdata/pasted/*.txt")
	if len(texts) < 15 {
		t.Fatalf("%d texts", len(texts))
	}
	for _, path := range texts {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var out bytes.Buffer
			render(t, path, report.JSON(&out))
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%#v", err)
			}
			f := explain(t, path)
			restsOnKnown(t, filepath.Base(path), &f)
			for _, r := range f.Resets {
				if r.Line == 0 || slices.ContainsFunc(r.Timeline, func(e report.Event) bool { return e.Line == 0 }) {
					t.Errorf("frame %d: not all lines are known", r.Frame)
				}
			}
			compareGolden(t, path, strings.TrimSuffix(path, ".txt")+".report")
		})
	}
}

// In every format a packet of a text is named by its line.
func TestEveryFormatNamesLines(t *testing.T) {
	path := filepath.Join(root, "testdata", "pasted", "two-pastes.txt")
	for _, c := range []struct {
		name string
		to   func(io.Writer) report.Renderer
		want []string
	}{
		{"text", func(w io.Writer) report.Renderer { return report.Text(w, report.TextOptions{All: true}) }, []string{"line 8  ", "line 17, paste 2  ", "lines "}},
		{"markdown", func(w io.Writer) report.Renderer { return report.Markdown(w, report.MarkdownOptions{}) }, []string{"line 8:", "line 17, paste 2:", "lines "}},
		{"html", func(w io.Writer) report.Renderer { return report.HTML(w, report.HTMLOptions{}) }, []string{">line 8<", ">line 17, paste 2<", ">line 6</a>"}},
		{"junit", func(w io.Writer) report.Renderer { return report.JUnit(w, report.JUnitOptions{}) }, []string{"line 8  ", "lines 15, 17"}},
		{"csv", report.CSV, []string{",8,,,1,", ",17,,2,2,"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			render(t, path, c.to(&out))
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q", want)
				}
			}
			if m := regexp.MustCompile(`\bframes? [0-9]+|[ >]#[0-9]+\b`).FindString(out.String()); m != "" {
				t.Errorf("names %q", m)
			}
		})
	}
}

// What people pasted is read whole, and the root cause that was found is the one that is told, or is left open.
func TestPastedByPeople(t *testing.T) {
	dir := filepath.Join(foreignDir(), "..", "pasted")
	labels, err := os.ReadFile(filepath.Join(dir, "expected.jsonl"))
	if foreignDir() == "" || err != nil {
		t.Skip("no texts that people pasted: they are looked for in ../shared/pasted")
	}
	texts, within, top := 0, 0, 0
	for dec := json.NewDecoder(bytes.NewReader(labels)); dec.More(); {
		var want struct {
			File, Cause, Detail string
			AlsoOK              []string `json:"also_ok"`
			RSTs                int      `json:"rst_lines"`
		}
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		f := explain(t, filepath.Join(dir, want.File))
		texts++
		restsOnKnown(t, want.File, &f)
		if len(f.Resets) != want.RSTs {
			t.Errorf("%s: %d RSTs of %d", want.File, len(f.Resets), want.RSTs)
		}
		open, first := false, false
		for _, r := range f.Resets {
			first = first || string(r.Cause) == want.Cause || slices.Contains(want.AlsoOK, string(r.Cause))
			open = open || string(r.Cause) == want.Cause
			for _, a := range r.Alternatives {
				open = open || string(a.Cause) == want.Cause
			}
		}
		if open = open || first; open {
			within++
		} else {
			t.Logf("%s: not told, and not left open: %s", want.File, want.Cause)
		}
		if first {
			top++
		}
	}
	t.Logf("%d texts: cause told or left open %d, told first %d", texts, within, top)
	if within*100 < 95*texts {
		t.Errorf("the cause is told or left open in %d of %d texts; at least 95 %% is wanted", within, texts)
	}
}

// Where the text shows no times, nothing is said of how long ago something was.
func TestNoTimesNoDurations(t *testing.T) {
	f := explainText(t, `192.0.2.10.45182 > 198.51.100.7.80: Flags [S], seq 320236027,
192.0.2.10.45182 > 198.51.100.7.80: Flags [S], seq 320236027,
198.51.100.7.80 > 192.0.2.10.45182: Flags [S.], seq 2967855116,
198.51.100.7.80 > 192.0.2.10.45182: Flags [S.], seq 2967855123, <==
192.0.2.10.45182 > 198.51.100.7.80: Flags [.], ack 4294967290,
198.51.100.7.80 > 192.0.2.10.45182: Flags [R], seq 2967855117, <==
`)
	if len(f.Resets) != 1 {
		t.Fatalf("%d resets", len(f.Resets))
	}
	r := &f.Resets[0]
	said := r.Summary
	for _, a := range r.Alternatives {
		said += " " + a.WhyNot
	}
	if strings.Contains(said, " 0 ") || regexp.MustCompile(`[0-9] (ns|µs|ms|s)\b`).MatchString(said) {
		t.Errorf("a duration: %s", said)
	}
	if r.Detail != "state-lost" {
		t.Errorf("%s/%s", r.Cause, r.Detail)
	}
}

// A RST that acknowledges data, behind an omission mark or not, does not end a connection that was just accepted.
func TestAcknowledgedDataIsNoNewConnection(t *testing.T) {
	for _, mark := range []string{"", "...\n"} {
		f := explainText(t, `00:00:00 IP 192.0.2.10.50112 > 198.51.100.4.80: Flags [S], seq 3193165162, win 43690, options [mss 65495], length 0
`+mark+`00:01:00 IP 198.51.100.4.80 > 192.0.2.10.50112: Flags [R.], seq 1579198, ack 88, win 342, length 0
`)
		if len(f.Resets) != 1 || f.Resets[0].Detail == "accepted-then-dropped" {
			t.Errorf("with %q between: %+v", mark, f.Resets)
		}
	}
}

// Between a paste with the time of the day and one with dates no time is told.
func TestNoSpanBetweenClocks(t *testing.T) {
	f := explainText(t, fmt.Sprintf(onePaste, "10:00:00", "", "10:00:03")+"\nand with dates:\n\n"+
		fmt.Sprintf(onePaste, "2026-03-01 10:00:00", "", "2026-03-01 10:00:03"))
	if len(f.Resets) != 2 || f.First != 0 || f.Last != 0 {
		t.Errorf("%d resets, from %v to %v", len(f.Resets), f.First.Std(), f.Last.Std())
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rstexplain/rstexplain/rules"
)

// write renders resets as one file of a report.
func write(t testing.TB, r Renderer, file File, resets ...*Reset) {
	t.Helper()
	for _, step := range []func() error{
		func() error { return r.Begin("rstexplain test") },
		func() error { return r.BeginFile(file.Path) },
		func() error {
			for _, m := range resets {
				if err := r.Reset(m); err != nil {
					return err
				}
			}
			return nil
		},
		func() error { return r.EndFile(&file) },
		func() error { return r.End() },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// A string is written as encoding/json writes it, wherever in it the bytes are that are not written as they stand.
func TestStringEqualsEncodingJSON(t *testing.T) {
	odd := []string{`"`, `\`, "\n", "\x00", "\x1f", " ", "!", "\x7f", "\x80", "\xff", "é", "…", "\u2028", "\U0001f600", "<", "&"}
	for length := range 20 {
		for at := range length + 1 {
			for _, a := range odd {
				for _, b := range odd {
					s := strings.Repeat("x", at) + a + strings.Repeat("y", length-at) + b
					want, err := marshal(s)
					if err != nil {
						t.Fatal(err)
					}
					if got := appendString(nil, s); string(got) != string(want) {
						t.Fatalf("%q: got %s, want %s", s, got, want)
					}
				}
			}
		}
	}
}

// The hand-written encoder says what encoding/json says of the same model.
func TestEncoderEqualsEncodingJSON(t *testing.T) {
	var b Builder
	m := *b.Reset(dataAfterFIN())
	odd := m
	odd.Summary = "quotes \" \\ / tab\t newline\n del\x7f nul\x00 bad\xff\xc3 sep\u2028\u2029 \U0001F600 é <b>&"
	odd.Confidence, odd.Trigger, odd.Repeats = 1, 0, 128
	odd.Alternatives = []Alternative{{Confidence: 1e-9}, {Confidence: 0.1 + 0.2}}
	odd.Time, odd.Relative = -1, -5
	odd.Places = []Place{{"a.pcap", []int{128, 1}, "frame.number in {1, 128}"}, {"b.pcap", []int{2}, "frame.number in {2}"}}
	odd.Conn.Defects = []string{"no-handshake", "snap-cut"}
	file := File{Path: "a \"b\".pcap", Packets: 1204, Warnings: []Warning{{Says: "cut <short>", Frame: 3}}}
	b.Finish(&file)

	var got bytes.Buffer
	write(t, JSON(&got), file, &m, &odd)

	whole := Report{SchemaVersion: SchemaVersion, Generator: "rstexplain test", Files: []File{file}}
	whole.Files[0].Resets = []Reset{m, odd}
	var counts tally
	counts.beginFile(file.Path)
	counts.add(&m)
	counts.add(&odd)
	whole.Total = counts.done()
	var groups Grouping
	groups.BeginFile(file.Path)
	for i := range whole.Files[0].Resets {
		groups.Add(&whole.Files[0].Resets[i])
	}
	odd.Incident = whole.Files[0].Resets[1].Incident
	whole.Incidents = groups.Incidents()
	want, err := marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, got.Bytes()); err != nil {
		t.Fatalf("%v\n%s", err, got.Bytes())
	}
	if diff := cmp.Diff(string(want), compact.String()); diff != "" {
		t.Error(diff)
	}

	// And what is read back is what was written.
	var back Report
	if err := json.Unmarshal(got.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	odd.Summary = "quotes \" \\ / tab\t newline\n del\x7f nul\x00 bad\ufffd\ufffd sep\u2028\u2029 \U0001F600 é <b>&"
	whole.Files[0].Resets = []Reset{m, odd}
	if diff := cmp.Diff(whole, back, cmpopts.IgnoreUnexported(Reset{})); diff != "" {
		t.Error(diff)
	}
}

// Confidence and alternatives never add up to more than 1, whatever rounding does.
func TestProbabilitiesAddUp(t *testing.T) {
	var b Builder
	r, f := dataAfterFIN()
	for _, p := range [][3]float64{{0.9996, 0.0004, 0}, {0.3335, 0.3335, 0.333}, {0.97, 0.02, 0.01}, {1.2, 0.5, -1}} {
		f.Confidence = p[0]
		f.Alternatives = []rules.Alternative{{Confidence: p[1]}, {Confidence: p[2]}}
		m := b.Reset(r, f)
		sum := m.Confidence + m.Alternatives[0].Confidence + m.Alternatives[1].Confidence
		if sum > 1+1e-12 || m.Alternatives[1].Confidence < 0 || math.Abs(min(p[0], 1)-m.Confidence) > 0.00051 {
			t.Errorf("%v: %v and %v", p, m.Confidence, m.Alternatives)
		}
	}
}

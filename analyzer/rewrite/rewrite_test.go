package rewrite_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// captures lists the project's own captures.
func captures(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../../testdata/*/capture.pcapng")
	if err != nil || len(list) == 0 {
		t.Skip("testdata holds no captures")
	}
	return list
}

// A verdict is what a report says of a reset, but for numbers that a slice counts anew.
type verdict struct {
	Time                             report.Time
	Cause, Detail, Origin, Sender    string
	Originator, Responder, Timelines string
}

// collector keeps the verdicts of a report, and passes the report on.
type collector struct {
	report.Renderer
	verdicts []verdict
	frames   []int
	repeats  []bool
}

func (c *collector) Reset(r *report.Reset) error {
	v := verdict{Time: r.Time, Cause: string(r.Cause), Detail: r.Detail, Origin: string(r.Origin), Sender: r.Sender,
		Originator: r.Originator, Responder: r.Responder}
	for _, e := range r.Timeline {
		v.Timelines += fmt.Sprint(e.Sender, e.Flags, e.SEQ, e.ACK, e.LEN, e.To, "\n")
	}
	c.verdicts = append(c.verdicts, v)
	c.frames = append(c.frames, r.Frame)
	c.repeats = append(c.repeats, r.Repeats != 0)
	return c.Renderer.Reset(r)
}

// explain returns what the report of a capture says.
func explain(t *testing.T, path string, also report.Renderer) *collector {
	t.Helper()
	if also == nil {
		also = &rewrite.Comments{}
	}
	c := &collector{Renderer: also}
	file, err := analyzer.Explain(context.Background(), path, c, analyzer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if file.Partial {
		t.Fatalf("%s was not read whole: %v", path, file.Warnings)
	}
	return c
}

func open(t *testing.T, path string) *capture.Reader {
	t.Helper()
	r, err := capture.Open(path, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestSliceSaysTheSame cuts each reset out of its capture and explains the slice.
func TestSliceSaysTheSame(t *testing.T) {
	for _, path := range captures(t) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			whole := explain(t, path, nil)
			for i, frame := range whole.frames {
				if whole.repeats[i] {
					continue
				}
				streams := &rewrite.Streams{Choose: func(r *report.Reset) bool { return r.Frame == frame }}
				explain(t, path, streams)
				out := filepath.Join(t.TempDir(), "slice.pcapng")
				write(t, out, func(w *os.File) error {
					_, err := rewrite.Slice(context.Background(), open(t, path), w, streams, rewrite.SliceOptions{})
					return err
				})
				want, found := whole.verdicts[i], false
				for _, got := range explain(t, out, nil).verdicts {
					if got.Time == want.Time && got.Originator == want.Originator {
						found = true
						if got != want {
							t.Errorf("frame %d: the slice says\n%+v\nthe whole\n%+v", frame, got, want)
						}
					}
				}
				if !found {
					t.Errorf("frame %d: the slice has no such reset", frame)
				}
			}
		})
	}
}

func annotate(in *capture.Reader, comments *rewrite.Comments) func(*os.File) error {
	return func(w *os.File) error {
		_, err := rewrite.Annotate(context.Background(), in, w, comments)
		return err
	}
}

func write(t *testing.T, path string, do func(*os.File) error) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAnonymizedSlice looks for what must not be in a slice that others may see, and at what must.
func TestAnonymizedSlice(t *testing.T) {
	pan, err := rewrite.NewCryptoPAn(bytes.Repeat([]byte{7}, rewrite.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range captures(t) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			streams := &rewrite.Streams{}
			whole := explain(t, path, streams)
			out := filepath.Join(t.TempDir(), "anonymous.pcapng")
			write(t, out, func(w *os.File) error {
				_, err := rewrite.Slice(context.Background(), open(t, path), w, streams, rewrite.SliceOptions{Anonymize: pan})
				return err
			})
			got := explain(t, out, nil)
			if len(got.verdicts) != len(whole.verdicts) {
				t.Fatalf("%d resets, the whole has %d", len(got.verdicts), len(whole.verdicts))
			}
			text, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range secrets(t, path) {
				if bytes.Contains(text, secret) {
					t.Errorf("the slice still holds %x (%q)", secret, secret)
				}
			}
			for i := range got.verdicts {
				g, w := &got.verdicts[i], &whole.verdicts[i]
				if g.Time != w.Time || g.Sender != w.Sender || g.Timelines != w.Timelines {
					t.Errorf("reset %d: the timeline is\n%+v\nof the whole\n%+v", i, g, w)
				}
			}
		})
	}
}

// secrets returns bytes of a capture that would give it away: addresses of its packets, and data.
func secrets(t *testing.T, path string) (list [][]byte) {
	t.Helper()
	r := open(t, path)
	var b capture.Batch
	for r.Next(&b) == nil {
		for i := range b.Packets {
			p := &b.Packets[i]
			if p.Link != 1 || len(p.Data) < 54 || p.Data[12] != 8 {
				continue
			}
			list = append(list, bytes.Clone(p.Data[26:34])) // both addresses
			if mac := p.Data[6:12]; !bytes.Equal(mac, make([]byte, 6)) {
				list = append(list, bytes.Clone(p.Data[0:12]))
			}
			if n := 34 + int(p.Data[46]>>4)*4; len(p.Data) > n+16 {
				list = append(list, bytes.Clone(p.Data[n:n+16]))
			}
		}
		b.Release()
	}
	return list
}

// TestAnnotatedIsTheSameCapture strips nothing: all packets are there, and comments stand at the resets.
func TestAnnotatedIsTheSameCapture(t *testing.T) {
	for _, path := range captures(t) {
		comments := &rewrite.Comments{}
		whole := explain(t, path, comments)
		out := filepath.Join(t.TempDir(), "annotated.pcapng")
		write(t, out, annotate(open(t, path), comments))
		if got := explain(t, out, nil); fmt.Sprint(got.verdicts) != fmt.Sprint(whole.verdicts) || fmt.Sprint(got.frames) != fmt.Sprint(whole.frames) {
			t.Errorf("%s: the annotated capture is explained otherwise", path)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "rstexplain: "); n < len(whole.frames) {
			t.Errorf("%s: %d comments for %d resets", path, n, len(whole.frames))
		}
	}
}

// The first reset of an incident of several findings says what happened, once.
func TestAnnotatedSaysTheIncident(t *testing.T) {
	path := filepath.Join("..", "..", "testdata", "port-scan", "capture.pcapng")
	comments := &rewrite.Comments{}
	explain(t, path, comments)
	out := filepath.Join(t.TempDir(), "annotated.pcapng")
	write(t, out, annotate(open(t, path), comments))
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("rstexplain, incident 1: 192.168.175.97 tried 29 ports of 172.28.201.16 between ")); n != 1 {
		t.Errorf("the incident is reported %d times", n)
	}
}

// TestCommentsObeyNobody puts what a stranger may send into comments: programs that show them, as tshark,
// print them as they are.
func TestCommentsObeyNobody(t *testing.T) {
	const sent, shown = "\x1b]0;owned\x07 \u202eback\xff\nrstexplain: said", "·]0;owned· ·back\uFFFD·rstexplain: said"
	comments := &rewrite.Comments{}
	if err := comments.BeginFile("x"); err != nil {
		t.Fatal(err)
	}
	evidence := []report.Evidence{{Frames: []int{1}, Says: sent}}
	if err := comments.Reset(&report.Reset{Frame: 2, Summary: sent, Symptom: sent, Remedy: sent, Evidence: evidence,
		Prints: []report.Print{{Program: sent, Says: sent, Named: true}}}); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "annotated.pcapng")
	write(t, out, annotate(open(t, captures(t)[0]), comments))
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte(shown)); n != 7 {
		t.Errorf("%d of 7 texts are shown as %q", n, shown)
	}
	for _, bad := range []string{"\x1b]0;", "\u202e", "\nrstexplain: said"} {
		if bytes.Contains(text, []byte(bad)) {
			t.Errorf("a comment holds %q", bad)
		}
	}
	if n := bytes.Count(text, []byte("\nRemedy: ")); n != 1 {
		t.Errorf("%d lines begin with the remedy, want 1", n)
	}
}

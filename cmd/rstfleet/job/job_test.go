package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

const root = "../../.."

// A cluster carries out a job as an engine may: steps run at a time and in any order, some fail halfway and are
// repeated, and some are repeated although they had succeeded.
type cluster struct {
	workers int
	fails   bool
	seed    uint64
}

// run carries out j on the captures that patterns name.
func (c cluster) run(t *testing.T, j Job, ring string, patterns ...string) *Manifest {
	t.Helper()
	ctx := t.Context()
	w := NewWorker(&j)
	defer w.Close()
	var objects []store.Object
	for _, p := range patterns {
		found, err := w.Store().List(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, found...)
	}
	var taps []string
	if ring != "" {
		pattern, err := NewTapPattern(ring)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			tap, ok := pattern.Tap(o.Name)
			if !ok {
				t.Fatalf("%s has no tap", o.Name)
			}
			taps = append(taps, tap)
		}
	}
	if err := w.Prepare(ctx, j.Units(objects, taps), false); err != nil {
		t.Fatal(err)
	}
	explained := map[string][]Explained{}
	add := func(e Explained) { explained[e.Group] = append(explained[e.Group], e) }
	if j.Divide {
		excerpts := c.excerpts(t, &j, j.Units(objects, taps))
		inAnyOrder(t, c, excerpts, func(ctx context.Context, w *Worker, list []Excerpt) (Explained, error) {
			e, _, err := w.ExplainExcerpts(ctx, slices.Clone(list))
			return e, err
		}, &j, add)
	} else {
		inAnyOrder(t, c, j.Units(objects, taps), func(ctx context.Context, w *Worker, u Unit) (Explained, error) {
			e, _, err := w.Explain(ctx, u)
			return e, err
		}, &j, add)
	}
	var groups []string
	for g := range explained {
		groups = append(groups, g)
	}
	type merged struct {
		group string
		units []Numbered
	}
	shards := map[string][]Numbered{}
	inAnyOrder(t, c, groups, func(ctx context.Context, w *Worker, group string) (merged, error) {
		n, err := w.Merge(ctx, group, slices.Clone(explained[group]))
		return merged{group, n}, err
	}, &j, func(m merged) {
		for _, u := range m.units {
			key := fmt.Sprint(m.group, "/", j.Shard(&u.Explained))
			shards[key] = append(shards[key], u)
		}
	})
	var keys []string
	for k := range shards {
		keys = append(keys, k)
	}
	inAnyOrder(t, c, keys, func(ctx context.Context, w *Worker, key string) (struct{}, error) {
		units := slices.Clone(shards[key])
		return struct{}{}, w.Publish(ctx, j.Shard(&units[0].Explained), units)
	}, &j, func(struct{}) {})
	m, err := w.Finish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// excerpts carries out the steps of a divided job that come before units are explained.
func (c cluster) excerpts(t *testing.T, j *Job, units []Unit) [][]Excerpt {
	t.Helper()
	var pieces []Piece
	for i := range units {
		pieces = append(pieces, units[i].Pieces()...)
	}
	scanned := make([][]Scanned, len(units))
	inAnyOrder(t, c, pieces, func(ctx context.Context, w *Worker, p Piece) (Scanned, error) { return w.Scan(ctx, p) }, j,
		func(s Scanned) { scanned[s.Piece.Unit] = append(scanned[s.Piece.Unit], s) })
	pieces = nil
	inAnyOrder(t, c, scanned, func(ctx context.Context, w *Worker, list []Scanned) ([]Piece, error) {
		return w.Gather(ctx, slices.Clone(list))
	}, j, func(list []Piece) { pieces = append(pieces, list...) })
	excerpts := make([][]Excerpt, len(units))
	inAnyOrder(t, c, pieces, func(ctx context.Context, w *Worker, p Piece) (Excerpt, error) { return w.Cut(ctx, p) }, j,
		func(e Excerpt) { excerpts[e.Piece.Unit] = append(excerpts[e.Piece.Unit], e) })
	return excerpts
}

// inAnyOrder calls step for each element, and each with what it returns, once or twice.
func inAnyOrder[In, Out any](t *testing.T, c cluster, list []In, step func(context.Context, *Worker, In) (Out, error),
	j *Job, each func(Out)) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(c.seed, 1))
	list = slices.Clone(list)
	rnd.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	if c.fails {
		list = append(list, list[:(len(list)+1)/2]...) // delivered again
	}
	var mu sync.Mutex
	var running sync.WaitGroup
	next := make(chan In)
	for n := range c.workers {
		running.Go(func() {
			w := NewWorker(j)
			defer w.Close()
			for e := range next {
				if c.fails && n%2 == 0 { // the first attempt is lost with its worker
					ctx, cancel := context.WithCancel(t.Context())
					cancel()
					if _, err := step(ctx, w, e); !errors.Is(err, context.Canceled) {
						t.Errorf("an interrupted step returned %v", err)
					}
				}
				out, err := step(t.Context(), w, e)
				if err != nil {
					t.Errorf("%v", err)
					continue
				}
				mu.Lock()
				each(out)
				mu.Unlock()
			}
		})
	}
	for _, e := range list {
		next <- e
	}
	close(next)
	running.Wait()
}

var clusters = map[string]cluster{
	"1 worker": {workers: 1}, "2 workers": {workers: 2, seed: 2}, "4 workers": {workers: 4, seed: 3},
	"workers that fail": {workers: 3, fails: true, seed: 4},
}

// TestIndependent compares the results of a job with those of one run of rstexplain on the same captures.
func TestIndependent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths []string
	names, err := filepath.Glob(root + "/testdata/*/capture.pcapng")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d captures, %v", len(names), err)
	}
	for i, name := range names {
		if i%3 != 0 {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i == 9 {
			b = b[:len(b)-10]
		}
		path := filepath.Join(dir, fmt.Sprintf("%03d.pcapng", i))
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	broken := filepath.Join(dir, "broken.pcapng")
	if err := os.WriteFile(broken, []byte("this is no capture\x00\x01"), 0o644); err != nil {
		t.Fatal(err)
	}
	paths = append(paths, broken)
	var lines, page, text bytes.Buffer
	all := tee{report.JSONL(&lines), report.HTML(&page, report.HTMLOptions{}),
		report.Markdown(&text, report.MarkdownOptions{})}
	if err := analyzer.ExplainAll(t.Context(), paths, all, analyzer.Options{Generator: "g"},
		func(*report.File) {}); err != nil {
		t.Fatal(err)
	}
	want := splitLines(lines.String())
	for name, c := range clusters {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			m := c.run(t, Job{Output: out, ShardSize: 5, Generator: "g",
				Reports: []string{"html", "markdown"}}, "", filepath.Join(dir, "*"))
			var got []string
			shards, _ := filepath.Glob(filepath.Join(out, "resets-*.jsonl"))
			if len(shards) < 3 {
				t.Errorf("%d shards", len(shards))
			}
			for _, s := range shards {
				got = append(got, splitLines(read(t, s))...)
			}
			got = append(got, incidentLine(t, filepath.Join(out, "incidents.jsonl")))
			compareLines(t, got, want)
			if got := read(t, filepath.Join(out, "report.html")); got != page.String() {
				t.Error("the HTML report is another one")
			}
			if got := read(t, filepath.Join(out, "report.md")); got != text.String() {
				t.Error("the Markdown report is another one")
			}
			if m.Total.Captures != len(paths) || m.Total.Partial != 2 || m.Total.Resets != len(want)-1 {
				t.Errorf("the manifest counts %+v", m.Total)
			}
			if got := read(t, filepath.Join(out, "captures.jsonl")); !strings.Contains(got, "is not a capture") ||
				strings.Count(got, "\n") != len(paths) {
				t.Errorf("captures.jsonl: %s", got)
			}
			if f := m.Total.Failures; len(f) != 2 || f["is not a capture"] != 1 {
				t.Errorf("the manifest has failures %v", f)
			}
			checkRows(t, out, want[:len(want)-1])
		})
	}
}

// checkRows compares the rows of Parquet files with lines of JSON.
func checkRows(t *testing.T, out string, lines []string) {
	t.Helper()
	tables, _ := filepath.Glob(filepath.Join(out, "resets-*.parquet"))
	var rows []Row
	for _, name := range tables {
		some, err := parquet.ReadFile[Row](name)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, some...)
	}
	if len(rows) != len(lines) {
		t.Fatalf("%d rows instead of %d", len(rows), len(lines))
	}
	for i, line := range lines {
		var m struct {
			File string
			report.Reset
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		r := rows[i]
		if r.File != m.File || r.Frame != int64(m.Frame) || r.Time != int64(m.Time) || r.Cause != string(m.Cause) ||
			r.Detail != m.Detail || r.Incident != int64(m.Incident) || r.Originator != m.Originator ||
			r.Confidence != m.Confidence || r.TTL != int32(m.Segment.TTL) || r.BytesRecv != m.Conn.Bytes[1] ||
			r.Trigger != int64(m.Trigger) || r.ZeekHistory != m.Zeek.History || r.Summary != m.Summary {
			t.Fatalf("row %d is %+v, and the reset is %s", i, r, line)
		}
	}
}

// TestRing compares the results of a job on the rings of four taps, of which one has a wrong clock, with those of
// rstexplain --join for each tap.
func TestRing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bench(t, "ring", "-packets", "6000", "-files", "12", dir)
	files, _ := filepath.Glob(filepath.Join(dir, "tap*", "*"))
	if len(files) < 48 {
		t.Fatalf("%d files", len(files))
	}
	want := map[string][]string{}
	for n := range 4 {
		tap := fmt.Sprint("tap", n+1)
		paths, _ := filepath.Glob(filepath.Join(dir, tap, "*"))
		var lines bytes.Buffer
		f, err := analyzer.ExplainJoined(t.Context(), paths, report.JSONL(&lines), analyzer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want[tap] = splitLines(lines.String())
		if over := strings.Count(lines.String(), `"places":[`); over < 20 || f.Partial || len(f.Warnings) > 0 {
			t.Fatalf("%d resets, %+v", over, f.Warnings)
		}
	}
	for name, c := range clusters {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			m := c.run(t, Job{Output: out, Ring: true, Divide: c.workers != 1}, "{tap}/*", filepath.Join(dir, "**"))
			if len(m.Groups) != 4 {
				t.Fatalf("taps %+v", m.Groups)
			}
			for tap, want := range want {
				at := filepath.Join(out, "tap="+tap)
				got := append(splitLines(read(t, filepath.Join(at, "resets-00000.jsonl"))),
					incidentLine(t, filepath.Join(at, "incidents.jsonl")))
				compareLines(t, got, want)
			}
		})
	}
}

// TestCut compares a capture that was cut into 20 files with the whole one.
func TestCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bench(t, "ring", "-taps", "1", "-packets", "6000", "-files", "20", "-open", "100", dir)
	whole := filepath.Join(dir, "whole.pcapng")
	bench(t, "generate", "-packets", "6000", "-open", "100", whole)
	var lines bytes.Buffer
	if _, err := analyzer.Explain(t.Context(), whole, report.JSONL(&lines), analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	want := splitLines(lines.String())
	out := filepath.Join(dir, "out")
	cluster{workers: 2}.run(t, Job{Output: out, Ring: true}, "{tap}/*", filepath.Join(dir, "tap1", "*"))
	got := splitLines(read(t, filepath.Join(out, "tap=tap1", "resets-00000.jsonl")))
	compareLines(t, bare(got), bare(want[:len(want)-1]))
}

// bare returns lines of resets without the names of their files.
func bare(lines []string) []string {
	list := make([]string, len(lines))
	for i, line := range lines {
		_, line, _ = strings.Cut(line, `"frame":`) // behind the name of the file
		line, _, _ = strings.Cut(line, `,"places":`)
		list[i] = strings.TrimSuffix(line, "}")
	}
	return list
}

// TestPrepare checks that results are not mixed with others.
func TestPrepare(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	w := NewWorker(&Job{Output: out})
	defer w.Close()
	old := filepath.Join(out, "resets-00007.jsonl")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := w.Prepare(t.Context(), nil, false); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("error %v", err)
	}
	if err := w.Prepare(t.Context(), nil, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there still: %v", old, err)
	}
}

func TestTapPattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pattern, name, tap string }{
		{"{tap}/*", "s3://b/ring/host1/a.pcapng", "host1"},
		{"{tap}/*", "a.pcapng", ""},
		{"{tap}_*.pcapng", "ring/fw-1_00001_20240101.pcapng", "fw-1"},
		{"host/{tap}/**", "/x/host/a/2026/01/b.pcap", "a"},
		{"host/{tap}/*", "/x/host/a/2026/b.pcap", ""},
	} {
		p, err := NewTapPattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if tap, _ := p.Tap(tt.name); tap != tt.tap {
			t.Errorf("%s of %s is %q instead of %q", tt.pattern, tt.name, tap, tt.tap)
		}
	}
	for _, bad := range []string{"*", "{tap}/{tap}"} {
		if _, err := NewTapPattern(bad); err == nil {
			t.Errorf("%s is a pattern", bad)
		}
	}
}

// bench runs rstbench, which makes captures.
func bench(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"run", "./cmd/rstbench"}, args...)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func splitLines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

// incidentLine makes of incidents.jsonl the last line of JSON lines.
func incidentLine(t *testing.T, name string) string {
	return `{"incidents":[` + strings.Join(splitLines(read(t, name)), ",") + `]}`
}

func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d lines instead of %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("line %d\n%s\ninstead of\n%s", i+1, got[i], want[i])
		}
	}
}

// TestPrepareKeepsCaptures names the directory of the captures as the output, by several ways to it: they stay.
func TestPrepareKeepsCaptures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	captures, link := filepath.Join(dir, "captures"), filepath.Join(dir, "link")
	capture := filepath.Join(captures, "day", "a.pcap")
	if err := errors.Join(os.MkdirAll(filepath.Dir(capture), 0o755), os.WriteFile(capture, []byte("a"), 0o644)); err != nil {
		t.Fatal(err)
	}
	outputs := []string{captures, filepath.Dir(capture), "file://" + captures, captures + "/", filepath.Dir(capture) + "/../day"}
	if err := os.Symlink(captures, link); err == nil {
		outputs = append(outputs, link)
	}
	for _, out := range outputs {
		w := NewWorker(&Job{Output: out})
		err := w.Prepare(t.Context(), []Unit{{Paths: []string{capture}}}, true)
		w.Close()
		var input *InputError
		if out != link && (!errors.As(err, &input) || input.Name != capture) { // a link may be followed or not
			t.Errorf("%s: error %v", out, err)
		}
		if _, err := os.Stat(capture); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
	}
}

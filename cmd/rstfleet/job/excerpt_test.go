package job

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// TestDivide compares a divided job with rstexplain --join on rings of which parts are odd: the project's own captures
// in one ring, of many links and tunnels, compressed, truncated, and not captures at all.
func TestDivide(t *testing.T) {
	t.Parallel()
	rings := map[string][]string{}
	shared := os.Getenv("RSTEXPLAIN_CAPTURES")
	if shared == "" {
		shared = root + "/../shared/captures"
	}
	for _, pattern := range []string{root + "/testdata/*/*.pcapng", root + "/testdata/lab/captures/*/*.pcapng",
		shared + "/*cap*"} {
		names, _ := filepath.Glob(pattern)
		if len(names) == 0 {
			t.Logf("no captures match %s", pattern)
		}
		for i, name := range names {
			tap := fmt.Sprint("tap", i%5)
			rings[tap] = append(rings[tap], name)
		}
	}
	if n := len(rings["tap0"]); n < 100 {
		t.Fatalf("%d captures in a ring", n)
	}
	b, err := os.ReadFile(rings["tap0"][0])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ring, name string
		content    []byte
	}{
		{"tap1", "cut.pcapng", b[:len(b)-10]}, {"tap1", "empty.pcapng", nil},
		{"tap2", "text.txt", []byte("12:00:00.1 IP 10.0.0.1.1 > 10.0.0.2.80: Flags [R], seq 1, win 0, length 0\n")},
	} {
		name := filepath.Join(t.TempDir(), tt.name)
		if err := os.WriteFile(name, tt.content, 0o644); err != nil {
			t.Fatal(err)
		}
		rings[tt.ring] = append(rings[tt.ring], name)
	}
	for tap, paths := range rings {
		var want bytes.Buffer
		if _, err := analyzer.ExplainJoined(t.Context(), paths, report.JSON(&want), analyzer.Options{}); err != nil {
			t.Fatal(err)
		}
		j := Job{Output: filepath.Join(t.TempDir(), "out"), Ring: true, Divide: true}
		u := Unit{Group: tap, Paths: paths}
		list := cluster{workers: 2}.excerpts(t, &j, []Unit{u})[0]
		w := NewWorker(&j)
		defer w.Close()
		e, counts, err := w.ExplainExcerpts(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := w.replay(t.Context(), e, report.JSON(&got)); err != nil {
			t.Fatal(err)
		}
		compareLines(t, splitLines(got.String()), splitLines(want.String()))
		cut := 0
		for _, e := range list {
			if e.Path != "" {
				cut++
			}
		}
		t.Logf("%s: %d captures, %d cut, %d resets", tap, len(paths), cut, counts.Resets)
		if want := tap != "tap2"; want != (cut > len(paths)/2) { // a text may hold what no scan finds
			t.Errorf("%s: %d of %d captures are cut", tap, cut, len(paths))
		}
	}
}

// TestDivideMixed compares a capture of many kinds of connections that was cut into 20 files with the whole one.
func TestDivideMixed(t *testing.T) {
	t.Parallel()
	const mixed, pieces = root + "/testdata/lab/captures/mixed/client.pcapng.gz", 20
	var lines bytes.Buffer
	f, err := analyzer.Explain(t.Context(), mixed, report.JSONL(&lines), analyzer.Options{})
	if err != nil || f.ResetCount < 20 {
		t.Fatalf("%+v, %v", f, err)
	}
	dir := t.TempDir()
	for i := range pieces {
		in, err := capture.Open(mixed, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(filepath.Join(dir, fmt.Sprintf("%02d.pcapng", i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Rewrite(t.Context(), out, func(p *capture.Packet) capture.Edit {
			return capture.Edit{Drop: (p.Frame-1)*pieces/f.Packets != i}
		}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(in.Close(), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	cluster{workers: 2}.run(t, Job{Output: out, Ring: true, Divide: true}, "{tap}/*", filepath.Join(dir, "*"))
	got := splitLines(read(t, filepath.Join(out, "tap="+filepath.Base(dir), "resets-00000.jsonl")))
	want := splitLines(lines.String())
	compareLines(t, bare(got), bare(want[:len(want)-1]))
}

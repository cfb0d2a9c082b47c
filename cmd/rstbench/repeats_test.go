package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A peer that goes on sending draws a RST with each segment. One beyond the 100th takes at most 200 bytes of a report for
// programs, and next to nothing of one for people.
func TestRepeatsTakeFewBytes(t *testing.T) {
	formats := []struct {
		name string
		make func(io.Writer) report.Renderer
		most int // bytes of a repeat
	}{
		{"json", report.JSON, 200},
		{"jsonl", report.JSONL, 200},
		{"csv", report.CSV, 200},
		{"list", report.List, 200},
		{"text", func(w io.Writer) report.Renderer { return report.Text(w, report.TextOptions{}) }, 1},
		{"html", func(w io.Writer) report.Renderer { return report.HTML(w, report.HTMLOptions{}) }, 1},
		{"markdown", func(w io.Writer) report.Renderer { return report.Markdown(w, report.MarkdownOptions{}) }, 1},
	}
	dir := t.TempDir()
	t.Chdir(dir)
	var sizes [2][]int
	var resets [2]int
	for i, packets := range [...]int{1_000, 9_000} {
		const name = "repeats.pcapng"
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		made, err := Traffic{Kind: "repeats", Packets: packets, Seed: 1}.Write(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		resets[i] = made.Resets
		for _, format := range formats {
			var out bytes.Buffer
			file, err := analyzer.Explain(context.Background(), name, format.make(&out), analyzer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if file.ResetCount != made.Resets || file.FindingCount != 1 {
				t.Errorf("%d resets in %d findings, want %d in 1", file.ResetCount, file.FindingCount, made.Resets)
			}
			sizes[i] = append(sizes[i], out.Len())
		}
	}
	for i, format := range formats {
		more, n := sizes[1][i]-sizes[0][i], resets[1]-resets[0]
		if more > n*format.most {
			t.Errorf("%s: %d bytes for %d repeats, %.1f each, want at most %d", format.name, more, n, float64(more)/float64(n), format.most)
		}
		t.Logf("%s: %.1f bytes each", format.name, float64(more)/float64(n))
	}
}

package analyzer

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// What compare prints of one situation, in every format. -update writes it anew.
func TestCompareGolden(t *testing.T) {
	const lab = "../testdata/lab/vantages/idle-expiry-server/"
	c, err := Compare(context.Background(), []VantagePoint{{"client", []string{lab + "client.pcapng"}}, {"server", []string{lab + "server.pcapng"}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name  string
		write func(io.Writer, *report.Comparison) error
	}{
		{"text", func(w io.Writer, c *report.Comparison) error { return report.CompareText(w, c, report.TextOptions{}) }},
		{"md", report.CompareMarkdown}, {"csv", report.CompareCSV}, {"json", report.CompareJSON}, {"jsonl", report.CompareJSONL},
		{"html", report.CompareHTML},
	} {
		var out bytes.Buffer
		if err := v.write(&out, c); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if v.name == "html" { // the style is that of all pages
			before, style, _ := strings.Cut(got, "<style>")
			_, after, _ := strings.Cut(style, "</style>")
			_, after, _ = strings.Cut(after, "<body")
			if got = "<body" + after; !strings.Contains(before, "default-src") {
				t.Error("the page has no policy")
			}
		}
		file := filepath.Join("testdata", "compare", "idle-expiry."+v.name)
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != got {
			t.Errorf("%s is not what is printed; run with -update and look at what changed", file)
		}
	}
}

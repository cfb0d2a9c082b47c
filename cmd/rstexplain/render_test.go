package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// printed runs the program and returns what it prints.
func printed(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), args, &out, &errs); code != exitOK {
		t.Fatalf("rstexplain %q: exit code %d: %s", args, code, errs.String())
	}
	return out.Bytes()
}

// A JSON report gives the same bytes in every format as the captures that it was made from.
func TestRenderEqualsExplain(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	captures, err := filepath.Glob("../../testdata/*/*.pcapng")
	if err != nil || len(captures) < 6 {
		t.Skip("no captures")
	}
	for _, paths := range [][]string{captures[:1], captures[:6], captures[len(captures)-1:], {"--join", captures[0], captures[1]},
		{"--severity", "error", captures[0], captures[2]}} {
		report := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(report, printed(t, append([]string{"--format", "json"}, paths...)...), 0o666); err != nil {
			t.Fatal(err)
		}
		shown := [][]string{{"--format", "markdown", "--brief"}, {"--brief"}, {"--format", "html", "--incident", "1"}, {"--format", "markdown", "--incident", "1"}}
		for _, format := range formatNames() {
			shown = append(shown, []string{"--format", format})
		}
		for _, flags := range shown {
			want := printed(t, slices.Concat(flags, paths)...)
			if got := printed(t, slices.Concat([]string{"render", report}, flags)...); !bytes.Equal(got, want) {
				t.Errorf("%v as %v: %d bytes rendered, %d at first hand", paths, flags, len(got), len(want))
			}
		}
	}
}

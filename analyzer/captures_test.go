package analyzer

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

var update = flag.Bool("update", false, "write the golden reports anew")

// render explains the capture at path in the format of one renderer.
func render(t testing.TB, path string, r report.Renderer) *report.File {
	t.Helper()
	file, err := Explain(context.Background(), path, r, Options{Generator: "rstexplain test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range file.Warnings {
		if strings.Contains(w.Says, "internal error") {
			t.Errorf("%s: %s", path, w.Says)
		}
	}
	return file
}

// explain returns all that there is to say about the capture at path.
func explain(t testing.TB, path string) report.File {
	t.Helper()
	var out bytes.Buffer
	render(t, path, report.JSON(&out))
	var whole report.Report
	if err := json.Unmarshal(out.Bytes(), &whole); err != nil {
		t.Fatal(err)
	}
	return whole.Files[0]
}

// ruleCaptures are the captures that show a rule at work, and its near misses.
func ruleCaptures(t testing.TB) []string { return glob(t, "testdata/*/*.pcapng") }

// ownCaptures are those and, of every situation that the lab plays, what its client saw; with -short a tenth of these, for
// they are all read by the same goroutines.
func ownCaptures(t testing.TB) []string {
	played := glob(t, "testdata/lab/captures/*/client.pcapng*", "testdata/article/*/client.pcapng*")
	if testing.Short() {
		n := 0
		played = slices.DeleteFunc(played, func(string) bool { n++; return n%10 != 1 })
	}
	return append(ruleCaptures(t), played...)
}

// glob returns the files below the top of the repository that match one of the patterns.
func glob(t testing.TB, patterns ...string) []string {
	t.Helper()
	var paths []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// title names a capture in a test's output.
func title(path string) string { return filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path) }

// foreignDir is where captures of other projects are, "" when there are none.
func foreignDir() string {
	dir := os.Getenv("RSTEXPLAIN_CAPTURES")
	if dir == "" {
		dir = filepath.Join(root, "..", "shared", "captures")
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return ""
	}
	return dir
}

// foreignCaptures are the captures of other projects, none when they are not there.
func foreignCaptures(t testing.TB) []string {
	t.Helper()
	dir := foreignDir()
	if dir == "" {
		t.Log("no captures of other projects here: set RSTEXPLAIN_CAPTURES to their directory to test on them too")
		return nil
	}
	var paths []string
	for _, pattern := range []string{"*.pcap*", "*.cap*", "*.dmp*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

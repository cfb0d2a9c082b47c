package analyzer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// A saying is a line of testdata/article/*/symptom.jsonl: what a real program printed when a RST, or what
// came before it, reached it.
type saying struct {
	Capture string
	Frame   int
	Program string
	Words   string
	Expect  string // the part of the words that lasts: no address, no length
}

// proxy are the programs that pass on the User-Agent of their client.
var proxy = map[string]bool{"nginx": true, "haproxy": true, "caddy": true, "mitmproxy": true}

// The symptom of each RST holds what the program on its receiving side really printed.
func TestSymptoms(t *testing.T) {
	for _, path := range glob(t, "testdata/article/*/symptom.jsonl") {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			resets := map[int]report.Reset{}
			capture := ""
			for sc := bufio.NewScanner(f); sc.Scan(); {
				var s saying
				if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
					t.Fatal(err)
				}
				if s.Frame == 0 || s.Words == "" || s.Expect == "" {
					continue // nothing was said, or for another reason than a RST
				}
				if s.Capture != capture {
					capture = s.Capture
					found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), strings.TrimSuffix(capture, ".gz")+"*"))
					if len(found) != 1 {
						t.Fatalf("%s is not there", capture)
					}
					for _, r := range explain(t, found[0]).Resets {
						resets[r.Frame] = r
					}
				}
				r, ok := resets[s.Frame]
				if root, is := resets[int(r.Repeats)]; is {
					r = root
				}
				if !ok {
					t.Errorf("frame %d: no RST", s.Frame)
					continue
				}
				if s.Expect == "Socket closed" && strings.HasSuffix(filepath.Dir(path), "okhttp-closes-early") {
					continue // the program cancelled its own call: no packet tells that
				}
				words := strings.Join(r.SymptomLines(), "\n") + "\n"
				for _, p := range r.Prints {
					words += p.Says + "\n"
				}
				if named := len(r.Prints) > 1 && r.Prints[1].Program == "nginx"; named && !proxy[s.Program] {
					words = r.Prints[0].Says // its User-Agent tells the program: its own words come first
				} else if r.MorePrints > 0 {
					for _, said := range rules.ErrorsOf(rules.Find(r.Detail)) {
						for _, p := range said.Prints {
							words += p.Says + "\n"
						}
					}
				}
				if !strings.Contains(words, strings.TrimSpace(s.Expect)) {
					t.Errorf("frame %d: %s said %q, the report (%s): %q", s.Frame, s.Program, s.Expect, r.Detail, r.Symptom)
				}
			}
		})
	}
}

package analyzer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// incidentsIn returns the incidents in the last line of a report in JSONL.
func incidentsIn(t *testing.T, out []byte) []report.Incident {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var last struct {
		Incidents []report.Incident `json:"incidents"`
	}
	if text := lines[len(lines)-1]; text != "" {
		if err := json.Unmarshal([]byte(text), &last); err != nil {
			t.Fatal(err)
		}
	}
	return last.Incidents
}

// A capture that is explained while it comes in ends up with the incidents that it has when it is explained as a whole,
// and so it does whatever the number of processors.
func TestIncidentsOfFollow(t *testing.T) {
	captures, err := filepath.Glob(filepath.Join(root, "testdata", "*", "capture.pcapng"))
	if err != nil || len(captures) < 20 {
		t.Fatalf("%d captures, %v", len(captures), err)
	}
	captures = append(captures, filepath.Join(root, "testdata", "lab", "captures", "mixed", "client.pcapng.gz"))
	for _, path := range captures {
		explained := func(processors int, opts Options) []report.Incident {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			var out bytes.Buffer
			var err error
			if !opts.Follow {
				_, err = Explain(context.Background(), path, report.JSONL(&out), opts)
			} else {
				_, err = ExplainReader(context.Background(), path, slowly(t, path), report.Live(report.JSONL(&out)), opts)
			}
			if err != nil {
				t.Fatal(err)
			}
			return incidentsIn(t, out.Bytes())
		}
		batch := explained(1, Options{})
		if diff := cmp.Diff(batch, explained(4, Options{})); diff != "" {
			t.Errorf("%s: with four processors: %s", path, diff)
		}
		if diff := cmp.Diff(batch, explained(2, Options{Follow: true})); diff != "" {
			t.Errorf("%s: followed: %s", path, diff)
		}
	}
}

// slowly returns a pipe that brings a file.
func slowly(t *testing.T, path string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, bytes.NewReader(data))
		w.CloseWithError(err)
	}()
	return r
}

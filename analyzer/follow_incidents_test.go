package analyzer

import (
	"bytes"
	stdcmp "cmp"
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

// A followedReport is what a report in JSONL says in the end: its incidents, and what it says of each reset, by frame,
// with the number of its incident.
type followedReport struct {
	Incidents []report.Incident
	Resets    map[int]followedReset
}

type followedReset struct {
	Cause, Detail, Severity, Origin string
	Incident                        int
}

func readFollowed(t *testing.T, out []byte) followedReport {
	t.Helper()
	f := followedReport{Resets: map[int]followedReset{}}
	for text := range strings.Lines(string(out)) {
		var line struct {
			Frame int
			followedReset
			Incidents []report.Incident
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Frame != 0 {
			f.Resets[line.Frame] = line.followedReset
		}
		f.Incidents = line.Incidents
	}
	number := map[int]int{}
	for i := range f.Incidents {
		in := &f.Incidents[i]
		for _, id := range append(in.Also, in.ID) {
			number[id] = in.Number
		}
		in.ID, in.Also = 0, nil // in the order in which resets were printed first
	}
	for frame, r := range f.Resets {
		r.Incident = number[r.Incident]
		f.Resets[frame] = r
	}
	return f
}

// A capture that is explained while it comes in ends up with the findings and incidents that it has when it is
// explained as a whole, and so it does whatever the number of processors.
func TestIncidentsOfFollow(t *testing.T) {
	captures, err := filepath.Glob(filepath.Join(root, "testdata", "*", "capture.pcapng"))
	if err != nil || len(captures) < 20 {
		t.Fatalf("%d captures, %v", len(captures), err)
	}
	for _, name := range []string{"mixed", "host-restarted", "port-scan-hosts"} {
		captures = append(captures, filepath.Join(root, "testdata", "lab", "captures", name, "client.pcapng.gz"))
	}
	dir := stdcmp.Or(os.Getenv("RSTEXPLAIN_CAPTURES"), filepath.Join("..", "..", "shared", "captures"))
	more, _ := filepath.Glob(filepath.Join(dir, "*.pcap*"))
	if captures = append(captures, more...); len(more) == 0 {
		t.Log("no captures of other projects here: set RSTEXPLAIN_CAPTURES to their directory")
	}
	revised := 0
	for _, path := range captures {
		explained := func(processors int, opts Options) followedReport {
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
			revised += bytes.Count(out.Bytes(), []byte(`"revised":true`))
			return readFollowed(t, out.Bytes())
		}
		batch := explained(1, Options{})
		if diff := cmp.Diff(batch, explained(4, Options{})); diff != "" {
			t.Errorf("%s: with four processors: %s", path, diff)
		}
		if diff := cmp.Diff(batch, explained(2, Options{Follow: true})); diff != "" {
			t.Errorf("%s: followed: %s", path, diff)
		}
	}
	if revised == 0 {
		t.Error("nothing that was printed early has been revised: captures with a restart, for example, ask for it")
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

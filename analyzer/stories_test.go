package analyzer

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Each story that was played in the lab's mixed capture is one incident, and none is merged with another. stories.jsonl
// has them with the frames of their RSTs, by the port of the service that each was played on.
func TestStoriesAreIncidents(t *testing.T) {
	dir := filepath.Join(root, "testdata", "lab", "captures", "mixed")
	b, err := os.ReadFile(filepath.Join(dir, "stories.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	type story struct {
		Port   int    `json:"port"`
		Says   string `json:"says"`
		Frames []int  `json:"frames"`
	}
	var want []story
	for dec := json.NewDecoder(bytes.NewReader(b)); dec.More(); {
		var s story
		if err := dec.Decode(&s); err != nil {
			t.Fatal(err)
		}
		want = append(want, s)
	}
	var out bytes.Buffer
	if _, err := Explain(context.Background(), filepath.Join(dir, "client.pcapng.gz"), report.JSON(&out), Options{}); err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(want) < 20 || len(r.Incidents) != len(want) {
		t.Errorf("%d incidents of %d stories", len(r.Incidents), len(want))
	}
	of := map[int]*report.Incident{} // by frame
	for i := range r.Files[0].Resets {
		m := &r.Files[0].Resets[i]
		for k := range r.Incidents {
			if in := &r.Incidents[k]; in.ID == m.Incident || slices.Contains(in.Also, m.Incident) {
				of[m.Frame] = in
			}
		}
	}
	for _, s := range want {
		in := of[s.Frames[0]]
		if in == nil {
			t.Errorf("port %d: frame %d is of no incident", s.Port, s.Frames[0])
			continue
		}
		for _, f := range s.Frames {
			if of[f] != in {
				t.Errorf("port %d, %s: frame %d is not of the incident of frame %d", s.Port, s.Says, f, s.Frames[0])
			}
		}
		if in.Resets != len(s.Frames) {
			t.Errorf("port %d, %s: its incident has %d resets, the story %d: %s", s.Port, s.Says, in.Resets, len(s.Frames), in.Says)
		}
	}
}

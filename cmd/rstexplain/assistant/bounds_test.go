package assistant

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPanicEndsNoSession asks a question that fails.
func TestPanicEndsNoSession(t *testing.T) {
	_, err := recovered(func(context.Context, string, mcp.Request) (mcp.Result, error) { panic("index out of range") })(
		t.Context(), "tools/call", nil)
	if err == nil || !strings.Contains(err.Error(), "internal error: index out of range") {
		t.Errorf("the answer is %v", err)
	}
}

// TestListedResetsAreBounded lists the resets of a capture with memory for two: the others are counted.
func TestListedResetsAreBounded(t *testing.T) {
	root, err := filepath.Abs("../../../testdata/port-scan")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{roots: []string{root}, slot: make(chan struct{}, 1)}
	type answer struct {
		Resets  []json.RawMessage `json:"resets"`
		LeftOut int               `json:"left_out_for_lack_of_memory"`
	}
	ask := func() (a answer) {
		t.Helper()
		in := listResetsArgs{captureArgs: captureArgs{"capture.pcapng"}, paging: paging{MaxCharacters: MaxBudget}}
		result, _, err := s.listResets(t.Context(), nil, in)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(result.Content[0].(*mcp.TextContent).Text), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	whole := ask()
	s.Analysis.Flows.MaxMemory = 2 * listedMemory
	if a := ask(); len(whole.Resets) < 3 || whole.LeftOut != 0 || len(a.Resets) != 2 || a.LeftOut == 0 {
		t.Errorf("%d resets listed, %d left out; with memory for two, %d and %d", len(whole.Resets), whole.LeftOut,
			len(a.Resets), a.LeftOut)
	}
}

// TestPagesOfText asks for the second page of findings on a text: it begins where the first ends.
func TestPagesOfText(t *testing.T) {
	var text strings.Builder
	for i := range 9 {
		fmt.Fprintf(&text, "10:00:0%d.000000 IP 192.0.2.%d.40000 > 198.51.100.%d.%d: Flags [S], seq 1, win 1, length 0\n"+
			"10:00:0%[1]d.000100 IP 198.51.100.%[3]d.%[4]d > 192.0.2.%[2]d.40000: Flags [R.], seq 0, ack 2, win 0, length 0\n",
			i, i+1, i+1, 8000+i)
	}
	s := &server{slot: make(chan struct{}, 1)}
	seen, next := 0, 0
	for range 20 {
		in := explainTextArgs{Text: text.String(), paging: paging{Offset: next}}
		result, _, err := s.explainText(t.Context(), nil, in)
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Findings []struct {
				Line    int    `json:"line"`
				Summary string `json:"summary"`
			} `json:"findings"`
			Page page `json:"page"`
		}
		if err := json.Unmarshal([]byte(result.Content[0].(*mcp.TextContent).Text), &a); err != nil {
			t.Fatal(err)
		}
		for i, f := range a.Findings {
			if f.Line != 2*(next+i+1) || f.Summary == "" || a.Page.Of != 9 {
				t.Fatalf("finding %d of %d is of line %d: %+v", next+i, a.Page.Of, f.Line, f)
			}
			seen++
		}
		if next = a.Page.Next; next == 0 {
			break
		}
	}
	if seen != 9 {
		t.Errorf("%d of 9 findings on the pages", seen)
	}
}

package analyzer

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// Each testdata/<rule>/capture.pcapng is explained as report.txt there says, and shows the rule at work; no
// reset of near-miss.pcapng is taken for it.
func TestGoldenReports(t *testing.T) {
	for _, path := range ruleCaptures(t) {
		dir, name := filepath.Split(path)
		id := filepath.Base(dir)
		isRule := slices.ContainsFunc(rules.All(), func(r *rules.Rule) bool { return r.ID == id })
		t.Run(id+"/"+strings.TrimSuffix(name, ".pcapng"), func(t *testing.T) {
			t.Parallel()
			file := explain(t, path)
			told := slices.ContainsFunc(file.Resets, func(r report.Reset) bool { return r.Detail == id })
			switch {
			case !isRule:
			case name == "capture.pcapng" && !told:
				t.Errorf("no reset is explained as %s", id)
			case name == "near-miss.pcapng" && told:
				t.Errorf("a reset of the near miss is explained as %s", id)
			}
			if name == "capture.pcapng" {
				compareGolden(t, path, filepath.Join(dir, "report.txt"))
			}
		})
	}
}

func compareGolden(t *testing.T, capture, golden string) {
	t.Helper()
	var got bytes.Buffer
	render(t, capture, named{report.Text(&got, report.TextOptions{}), filepath.Base(capture)})
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; make golden writes it", err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the report differs; make golden writes it anew:\n%s", diff)
	}
}

// named gives a report's file another path.
type named struct {
	report.Renderer
	path string
}

func (n named) EndFile(f *report.File) error {
	f.Path = n.path
	return n.Renderer.EndFile(f)
}

// The JSON of every capture at hand follows the schema, and its resets come in the order of their frames,
// each with probabilities that add up to at most 1 and a filter of its own frame.
func TestJSONOfEveryCapture(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join(root, "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(ownCaptures(t), foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			render(t, path, report.JSON(&out))
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%#v", err)
			}
			last := 0
			for _, r := range unmarshal(t, out.Bytes()).Files[0].Resets {
				if r.Frame <= last {
					t.Errorf("frame %d comes after frame %d", r.Frame, last)
				}
				last = r.Frame
				sum := r.Confidence
				for _, a := range r.Alternatives {
					sum += a.Confidence
				}
				if sum > 1+1e-9 {
					t.Errorf("frame %d: probabilities add up to %v", r.Frame, sum)
				}
				for what, missing := range map[string]bool{"evidence": len(r.Evidence) == 0, "summary": r.Summary == "", "symptom": r.Symptom == "",
					"remedy": r.Remedy == "", "detail": r.Detail == "", "timeline": len(r.Timeline) == 0 && r.Repeats == 0} {
					if missing {
						t.Errorf("frame %d: no %s", r.Frame, what)
					}
				}
			}
		})
	}
}

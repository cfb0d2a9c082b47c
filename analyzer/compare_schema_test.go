package analyzer

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// What comparing the captures of the lab prints as JSON is what docs/compare.schema.json says.
func TestCompareFollowsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	single, err := os.Open("../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer single.Close()
	doc, err := jsonschema.UnmarshalJSON(single)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("https://rstexplain.github.io/report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("../docs/compare.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][]string{{"client", "server"}, {"client", "router-in", "server"}} {
		for _, p := range pathCases(t, at...) {
			var points []VantagePoint
			var opts Options
			for _, name := range at {
				points = append(points, VantagePoint{place(name), []string{filepath.Join(p.dir, name+".pcapng")}})
			}
			r, err := kernel.Open(filepath.Join(p.dir, "server.trace"))
			if err != nil {
				t.Fatal(err)
			}
			opts.Kernel = append(opts.Kernel, r)
			x, err := Compare(context.Background(), points, opts)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := report.CompareJSON(&out, x); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
			broken := doc.(map[string]any)
			broken["resets"] = append(broken["resets"].([]any), map[string]any{"seen": []any{}})
			if err := schema.Validate(doc); err == nil || !strings.Contains(err.Error(), "resets") {
				t.Fatalf("%s: a reset without any field follows the schema", p.name)
			}
		}
	}
}

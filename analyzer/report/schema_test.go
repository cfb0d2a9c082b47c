package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rstexplain/rstexplain/analyzer/incident"
	"github.com/rstexplain/rstexplain/rules/claim"
)

const schemaFile = "../../docs/report.schema.json"

// What the JSON renderer writes is what docs/report.schema.json says.
func TestJSONFollowsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var b Builder
	m := b.Reset(dataAfterFIN())
	file := File{Path: "a.pcap", Packets: 1204, TCPSegments: 1100, Connections: 37, First: 1, Last: 2,
		Warnings: []Warning{{Says: "cut", Count: 2, Frame: 7, Offset: 99, Hint: "capture longer"}},
		Notes:    []Evidence{{Frames: []int{3}, Says: "ICMP port unreachable"}}}
	b.Finish(&file)
	var out bytes.Buffer
	write(t, JSON(&out), file, m)
	doc, err := jsonschema.UnmarshalJSON(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%#v", err)
	}
}

// Every field of the model stands in the schema, and the schema names none that the model lacks.
func TestSchemaDocumentsEveryField(t *testing.T) {
	doc := readSchema(t)
	defs := doc["$defs"].(map[string]any)
	properties := func(node any, path ...string) map[string]any {
		for _, p := range path {
			node = node.(map[string]any)[p]
		}
		return node.(map[string]any)["properties"].(map[string]any)
	}
	file := properties(defs["file"])
	reset := properties(defs["reset"])
	for _, c := range []struct {
		model any
		props map[string]any
	}{
		{Report{}, doc["properties"].(map[string]any)},
		{File{}, file},
		{CauseSum{}, properties(file["summary"], "items")},
		{Warning{}, properties(file["warnings"], "items")},
		{Reset{}, reset},
		{Zeek{}, properties(reset["zeek"])},
		{Conn{}, properties(reset["connection"])},
		{Segment{}, properties(reset["segment"])},
		{Alternative{}, properties(reset["alternatives"], "items")},
		{Evidence{}, properties(defs["evidence"], "items")},
		{Event{}, properties(defs["event"])},
		{Part{}, properties(file["parts"], "items")},
		{Incident{}, properties(defs["incident"])},
		{IncidentDetail{}, properties(defs["incident"], "properties", "details", "items")},
		{IncidentPart{}, properties(defs["incident"], "properties", "captures", "items")},
		{Example{}, properties(defs["example"])},
		{Total{}, properties(defs["total"])},
		{Sum{}, properties(defs["sums"], "items")},
		{Severities{}, properties(defs["severities"])},
		{Place{}, properties(reset["places"], "items")},
		{Kernel{}, properties(reset["kernel"])},
		{KernelTrace{}, properties(file["kernel"], "items")},
		{KernelEvent{}, properties(defs["kernel_event"])},
	} {
		typ := reflect.TypeOf(c.model)
		seen := map[string]bool{}
		for i := range typ.NumField() {
			if !typ.Field(i).IsExported() {
				continue
			}
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			seen[name] = true
			if c.props[name] == nil {
				t.Errorf("%v.%s: %q is not in the schema", typ, typ.Field(i).Name, name)
			}
		}
		for name := range c.props {
			if !seen[name] {
				t.Errorf("%v: the schema has %q, the model does not", typ, name)
			}
		}
	}
}

// The schema has the kinds of incidents with their meanings.
func TestSchemaHasKindsOfIncidents(t *testing.T) {
	kind := readSchema(t)["$defs"].(map[string]any)["incident"].(map[string]any)["properties"].(map[string]any)["kind"].(map[string]any)
	names := kind["enum"].([]any)
	if len(names) != len(incident.Kinds) {
		t.Errorf("%d kinds in the schema, %d in package incident", len(names), len(incident.Kinds))
	}
	for i, k := range incident.Kinds {
		if says := string(k.Kind) + ": " + k.Means; !strings.Contains(kind["description"].(string), says) || names[i] != string(k.Kind) {
			t.Errorf("the schema does not say %q", says)
		}
	}
}

// kindsOfClaims is where docs/report.schema.json lists the kinds of claims.
var kindsOfClaims = regexp.MustCompile(`(?ms)^    "claim": \{.*?^    \},$`)

// The schema has the kinds of claims with their meanings; -update writes them.
func TestSchemaJSONHasKindsOfClaims(t *testing.T) {
	type kind struct {
		Const       string `json:"const"`
		Description string `json:"description"`
	}
	var list []string
	for _, k := range claim.Kinds {
		means := k.Means + "."
		if k.Values != "" {
			means += " Values: " + k.Values + "."
		}
		if k.Absence {
			means += " An absence: it may be limited."
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(kind{k.Name, means}); err != nil {
			t.Fatal(err)
		}
		list = append(list, "        "+strings.TrimSpace(b.String()))
	}
	want := `    "claim": {
      "description": "What is claimed. Peer is the side other than the claim's, and the RST is the reset of the entry. The frames are in the order in which the meaning names them.",
      "oneOf": [
` + strings.Join(list, ",\n") + "\n      ]\n    },"
	file := string(readFile(t, schemaFile))
	if *update {
		file = kindsOfClaims.ReplaceAllLiteralString(file, want)
		if err := os.WriteFile(schemaFile, []byte(file), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(file, want) {
		t.Error("docs/report.schema.json does not have the kinds of claims as they are; run make golden")
	}
}

func readSchema(t *testing.T) map[string]any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(readFile(t, schemaFile)))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

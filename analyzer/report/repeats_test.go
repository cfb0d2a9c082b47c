package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A repeat has no timeline of its own, and one beyond the 100th of its event takes 200 bytes at most. What is left out
// does not change any format: a report that is rendered from the JSON is the one that was made from the capture.
func TestRepeatsAreShort(t *testing.T) {
	played := func(to Renderer) {
		var b Builder
		for _, err := range []error{to.Begin("rstexplain test"), to.BeginFile("a.pcap")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		reset, finding := dataAfterFIN()
		for i := range 1 + 2*fullRepeats {
			again, f := *reset, *finding
			again.Frame += 1_000_000 * min(i, 1) * (1 + i)
			if i > 0 {
				f.Repeats = reset.Frame
			}
			m := b.Reset(&again, &f)
			if (len(m.Timeline) == 0) != (i > 0) || m.shortened() != (i > fullRepeats) || m.Originator == "" || m.Severity == "" {
				t.Fatalf("reset %d: %+v", i, m)
			}
			if err := to.Reset(m); err != nil {
				t.Fatal(err)
			}
			b.Release(m)
		}
		file := File{Path: "a.pcap", Packets: 1000}
		b.Finish(&file)
		for _, err := range []error{to.EndFile(&file), to.End()} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var asJSON bytes.Buffer
	played(JSON(&asJSON))
	short := 0
	for line := range strings.Lines(asJSON.String()) {
		if strings.HasPrefix(line, `{"frame":`) && !strings.Contains(line, `"filter":`) {
			if short++; len(line) > 200 {
				t.Errorf("%d bytes: %s", len(line), line)
			}
		}
	}
	if short != fullRepeats {
		t.Errorf("%d short repeats, want %d", short, fullRepeats)
	}
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%#v", err)
	}
	for name, format := range allFormats {
		var direct, replayed bytes.Buffer
		played(format(&direct))
		if err := Replay(bytes.NewReader(asJSON.Bytes()), format(&replayed)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(direct.String(), replayed.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

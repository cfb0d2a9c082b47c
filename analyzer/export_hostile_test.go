package analyzer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Beginnings of exports of one packet, and what ends them.
const (
	jsonHead = `[{"_index":"p","_source":{"layers":{"frame":{"frame.number":"1"},`
	jsonTail = `}}}]`
	pdmlHead = `<?xml version="1.0"?><pdml version="0"><packet>`
	pdmlTail = `</packet></pdml>`
)

// An export that is nested without end, or holds values without end, is refused with a word, and what else is in the
// batch is explained as ever.
func TestHostileExportsInABatch(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) == 0 {
		t.Skip("no captures")
	}
	const deep, long = 1 << 20, 24 << 20
	for name, c := range map[string]struct{ text, want string }{
		"deep arrays":      {jsonHead + `"a":` + strings.Repeat("[", deep), "nested more than 512 deep"},
		"deep objects":     {jsonHead + strings.Repeat(`"a":{`, deep), "nested more than 512 deep"},
		"deep PDML":        {pdmlHead + strings.Repeat(`<proto name="a"><field name="b">`, deep), "nested more than 512 deep"},
		"long string":      {jsonHead + `"a":"` + strings.Repeat("x", long) + `"` + jsonTail, "values longer than 1 MiB"},
		"long escapes":     {jsonHead + `"a":"` + strings.Repeat(`\u00e9\\\"`, long/10) + `"` + jsonTail, "values longer than 1 MiB"},
		"long number":      {jsonHead + `"a":` + strings.Repeat("1", long) + jsonTail, "longer than 1048576 bytes"},
		"long attribute":   {pdmlHead + `<field name="a" show="` + strings.Repeat("x&lt;", long/5) + `"/>` + pdmlTail, "values longer than 1 MiB"},
		"many attributes":  {pdmlHead + `<field ` + strings.Repeat(`a="" `, long/5) + `/>` + pdmlTail, "longer than 1048576 bytes"},
		"long name":        {pdmlHead + `<` + strings.Repeat("x", long) + `/>` + pdmlTail, "longer than 1048576 bytes"},
		"long text":        {pdmlHead + strings.Repeat("x", long) + pdmlTail, "longer than 1048576 bytes"},
		"long comment":     {pdmlHead + "<!--" + strings.Repeat("x", long) + "-->" + pdmlTail, "longer than 1048576 bytes"},
		"string to no end": {jsonHead + `"a":"` + strings.Repeat("x", long), "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			io.WriteString(z, c.text)
			z.Close()
			hostile := filepath.Join(t.TempDir(), "export.gz")
			if err := os.WriteFile(hostile, packed.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			files := batch(t, []string{paths[0], hostile, paths[0]}, func(r report.Renderer) report.Renderer { return r })
			if says := fmt.Sprint(files[1].Warnings); !strings.Contains(says, c.want) {
				t.Errorf("want %q, got %s", c.want, says)
			}
			for _, i := range []int{0, 2} {
				if len(files[i].Resets) == 0 || files[i].Partial {
					t.Errorf("file %d: %d resets, partial %v", i, len(files[i].Resets), files[i].Partial)
				}
			}
		})
	}
}

// batch explains several files into a JSON report, which wrap may do something to before.
func batch(t *testing.T, paths []string, wrap func(report.Renderer) report.Renderer) []report.File {
	t.Helper()
	var out bytes.Buffer
	r := wrap(report.JSON(&out))
	if err := ExplainAll(t.Context(), paths, r, Options{}, func(*report.File) {}); err != nil {
		t.Fatal(err)
	}
	return unmarshal(t, out.Bytes()).Files
}

// What fits within the bounds is read as it is without them.
func TestExportsWithinBounds(t *testing.T) {
	nested := jsonHead + strings.Repeat(`"a":{`, 300) + `"tcp.x":"1"` + strings.Repeat("}", 300) + jsonTail
	path := filepath.Join(t.TempDir(), "export.json")
	if err := os.WriteFile(path, []byte(nested), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := explain(t, path); f.Partial || f.Packets != 1 {
		t.Errorf("%d packets, %v", f.Packets, f.Warnings)
	}
}

// A panic over one file of a batch is reported for that file, and costs no other its place in the report.
func TestPanicCostsOneFile(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) < 3 {
		t.Skip("no captures")
	}
	files := batch(t, paths[:3], func(r report.Renderer) report.Renderer { return &panicsInFile{Renderer: r, path: paths[1]} })
	for i, f := range files {
		says := fmt.Sprint(f.Warnings)
		if told := strings.Contains(says, "internal error: oops"); told != (i == 1) || f.Partial != told {
			t.Errorf("file %d: partial %v, %s", i, f.Partial, says)
		}
		if i != 1 && len(f.Resets) == 0 && len(explain(t, paths[i]).Resets) > 0 {
			t.Errorf("file %d has lost its resets", i)
		}
	}
}

// panicsInFile is a renderer that stumbles over the resets of one file.
type panicsInFile struct {
	report.Renderer
	path string
	in   bool
}

func (p *panicsInFile) BeginFile(path string) error {
	p.in = path == p.path
	return p.Renderer.BeginFile(path)
}

func (p *panicsInFile) Reset(r *report.Reset) error {
	if p.in {
		panic("oops")
	}
	return p.Renderer.Reset(r)
}

// FuzzExport feeds anything that looks like an export to the whole pipeline: no panic, and twice the same.
func FuzzExport(f *testing.F) {
	tcp := `"ip":{"ip.src":"192.0.2.1","ip.dst":"192.0.2.2","ip.ttl":"64"},"tcp":{"tcp.srcport":"1","tcp.dstport":"2","tcp.seq_raw":"3",` +
		`"tcp.ack_raw":"4","tcp.len":"1","tcp.flags":"0x0014","tcp.payload":"61","tcp.hdr_len":"20"}`
	f.Add([]byte(jsonHead + tcp + jsonTail))
	f.Add([]byte(jsonHead + `"icmp":{"icmp.type":"3","icmp.code":"1",` + tcp + `}` + jsonTail))
	f.Add([]byte(pdmlHead + `<proto name="ip"><field name="ip.src" show="192.0.2.1"/><field name="ip.dst" show="192.0.2.2"/></proto>` +
		`<proto name="tcp"><field name="tcp.srcport" show="1"/><field name="tcp.seq_raw" show="9"/><field name="tcp.len" show="0"/>` +
		`<field name="tcp.flags" show="0x0004"/><field name="tcp.payload" value="6162"/></proto>` + pdmlTail))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return
		}
		path := filepath.Join(t.TempDir(), "any")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var out [2]bytes.Buffer
		for i := range out {
			r := report.JSON(&out[i])
			file := render(t, path, r) // fails where an internal error is reported
			for _, w := range file.Warnings {
				if w.Says == "" {
					t.Error("a warning says nothing")
				}
			}
		}
		if !bytes.Equal(out[0].Bytes(), out[1].Bytes()) {
			t.Errorf("explained in two ways:\n%s\n%s", &out[0], &out[1])
		}
	})
}

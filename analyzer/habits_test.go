package analyzer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules"
)

const module = "github.com/rstexplain/rstexplain"

// root is the top of the repository.
const root = ".."

// Every rule is documented, names its RFC section, and has a capture that it matches and a near miss that
// it must not match.
func TestEveryRuleHasItsRoom(t *testing.T) {
	if err := rules.Validate(rules.All()); err != nil {
		t.Error(err)
	}
	if len(ruleCaptures(t)) == 0 {
		t.Skip("testdata has no captures yet: make lab makes them")
	}
	for _, r := range rules.All() {
		dir := filepath.Join(root, "testdata", r.ID)
		for _, name := range []string{"capture.pcapng", "near-miss.pcapng", "report.txt", "README.md"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("rule %s: testdata/%s/%s is missing", r.ID, r.ID, name)
			}
		}
	}
}

// Imports point at the vocabulary, as docs/design.md draws them.
func TestImportsFlowOneWay(t *testing.T) {
	allowed := map[string][]string{ // what of ours a package may import, beside its own subpackages
		"flows":          {"flows/exchange"},
		"flows/exchange": {},
		"flows/track":    {"flows", "flows/exchange"},
		"flows/track/internal/deferral": {"flows", "flows/pages", "flows/track/internal/prefetch", "flows/track/internal/slab",
			"flows/track/internal/tuple"},
		"flows/track/internal/slab": {"flows/pages"},
		"flows/track/internal/syncache": {"flows", "flows/track/internal/deferral", "flows/pages", "flows/track/internal/slab",
			"flows/track/internal/tuple"},
		"flows/track/internal/tuple": {"flows", "flows/track/internal/prefetch", "flows/track/internal/slab"},
		"flows/wire":                 {"flows", "flows/track"},
		"rules/claim":                {"flows", "rules/words"},
		"rules/facts":                {"flows", "flows/exchange"},
		"rules/words":                {"flows"},
		"rules/programs":             {"flows"},
		"rules":                      {"rules/claim", "rules/facts", "rules/words", "rules/programs", "flows", "flows/exchange"},
		"analyzer/capture":           {},
		"analyzer/internal/sharkd":   {},
		"analyzer/decode":            {"analyzer/capture", "flows", "flows/track"},
		"analyzer/incident":          {"rules", "rules/words", "flows"},
		"analyzer/report":            {"analyzer/incident", "rules", "rules/claim", "flows", "flows/exchange"},
		"analyzer/dissection":        {"analyzer/capture", "analyzer/decode", "flows"},
		"analyzer/pasted":            {"analyzer/capture", "analyzer/decode", "flows"},
		"analyzer/vantage":           {"flows", "flows/pages"},
		"flows/pages":                {},
		"analyzer/rewrite":           {"analyzer/capture", "analyzer/decode", "analyzer/report", "flows", "flows/track", "rules", "rules/claim"},
		"analyzer/kernel":            {"flows", "rules", "rules/claim", "rules/words"},
		"analyzer":                   {"analyzer/capture", "analyzer/vantage", "analyzer/kernel", "analyzer/vantage", "analyzer/decode", "analyzer/report", "analyzer/dissection", "analyzer/pasted", "analyzer/rewrite", "flows", "flows/track", "rules", "rules/claim", "rules/words"},
		"cmd/rstexplain":             {"analyzer", "analyzer/capture", "analyzer/kernel", "analyzer/pasted", "analyzer/report", "analyzer/rewrite", "cmd/rstexplain/assistant", "cmd/rstexplain/wireshark", "flows", "rules", "rules/facts"},
		"cmd/rstexplain/wireshark":   {"analyzer/report"},
		"cmd/rstpage":                {"analyzer/report"},
		"cmd/rstpage/wasm":           {"analyzer", "analyzer/capture", "analyzer/report", "analyzer/rewrite"},
		"cmd/rstfleet":               {"cmd/rstfleet/job", "cmd/rstfleet/store"},
		"cmd/rstfleet/job":           {"analyzer", "analyzer/capture", "analyzer/decode", "analyzer/report", "cmd/rstfleet/store", "flows"}, // excerpts of captures
		"cmd/rstexplain/assistant":   {"analyzer", "analyzer/capture", "analyzer/report", "analyzer/rewrite", "rules", "rules/claim"},
	}
	eachFile(t, func(dir, name, path string) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, imported := range importsOf(t, path) {
			ours, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			list, known := allowed[dir]
			if !known {
				t.Errorf("%s: what package %s may import is not written down in TestImportsFlowOneWay", path, dir)
			} else if !slices.Contains(list, ours) && !strings.HasPrefix(ours, dir+"/internal/") {
				t.Errorf("%s imports %s", path, ours)
			}
		}
	})
}

// What is special about a rule stands in its own file: elsewhere nothing goes by its ID.
func TestRuleIDsStayInTheirFiles(t *testing.T) {
	file := map[string]string{}
	for _, r := range rules.All() {
		file[r.ID] = filepath.Join(root, "rules", strings.ReplaceAll(r.ID, "-", "_")+".go")
	}
	homonyms := filepath.Join(root, "analyzer", "report", "timeline.go") // names of flows.Notes, two of them like rules
	seen := 0
	eachFile(t, func(_, name, path string) {
		if strings.HasSuffix(name, "_test.go") || path == homonyms {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if home := file[text]; err == nil && home != "" {
				if seen++; path != home {
					t.Errorf("%s: %q stands outside of %s", path, text, home)
				}
			}
			return true
		})
	})
	if seen < len(file) {
		t.Errorf("%d IDs found of %d rules", seen, len(file))
	}
}

// Only the rooms that read and write captures know gopacket.
func TestGopacketStaysInItsRooms(t *testing.T) {
	rooms := []string{"analyzer/capture", "analyzer/decode", "analyzer/rewrite"}
	eachFile(t, func(dir, _, path string) {
		for _, imported := range importsOf(t, path) {
			if strings.Contains(imported, "/gopacket") && !slices.Contains(rooms, dir) && !strings.HasSuffix(path, "_test.go") {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	})
}

// Files are rooms with one purpose, and packages have names of the field.
func TestNamesAndSizes(t *testing.T) {
	vague := []string{"util", "utils", "common", "engine", "manager", "helpers", "misc"}
	eachFile(t, func(dir, name, path string) {
		if slices.Contains(vague, filepath.Base(dir)) {
			t.Errorf("package %s has a vague name", dir)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), "\n"); n > 700 {
			t.Errorf("%s has %d lines", path, n)
		}
	})
}

// eachFile calls do for each Go file of the product with its directory below root.
func eachFile(t *testing.T, do func(dir, name, path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); rel != "." && (name == "testdata" || name == "rstlab" || name == "rstbench" || strings.HasPrefix(name, ".")) {
				return fs.SkipDir // what makes captures and checks reports may know everything
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			do(filepath.ToSlash(filepath.Dir(rel)), d.Name(), path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func importsOf(t *testing.T, path string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

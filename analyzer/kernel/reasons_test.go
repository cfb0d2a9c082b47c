package kernel

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules"
)

var update = flag.Bool("update", false, "write the table of docs/kernel.md anew")

// Each reason of the kernel has its rows, and each rule that they name exists.
func TestReasons(t *testing.T) {
	for _, r := range Reasons() {
		if rules.Find(r.Rule) == nil || !r.fits(r.Rule) {
			t.Errorf("%s: %q is no rule, or does not fit itself", r.Name, r.Rule)
		}
		for _, id := range r.Rules {
			if rules.Find(id) == nil {
				t.Errorf("%s: no rule %q", r.Name, id)
			}
		}
	}
	for _, name := range reasonNumbers {
		if silent := name == "NOT_SPECIFIED" || name == "ERROR"; silent != (reasonFor(name, false) == nil) || silent != (reasonFor(name, true) == nil) {
			t.Errorf("%s: rows for a SYN %v, for others %v", name, reasonFor(name, true), reasonFor(name, false))
		}
	}
}

// docs/kernel.md has the table.
func TestReasonsPage(t *testing.T) {
	const path, begin, end = "../../docs/kernel.md", "-update\" -->\n", "<!-- end of reasons -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| reason | answers | it means | rules that fit |\n|---|---|---|---|\n")
	for _, r := range Reasons() {
		answers := "–"
		switch {
		case !r.Other:
			answers = "a SYN"
		case !r.SYN:
			answers = "another segment"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", r.Name, answers, r.Means, strings.Join(r.Rules, ", "))
	}
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/kernel.md has no place for the table")
	}
	page := before + begin + table.String() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if page != string(b) {
		t.Error("docs/kernel.md is stale: go test ./analyzer/kernel -run Reasons -update writes it anew")
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows/wire"
	"github.com/rstexplain/rstexplain/rules"
)

var update = flag.Bool("update", false, "write transcripts and generated pages anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rstexplain": main})
}

// Each script is a transcript of a session at a terminal. Beside what testscript has, it knows
//
//	capture FILE.wire FILE.pcap   write the segments of a script of flows/wire as a capture
//	cut N IN OUT                  copy the first N bytes of a file
//	relink N IN.pcap OUT.pcap     copy a capture and say that its link type is N
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			testdata, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
			if err != nil {
				return err
			}
			env.Setenv("TESTDATA", testdata)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("COLUMNS", "100")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"capture": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: capture FILE.wire FILE.pcap")
				}
				segments, err := wire.Parse(ts.ReadFile(args[0]))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), pcap(segments), 0o666))
			},
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				b := []byte(ts.ReadFile(args[1]))
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), b[:number(ts, args[0])], 0o666))
			},
			"relink": func(ts *testscript.TestScript, _ bool, args []string) {
				b := []byte(ts.ReadFile(args[1]))
				binary.LittleEndian.PutUint32(b[20:], uint32(number(ts, args[0])))
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), b, 0o666))
			},
		},
	})
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

// docs/causes.md says what the rules say.
func TestCausesPageIsFresh(t *testing.T) {
	var want bytes.Buffer
	if err := report.CausesPage(&want, rules.All(), func(id string) *report.Reset { return exampleOf(t, id) }); err != nil {
		t.Fatal(err)
	}
	path := filepath.FromSlash("../../docs/causes.md")
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("docs/causes.md is stale; make golden writes it anew:\n%s", diff)
	}
}

// exampleOf returns the first reset of a rule's own capture that is explained by it, nil when there is none.
func exampleOf(t *testing.T, id string) *report.Reset {
	path := filepath.Join("..", "..", "testdata", id, "capture.pcapng")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	var out bytes.Buffer
	r := report.JSON(&out)
	if _, err := analyzer.Explain(context.Background(), path, r, analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	var whole report.Report
	if err := json.Unmarshal(out.Bytes(), &whole); err != nil {
		t.Fatal(err)
	}
	for i := range whole.Files[0].Resets {
		if e := &whole.Files[0].Resets[i]; e.Detail == id && e.Repeats == 0 {
			return e
		}
	}
	return nil
}

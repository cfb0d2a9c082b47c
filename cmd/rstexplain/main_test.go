package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
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
//	run rstexplain ARG...         run the program in this process, which takes a tenth of the time of "exec rstexplain"
//	capture FILE.wire FILE.pcap   write the segments of a script of flows/wire as a capture
//	cut N IN OUT                  copy the first N bytes of a file
//	relink N IN.pcap OUT.pcap     copy a capture and say that its link type is N
func TestScripts(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NO_COLOR", "1")
	t.Setenv("COLUMNS", "100")
	t.Setenv("TMPDIR", os.Getenv("TMPDIR"))
	t.Chdir(".") // changed by the program that runs in this process, and set back at the end
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(wd, "testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TESTDATA", filepath.Join(wd, "..", "..", "testdata"))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("COLUMNS", "100")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"run": runHere,
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

// here is held by the script whose working directory is that of the process.
var here sync.Mutex

// runHere is a command of scripts that runs the program in this process, without standard input.
func runHere(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || args[0] != "rstexplain" {
		ts.Fatalf("usage: run rstexplain ARG...")
	}
	here.Lock()
	defer here.Unlock()
	ts.Check(os.Chdir(ts.MkAbs(".")))
	ts.Check(os.Setenv("TMPDIR", ts.Getenv("TMPDIR")))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1)) // --max-memory sets it
	if code := run(context.Background(), args[1:], ts.Stdout(), ts.Stderr()); (code != exitOK) != neg {
		ts.Fatalf("exit code %d", code)
	}
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

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// TestPrism explains two rings on the runner that is in the program, and compares with rstexplain --join.
func TestPrism(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("go", "run", "./cmd/rstbench", "ring", "-taps", "2", "-packets", "2000", "-files", "6",
		"-open", "50", dir)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, divided := filepath.Join(dir, "out"), filepath.Join(dir, "divided")
	var stdout, stderr bytes.Buffer
	args := []string{"--ring", "--input", filepath.Join(dir, "tap*", "*"), "--output", out}
	if code := run(t.Context(), args, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	other := append(args[:len(args)-1:len(args)-1], divided, "--divide")
	if code := run(t.Context(), other, &stdout, &stderr); code != exitOK {
		t.Fatalf("divided: exit code %d: %s", code, &stderr)
	}
	if strings.Count(stderr.String(), "2 taps (0 not read completely)") != 2 {
		t.Errorf("it says %s", &stderr)
	}
	for _, tap := range []string{"tap1", "tap2"} {
		paths, _ := filepath.Glob(filepath.Join(dir, tap, "*"))
		var want bytes.Buffer
		if _, err := analyzer.ExplainJoined(t.Context(), paths, report.JSONL(&want), analyzer.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{out, divided} {
			got, err := os.ReadFile(filepath.Join(out, "tap="+tap, "resets-00000.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			if lines, _, _ := strings.Cut(want.String(), `{"incidents":`); string(got) != lines || len(lines) < 1000 {
				t.Errorf("%s of %s: %d bytes instead of %d", tap, out, len(got), len(lines))
			}
		}
	}
	if _, err := os.Stat(filepath.Join(out, "_work")); err == nil {
		t.Error("what steps leave to each other is there still")
	}
	if code := run(t.Context(), args, &stdout, &stderr); code != exitUsage ||
		!strings.Contains(stderr.String(), "holds something already") {
		t.Errorf("a second time: exit code %d: %s", code, &stderr)
	}
}

// TestPartial checks what is said of captures that cannot be read, and the exit code.
func TestPartial(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.pcap": "no capture\x00\x01", "b.pcap": "none either\x00\x01", "c.pcapng": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile("../../testdata/data-after-fin/capture.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "d.pcapng"), good, 0o644); err != nil {
		t.Fatal(err)
	}
	for allowed, code := range map[string]int{"2": exitPartial, "3": exitOK, "74%": exitPartial, "75%": exitOK} {
		var out bytes.Buffer
		args := []string{"--input", filepath.Join(dir, "*"), "--output", t.TempDir(), "--fail-above", allowed,
			"--report", "none"}
		if got := run(t.Context(), args, &out, &out); got != code {
			t.Errorf("--fail-above %s: exit code %d: %s", allowed, got, &out)
		}
		if code == exitPartial && (!strings.Contains(out.String(), "3 of 4 captures could not") ||
			!strings.Contains(out.String(), "is not a capture: 2\n")) {
			t.Errorf("--fail-above %s: it says %s", allowed, &out)
		}
	}
}

// TestUsage checks what is said of command lines that make no sense, and that Beam's flags stay out of the help.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"", exitUsage, "no captures named"},
		{"-i x", exitUsage, "no directory for the results"},
		{"-i " + dir + "/* -o " + dir + "/out", exitUsage, "no capture matches"},
		{"-i x -o y extra", exitUsage, "quote a pattern"},
		{"-i x -o y --runner hadoop", exitUsage, `unknown runner "hadoop"`},
		{"-i x -o y --fail-above many", exitUsage, "try: --fail-above 1%"},
		{"-i x -o y --ring=here", exitUsage, "{tap} stands for"},
		{"-i x -o y --beam-flag nonsense=1", exitUsage, "--beam-help lists"},
		{"-i x -o y --report pdf", exitUsage, "allowed: [html markdown none]"},
		{"-i x -o y --divide", exitUsage, "name the taps with --ring"},
		{"-i x -o y --nonsense", exitUsage, "rstfleet --help lists"},
		{"--help", exitOK, "--fail-above"},
		{"--beam-help", exitOK, "endpoint"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), strings.Fields(tt.args), &out, &out); code != tt.code ||
			!strings.Contains(out.String(), tt.says) {
			t.Errorf("%s: exit code %d: %s", tt.args, code, &out)
		}
		if tt.args == "--help" {
			if n := len(regexp.MustCompile(`(?m)^ +(-\w, )?--`).FindAllString(out.String(), -1)); n > 15 {
				t.Errorf("--help has %d flags", n)
			}
		}
	}
}

func TestAllowance(t *testing.T) {
	for text, exceeded := range map[string]bool{"0": true, "2": true, "3": false, "1%": true, "1.5%": false,
		"100%": false} {
		a, err := parseAllowance(text)
		if err != nil {
			t.Fatal(err)
		}
		if a.exceeded(3, 200) != exceeded {
			t.Errorf("3 of 200 with --fail-above %s: %v", text, !exceeded)
		}
	}
}

func TestWorkerFlag(t *testing.T) {
	for arg, is := range map[string]bool{"--worker=true": true, "-worker": true, "--worker=false": false, "worker": false,
		"--worker_binary=x": false} {
		if isWorkerFlag(arg) != is {
			t.Errorf("%s: %v", arg, !is)
		}
	}
}

// TestDockerfile checks that the image of the workers is of the Beam that the program has.
func TestDockerfile(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`apache/beam/sdks/v2 v(\S+)`).FindSubmatch(mod)
	if version == nil || !bytes.Contains(file, append([]byte("FROM apache/beam_go_sdk:"), append(version[1], '\n')...)) {
		t.Errorf("the Dockerfile has another version than %q", version)
	}
}

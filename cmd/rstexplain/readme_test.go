package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The transcripts in README.md are what the program prints.
func TestReadmeIsTrue(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("COLUMNS", "100")
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	transcript := regexp.MustCompile("(?s)```console\n\\$ rstexplain ([^\n]*)\n(.*?)```")
	found := 0
	now := transcript.ReplaceAllStringFunc(string(text), func(block string) string {
		found++
		args := transcript.FindStringSubmatch(block)[1]
		var out, errs bytes.Buffer
		if code := run(context.Background(), strings.Fields(args), &out, &errs); code != exitOK {
			t.Errorf("rstexplain %s: exit code %d: %s", args, code, errs.String())
		}
		return "```console\n$ rstexplain " + args + "\n" + out.String() + "```"
	})
	if found == 0 {
		t.Error("README.md has no transcript")
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(now), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), now); diff != "" {
		t.Errorf("README.md is stale; make golden writes it anew:\n%s", diff)
	}
}

// comparedOutput is what the table in README.md says of each tool, in that tool's words.
var comparedOutput = map[string]string{
	"tshark":                  `(?m)\A *27 .*\[RST\].*\n\z`,
	"Wireshark's expert info": `(?s)Warns \(1\).*Connection reset \(RST\)`,
	"tcptrace":                `resets sent: +0 +resets sent: +1`,
	"Zeek":                    `\tRSTR\t.*\tShADafr\t`,
	"rstexplain":              `(?s)peer-crash · data-after-fin +99 %.*Evidence.*Alternatives.*Symptom.*Remedy`,
}

// The commands in the comparison print what the table says, where the tools are installed.
func TestReadmeComparesTruly(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "rstexplain")); err != nil { // testscript.Main goes by this name
		t.Skip(err)
	}
	if err := os.Symlink(testdataDir(t), filepath.Join(dir, "testdata")); err != nil {
		t.Skip(err)
	}
	rows := regexp.MustCompile("(?m)^\\| ([^|]+) \\| .* \\| `((tshark|tcptrace|zeek|rstexplain) [^`]*testdata/[^`]*)` \\|$").FindAllStringSubmatch(string(text), -1)
	if len(rows) != len(comparedOutput) {
		t.Fatalf("%d rows, want %d", len(rows), len(comparedOutput))
	}
	for _, row := range rows {
		t.Run(row[1], func(t *testing.T) {
			want := comparedOutput[row[1]]
			if _, err := exec.LookPath(row[3]); want == "" || err != nil && row[3] != "rstexplain" {
				t.Skipf("%s is not installed", row[3])
			}
			cmd := exec.Command("sh", "-c", row[2])
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "TZ=UTC")
			if out, err := cmd.Output(); err != nil || !regexp.MustCompile(want).Match(out) {
				t.Errorf("%s: %v: %s", row[2], err, out)
			}
		})
	}
}

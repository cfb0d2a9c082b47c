package main

import (
	"bytes"
	"context"
	"os"
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

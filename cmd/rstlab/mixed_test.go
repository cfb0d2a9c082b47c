//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// The stories beside the recorded truth of the mixed capture are those that follow from it and from what was played.
func TestStoriesOfMixed(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "lab", "captures", "mixed")
	f, err := os.Open(filepath.Join(dir, "client.pcapng.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := truth.Read(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	stories, err := truth.Stories(in, lines, mixed()[0].Stories)
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "stories.jsonl")
	if err := truth.WriteLines(made, stories); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "stories.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("stories.jsonl is not what was played:\n%s", got)
	}
}

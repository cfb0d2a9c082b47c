package constructed

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAll builds every script; with LAB_CONSTRUCTED set it also writes the captures there.
func TestAll(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("LAB_CONSTRUCTED")
	for _, c := range all {
		if len(c.Lines) == 0 || c.Says == "" || c.Source == "" {
			t.Errorf("%s: no truth, no description or no source", c.Name)
		}
		if dir != "" {
			if err := os.WriteFile(filepath.Join(dir, c.Name+".pcapng"), c.PCAPNG, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

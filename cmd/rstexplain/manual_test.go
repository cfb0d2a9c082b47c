package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Every flag of rstexplain itself is in the manual.
func TestManualNamesEveryFlag(t *testing.T) {
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rootCommand(io.Discard).Flags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(string(manual), "--"+f.Name+" ") {
			t.Errorf("doc.go does not name --%s", f.Name)
		}
	})
}

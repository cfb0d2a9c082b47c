package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

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

// The help of every command fits a terminal of 80 columns. (That of completion is cobra's.)
func TestHelpFits(t *testing.T) {
	for _, args := range [][]string{{}, {"compare"}, {"render"}, {"annotate"}, {"slice"}, {"rules"}} {
		for line := range strings.Lines(string(printed(t, append(args, "--help")...))) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("rstexplain %s --help has a line of %d columns: %s", args, n, line)
			}
		}
	}
}

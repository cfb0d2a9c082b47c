package main

import (
	"bytes"
	"strings"
	"testing"
)

// The bar is taken away before the report writes to the terminal that both share, and never drawn into a line
// of the report.
func TestProgressMakesWay(t *testing.T) {
	var screen bytes.Buffer
	p := newProgress(1000, &screen)
	report := barWriter{p: p, to: &screen}
	print := func(text string) {
		t.Helper()
		if _, err := report.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	p.read.Store(500)
	p.draw()
	if !strings.Contains(screen.String(), "50%") {
		t.Fatalf("no bar: %q", &screen)
	}
	print("the first line\nthe second ")
	p.draw()
	print("line\n")
	p.draw()
	close(p.stop)
	p.run()
	lines := strings.Split(shownOn(screen.String()), "\n")
	if got := strings.Join(lines, "|"); got != "the first line|the second line|" {
		t.Errorf("the screen shows %q", got)
	}
}

// shownOn returns what a terminal shows after it was sent text.
func shownOn(text string) string {
	var lines []string
	for _, sent := range strings.Split(text, "\n") {
		line, at := []rune{}, 0
		for part := range strings.SplitSeq(strings.ReplaceAll(sent, "\x1b[2K", "\x00"), "") {
			switch r := []rune(part)[0]; {
			case r == '\r':
				at = 0
			case r == 0: // erase the line
				line = nil
				fallthrough
			case at >= len(line):
				for len(line) < at {
					line = append(line, ' ')
				}
				if r != 0 {
					line = append(line, r)
					at++
				}
			default:
				line[at] = r
				at++
			}
		}
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return strings.Join(lines, "\n")
}

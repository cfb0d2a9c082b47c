package analyzer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// A label is what is known of a RST: recorded by the kernel that sent it, or judged by somebody who read
// the packets.
type label struct {
	Path   string        `json:"path"`
	Frame  int           `json:"frame"`
	Cause  rules.Cause   `json:"cause"`
	AlsoOK []rules.Cause `json:"also_ok"` // left open by the packets
	Origin string        `json:"origin"`
	Why    string        `json:"why"`
}

// An agreement counts how far explanations and labels agree.
type agreement struct {
	labels, agree, open int
	brier               float64
}

// compare explains the captures that the labels in file are about. Every labelled RST must be explained;
// each disagreement is printed.
func (a *agreement) compare(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	captures := map[string]map[int]report.Reset{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l label
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		path := filepath.Join(filepath.Dir(file), filepath.FromSlash(l.Path))
		if captures[path] == nil {
			captures[path] = map[int]report.Reset{}
			for _, r := range explain(t, path).Resets {
				captures[path][r.Frame] = r
			}
		}
		r, ok := captures[path][l.Frame]
		if !ok {
			t.Errorf("%s: frame %d is labelled and not explained", title(path), l.Frame)
			continue
		}
		a.labels++
		right, also := r.Cause == l.Cause, slices.Contains(l.AlsoOK, r.Cause)
		p := r.Confidence
		switch {
		case right:
			a.agree++
			p--
		case also:
			a.open++
			p--
		default:
			t.Logf("%s #%d: %s (%s, %.2f); the label says %s: %s", title(path), l.Frame, r.Cause, r.Detail, r.Confidence, l.Cause, l.Why)
		}
		a.brier += p * p
	}
}

func (a *agreement) report(t *testing.T) {
	t.Helper()
	n := float64(max(a.labels, 1))
	t.Logf("%d labels: %.1f %% agree, %.1f %% with what the labels leave open; Brier score %.3f",
		a.labels, 100*float64(a.agree)/n, 100*float64(a.agree+a.open)/n, a.brier/n)
}

// How far the explanations agree with the labels of captures of other projects is measured and printed.
// They were judged by hand and can be wrong, so that this is no assertion.
func TestAgreementWithOthers(t *testing.T) {
	labels := filepath.Join(foreignDir(), "labels.jsonl")
	if _, err := os.Stat(labels); foreignDir() == "" || err != nil {
		t.Skip("no labelled captures here: set RSTEXPLAIN_CAPTURES to their directory")
	}
	var a agreement
	a.compare(t, labels)
	a.report(t)
}

// The kernel that sent the RSTs of our own captures recorded why: what it says is the truth.
func TestAgreementWithTheKernel(t *testing.T) {
	var a agreement
	for _, file := range glob(t, "testdata/*/truth.jsonl", "testdata/*/*/truth.jsonl", "testdata/*/*/*/truth.jsonl") {
		a.compare(t, file)
	}
	a.report(t)
}

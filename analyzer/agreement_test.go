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

// A label is what somebody who read the packets says of a RST.
type label struct {
	Path       string        `json:"path"`
	Frame      int           `json:"frame"`
	Cause      rules.Cause   `json:"cause"`
	AlsoOK     []rules.Cause `json:"also_ok"`
	Detail     string        `json:"detail"`
	Origin     string        `json:"origin"`
	Confidence float64       `json:"confidence"`
	Why        string        `json:"why"`
}

// How far the explanations agree with labels made by hand is measured and printed, with each
// disagreement. Labels can be wrong, so that this is no assertion.
func TestAgreement(t *testing.T) {
	dir := foreignDir()
	if dir == "" {
		t.Skip("no labelled captures here: set RSTEXPLAIN_CAPTURES to their directory")
	}
	f, err := os.Open(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	files := map[string]map[int]report.Reset{}
	labels, agree, open, missing := 0, 0, 0, 0
	var brier float64
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l label
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		labels++
		if files[l.Path] == nil {
			files[l.Path] = map[int]report.Reset{}
			for _, r := range explain(t, filepath.Join(dir, l.Path)).Resets {
				files[l.Path][r.Frame] = r
			}
		}
		r, ok := files[l.Path][l.Frame]
		right := 0.0
		switch {
		case !ok:
			missing++
			t.Errorf("%s: frame %d is labelled and not explained", l.Path, l.Frame)
			continue
		case r.Cause == l.Cause:
			agree++
			right = 1
		case slices.Contains(l.AlsoOK, r.Cause):
			open++
			right = 1
			t.Logf("%s #%d: %s (%s, %.2f); the label says %s and leaves it open", l.Path, l.Frame, r.Cause, r.Detail, r.Confidence, l.Cause)
		default:
			t.Logf("%s #%d: %s (%s, %.2f); the label says %s (%.2f): %s", l.Path, l.Frame, r.Cause, r.Detail, r.Confidence, l.Cause, l.Confidence, l.Why)
		}
		brier += (r.Confidence - right) * (r.Confidence - right)
	}
	n := float64(max(labels, 1))
	t.Logf("%d labels: %d agree (%.1f %%), %d more are left open by the label (%.1f %% together), %d are missing; Brier score %.3f",
		labels, agree, 100*float64(agree)/n, open, 100*float64(agree+open)/n, missing, brier/n)
}

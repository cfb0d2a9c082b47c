package analyzer

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows/track"
)

// What is not kept of connections because there are too many is reported, with their number.
func TestUnfollowedConnectionsAreReported(t *testing.T) {
	const says = "no more than the end was kept"
	reported := func(path string, shortAbove int) (n int) {
		var out bytes.Buffer
		r := report.JSON(&out)
		if _, err := Explain(context.Background(), path, r, Options{Flows: track.TableOptions{ShortAbove: shortAbove}}); err != nil {
			t.Fatal(err)
		}
		var whole report.Report
		if err := json.Unmarshal(out.Bytes(), &whole); err != nil {
			t.Fatal(err)
		}
		for _, w := range whole.Files[0].Warnings {
			if strings.Contains(w.Says, says) {
				n++
			}
		}
		return n
	}
	with := 0
	for _, path := range ruleCaptures(t) {
		if n := reported(path, 0); n != 0 {
			t.Errorf("%s: reported though all are followed", path)
		}
		with += reported(path, 1)
	}
	if with < 3 {
		t.Errorf("reported of %d captures", with)
	}
}

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
	path := ruleCaptures(t)[0]
	for _, c := range []struct {
		at   int // connections that are followed closely at a time
		want bool
	}{{0, false}, {1, true}} {
		var out bytes.Buffer
		r := report.JSON(&out)
		if err := r.Begin("rstexplain test"); err != nil {
			t.Fatal(err)
		}
		file, err := Explain(context.Background(), path, r, Options{Flows: track.TableOptions{ShortAbove: c.at}})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.End(); err != nil {
			t.Fatal(err)
		}
		var whole report.Report
		if err := json.Unmarshal(out.Bytes(), &whole); err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, w := range whole.Files[0].Warnings {
			if strings.Contains(w.Says, "no more than the end was kept") {
				told++
			}
		}
		if (told == 1) != c.want || told > 1 {
			t.Errorf("%s, %d connections, %d followed closely: told %d times", path, file.Connections, c.at, told)
		}
	}
}

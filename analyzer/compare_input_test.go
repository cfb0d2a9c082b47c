package analyzer

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Captures that do not fit together: each is told, and nothing is invented.
func TestCompareBadInput(t *testing.T) {
	const lab = "../testdata/lab/captures/"
	client, server := lab+"forged-after-client-hello/client.pcapng", lab+"forged-after-client-hello/server.pcapng"
	other := lab + "client-timeout-1s-close/server.pcapng"
	for _, p := range []*string{&client, &server, &other} {
		if !exists(*p) {
			*p += ".gz"
		}
	}
	dayOff, _ := transformed(t, server, 1, clock(24*time.Hour, 0))
	for _, v := range []struct {
		name, a, b string
		says       string // of a warning
		paired     int
		proven     int // at most
	}{
		{"the same file twice", client, client, "seem to be one capture", 1, 0},
		{"wrong order", server, client, "another order", 1, 4},
		{"nothing shared", client, other, "share no connection", 0, 1},
		{"a clock a day off", client, dayOff, "24.0 h apart", 1, 4},
	} {
		t.Run(v.name, func(t *testing.T) {
			c, err := Compare(context.Background(), []VantagePoint{{"client", []string{v.a}}, {"server", []string{v.b}}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			told := false
			for _, w := range c.Warnings {
				told = told || strings.Contains(w.Says, v.says)
			}
			if !told {
				t.Errorf("no warning says %q: %+v", v.says, c.Warnings)
			}
			if c.Connections.Paired != v.paired {
				t.Errorf("%d connections are paired, not %d", c.Connections.Paired, v.paired)
			}
			proven := 0
			for _, r := range c.Resets {
				if r.Proven {
					proven++
				}
			}
			if proven > v.proven {
				t.Errorf("%d origins are said to be proven, of %d that can be", proven, v.proven)
			}
		})
	}
	c, err := Compare(context.Background(), []VantagePoint{{"client", []string{client}}, {"server", []string{dayOff}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if off := *c.Vantages[1].Offset - 24*3600*1e3; math.Abs(off) > 12 {
		t.Errorf("the clock is said to be %.1f ms off", off)
	}
	if got := c.Resets[0].Seen; len(got) != 1 || got[0] != (report.PacketAt{At: "client", Frame: 6}) {
		t.Errorf("the first RST was seen at %v", got)
	}
}

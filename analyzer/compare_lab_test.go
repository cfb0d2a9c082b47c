package analyzer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// A labPair is one situation of the lab, captured at several places, with the truth.
type labPair struct {
	name   string
	points []VantagePoint
	lines  map[report.PacketAt]*truth.Line
}

// labPairs lists the situations that were captured at all of these places.
func labPairs(t testing.TB, names ...string) []labPair {
	files, err := truth.Find("../testdata/lab/captures")
	if err != nil {
		t.Fatal(err)
	}
	var out []labPair
	for _, f := range files {
		lines, err := truth.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		p := labPair{name: filepath.Base(filepath.Dir(f)), lines: map[report.PacketAt]*truth.Line{}}
		for _, n := range names {
			for _, ext := range []string{".pcapng", ".pcapng.gz"} {
				if path := filepath.Join(filepath.Dir(f), n+ext); exists(path) {
					p.points = append(p.points, VantagePoint{Name: n, Paths: []string{path}})
				}
			}
		}
		if len(p.points) != len(names) {
			continue
		}
		for i := range lines {
			n, _, _ := strings.Cut(lines[i].Path, ".")
			p.lines[report.PacketAt{At: n, Frame: lines[i].Frame}] = &lines[i]
		}
		out = append(out, p)
	}
	return out
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

type lineOf = truth.Line

// sentAt says where a RST was truly made: "client", "server", "router", "wire".
func sentAt(l *truth.Line) string {
	for _, s := range []string{"the client", "the server", "the router"} {
		if strings.HasPrefix(l.Source, "sent by") && strings.Contains(l.Source, s) {
			return strings.TrimPrefix(s, "the ")
		}
	}
	return "wire"
}

type labScore struct {
	rsts, entries, origin, proven, falseProven, cause, ok, madeAt, split int
	situations                                                           int
	worst                                                                float64
}

func (s *labScore) String() string {
	return fmt.Sprintf("situations %d entries %d rsts %d: origin %.4f proven %.4f false proven %d cause %.4f ok %.4f made_at %.4f split %d clock %.3f ms",
		s.situations, s.entries, s.rsts, float64(s.origin)/float64(s.entries), float64(s.proven)/float64(s.entries), s.falseProven,
		float64(s.cause)/float64(s.entries), float64(s.ok)/float64(s.entries), float64(s.madeAt)/float64(s.entries), s.split, s.worst)
}

func (s *labScore) add(t testing.TB, p labPair, c *report.Comparison, offset float64) {
	s.situations++
	seen := map[report.PacketAt]bool{}
	for _, v := range c.Vantages[1:] {
		if v.Offset == nil {
			continue
		}
		if d := *v.Offset - offset; d > s.worst || -d > s.worst {
			s.worst = max(d, -d)
			if s.worst > 2 {
				t.Logf("%s: clock off by %.3f (said %.3f ± %.3f, drift %v)", p.name, d, *v.Offset, *v.Uncertainty, v.Drift)
			}
		}
	}
	for i := range c.Resets {
		r := &c.Resets[i]
		s.entries++
		var l *truth.Line
		var bad []string
		for _, q := range r.Seen {
			if seen[q] {
				t.Errorf("%s: %v is in two entries", p.name, q)
			}
			seen[q] = true
			s.rsts++
			k := p.lines[q]
			if k == nil {
				t.Errorf("%s: %v is no RST", p.name, q)
				continue
			}
			if l != nil && (k.Why != l.Why || k.KernelReason != l.KernelReason || k.Source != l.Source) {
				s.split++
				bad = append(bad, "two RSTs in one entry")
			}
			l = k
		}
		// Which view's label? That of the capture it is explained at.
		for _, q := range r.Seen {
			if q.At == r.At {
				l = p.lines[q]
			}
		}
		if string(r.Origin) == l.Origin || l.Origin == "unsure" {
			s.origin++
		} else {
			bad = append(bad, fmt.Sprintf("origin %s, is %s", r.Origin, l.Origin))
		}
		if r.Proven {
			s.proven++
			if string(r.Origin) != l.Origin && l.Origin != "unsure" {
				s.falseProven++
				bad = append(bad, "FALSE PROVEN")
			}
		}
		if string(r.Cause) == l.Cause {
			s.cause++
		} else {
			bad = append(bad, fmt.Sprintf("cause %s %s %.2f, is %s (%v blind %v)", r.Cause, r.Detail, r.Confidence, l.Cause, l.AlsoOK, l.Blind))
		}
		if l.OK(string(r.Cause)) {
			s.ok++
		}
		at := sentAt(l)
		switch {
		case r.MadeAt == at, at == "router" && r.MadeAt == "between client and server", at == "wire" && r.MadeAt == "between client and server":
			s.madeAt++
		default:
			bad = append(bad, fmt.Sprintf("made at %s, was %s", r.MadeAt, at))
		}
		if len(bad) > 0 && testing.Verbose() {
			t.Logf("%s %v (at %s; proven %v): %s | %s | %s", p.name, r.Seen, r.At, r.Proven, strings.Join(bad, "; "), l.Why, l.Source)
		}
	}
	for q := range p.lines {
		for _, v := range c.Vantages {
			if v.Name == q.At && !seen[q] {
				t.Errorf("%s: %v is in no entry", p.name, q)
			}
		}
	}
}

// thinning is the part of the situations that slow tests take: TestCompareLab has all of them.
const thinning = 9

// check fails where a figure is below what it must be.
func (s *labScore) check(t testing.TB, origin, cause float64) {
	t.Helper()
	if f := float64(s.origin) / float64(s.entries); f < origin {
		t.Errorf("the origin is right in %.4f, must be in %.4f", f, origin)
	}
	if f := float64(s.cause) / float64(s.entries); f < cause {
		t.Errorf("the cause is right in %.4f, must be in %.4f", f, cause)
	}
	if s.falseProven > 0 {
		t.Errorf("%d origins are said to be proven, and are wrong", s.falseProven)
	}
}

func TestCompareLab(t *testing.T) {
	var s labScore
	for _, p := range labPairs(t, "client", "server") {
		c, err := Compare(context.Background(), p.points, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.add(t, p, c, 0)
	}
	t.Log(s.String())
	s.check(t, 1, 0.993)
	// Not where the other capture holds no packet of the time of the RST, and nothing else tells; nor where a SYN that did
	// not reach the server is refused with the server's TTL, as another host does to which NAT sends it.
	if f := float64(s.proven) / float64(s.entries); f < 0.993 {
		t.Errorf("the origin is proven in %.4f, must be in 0.993", f)
	}
	if s.split > 1 {
		t.Errorf("%d entries hold two RSTs", s.split)
	}
}

// The router's capture beside that of one end: what happens on the other side of the router is not proven.
func TestCompareRouter(t *testing.T) {
	for _, names := range [][]string{{"client", "router"}, {"router", "server"}, {"client", "router", "server"}} {
		var s labScore
		for i, p := range labPairs(t, names...) {
			if i%thinning != 0 {
				continue
			}
			c, err := Compare(context.Background(), p.points, Options{})
			if err != nil {
				t.Fatal(err)
			}
			s.add(t, p, c, 0)
		}
		t.Log(names, s.String())
		s.check(t, 0.95, 0.95)
	}
}

package analyzer

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A pathReset is a RST of truth.json, as rstlab vantages writes it.
type pathReset struct {
	Seen   []report.PacketAt `json:"seen"`
	Hand   string            `json:"hand"`
	MadeAt string            `json:"made_at"`
	Origin string            `json:"origin"`
	Cause  string            `json:"cause"`
	AlsoOK []string          `json:"also_ok"`
	Why    string            `json:"why"`
}

// A pathCase is one situation of the lab as several captures have it, with who sent each RST.
type pathCase struct {
	name   string
	dir    string
	at     []string // names of captures: client, router-in, router-out, server
	resets []pathReset
}

func pathCases(t testing.TB, at ...string) []pathCase {
	dir := flag.Lookup("vantages").Value.String()
	files, err := filepath.Glob(filepath.Join(dir, "*", "truth.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures along the path below %s (%v)", dir, err)
	}
	var out []pathCase
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var truth struct {
			Resets []pathReset `json:"resets"`
		}
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatal(err)
		}
		out = append(out, pathCase{filepath.Base(filepath.Dir(f)), filepath.Dir(f), at, truth.Resets})
	}
	return out
}

// place is what a user calls the place of a capture.
func place(capture string) string {
	name, _, _ := strings.Cut(capture, "-")
	return name
}

// A pathScore counts how well comparing explains RSTs of which it is known who sent them.
type pathScore struct {
	situations, resets, origin, proven, falseProven, cause, ok, madeAt, split, merged, joined, sent int
	pairs, pairsFound, pairsWrong                                                                   int
	clock                                                                                           float64 // how far the worst is off
	clocks, clockFar                                                                                int
}

func (s *pathScore) String() string {
	n := float64(max(s.resets, 1))
	return fmt.Sprintf("%d situations, %d RSTs: origin %.4f, proven %.4f, false %d, cause %.4f, not wrong %.4f, made at %.4f, split %d, "+
		"merged %d; connections %d: recall %.4f, wrong %d; clock off by up to %.3f ms, more than 2 ms in %d of %d; kernel %d of %d",
		s.situations, s.resets, float64(s.origin)/n, float64(s.proven)/n, s.falseProven, float64(s.cause)/n, float64(s.ok)/n,
		float64(s.madeAt)/n, s.split, s.merged, s.pairs, float64(s.pairsFound)/float64(max(s.pairs, 1)), s.pairsWrong,
		s.clock, s.clockFar, s.clocks, s.joined, s.sent)
}

// A pathVariant changes the last capture as a path, a clock or a capture tool does.
type pathVariant struct {
	name    string
	offset  float64 // milliseconds
	changes func() []transformation
	loss    bool
}

var pathVariants = []pathVariant{
	{"as captured", 0, nil, false},
	{"clock", 3000, func() []transformation { return []transformation{clock(3*time.Second, 50)} }, false},
	{"nat", 0, func() []transformation { return []transformation{nat} }, false},
	{"isn", 0, func() []transformation { return []transformation{shiftISN} }, false},
	{"nat+isn+clock", 3000, func() []transformation { return []transformation{shiftISN, nat, clock(3*time.Second, 50)} }, false},
	{"offload", 0, func() []transformation { return []transformation{offloaded} }, false},
	{"loss", 0, func() []transformation { return []transformation{captureLoss(0.02)} }, true},
	{"snaplen 80", 0, func() []transformation { return []transformation{snaplen(80)} }, false},
	{"snaplen 96", 0, func() []transformation { return []transformation{snaplen(96)} }, false},
	{"loss+nat+clock", 3000, func() []transformation { return []transformation{captureLoss(0.02), nat, clock(3*time.Second, 50)} }, true},
}

// add compares the captures of a case, the last one changed, and scores the report.
func (s *pathScore) add(t testing.TB, c pathCase, v pathVariant, seed uint64) {
	s.situations++
	var points []VantagePoint
	was := map[string]map[int]int{}
	var opts Options
	for i, name := range c.at {
		path := filepath.Join(c.dir, name+".pcapng")
		if i == len(c.at)-1 && v.changes != nil {
			path, was[place(name)] = transformed(t, path, seed, v.changes()...)
		}
		points = append(points, VantagePoint{place(name), []string{path}})
		if trace := filepath.Join(c.dir, name+".trace"); *pathKernel && exists(trace) {
			r, err := kernel.Open(trace)
			if err != nil {
				t.Fatal(err)
			}
			r.Name = place(name)
			opts.Kernel = append(opts.Kernel, r)
		}
	}
	x, err := compare(context.Background(), points, opts)
	if err != nil {
		t.Fatal(err)
	}
	r := x.report()
	original := func(p report.PacketAt) report.PacketAt {
		if m := was[p.At]; m != nil {
			p.Frame = m[p.Frame]
		}
		for _, name := range c.at {
			if place(name) == p.At {
				p.At = name
			}
		}
		return p
	}
	s.scoreClocks(t, c, v, r)
	s.scorePairs(t, c, x, original)
	s.scoreResets(t, c, v, r, original)
}

func (s *pathScore) scoreClocks(t testing.TB, c pathCase, v pathVariant, r *report.Comparison) {
	for _, p := range r.Vantages[1:] {
		s.clocks++
		if p.Offset == nil {
			t.Logf("%s: no clock", c.name)
			continue
		}
		want := 0.0
		if p.Name == place(c.at[len(c.at)-1]) {
			want = v.offset
		}
		d := *p.Offset - want
		d = max(d, -d)
		s.clock = max(s.clock, d)
		if d > 2 {
			s.clockFar++
			t.Logf("%s: clock off by %.3f (said %.3f ± %.3f, drift %v)", c.name, d, *p.Offset, *p.Uncertainty, p.Drift)
		}
	}
}

func (s *pathScore) scoreResets(t testing.TB, c pathCase, v pathVariant, r *report.Comparison, original func(report.PacketAt) report.PacketAt) {
	of := map[report.PacketAt]*pathReset{}
	for i := range c.resets {
		for _, p := range c.resets[i].Seen {
			of[p] = &c.resets[i]
		}
	}
	for i := range r.Resets {
		m := &r.Resets[i]
		var bad []string
		var truth *pathReset
		have := map[string]bool{}
		for _, p := range m.Seen {
			q := original(p)
			have[q.At] = true
			k := of[q]
			switch {
			case k == nil:
				continue
			case truth != nil && k != truth:
				s.merged++
				bad = append(bad, "two RSTs in one entry")
			}
			truth = k
		}
		if truth == nil {
			continue
		}
		s.resets++
		for _, p := range truth.Seen {
			if slices.Contains(c.at, p.At) && !have[p.At] && !v.loss {
				s.split++
				bad = append(bad, "not paired with "+p.At)
			}
		}
		right := string(m.Origin) == truth.Origin || truth.Origin == "unsure"
		if right {
			s.origin++
		} else {
			bad = append(bad, fmt.Sprintf("origin %s, is %s", m.Origin, truth.Origin))
		}
		if m.Proven {
			s.proven++
			if !right {
				s.falseProven++
				bad = append(bad, "FALSE PROVEN")
			}
		}
		if string(m.Cause) == truth.Cause {
			s.cause++
		} else {
			bad = append(bad, fmt.Sprintf("cause %s %s %.2f, is %s (%v)", m.Cause, m.Detail, m.Confidence, truth.Cause, truth.AlsoOK))
		}
		if string(m.Cause) == truth.Cause || slices.Contains(truth.AlsoOK, string(m.Cause)) {
			s.ok++
		}
		made := c.made(truth.MadeAt)
		if made == m.MadeAt || made == "router" && (m.MadeAt == "between router and server" || m.MadeAt == "between client and router") {
			s.madeAt++
		} else {
			bad = append(bad, fmt.Sprintf("made at %q, was %q", m.MadeAt, truth.MadeAt))
		}
		if truth.Hand == "kernel" && slices.Contains(c.at, truth.MadeAt) {
			s.sent++
			if m.Kernel != nil {
				s.joined++
			}
		}
		if len(bad) > 0 {
			t.Logf("%s: %v (at %s, proven %v): %s | %s | %s", c.name, m.Seen, m.At, m.Proven, strings.Join(bad, "; "), truth.Hand, truth.Why)
		}
	}
}

// made says the place where a RST was made in the words of those captures that there are.
func (c *pathCase) made(at string) string {
	router := slices.ContainsFunc(c.at, func(s string) bool { return place(s) == "router" })
	client, server := slices.Contains(c.at, "client"), slices.Contains(c.at, "server")
	switch {
	case at == "client" && !client, at == "server" && !server,
		at == "between router and server" && !server, at == "between client and router" && !client:
		return "beyond router"
	case !router && at != "client" && at != "server":
		return "between client and server"
	}
	return at
}

// connectionsOf returns the connection of each TCP frame, NAT undone: by ports, of which the lab uses each once.
func connectionsOf(t testing.TB, path string) map[int]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.NgReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]string{}
	for n := 1; ; n++ {
		data, _, err := r.ReadPacketData()
		if err != nil {
			return out
		}
		ip, tcp, v6 := header(data)
		if ip == nil {
			continue
		}
		src, dst := ip[12:16], ip[16:20]
		if v6 {
			src, dst = ip[8:24], ip[24:40]
		}
		a, b := fmt.Sprintf("%x:%x", src, tcp[0:2]), fmt.Sprintf("%x:%x", dst, tcp[2:4])
		out[n] = min(a, b) + " " + max(a, b)
	}
}

// scorePairs looks at which connections are paired.
func (s *pathScore) scorePairs(t testing.TB, c pathCase, x *comparing, original func(report.PacketAt) report.PacketAt) {
	if strings.HasPrefix(c.name, "nat-") {
		return // addresses do not tell what belongs together
	}
	of := make([]map[int]string, len(c.at))
	for i, name := range c.at {
		of[i] = connectionsOf(t, filepath.Join(c.dir, name+".pcapng"))
	}
	type trace struct {
		id          string
		first, last int64
	}
	var paired, alone [][]trace
	for _, g := range x.result.Groups {
		list := make([]trace, len(c.at))
		n := 0
		for v, k := range g.Traces {
			if k == nil {
				continue
			}
			n++
			p := original(report.PacketAt{At: x.name(v), Frame: k.Sightings()[0].Frame})
			list[v] = trace{of[v][p.Frame], int64(x.result.Common(v, k.First)), int64(x.result.Common(v, k.Last))}
		}
		if n > 1 {
			paired = append(paired, list)
		} else {
			alone = append(alone, list)
		}
	}
	for _, list := range paired {
		for v := range list {
			for w := range v {
				if list[v].id == "" || list[w].id == "" {
					continue
				}
				s.pairs++
				s.pairsFound++
				if list[v].id != list[w].id {
					s.pairsWrong++
					t.Logf("%s: %s is paired with %s", c.name, list[w].id, list[v].id)
				}
			}
		}
	}
	const apart = int64(time.Second)
	for i, a := range alone {
		for _, b := range alone[:i] {
			for v := range a {
				for w := range b {
					if v != w && a[v].id != "" && a[v].id == b[w].id && a[v].first < b[w].last+apart && b[w].first < a[v].last+apart {
						s.pairs++
						t.Logf("%s: %s is not paired", c.name, a[v].id)
					}
				}
			}
		}
	}
}

var (
	pathKernel = flag.Bool("vantages-kernel", false, "join the traces of the kernels too")
	pathOnly   = flag.String("vantages-variant", "", "the one variant to score")
)

// Situations of the lab, compared from several places, and with one capture changed as paths, clocks and capture
// tools do. -vantages names a directory with more of them. The figures are those of docs/accuracy.md; -update writes them.
func TestComparePath(t *testing.T) {
	stored := flag.Lookup("vantages").Value.String() == flag.Lookup("vantages").DefValue
	var table strings.Builder
	for _, at := range [][]string{{"client", "server"}, {"client", "router-in"}, {"client", "router-out"}, {"router-in", "server"},
		{"router-out", "server"}, {"client", "router-in", "server"}} {
		ends := slices.Contains(at, "client") && slices.Contains(at, "server")
		for _, v := range pathVariants {
			if *pathOnly != "" && v.name != *pathOnly || stored && !(ends && len(at) == 2) && v.changes != nil {
				continue
			}
			t.Run(strings.Join(at, ",")+"/"+v.name, func(t *testing.T) {
				var s pathScore
				for i, c := range pathCases(t, at...) {
					s.add(t, c, v, uint64(i))
				}
				t.Log(v.name, at, s.String())
				table.WriteString(s.row(strings.Join(at, ", "), v.name))
				if s.falseProven > 0 {
					t.Errorf("%d origins are said to be proven, and are wrong", s.falseProven)
				}
				if s.pairsWrong > 0 || share(s.pairsFound, s.pairs) < 0.98 {
					t.Errorf("of %d connections in two captures, %d are paired, %d of them with another", s.pairs, s.pairsFound, s.pairsWrong)
				}
				if ends && !v.loss && (s.origin != s.resets || share(s.cause, s.resets) < 0.995) {
					t.Errorf("of %d RSTs, the origin of %d and the cause of %d are right", s.resets, s.origin, s.cause)
				}
				// A changed capture has other addresses than the kernel recorded.
				if *pathKernel && ends && !v.loss && !strings.Contains(v.name, "nat") && share(s.joined, s.sent) < 0.995 {
					t.Errorf("of %d RSTs of kernels that recorded them, %d are joined", s.sent, s.joined)
				}
			})
		}
	}
	if stored && *pathOnly == "" && !*pathKernel {
		inAccuracyPage(t, pathTitle, pathIntroduction+table.String())
	}
}

const (
	pathTitle        = "## Several vantage points"
	pathIntroduction = `
The situations of testdata/lab/vantages (rstexplain compare), captured at client, router and server. "Wrongly proven" are origins that are
said to be proven and are not the true ones. Changed is the last capture that is named: by a NAT, by a shift of one side's sequence numbers,
by a clock that is 3 s ahead and gains 50 ppm, by segmentation, by the loss of 2 % of what was captured, or by cutting packets.

| captures | changed | RSTs | origin | proven | wrongly proven | cause | cause not wrong | made at | connections paired | wrong pairs | clock, worst |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`
)

func (s *pathScore) row(at, changed string) string {
	return fmt.Sprintf("| %s | %s | %d | %.3f | %.3f | %d | %.3f | %.3f | %.3f | %.3f | %d | %.1f ms |\n", at, changed, s.resets,
		share(s.origin, s.resets), share(s.proven, s.resets), s.falseProven, share(s.cause, s.resets), share(s.ok, s.resets),
		share(s.madeAt, s.resets), share(s.pairsFound, s.pairs), s.pairsWrong, s.clock)
}

// inAccuracyPage compares a section of docs/accuracy.md, or writes it.
func inAccuracyPage(t *testing.T, title, text string) {
	const file = "../docs/accuracy.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(b), "\n"+title+"\n")
	after := ""
	if i := strings.Index(rest, "\n## "); i >= 0 {
		after = rest[i:]
	}
	page := before + "\n" + title + "\n" + text + after
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if page != string(b) {
		t.Error("docs/accuracy.md has other figures for several vantage points; run with -update")
	}
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

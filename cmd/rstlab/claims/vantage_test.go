package claims_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstlab/claims"
)

var along = flag.String("vantages", filepath.Join(root, "testdata", "lab", "vantages"),
	"check the claims about captures along a path that are below this directory, as rstlab vantages writes them")

// places are the captures that are compared, by the names of their files.
var places = [][]string{
	{"client", "server"},
	{"client", "router-in"},
	{"client", "router-out"},
	{"router-in", "server"},
	{"router-out", "server"},
	{"client", "router-in", "server"},
}

// compareAt compares captures of a situation, and reads them with the checker.
func compareAt(t *testing.T, dir string, at []string) (map[string]*claims.Capture, *claims.Comparison) {
	t.Helper()
	captures := map[string]*claims.Capture{}
	var points []analyzer.VantagePoint
	for _, file := range at {
		name, _, _ := strings.Cut(file, "-")
		path := filepath.Join(dir, file+".pcapng")
		points = append(points, analyzer.VantagePoint{Name: name, Paths: []string{path}})
		c, err := claims.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		captures[name] = c
	}
	c, err := analyzer.Compare(context.Background(), points, analyzer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.CompareJSON(&out, c); err != nil {
		t.Fatal(err)
	}
	got, err := claims.ReadComparison(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return captures, got
}

func situations(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(*along, "*", "client.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Skipf("there are no captures along a path below %s", *along)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// Every claim about several captures is true.
func TestClaimsOfComparisons(t *testing.T) {
	var total claims.Result
	for _, dir := range situations(t) {
		for _, at := range places {
			missing := func(name string) bool {
				_, err := os.Stat(filepath.Join(dir, name+".pcapng"))
				return err != nil
			}
			if slices.ContainsFunc(at, missing) {
				continue // nothing was captured there
			}
			captures, got := compareAt(t, dir, at)
			r := claims.CheckComparison(captures, got)
			for _, v := range r.Violations {
				t.Errorf("%s: %v", filepath.Base(dir), v)
			}
			total.Add(r)
		}
	}
	n := total.Total()
	t.Logf("%d entries of RSTs, %d claims: %d checked in full, %d in part, %d not", total.Resets, n.Claims, n.Full, n.Part,
		n.None)
	for _, name := range append(claims.VantageNames(), "seen") {
		if c := total.Kinds[name]; c != nil {
			t.Logf("%-22s %5d claims, %5d in full, %5d in part, %5d wrong", name, c.Claims, c.Full, c.Part, c.Wrong)
		} else {
			t.Logf("%-22s none", name)
		}
	}
	if n.Claims == 0 {
		t.Error("nothing was checked")
	}
}

// Each kind of claim about several captures has a check, and each check a kind.
func TestEveryKindOfComparisonHasACheck(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "analyzer", "vantage", "claim.go"))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, m := range regexp.MustCompile(`Kind\s+= "([a-z-]+)"|^\s*[A-Z]\w+\s+Kind = "([a-z-]+)"`).FindAllSubmatch(source, -1) {
		kinds = append(kinds, string(m[1]))
	}
	slices.Sort(kinds)
	if names := claims.VantageNames(); !slices.Equal(kinds, names) {
		t.Errorf("kinds are\n%q, checks\n%q", kinds, names)
	}
}

// The checker finds claims that are made false.
func TestFalseClaimsOfComparisons(t *testing.T) {
	falsify := map[string]func(*claims.Comparison, *claims.SharedReset, *claims.SharedClaim) bool{
		"another packet in both": func(_ *claims.Comparison, m *claims.SharedReset, k *claims.SharedClaim) bool {
			if k.Claim != "trigger-arrived" && k.Claim != "syn-arrived" || k.Frames[1].Frame < 2 {
				return false
			}
			k.Frames[1].Frame--
			return true
		},
		"it arrived, and is said to be lost": func(_ *claims.Comparison, _ *claims.SharedReset, k *claims.SharedClaim) bool {
			if k.Claim != "arrived" {
				return false
			}
			k.Claim, k.Not = "lost-on-the-way", k.Frames[1].At
			return true
		},
		"it left, and is said not to have": func(_ *claims.Comparison, _ *claims.SharedReset, k *claims.SharedClaim) bool {
			if k.Claim != "arrived" {
				return false
			}
			k.Claim, k.Not = "never-left", k.Frames[0].At
			k.Frames = k.Frames[1:]
			return true
		},
		"a span that is too long": func(_ *claims.Comparison, _ *claims.SharedReset, k *claims.SharedClaim) bool {
			if k.Claim != "arrived" {
				return false
			}
			k.Span += 500e6
			return true
		},
		"lost segments that arrived": func(_ *claims.Comparison, _ *claims.SharedReset, k *claims.SharedClaim) bool {
			if k.Claim != "trigger-arrived" {
				return false
			}
			k.Claim, k.Not, k.Count = "segments-lost", k.Frames[1].At, 1
			k.Frames = k.Frames[:1]
			return true
		},
		"altered in a field that is the same": func(_ *claims.Comparison, _ *claims.SharedReset, k *claims.SharedClaim) bool {
			if k.Claim != "arrived" {
				return false
			}
			k.Claim, k.Text = "altered", "SEQ"
			return true
		},
		"an entry twice": func(c *claims.Comparison, m *claims.SharedReset, _ *claims.SharedClaim) bool {
			c.Resets = append(c.Resets, *m)
			return true
		},
	}
	for name, change := range falsify {
		t.Run(name, func(t *testing.T) {
			changed := false
			for _, dir := range situations(t) {
				captures, got := compareAt(t, dir, places[0])
				for i := range got.Resets {
					for j := range got.Resets[i].Shows {
						if !changed {
							changed = change(got, &got.Resets[i], &got.Resets[i].Shows[j])
						}
					}
				}
				if !changed {
					continue
				}
				if r := claims.CheckComparison(captures, got); len(r.Violations) == 0 {
					t.Errorf("%s: the checker finds nothing wrong", filepath.Base(dir))
				}
				return
			}
			t.Fatal("nothing was changed")
		})
	}
}

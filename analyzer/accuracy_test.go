package analyzer_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstlab/degrade"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

var (
	writeAccuracy = flag.Bool("accuracy", false, "write docs/accuracy.md anew, with the measured values as its floors")
	truthDir      = flag.String("truth", "../testdata", "directory of the captures and their truth; of others than the project's the figures are printed alone")
	showMisses    = flag.Bool("misses", false, "list every reset whose cause or origin is not the true one")
)

const accuracyPage = "../docs/accuracy.md"

// TestAccuracy explains every capture whose truth is known and compares: the captures of the lab and the
// rules, degraded twins of them, and labelled captures of other projects where they are. It fails when a
// figure is below its floor in docs/accuracy.md, and when a RST is missed or invented.
func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	complete, degraded := measureLab(t)
	scores := []*score{complete, degraded, measureOthers(t)}
	if *writeAccuracy {
		for _, s := range scores {
			if s == nil {
				t.Fatal("docs/accuracy.md is written only where the captures of other projects are (RSTEXPLAIN_CAPTURES)")
			}
		}
		if err := os.WriteFile(accuracyPage, []byte(page(scores)+kernelPart(t)+vantagesPart(t)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if *truthDir != "../testdata" {
		t.Log("\n" + complete.text() + "\n" + degraded.text())
		return
	}
	measured := scores
	if scores[2] == nil {
		measured = scores[:2]
	}
	t.Log(contextTable(measured))
	floors, err := readFloors(accuracyPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scores {
		if s == nil {
			continue
		}
		t.Log("\n" + s.text())
		for name, value := range s.figures() {
			floor, ok := floors[s.name+" "+name]
			if !ok {
				t.Errorf("docs/accuracy.md has no floor for %s %s; run with -accuracy to write it", s.name, name)
			}
			worse := value < floor-5e-4
			if name == "calibration-error" {
				worse = value > floor+5e-4
			}
			if worse {
				t.Errorf("%s: %s is %.3f, docs/accuracy.md says %.3f", s.name, name, value, floor)
			}
		}
	}
}

// A collector is a Renderer that keeps the resets.
type collector struct{ resets map[int]*report.Reset }

func (c *collector) Begin(string) error     { return nil }
func (c *collector) BeginFile(string) error { return nil }
func (c *collector) Reset(r *report.Reset) error {
	kept := r.Clone() // r is lent
	kept.Timeline = nil
	c.resets[r.Frame] = kept
	return nil
}
func (c *collector) EndFile(*report.File) error { return nil }
func (c *collector) End() error                 { return nil }

func explained(path string) (map[int]*report.Reset, error) {
	c := &collector{map[int]*report.Reset{}}
	_, err := analyzer.Explain(context.Background(), path, c, analyzer.Options{})
	return c.resets, err
}

// measureLab explains every capture that has a truth file under testdata, and their degraded twins.
func measureLab(t *testing.T) (complete, degraded *score) {
	complete, degraded = newScore("complete", "captures of the lab"), newScore("degraded", "degraded twins")
	files, err := truth.Find(*truthDir)
	if err != nil {
		t.Fatal(err)
	}
	type job struct {
		path  string
		lines []truth.Line
	}
	jobs := make(chan job)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			scratch := t.TempDir()
			for j := range jobs {
				got, err := explained(j.path)
				mu.Lock()
				if err != nil {
					t.Errorf("%s: %v", j.path, err)
				}
				complete.compare(t, j.path, j.lines, got, true)
				mu.Unlock()
				if err := measureTwins(t, &mu, degraded, scratch, j.path, j.lines); err != nil {
					t.Errorf("%s: %v", j.path, err)
				}
			}
		}()
	}
	for _, f := range files {
		lines, err := truth.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		byPath := map[string][]truth.Line{}
		for _, l := range lines {
			byPath[l.Path] = append(byPath[l.Path], l)
		}
		captures, err := filepath.Glob(filepath.Join(filepath.Dir(f), "*.pcapng*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range captures { // those without a RST too: none may be invented there
			jobs <- job{c, byPath[filepath.Base(c)]}
		}
	}
	close(jobs)
	wg.Wait()
	return complete, degraded
}

// measureTwins degrades one capture in every way. Copies of one situation add nothing: the client's and
// the server's captures of the lab are enough, and rule captures are among them.
func measureTwins(t *testing.T, mu *sync.Mutex, s *score, scratch, path string, lines []truth.Line) error {
	point, _, _ := strings.Cut(filepath.Base(path), ".")
	if point != "client" && point != "server" || len(lines) == 0 {
		return nil
	}
	c, err := degrade.Read(path, lines)
	if err != nil {
		return err
	}
	twins, err := c.Twins()
	if err != nil {
		return err
	}
	for _, twin := range twins {
		for i, data := range twin.Files {
			file := filepath.Join(scratch, "twin.pcapng")
			if err := os.WriteFile(file, data, 0o644); err != nil {
				return err
			}
			got, err := explained(file)
			if err != nil {
				return err
			}
			var mine []truth.Line
			for _, l := range twin.Lines {
				if l.Path == fmt.Sprint(i) {
					l.Situation = twin.Kind + ": " + l.Situation
					mine = append(mine, l)
				}
			}
			mu.Lock()
			s.group = twin.Kind
			s.compare(t, path+" "+twin.Kind, mine, got, true)
			mu.Unlock()
		}
	}
	return nil
}

// measureOthers compares with labels that were made by hand, nil when they are not there.
func measureOthers(t *testing.T) *score {
	dir := os.Getenv("RSTEXPLAIN_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "captures")
	}
	f, err := os.Open(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		t.Log("no labelled captures of other projects here: set RSTEXPLAIN_CAPTURES to their directory")
		return nil
	}
	defer f.Close()
	byPath := map[string][]truth.Line{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var l truth.Line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		l.Detail, l.Situation = "", l.Path // the labeller's own words are no rule names
		byPath[l.Path] = append(byPath[l.Path], l)
	}
	s := newScore("others", "labelled captures of other projects")
	for _, path := range sorted(byPath) {
		got, err := explained(filepath.Join(dir, path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		s.compare(t, path, byPath[path], got, false)
	}
	return s
}

// readFloors reads the lines "<!-- floor complete top-1 0.970 -->" of the page.
func readFloors(name string) (map[string]float64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	floors := map[string]float64{}
	for _, l := range strings.Split(string(text), "\n") {
		var set, figure string
		var v float64
		if n, _ := fmt.Sscanf(l, "<!-- floor %s %s %f -->", &set, &figure, &v); n == 3 {
			floors[set+" "+figure] = v
		}
	}
	return floors, nil
}

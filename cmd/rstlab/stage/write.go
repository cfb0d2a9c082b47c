//go:build linux

package stage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/constructed"
	"github.com/rstexplain/rstexplain/cmd/rstlab/ktrace"
	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// missing lists what this machine lacks of what the lab needs: root, and programs, those named among them.
func missing(programs ...string) []string {
	var list []string
	if os.Geteuid() != 0 {
		list = append(list, "root: network namespaces are made and packets captured (try sudo)")
	}
	for _, p := range append([]string{"ip", "nft", "dumpcap", "tshark"}, programs...) {
		if _, err := exec.LookPath(p); err != nil {
			list = append(list, "the program "+p)
		}
	}
	return list
}

// Enter makes the process ready to play: apart from the machine's own network, where it is root. The error
// lists all that this machine lacks, the programs named among it.
func Enter(programs ...string) error {
	lacks := missing(programs...)
	if os.Geteuid() == 0 {
		if err := netns.Isolate(); err != nil {
			return err
		}
		if err := ktrace.Check(); err != nil {
			lacks = append(lacks, err.Error())
		}
	}
	if len(lacks) > 0 {
		return fmt.Errorf("missing:\n  - %s", strings.Join(lacks, "\n  - "))
	}
	return nil
}

// PlayAll plays situations, some at a time, and hands each outcome to write. It goes on after a failure
// and returns all of them.
func PlayAll(situations []Situation, atOnce int, log io.Writer, write func(*Outcome) error) error {
	trace, err := ktrace.Open()
	if err != nil {
		return err
	}
	defer trace.Close()
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range situations {
		sit := &situations[i]
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			began := time.Now()
			out, err := sit.Play(trace)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				err = write(out)
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", sit.Name, err)
				errs = append(errs, err)
				fmt.Fprintf(log, "FAIL  %v\n", err)
				return
			}
			fmt.Fprintf(log, "ok    %-40s %3d RSTs at the client, %.1f s\n", sit.Name, len(out.Lines["client"]),
				time.Since(began).Seconds())
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Write writes an outcome's captures, truth and README to dir/<situation>.
func Write(dir string, out *Outcome) error {
	dir = filepath.Join(dir, out.Name)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	keep := out.Keep
	if keep == nil {
		keep = Points
	}
	var lines []truth.Line
	for _, p := range append(Points, "capture") {
		if !slices.Contains(keep, p) {
			continue
		}
		name, err := store(dir, p+".pcapng", out.Captures[p])
		if err != nil {
			return err
		}
		for _, l := range out.Lines[p] {
			l.Path = name
			lines = append(lines, l)
		}
	}
	if err := truth.Write(filepath.Join(dir, "truth.jsonl"), lines); err != nil {
		return err
	}
	if out.Stories != nil {
		p := keep[0]
		stories, err := truth.Stories(bytes.NewReader(out.Captures[p]), out.Lines[p], out.Stories)
		if err == nil {
			err = truth.WriteLines(filepath.Join(dir, "stories.jsonl"), stories)
		}
		if err != nil {
			return fmt.Errorf("stories of %s: %w", p, err)
		}
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(out.readme("## "+out.Name, lines)), 0o644)
}

// readme tells how captures were made and what to notice at which frame.
func (o *Outcome) readme(title string, lines []truth.Line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%s\n\n%s\n\n", strings.TrimPrefix(title, "#"), o.Says)
	if o.constructed {
		b.WriteString("Nothing of it was seen on a wire.\n")
	} else {
		o.path(&b)
	}
	b.WriteString("What the packets leave open at each capture point stands in truth.jsonl.\n")
	point := ""
	for i, l := range lines {
		if point == "" || i > 0 && point != l.Path {
			if point != "" {
				break
			}
			point = l.Path
			fmt.Fprintf(&b, "\nWhat to notice in %s:\n\n", point)
		}
		if i == 8 {
			b.WriteString("- and further ones of the same kind\n")
			break
		}
		kernel := ""
		if l.KernelReason != "" {
			kernel = fmt.Sprintf(" The kernel's record: %s, socket %s.", l.KernelReason, l.KernelState)
		}
		detail := l.Detail
		if detail != "" {
			detail = ", " + detail
		}
		fmt.Fprintf(&b, "- frame %d (stream %d): %s%s. %s.%s\n", l.Frame, l.Stream, l.Cause, detail,
			strings.ToUpper(l.Why[:1])+l.Why[1:], kernel)
	}
	return b.String()
}

func spec(s Spec) Spec {
	if s.Near == 0 {
		s.Near = 2 * time.Millisecond
	}
	if s.Far == 0 {
		s.Far = 8 * time.Millisecond
	}
	return s
}

// path tells what the packets travelled over.
func (o *Outcome) path(b *strings.Builder) {
	if o.Spec.Loopback {
		b.WriteString("Real sockets on a Linux kernel, on the loopback interface of one host.\n")
		return
	}
	fmt.Fprintf(b, "Real sockets on a Linux kernel, in network namespaces: client – router – server, %s "+
		"round trip", 2*(spec(o.Spec).Near+spec(o.Spec).Far))
	if o.Spec.V6 {
		b.WriteString(", IPv6")
	}
	if o.Spec.Loss > 0 {
		fmt.Fprintf(b, ", each wire loses %.0f %% and delays by up to %v more", 100*o.Spec.Loss, o.Spec.Jitter)
	}
	b.WriteString(".\n")
}

// WriteConstructed writes a constructed capture as Write and WriteRule do for played ones.
func WriteConstructed(dir string, c constructed.Capture) error {
	says := c.Says + " Constructed as a segment script (cmd/rstlab/constructed), not captured. Source: " + c.Source + "."
	out := &Outcome{
		Situation: &Situation{Name: "constructed-" + c.Name, Says: says, constructed: true},
		Captures:  map[string][]byte{"capture": c.PCAPNG}, Lines: map[string][]truth.Line{"capture": c.Lines},
	}
	out.From, out.Keep = "capture", []string{"capture"}
	if err := Write(filepath.Join(dir, "lab", "captures"), out); err != nil {
		return err
	}
	if c.Rule != "" {
		if err := WriteRule(dir, c.Rule, "capture", out); err != nil {
			return err
		}
	}
	if c.NearMiss != "" {
		return WriteRule(dir, c.NearMiss, "near-miss", out)
	}
	return nil
}

// WriteRule writes the outcome as a rule's example, and near miss, to dir/<rule>. The two truths share a file.
func WriteRule(dir, rule, name string, out *Outcome) error {
	dir = filepath.Join(dir, rule)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	from := out.From
	if from == "" {
		from = "client"
	}
	old, err := filepath.Glob(filepath.Join(dir, name+".pcapng*"))
	if err != nil {
		return err
	}
	for _, f := range old {
		os.Remove(f)
	}
	data := out.Captures[from]
	file := name + ".pcapng"
	if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
		return err
	}
	all, err := truth.Read(filepath.Join(dir, "truth.jsonl"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	all = slices.DeleteFunc(all, func(l truth.Line) bool { return l.Path == file })
	var mine []truth.Line
	for _, l := range out.Lines[from] {
		l.Path = file
		mine = append(mine, l)
	}
	all = append(all, mine...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Path < all[j].Path })
	if err := truth.Write(filepath.Join(dir, "truth.jsonl"), all); err != nil {
		return err
	}
	body := strings.TrimPrefix(out.readme("#", mine), "#\n\n")
	if !out.constructed {
		body = fmt.Sprintf("Captured at the %s. ", from) + body
	}
	return writePart(filepath.Join(dir, "README.md"), rule, name == "capture", body)
}

// writePart replaces one of the two parts of a rule's README: its capture, and its near miss.
func writePart(file, rule string, first bool, body string) error {
	miss := "\n## Near miss: not " + rule + "\n\n"
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	a, b, _ := strings.Cut(string(old), miss)
	if first {
		a = "# " + rule + "\n\n" + body
	} else {
		b = body
	}
	return os.WriteFile(file, []byte(a+miss+b), 0o644)
}

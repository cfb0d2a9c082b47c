package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// A mutationKind is a kind of input that is damaged, and what is done with it.
type mutationKind struct {
	name  string
	argv  []string // prints a capture as this kind of input, its path last; nil: the capture itself
	share int      // of all mutations
	run   func(path string) error
}

var mutationKinds = []mutationKind{
	{"pcapng", nil, 6, explainMutant},
	{"pcap", []string{"tshark", "-F", "pcap", "-w", "-", "-r"}, 6, explainMutant},
	{"gzip", []string{"gzip", "-c"}, 3, explainAlike},
	{"zstd", []string{"zstd", "-c", "-q"}, 3, explainAlike},
	{"lz4", []string{"lz4", "-c", "-q"}, 3, explainAlike},
	{"bzip2", []string{"bzip2", "-c"}, 2, explainAlike},
	{"xz", []string{"xz", "-c"}, 2, explainAlike},
	{"JSON", []string{"tshark", "-T", "json", "-x", "-r"}, 2, explainMutant},
	{"PDML", []string{"tshark", "-T", "pdml", "-r"}, 2, explainMutant},
	{"EK", []string{"tshark", "-T", "ek", "-r"}, 2, explainMutant},
	{"tcpdump -v", []string{"tcpdump", "-nn", "-v", "-r"}, 3, explainMutant},
	{"tcpdump -XX", []string{"tcpdump", "-nn", "-XX", "-r"}, 2, explainMutant},
	{"packet list", []string{"tshark", "-n", "-r"}, 3, explainMutant},
	{"dissection tree", []string{"tshark", "-n", "-V", "-r"}, 2, explainMutant},
	{"PSML", []string{"tshark", "-n", "-T", "psml", "-r"}, 2, explainMutant},
	{"report", nil, 4, renderMutant},
	{"annotate", nil, 3, annotateMutant},
	{"slice", nil, 3, func(path string) error { return sliceMutant(path, nil) }},
	{"slice --anonymize", nil, 3, func(path string) error { return sliceMutant(path, mutantKey) }},
}

// mutateCommand damages captures, exports, texts and reports at random, and explains, renders and rewrites them: no
// panic, no endless run, and of compressed input the same report on 1, 2 and 8 processors.
func mutateCommand(args []string) error {
	fs := flag.NewFlagSet("mutate", flag.ExitOnError)
	total := fs.Int("n", 200_000, "how many mutations")
	seed := fs.Uint64("seed", 1, "seed of the mutations")
	length := fs.Duration("for", 24*time.Hour, "how long at most")
	only := fs.String("only", "", "these kinds only, with commas between")
	keep := fs.String("keep", ".", "directory for inputs that fail")
	largest := fs.Int64("largest", 32<<10, "bytes of a capture that is damaged, at most")
	_ = fs.Parse(args)
	var captures []string
	for _, path := range fs.Args() {
		if st, err := os.Stat(path); err == nil && st.Size() <= *largest {
			captures = append(captures, path)
		}
	}
	if len(captures) == 0 {
		return fmt.Errorf("name captures of at most %d bytes", *largest)
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var under []*mutator
	for i, k := range mutationKinds {
		if *only == "" || slices.Contains(strings.Split(*only, ","), k.name) {
			under = append(under, &mutator{kind: &mutationKinds[i], rnd: rand.New(rand.NewPCG(*seed, uint64(i))),
				seeds: k.seeds(captures)})
		}
	}
	// All kinds in turn, so that whatever time there is, each has its share.
	begun := time.Now()
	for done, before := 0, -1; done < *total && done > before && time.Since(begun) < *length; {
		before = done
		for _, m := range under {
			for range min(m.kind.share, *total-done) {
				if len(m.seeds) == 0 {
					break
				}
				if err := m.damage(filepath.Join(dir, "mutant"), *keep); err != nil {
					return err
				}
				done++
			}
		}
	}
	failures := 0
	fmt.Println("| input | seeds | mutations | failures | s |\n|---|--:|--:|--:|--:|")
	for _, m := range under {
		failures += m.failures
		fmt.Printf("| %s | %d | %d | %d | %.0f |\n", m.kind.name, len(m.seeds), m.made, m.failures, m.took.Seconds())
	}
	if failures > 0 {
		return fmt.Errorf("%d failures", failures)
	}
	return nil
}

// seeds returns the inputs of the kind that are damaged.
func (k *mutationKind) seeds(captures []string) (list [][]byte) {
	for i, path := range captures {
		switch {
		case k.name == "report":
			var out bytes.Buffer
			if _, err := analyzer.Explain(context.Background(), path, report.JSON(&out), analyzer.Options{}); err == nil &&
				out.Len() < 1<<18 {
				list = append(list, out.Bytes())
			}
		case k.argv == nil:
			if b, err := os.ReadFile(path); err == nil {
				list = append(list, b)
			}
		case k.argv != nil && i%8 != 0: // programs take long to start
		default:
			if out, err := exec.Command(k.argv[0], append(slices.Clone(k.argv[1:]), path)...).Output(); err == nil &&
				len(out) > 0 && len(out) < 1<<20 {
				list = append(list, out)
			}
		}
	}
	return list
}

// within runs do, which may neither panic nor take longer than limit.
func within(limit time.Duration, do func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				stack := make([]byte, 4<<10)
				done <- fmt.Errorf("panic: %v\n%s", v, stack[:runtime.Stack(stack, false)])
			}
		}()
		done <- do()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("longer than %v", limit)
	}
}

// A mutator damages inputs of a kind.
type mutator struct {
	kind     *mutationKind
	rnd      *rand.Rand
	seeds    [][]byte
	made     int
	failures int
	took     time.Duration
}

// damage makes a damaged input at path, and has it explained. An input that fails is kept.
func (m *mutator) damage(path, keep string) error {
	input, begun := m.next(), time.Now()
	if err := os.WriteFile(path, input, 0o600); err != nil {
		return err
	}
	err := within(time.Minute, func() error { return m.kind.run(path) })
	m.made++
	m.took += time.Since(begun)
	if err == nil {
		return nil
	}
	m.failures++
	kept := filepath.Join(keep, fmt.Sprintf("failure-%s-%d", strings.ReplaceAll(m.kind.name, " ", ""), m.made))
	fmt.Fprintf(os.Stderr, "%s: %v\n", kept, err)
	return os.WriteFile(kept, input, 0o600)
}

// next returns one of the seeds with one to four changes.
func (m *mutator) next() []byte {
	b := bytes.Clone(m.seeds[m.rnd.IntN(len(m.seeds))])
	for range 1 + m.rnd.IntN(4) {
		if len(b) == 0 {
			break
		}
		b = m.change(b)
	}
	return b
}

var oddNumbers = [][]byte{{0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}, {0x7f, 0xff, 0xff, 0xff}, {0x80, 0, 0, 0},
	{0, 0, 0, 1}, {1, 0, 0, 0}, {0, 0, 0xff, 0xff}, {0xff, 0xff, 0, 0}}

var oddTexts = []string{"0", "-1", "4294967296", "18446744073709551616", "\x00", "\x1b[2J",
	"\n", "\"", "<", "{", "}", "[", "]", "null", "1e999", ", seq ", " > ", "\xff", "\u2192", "&#0;"}

func (m *mutator) change(b []byte) []byte {
	at := m.rnd.IntN(len(b))
	if m.rnd.IntN(3) == 0 { // headers are few among the bytes
		at = m.rnd.IntN(min(len(b), 64))
	}
	to := min(at+1+m.rnd.IntN(64), len(b))
	switch m.rnd.IntN(10) {
	case 0, 1:
		b[at] ^= 1 << m.rnd.IntN(8)
	case 2:
		b[at] = byte(m.rnd.Uint32())
	case 3:
		copy(b[at:], oddNumbers[m.rnd.IntN(len(oddNumbers))])
	case 4:
		return b[:at]
	case 5:
		return slices.Delete(b, at, to)
	case 6:
		return slices.Insert(b, at, bytes.Clone(b[at:to])...)
	case 7:
		return slices.Insert(b, at, []byte(oddTexts[m.rnd.IntN(len(oddTexts))])...)
	case 8: // the end of another input
		other := m.seeds[m.rnd.IntN(len(m.seeds))]
		return append(b[:at], other[m.rnd.IntN(len(other)):]...)
	case 9:
		for i := at; i < to; i++ {
			b[i] = byte(m.rnd.Uint32())
		}
	}
	return b
}

// explained returns the JSON report on a file, and an error where it tells of a bug.
func explained(path string) ([]byte, error) {
	var out bytes.Buffer
	file, err := analyzer.Explain(context.Background(), path, report.JSON(&out), analyzer.Options{})
	if err != nil {
		return nil, err
	}
	for _, w := range file.Warnings {
		if strings.HasPrefix(w.Says, "internal error:") {
			return nil, fmt.Errorf("%s", w.Says)
		}
	}
	if !json.Valid(out.Bytes()) {
		return nil, fmt.Errorf("the report is no JSON")
	}
	return out.Bytes(), nil
}

func explainMutant(path string) error {
	_, err := explained(path)
	return err
}

// explainAlike compares the reports of 1, 2 and 8 processors.
func explainAlike(path string) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []byte
	for _, n := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(n)
		got, err := explained(path)
		switch {
		case err != nil:
			return err
		case first == nil:
			first = got
		case !bytes.Equal(first, got):
			return fmt.Errorf("another report with %d processors than with 1", n)
		}
	}
	return nil
}

// renderMutant renders a report in every format. That it is refused is no failure.
func renderMutant(path string) error {
	for _, r := range []report.Renderer{
		report.Text(io.Discard, report.TextOptions{}), report.HTML(io.Discard, report.HTMLOptions{}),
		report.Markdown(io.Discard, report.MarkdownOptions{}),
		report.JSON(io.Discard), report.JSONL(io.Discard), report.CSV(io.Discard),
		report.JUnit(io.Discard, report.JUnitOptions{}), report.List(io.Discard),
	} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_ = report.Replay(f, r)
		f.Close()
	}
	return nil
}

var mutantKey, _ = rewrite.NewCryptoPAn(bytes.Repeat([]byte{7}, 32))

// rewritten explains the capture at path to first, and has again make one of it.
func rewritten(path string, first report.Renderer, again func(*capture.Reader, io.Writer) error) error {
	in, err := capture.OpenFile(context.Background(), path)
	if err != nil {
		return nil // refused
	}
	defer in.Close()
	file, err := analyzer.ExplainFile(context.Background(), in, first, analyzer.Options{})
	if err != nil {
		return err
	}
	for _, w := range file.Warnings {
		if strings.HasPrefix(w.Says, "internal error:") {
			return fmt.Errorf("%s", w.Says)
		}
	}
	r, err := in.Reader(capture.Options{})
	if err != nil {
		return nil
	}
	defer r.Close()
	var out bytes.Buffer
	if err := again(r, &out); err != nil {
		return err
	}
	if out.Len() == 0 {
		return nil // of which the command makes no file
	}
	back, err := capture.NewReader(&out, capture.Options{})
	if err != nil {
		return fmt.Errorf("what was written cannot be read: %w", err)
	}
	back.Close()
	return nil
}

func annotateMutant(path string) error {
	comments := &rewrite.Comments{MaxMemory: 4 << 20}
	defer comments.Close()
	return rewritten(path, comments, func(r *capture.Reader, out io.Writer) error {
		_, err := rewrite.Annotate(context.Background(), r, out, comments)
		return err
	})
}

func sliceMutant(path string, key *rewrite.CryptoPAn) error {
	streams := &rewrite.Streams{}
	return rewritten(path, streams, func(r *capture.Reader, out io.Writer) error {
		_, err := rewrite.Slice(context.Background(), r, out, streams, rewrite.SliceOptions{Anonymize: key})
		return err
	})
}

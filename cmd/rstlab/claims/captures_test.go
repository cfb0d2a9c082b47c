package claims_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstlab/claims"
	"github.com/rstexplain/rstexplain/cmd/rstlab/degrade"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
	"github.com/rstexplain/rstexplain/rules/claim"
)

var (
	captures = flag.String("captures", "", "check the claims about all captures below this directory, instead of testdata and the captures beside the repository")
	cuts     = flag.Bool("cuts", false, "check the claims about each capture made worse in every way, instead of a sample of testdata")
	keep     = flag.String("keep", "", "keep the captures made worse about which a claim is wrong in this directory")
	only     = flag.String("only", "", "check only the captures whose path contains this")
	tshark   = flag.Bool("tshark", false, "ask tshark what applications said, where it is installed")
)

// root is the top of the repository.
const root = "../../.."

// The checker shares no code with what it checks.
func TestNothingShared(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/rstexplain/rstexplain"
	if !strings.Contains(string(out), module+"/cmd/rstlab/claims\n") {
		t.Fatalf("go list names not even the package itself:\n%s", out)
	}
	for _, dep := range strings.Fields(string(out)) {
		if strings.HasPrefix(dep, module) && dep != module+"/cmd/rstlab/claims" {
			t.Errorf("the checker imports %s", dep)
		}
	}
}

// Each kind of claim has a check, and each check a kind.
func TestEveryKindHasACheck(t *testing.T) {
	names := map[string]bool{}
	for _, m := range claim.Kinds {
		names[m.Name] = true
	}
	for _, name := range claims.Names() {
		if !names[name] {
			t.Errorf("there is a check of %q, which is no kind of claim", name)
		}
		delete(names, name)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		t.Errorf("no check for claims of the kind %q", name)
	}
}

// capturesBelow returns all captures below the directories that are there.
func capturesBelow(t *testing.T, dirs ...string) (paths []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			name := strings.TrimSuffix(path, ".gz")
			if ext := filepath.Ext(name); ext == ".pcap" || ext == ".pcapng" || ext == ".dmp" || ext == ".cap" {
				paths = append(paths, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func chosen(t *testing.T) []string {
	if *captures != "" {
		return capturesBelow(t, *captures)
	}
	dirs := []string{filepath.Join(root, "testdata"), filepath.Join(root, "cmd", "rstlab")}
	shared := cmp.Or(os.Getenv("RSTEXPLAIN_CAPTURES"), filepath.Join(root, "..", "shared", "captures"))
	if _, err := os.Stat(shared); err != nil {
		t.Logf("%s is not there: only testdata is checked", shared)
	} else {
		dirs = append(dirs, shared)
	}
	return capturesBelow(t, dirs...)
}

// Every claim of every reset, of every capture at hand, is true. The flags say which captures; make claims has all.
func TestClaims(t *testing.T) {
	claims.UseTshark = *tshark
	if _, err := exec.LookPath("tshark"); *tshark && err != nil {
		t.Log("tshark is not installed: what applications said is checked by sizes and places only")
		claims.UseTshark = false
	}
	paths := chosen(t)
	paths = slices.DeleteFunc(paths, func(path string) bool { return !strings.Contains(path, *only) })
	if len(paths) == 0 {
		t.Fatal("there are no captures")
	}
	if testing.Short() {
		n := 0
		paths = slices.DeleteFunc(paths, func(string) bool { n++; return n%10 != 1 })
	}
	var total claims.Result
	var mu sync.Mutex
	var files, twins int
	var wait sync.WaitGroup
	queue := make(chan string)
	for range 2 {
		wait.Go(func() {
			scratch := t.TempDir()
			for path := range queue {
				raws, err := claims.ReadRaw(path)
				if err != nil && len(raws) == 0 {
					t.Logf("%v: not checked", err)
					continue
				}
				result := check(t, path, path, raws)
				n := 0
				for _, twin := range twinsOf(t, scratch, path, raws) {
					if r := checkTwin(t, scratch, path, twin); r != nil {
						result.Add(r)
						n++
					}
				}
				mu.Lock()
				total.Add(result)
				files, twins = files+1, twins+n
				mu.Unlock()
			}
		})
	}
	for _, path := range paths {
		queue <- path
	}
	close(queue)
	wait.Wait()
	if files == 0 {
		t.Fatal("no capture could be read")
	}
	publish(t, &total, files, twins)
}

// check explains one capture and checks its report.
func check(t *testing.T, name, path string, raws []claims.Raw) *claims.Result {
	var out bytes.Buffer
	r := report.JSON(&out)
	if _, err := analyzer.Explain(context.Background(), path, r, analyzer.Options{}); err != nil {
		t.Logf("%s: %v: not checked", name, err)
		return &claims.Result{}
	}
	reports, err := claims.ReadReport(out.Bytes())
	if err != nil || len(reports) != 1 {
		t.Errorf("%s: %d reports, %v", name, len(reports), err)
		return &claims.Result{}
	}
	c := claims.Decode(raws)
	c.Path = path
	result := claims.Check(c, &reports[0])
	for i := range result.Violations {
		result.Violations[i].Path = name
	}
	return result
}

// twinsOf returns captures made worse of one: with -cuts all, else one for each of testdata, which its name chooses, so
// that every run checks the same sample.
func twinsOf(t *testing.T, scratch, path string, raws []claims.Raw) (twins []claims.Twin) {
	kinds := degrade.Kinds()
	names := slices.Concat(claims.Cuts, kinds)
	if !*cuts {
		inside, ok := strings.CutPrefix(path, filepath.Join(root, "testdata"))
		if !ok {
			return nil
		}
		h := fnv.New32a()
		io.WriteString(h, filepath.ToSlash(inside))
		names = []string{names[h.Sum32()%uint32(len(names))]}
	}
	for _, name := range names {
		if !slices.Contains(kinds, name) {
			twins = append(twins, claims.Cut(raws, name))
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(kinds, name) })
	if len(names) > 0 {
		twins = append(twins, degraded(t, scratch, path, raws, names)...)
	}
	return twins
}

// degraded returns what the lab's degraded twins of a capture hold, as accuracy is measured on them.
func degraded(t *testing.T, scratch, path string, raws []claims.Raw, kinds []string) (twins []claims.Twin) {
	file := filepath.Join(scratch, "whole.pcapng")
	var whole bytes.Buffer
	if err := claims.Write(&whole, raws); err != nil {
		return nil // it has no packets
	}
	if err := os.WriteFile(file, whole.Bytes(), 0o666); err != nil {
		t.Error(err)
		return nil
	}
	var lines []truth.Line
	for _, p := range claims.Decode(raws).Packets {
		if p.ICMP == nil && p.Has(claims.RST) {
			lines = append(lines, truth.Line{Frame: p.Frame})
		}
	}
	c, err := degrade.Read(file, lines)
	if err != nil {
		t.Logf("%s: %v: not degraded", path, err) // its packets have several link layers
		return nil
	}
	for _, kind := range kinds {
		twin, err := c.Twin(kind)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for i, data := range twin.Files {
			if err := os.WriteFile(file, data, 0o666); err != nil {
				t.Error(err)
				return twins
			}
			raws, err := claims.ReadRaw(file)
			if err != nil {
				t.Errorf("%s, %s: %v", path, twin.Kind, err)
				continue
			}
			twins = append(twins, claims.Twin{Name: fmt.Sprintf("%s %d", twin.Kind, i+1), Raws: raws})
		}
	}
	return twins
}

func checkTwin(t *testing.T, scratch, path string, twin claims.Twin) *claims.Result {
	if len(twin.Raws) == 0 {
		return nil
	}
	file := filepath.Join(scratch, "twin.pcapng")
	var written bytes.Buffer
	if err := errors.Join(claims.Write(&written, twin.Raws), os.WriteFile(file, written.Bytes(), 0o600)); err != nil {
		t.Errorf("%s, %s: %v", path, twin.Name, err)
		return nil
	}
	raws, err := claims.ReadRaw(file)
	if err != nil {
		t.Errorf("%s, %s: %v", path, twin.Name, err)
		return nil
	}
	result := check(t, path+" ("+twin.Name+")", file, raws)
	if *keep != "" && len(result.Violations) > 0 {
		name := filepath.Base(filepath.Dir(path)) + "-" + filepath.Base(path) + "-" + strings.ReplaceAll(twin.Name, " ", "-") + ".pcapng"
		if err := os.WriteFile(filepath.Join(*keep, name), written.Bytes(), 0o666); err != nil {
			t.Error(err)
		}
	}
	return result
}

// publish prints what was found: violations by kind, how many claims of each kind were checked and how far, and the
// sentences that are no claims yet.
func publish(t *testing.T, r *claims.Result, files, twins int) {
	var b strings.Builder
	sum := r.Total()
	fmt.Fprintf(&b, "%d captures, %d made worse of them, %d resets\n\n", files, twins, r.Resets)
	fmt.Fprintf(&b, "%-22s %8s %8s %8s %8s %8s\n", "claim", "stated", "checked", "in part", "not", "wrong")
	row := func(name string, c *claims.Count) {
		fmt.Fprintf(&b, "%-22s %8d %8d %8d %8d %8d\n", name, c.Claims, c.Full, c.Part, c.None, c.Wrong)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Kinds)) {
		row(name, r.Kinds[name])
	}
	row("all", &sum)
	if sum.Claims > 0 {
		fmt.Fprintf(&b, "\nchecked fully: %.1f %%, fully or in part: %.1f %%\n", percent(sum.Full+sum.Wrong, sum.Claims), percent(sum.Full+sum.Part+sum.Wrong, sum.Claims))
	}
	free := 0
	for _, n := range r.Unclaimed {
		free += n
	}
	fmt.Fprintf(&b, "\n%d sentences are no claims", free)
	if testing.Verbose() && free > 0 {
		b.WriteString(":\n")
		for _, where := range slices.SortedFunc(maps.Keys(r.Unclaimed), func(x, y string) int {
			return cmp.Or(r.Unclaimed[y]-r.Unclaimed[x], strings.Compare(x, y))
		}) {
			fmt.Fprintf(&b, "%7d %s: %q\n", r.Unclaimed[where], where, r.Example[where])
		}
	}
	t.Log(b.String())
	slices.SortFunc(r.Violations, func(x, y claims.Violation) int {
		return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.Path, y.Path), x.Frame-y.Frame)
	})
	for _, v := range r.Violations {
		t.Error(v)
	}
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

// The checker gives connections the numbers that Wireshark gives them, and sees the segments that it sees.
func TestStreamsAreWiresharks(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	paths := capturesBelow(t, filepath.Join(root, "testdata"))
	if *captures != "" {
		paths = chosen(t)
	}
	if *captures == "" { // tshark takes seconds to start: a sample, one behind the other
		merge := []string{"-a", "-w", filepath.Join(t.TempDir(), "all.pcapng")}
		for i, path := range paths {
			if i%40 == 0 || strings.HasSuffix(path, filepath.Join("tuple-reuse", "capture.pcapng")) {
				merge = append(merge, path)
			}
		}
		if out, err := exec.Command("mergecap", merge...).CombinedOutput(); err != nil {
			t.Fatalf("mergecap: %v: %s", err, out)
		}
		paths = merge[2:3]
	}
	for _, path := range paths {
		c, err := claims.Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		out, err := exec.Command("tshark", "-n", "-o", "tcp.analyze_sequence_numbers:TRUE", "-r", path, "-Y", "tcp && !icmp && !icmpv6", "-T", "fields", "-E", "occurrence=l", "-e", "frame.number", "-e", "tcp.stream", "-e", "tcp.len").Output()
		if err != nil && len(out) == 0 {
			t.Errorf("%s: %v", path, err)
			continue
		}
		wrong := 0
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			if len(f) < 3 {
				continue
			}
			frame, _ := strconv.Atoi(f[0])
			stream, _ := strconv.Atoi(f[1])
			length, _ := strconv.Atoi(f[2])
			p := c.Frame(frame)
			if p == nil {
				t.Errorf("%s: frame %d is not read", path, frame)
			} else if p.Stream != stream || p.Len != length {
				t.Errorf("%s: frame %d is of stream %d with %d bytes, tshark has %d with %d", path, frame, p.Stream, p.Len, stream, length)
			} else {
				continue
			}
			if wrong++; wrong == 5 {
				break
			}
		}
	}
}

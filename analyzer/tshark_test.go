package analyzer

import (
	"bytes"
	"flag"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tshark runs Wireshark's command line on a capture.
func tshark(t *testing.T, path string, args ...string) string {
	t.Helper()
	bin, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: what Wireshark says is not compared")
	}
	cmd := exec.Command(bin, append([]string{"-n", "-r", path}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil && len(out) == 0 { // a capture that is cut short is an error to tshark, after all that it holds
		t.Skipf("tshark: %v: %s", err, errs.String())
	}
	return string(out)
}

var everything = flag.Bool("everything", false, "compare every capture with tshark, also what servers, routers and cut captures of the lab saw")

// The resets are those that Wireshark shows, in the streams that Wireshark gives them, and as many
// connections are counted as it shows conversations.
func TestEqualsTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark on every capture")
	}
	own := ownCaptures(t)
	if *everything {
		own = glob(t, "testdata/*/*.pcapng", "testdata/lab/captures/*/*.pcapng*", "testdata/article/*/*.pcapng*")
	}
	for _, path := range append(own, foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			shown := tshark(t, path, "-Y", "tcp.flags.reset==1 and !icmp and !icmpv6", "-T", "fields",
				"-e", "frame.number", "-e", "tcp.stream", "-e", "tcp.flags.reset", "-E", "separator=;", "-z", "conv,tcp")
			shown, conversations, ok := strings.Cut(shown, "=====")
			if !ok {
				t.Fatalf("tshark shows no table of conversations: %s", shown)
			}
			var want []string
			for _, line := range strings.Split(strings.TrimSpace(shown), "\n") {
				fields := strings.Split(line, ";")
				if len(fields) < 3 {
					continue
				}
				streams, flags := strings.Split(fields[1], ","), strings.Split(fields[2], ",")
				if last := flags[len(flags)-1]; last == "1" || last == "True" { // in a frame with several, the last counts
					want = append(want, fmt.Sprintf("frame %s, stream %s", fields[0], streams[len(streams)-1]))
				}
			}
			var got []string
			file := explain(t, path)
			for _, r := range file.Resets {
				got = append(got, fmt.Sprintf("frame %d, stream %d", r.Frame, r.Stream))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("- tshark, + rstexplain:\n%s", diff)
			}
			n := strings.Count(conversations, " <-> ")
			if file.Connections > n { // the table leaves out those whose every TCP header was cut
				n = streams(t, path)
			}
			if file.Connections != n {
				t.Errorf("%d connections, tshark shows %d conversations", file.Connections, n)
			}
		})
	}
}

// streams counts the streams that tshark numbers.
func streams(t *testing.T, path string) int {
	seen := map[string]bool{}
	for _, s := range strings.FieldsFunc(tshark(t, path, "-T", "fields", "-e", "tcp.stream"), func(r rune) bool { return r == ',' || r == '\n' }) {
		seen[s] = true
	}
	return len(seen)
}

// The display filter of each reset is one that Wireshark takes, and shows the reset and what else it names.
func TestFiltersShowTheirPackets(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark for resets of every capture")
	}
	const each = 2 // resets of a capture whose filter is tried
	for _, path := range append(ruleCaptures(t), foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			resets := explain(t, path).Resets
			for _, r := range resets[:min(each, len(resets))] {
				shown := tshark(t, path, "-Y", r.Filter, "-T", "fields", "-e", "frame.number")
				seen := map[int]bool{}
				for _, s := range strings.Fields(shown) {
					n, _ := strconv.Atoi(s)
					seen[n] = true
				}
				want := map[int]bool{r.Frame: true}
				for _, e := range r.Timeline {
					if e.Frame > 0 {
						want[e.Frame] = true
					}
				}
				for _, e := range append(append(r.Evidence, r.OriginWhy...), r.Notes...) {
					for _, f := range e.Frames {
						want[f] = true
					}
				}
				if diff := cmp.Diff(want, seen); diff != "" {
					t.Errorf("frame %d: %s (- wanted, + shown):\n%s", r.Frame, r.Filter, diff)
				}
			}
		})
	}
}

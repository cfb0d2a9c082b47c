package analyzer

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rstexplain/rstexplain/analyzer/internal/sharkd"
)

// wireshark sees captures as Wireshark does.
var wireshark sharkd.Pool

// askWireshark has ask find out what Wireshark sees in the capture at path.
func askWireshark(t *testing.T, path string, ask func(*sharkd.Session) error) {
	t.Helper()
	err := wireshark.Do(path, ask)
	if unreadable := (*sharkd.Unreadable)(nil); errors.Is(err, sharkd.ErrMissing) || errors.As(err, &unreadable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var everything = flag.Bool("everything", false, "compare every capture with tshark, also what servers, routers and cut captures of the lab saw")

// The resets are those that Wireshark shows, in the streams that Wireshark gives them, and as many
// connections are counted as it shows conversations.
func TestEqualsTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("has Wireshark read every capture")
	}
	own := ownCaptures(t)
	if *everything {
		own = glob(t, "testdata/*/*.pcapng", "testdata/lab/captures/*/*.pcapng*", "testdata/article/*/*.pcapng*")
	}
	for _, path := range append(own, foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			file := explain(t, path)
			var want []string
			var n int
			askWireshark(t, path, func(s *sharkd.Session) (err error) {
				if want, err = resetsOf(s); err != nil {
					return err
				}
				n, err = s.Conversations()
				if err == nil && file.Connections > n { // the table leaves out those whose every TCP header was cut
					n, err = streamsOf(s)
				}
				return err
			})
			var got []string
			for _, r := range file.Resets {
				got = append(got, fmt.Sprintf("frame %d, stream %d", r.Frame, r.Stream))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("- Wireshark, + rstexplain:\n%s", diff)
			}
			if file.Connections != n {
				t.Errorf("%d connections, Wireshark shows %d", file.Connections, n)
			}
		})
	}
}

// resetsOf lists the resets that Wireshark shows, with their streams.
func resetsOf(s *sharkd.Session) ([]string, error) {
	shown, err := s.Frames("tcp.flags.reset==1 and !icmp and !icmpv6", "frame.number", "tcp.stream", "tcp.flags.reset")
	var list []string
	for _, row := range shown {
		streams, flags := strings.Split(row[1], ","), strings.Split(row[2], ",")
		if flags[len(flags)-1] == "Set" { // in a frame with several, the last counts
			list = append(list, fmt.Sprintf("frame %s, stream %s", row[0], streams[len(streams)-1]))
		}
	}
	return list, err
}

// streamsOf counts the streams that Wireshark numbers.
func streamsOf(s *sharkd.Session) (int, error) {
	shown, err := s.Frames("tcp", "tcp.stream")
	seen := map[string]bool{}
	for _, row := range shown {
		for _, stream := range strings.Split(row[0], ",") {
			if stream != "" {
				seen[stream] = true
			}
		}
	}
	return len(seen), err
}

// The display filter of each reset is one that Wireshark takes, and shows the reset and what else it names.
func TestFiltersShowTheirPackets(t *testing.T) {
	if testing.Short() {
		t.Skip("has Wireshark read every capture")
	}
	const each = 2 // resets of a capture whose filter is tried
	for _, path := range append(ruleCaptures(t), foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			resets := explain(t, path).Resets
			resets = resets[:min(each, len(resets))]
			shown := make([]map[int]bool, len(resets))
			askWireshark(t, path, func(s *sharkd.Session) error {
				for i, r := range resets {
					rows, err := s.Frames(r.Filter, "frame.number")
					if err != nil {
						return fmt.Errorf("frame %d: %s: %w", r.Frame, r.Filter, err)
					}
					shown[i] = map[int]bool{}
					for _, row := range rows {
						n, _ := strconv.Atoi(row[0])
						shown[i][n] = true
					}
				}
				return nil
			})
			for i, r := range resets {
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
				if diff := cmp.Diff(want, shown[i]); diff != "" {
					t.Errorf("frame %d: %s (- wanted, + shown):\n%s", r.Frame, r.Filter, diff)
				}
			}
		})
	}
}

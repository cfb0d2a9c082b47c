package analyzer

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rstexplain/rstexplain/analyzer/internal/sharkd"
)

// wireshark sees captures as Wireshark does.
var wireshark sharkd.Pool

// askWireshark returns what Wireshark answers to a question about the capture at path: as it is kept, or found out by ask.
func askWireshark(t *testing.T, kept *sharkd.Answers, path, question string, ask func(*sharkd.Session) (string, error)) string {
	t.Helper()
	const none = "not read: "
	answer, err := kept.Get(path, question, func() (answer string, err error) {
		err = wireshark.Do(path, func(s *sharkd.Session) error {
			answer, err = ask(s)
			return err
		})
		if unreadable := (*sharkd.Unreadable)(nil); errors.As(err, &unreadable) {
			return none + unreadable.Says, nil
		}
		return answer, err
	})
	if errors.Is(err, sharkd.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(answer, none) {
		t.Skip(answer)
	}
	return answer
}

// keptIn returns the answers of Wireshark in a file of testdata, which this test writes with -wireshark.
func keptIn(t *testing.T, name string) *sharkd.Answers {
	t.Helper()
	a := &sharkd.Answers{Path: filepath.Join("testdata", name)}
	t.Cleanup(func() {
		asked, err := a.Save()
		if err != nil {
			t.Error(err)
		}
		t.Logf("%d answers were not in %s", asked, a.Path)
	})
	return a
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
	kept := keptIn(t, "wireshark-resets.txt")
	for _, path := range append(own, foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			file := explain(t, path)
			want := askWireshark(t, kept, path, "resets and connections", func(s *sharkd.Session) (string, error) {
				resets, err := resetsOf(s)
				if err != nil {
					return "", err
				}
				n, err := s.Conversations()
				if err != nil {
					return "", err
				}
				streams, err := streamsOf(s)
				return fmt.Sprintf("%d connections, %d streams; resets (frame:stream) %s", n, streams, strings.Join(resets, " ")), err
			})
			var conversations, streams int
			if _, err := fmt.Sscanf(want, "%d connections, %d streams", &conversations, &streams); err != nil {
				t.Fatal(err)
			}
			if file.Connections > conversations { // the table leaves out those whose every TCP header was cut
				conversations = streams
			}
			if file.Connections != conversations {
				t.Errorf("%d connections, Wireshark shows %d", file.Connections, conversations)
			}
			var got []string
			for _, r := range file.Resets {
				got = append(got, fmt.Sprintf("%d:%d", r.Frame, r.Stream))
			}
			_, list, _ := strings.Cut(want, "(frame:stream) ")
			if diff := cmp.Diff(strings.Fields(list), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("- Wireshark, + rstexplain:\n%s", diff)
			}
		})
	}
}

// resetsOf lists the resets that Wireshark shows, each as its frame, a colon and its stream.
func resetsOf(s *sharkd.Session) ([]string, error) {
	shown, err := s.Frames("tcp.flags.reset==1 and !icmp and !icmpv6", "frame.number", "tcp.stream", "tcp.flags.reset")
	var list []string
	for _, row := range shown {
		streams, flags := strings.Split(row[1], ","), strings.Split(row[2], ",")
		if flags[len(flags)-1] == "Set" { // in a frame with several, the last counts
			list = append(list, fmt.Sprintf("%s:%s", row[0], streams[len(streams)-1]))
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
	kept := keptIn(t, "wireshark-filters.txt")
	const each = 2 // resets of a capture whose filter is tried
	for _, path := range append(ruleCaptures(t), foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			resets := explain(t, path).Resets
			resets = resets[:min(each, len(resets))]
			for _, r := range resets {
				shown := map[int]bool{}
				for _, frame := range strings.Fields(askWireshark(t, kept, path, r.Filter, func(s *sharkd.Session) (string, error) {
					rows, err := s.Frames(r.Filter, "frame.number")
					if err != nil {
						return "", fmt.Errorf("frame %d: %s: %w", r.Frame, r.Filter, err)
					}
					return strings.Join(slices.Concat(rows...), " "), nil
				})) {
					n, _ := strconv.Atoi(frame)
					shown[n] = true
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
				if diff := cmp.Diff(want, shown); diff != "" {
					t.Errorf("frame %d: %s (- wanted, + shown):\n%s", r.Frame, r.Filter, diff)
				}
			}
		})
	}
}

package analyzer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A said is what a report says of one reset, and the last frame of all that it rests on.
type said struct {
	frame, stream, rests int
	verdict              string
}

// sayings keeps what a report says. It is a report.Renderer.
type sayings struct {
	resets []said
	file   *report.File
}

func (s *sayings) Begin(string) error     { return nil }
func (s *sayings) BeginFile(string) error { return nil }
func (s *sayings) End() error             { return nil }

func (s *sayings) EndFile(f *report.File) error {
	s.file = f
	return nil
}

func (s *sayings) Reset(r *report.Reset) error {
	v := said{frame: r.Frame, stream: r.Stream, rests: r.Frame, verdict: fmt.Sprint(r.Cause, " by the ", r.Sender)}
	for _, e := range r.Timeline {
		v.rests = max(v.rests, e.Frame)
	}
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy, r.Beside} {
		for _, e := range list {
			for _, f := range e.Frames {
				v.rests = max(v.rests, f)
			}
		}
	}
	s.resets = append(s.resets, v)
	return nil
}

// hear explains a capture of the given octets.
func hear(t testing.TB, octets []byte) *sayings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.pcapng")
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	var s sayings
	if _, err := analyzer.Explain(context.Background(), path, &s, analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	return &s
}

// places returns the offset of each packet's block, and the offset behind the last.
func places(t *testing.T, path string) (offsets []int64) {
	t.Helper()
	r, err := capture.Open(path, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b capture.Batch
	for r.Next(&b) == nil {
		for i := range b.Packets {
			offsets = append(offsets, b.Packets[i].Offset)
		}
		b.Release()
	}
	return append(offsets, r.BytesRead())
}

// intact returns how many packets stand whole before an offset.
func intact(offsets []int64, at int64) (n int) {
	for n+1 < len(offsets) && offsets[n+1] <= at {
		n++
	}
	return n
}

// TestDamaged cuts every capture of the project at 200 places and flips one octet at 200 others. All that
// stands before the damage is explained as ever, and a cut is told with its place.
func TestDamaged(t *testing.T) {
	paths, _ := filepath.Glob("../testdata/*/capture.pcapng")
	if len(paths) == 0 {
		t.Skip("testdata holds no captures")
	}
	tries := 200
	if testing.Short() {
		tries = 20
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			offsets := places(t, path)
			want := hear(t, whole)
			rnd := rand.New(rand.NewPCG(uint64(len(whole)), 6))
			for i := range tries {
				at := i * len(whole) / tries
				got := hear(t, whole[:at])
				compare(t, fmt.Sprintf("cut at %d", at), want, got, intact(offsets, int64(at)))
				if !between(whole, at) && len(got.file.Warnings) == 0 {
					t.Errorf("cut at %d: nothing is said of it", at)
				}

				at = rnd.IntN(len(whole))
				broken := bytes.Clone(whole)
				broken[at] ^= 1 << rnd.IntN(8)
				compare(t, fmt.Sprintf("flip at %d", at), want, hear(t, broken), intact(offsets, int64(at)))
			}
		})
	}
}

// between reports whether at lies between two blocks of a little-endian pcapng, where a cut leaves a whole
// capture.
func between(octets []byte, at int) bool {
	next := 0
	for next < at && next+8 <= len(octets) {
		next += int(binary.LittleEndian.Uint32(octets[next+4:]))
	}
	return next == at
}

// compare holds what is said of a damaged capture, whose first n packets are intact, against the whole. The
// detail may change, for what comes later on other connections, a scan that goes on, is part of it.
func compare(t *testing.T, what string, want, got *sayings, n int) {
	t.Helper()
	byFrame := map[int]said{}
	for _, s := range got.resets {
		if _, twice := byFrame[s.frame]; twice {
			t.Errorf("%s: frame %d is told twice", what, s.frame)
		}
		byFrame[s.frame] = s
	}
	for _, w := range want.resets {
		if w.frame > n {
			continue
		}
		g, ok := byFrame[w.frame]
		switch {
		case !ok:
			t.Errorf("%s: the reset in frame %d, before the damage, is not told", what, w.frame)
		case g.stream != w.stream:
			t.Errorf("%s: the reset in frame %d is in stream %d, not %d", what, w.frame, g.stream, w.stream)
		case w.rests <= n && g.rests <= n && g.verdict != w.verdict:
			t.Errorf("%s: the reset in frame %d, which rests on frames before the damage, is told as %s, not as %s", what, w.frame, g.verdict, w.verdict)
		}
	}
}

// FuzzExplain feeds anything to the whole pipeline: no panic, each RST once and in order, the same twice.
func FuzzExplain(f *testing.F) {
	paths, _ := filepath.Glob("../testdata/*/capture.pcapng")
	for i, path := range paths {
		if b, err := os.ReadFile(path); err == nil && len(b) < 20_000 && i%3 == 0 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		if len(octets) > 1<<18 {
			return
		}
		first, second := hear(t, octets), hear(t, octets)
		last := 0
		for _, s := range first.resets {
			if s.frame <= last {
				t.Errorf("frame %d is told after frame %d", s.frame, last)
			}
			last = s.frame
		}
		if a, b := fmt.Sprint(first.resets, first.file.Warnings), fmt.Sprint(second.resets, second.file.Warnings); a != b {
			t.Errorf("told in two ways:\n%s\n%s", a, b)
		}
		for _, w := range first.file.Warnings {
			if bytes.Contains([]byte(w.Says), []byte("internal error")) {
				t.Error(w.Says)
			}
		}
	})
}

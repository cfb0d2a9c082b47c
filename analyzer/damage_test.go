package analyzer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

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
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy, r.Notes} {
		for _, e := range list {
			for _, f := range e.Frames {
				v.rests = max(v.rests, f)
			}
		}
	}
	s.resets = append(s.resets, v)
	return nil
}

// hear explains a capture of the given bytes, of which it leaves a copy at path.
func hear(t testing.TB, path string, octets []byte) *sayings {
	t.Helper()
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	var s sayings
	if _, err := analyzer.Explain(context.Background(), path, &s, analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	return &s
}

// places returns the offset of each packet's block in the plain bytes of a capture, and that behind the
// last.
func places(t *testing.T, plain []byte) (offsets []int64) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(plain), capture.Options{})
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

// placed reports whether one of the warnings tells where in the file something is wrong.
func placed(list []report.Warning) bool {
	return slices.ContainsFunc(list, func(w report.Warning) bool {
		return w.Lost && (w.Offset > 0 || w.Frame > 0 || strings.Contains(w.Says, "byte "))
	})
}

var everywhere = flag.Bool("everywhere", false, "damage every capture of the lab at as many places as those of the rules")

// fileHead is how many bytes tell what a file is: damaged there, it is no capture.
const fileHead = 12

// damageable are the captures and at how many places each is damaged: with -everywhere all at 200; otherwise those of the
// rules at a few, and a third of the lab's at one, because the whole takes minutes.
func damageable(t *testing.T) (paths map[string]int) {
	paths = map[string]int{}
	for pattern, tries := range map[string]int{
		"../testdata/*/*.pcapng": 20, "../testdata/lab/captures/*/*.pcapng*": 1, "../testdata/article/*/*.pcapng*": 1,
	} {
		found, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		every := 3
		switch {
		case *everywhere:
			tries, every = 200, 1
		case testing.Short():
			tries, every = max(tries/10, 1), 15
		case tries > 1:
			every = 1
		}
		for i := 0; i < len(found); i += every {
			paths[found[i]] = tries
		}
	}
	if len(paths) == 0 {
		t.Skip("testdata holds no captures")
	}
	return paths
}

// undamaged returns the bytes of the capture at path, not compressed, the offsets of its packets, where a damaged
// copy may lie, what the whole one is explained as, and the dice for the damage.
func undamaged(t *testing.T, path string) (whole []byte, offsets []int64, copied string, want *sayings, rnd *rand.Rand) {
	t.Helper()
	whole = plainOf(t, path)
	copied = filepath.Join(t.TempDir(), "damaged.pcapng")
	return whole, places(t, whole), copied, hear(t, copied, whole), rand.New(rand.NewPCG(uint64(len(whole)), 6))
}

// TestDamaged cuts every capture of the project at many places and flips a bit at as many others. All that
// stands before the damage is explained as ever, and the damage is reported with its place.
func TestDamaged(t *testing.T) {
	for path, tries := range damageable(t) {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			whole, offsets, copied, want, rnd := undamaged(t, path)
			for i := range tries {
				at := i * len(whole) / tries
				got := hear(t, copied, whole[:at])
				compare(t, fmt.Sprintf("cut at %d", at), want, got, intact(offsets, int64(at)))
				if !between(whole, at) && !placed(got.file.Warnings) && at > fileHead {
					t.Errorf("cut at %d: its place is not reported: %v", at, got.file.Warnings)
				}

				at = rnd.IntN(len(whole))
				broken := bytes.Clone(whole)
				broken[at] ^= 1 << rnd.IntN(8)
				got = hear(t, copied, broken)
				compare(t, fmt.Sprintf("flip at %d", at), want, got, intact(offsets, int64(at)))
				if got.file.Packets < want.file.Packets && at > fileHead && !ofType(whole, at) && !placed(got.file.Warnings) {
					t.Errorf("flip at %d: %d packets of %d, and its place is not reported: %v", at, got.file.Packets, want.file.Packets, got.file.Warnings)
				}
			}
		})
	}
}

// TestDamagedCompressed does so with compressed captures, where damage may spread: what comes out right
// before it is explained as ever.
func TestDamagedCompressed(t *testing.T) {
	for path, tries := range damageable(t) {
		if strings.HasPrefix(filepath.Base(path), "near-miss") {
			continue
		}
		if tries = tries / 10; tries == 0 && len(path)%8 != 0 { // each format for some of the lab's
			continue
		}
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			whole, offsets, copied, want, rnd := undamaged(t, path)
			for format, packed := range packings(t, whole) {
				try := func(what string, damaged []byte) {
					t.Helper()
					what = format + ", " + what
					got := hear(t, copied, damaged)
					plain, err := unpack(format, damaged)
					same := 0
					for same < min(len(plain), len(whole)) && plain[same] == whole[same] {
						same++
					}
					compare(t, what, want, got, intact(offsets, int64(same)))
					if (err != nil || len(plain) < len(whole) && !between(whole, len(plain))) && same > fileHead && !placed(got.file.Warnings) {
						t.Errorf("%s, of %d bytes %d come out right, %v: its place is not reported: %v", what, len(whole), same, err, got.file.Warnings)
					}
				}
				for i := range max(tries, 1) {
					at := i * len(packed) / max(tries, 1)
					try(fmt.Sprintf("cut at %d", at), packed[:at])
					at = rnd.IntN(len(packed))
					broken := bytes.Clone(packed)
					broken[at] ^= 1 << rnd.IntN(8)
					try(fmt.Sprintf("flip at %d", at), broken)
				}
			}
		})
	}
}

// plainOf returns the plain bytes of a capture, which may be compressed.
func plainOf(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil && strings.HasSuffix(path, ".gz") {
		b, err = unpack("gzip", b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packings returns bytes in each compression.
func packings(t *testing.T, octets []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for format, writer := range map[string]func(io.Writer) (io.WriteCloser, error){
		"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) },
		"lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
	} {
		var b bytes.Buffer
		w, err := writer(&b)
		if err == nil {
			_, err = w.Write(octets)
			err = errors.Join(err, w.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		all[format] = b.Bytes()
	}
	return all
}

// unpack returns what comes out of compressed bytes before they end or turn out to be damaged.
func unpack(format string, octets []byte) (plain []byte, err error) {
	in := io.Reader(bytes.NewReader(octets))
	switch format {
	case "gzip":
		in, err = gzip.NewReader(in)
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1)); err == nil {
			defer d.Close()
			in = d
		}
	case "lz4":
		in = lz4.NewReader(in)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(in)
}

// ofType reports whether at lies in the type of a block of a little-endian pcapng: another type may make a
// block one that is passed over, as pcapng wants of unknown types.
func ofType(octets []byte, at int) bool {
	next, last := 0, 0
	for next <= at && next+8 <= len(octets) {
		last = next
		next += int(binary.LittleEndian.Uint32(octets[next+4:]))
	}
	return at-last < 4
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
			t.Errorf("%s: frame %d is reported twice", what, s.frame)
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
			t.Errorf("%s: the reset in frame %d, before the damage, is not reported", what, w.frame)
		case g.stream != w.stream:
			t.Errorf("%s: the reset in frame %d is in stream %d, not %d", what, w.frame, g.stream, w.stream)
		case w.rests <= n && g.rests <= n && g.verdict != w.verdict:
			t.Errorf("%s: the reset in frame %d, which rests on frames before the damage, is reported as %s, not as %s", what, w.frame, g.verdict, w.verdict)
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
		path := filepath.Join(t.TempDir(), "any")
		first, second := hear(t, path, octets), hear(t, path, octets)
		last := 0
		for _, s := range first.resets {
			if s.frame <= last {
				t.Errorf("frame %d is reported after frame %d", s.frame, last)
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

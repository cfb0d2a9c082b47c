package sharkd

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// What one capture shows is not what the one before it showed, to the same question too; and a capture that
// is cut short, or none, does not keep the next one from being read.
func TestOneCaptureAfterAnother(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one process for all of them
	const testdata = "../../../testdata/"
	whole, err := os.ReadFile(testdata + "no-listener/capture.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cut, none := filepath.Join(dir, "cut.pcapng"), filepath.Join(dir, "none.pcapng")
	if err := errors.Join(os.WriteFile(cut, whole[:1000], 0o666), os.WriteFile(none, []byte{0, 1, 2, 3, 0xfe, 0xff, 0, 7}, 0o666)); err != nil {
		t.Fatal(err)
	}
	var p Pool
	for _, c := range []struct {
		path          string
		resets        []string
		conversations int
		partial       bool
	}{
		{path: testdata + "reset-after-fin/capture.pcapng", resets: []string{"13"}, conversations: 1},
		{path: testdata + "no-listener/capture.pcapng", resets: []string{"9", "16", "18"}, conversations: 4},
		{path: cut, conversations: 2, partial: true},
		{path: none, conversations: -1},
		{path: filepath.Join(dir, "missing.pcapng"), conversations: -1},
		{path: testdata + "no-listener/capture.pcapng", resets: []string{"9", "16", "18"}, conversations: 4},
	} {
		err := p.Do(c.path, func(s *Session) error {
			rows, err := s.Frames("tcp.flags.reset==1", "frame.number")
			if err != nil {
				return err
			}
			var resets []string
			for _, r := range rows {
				resets = append(resets, r[0])
			}
			if !slices.Equal(resets, c.resets) {
				t.Errorf("%s: resets %v, want %v", c.path, resets, c.resets)
			}
			if n, err := s.Conversations(); n != c.conversations || err != nil {
				t.Errorf("%s: %d conversations (%v), want %d", c.path, n, err, c.conversations)
			}
			if s.Partial != c.partial {
				t.Errorf("%s: Partial is %v", c.path, s.Partial)
			}
			if _, err := s.Frames("no such field =", "frame.number"); err == nil {
				t.Errorf("%s: a filter that is none was not refused", c.path)
			}
			return nil
		})
		unreadable := (*Unreadable)(nil)
		switch {
		case errors.Is(err, ErrMissing):
			t.Skip(err)
		case c.conversations < 0 && !errors.As(err, &unreadable), c.conversations >= 0 && err != nil:
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

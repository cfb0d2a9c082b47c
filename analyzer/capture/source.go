package capture

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// A source is the file's bytes, counted.
type source struct {
	r       io.Reader
	head    []byte // bytes that were read to recognise the format
	read    atomic.Int64
	size    int64 // -1: none, as of a pipe
	done    io.Closer
	follow  bool // wait for more at the end
	stopped atomic.Bool
}

// followEvery is how often a file that is followed is looked at. What is written to it waits half of that on average.
const followEvery = 10 * time.Millisecond

// What ends the reading of a file before its end.
var (
	errStopped = errors.New("stopped") // of one that is followed
	errShrunk  = errors.New("the file was truncated while it was read")
)

// Read implements io.Reader.
func (s *source) Read(b []byte) (int, error) {
	if len(s.head) > 0 {
		n := copy(b, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	for {
		n, err := s.r.Read(b)
		s.read.Add(int64(n))
		switch {
		case n > 0 || err != io.EOF:
			return n, err
		case !s.follow && s.read.Load() < s.size:
			return 0, errShrunk
		case !s.follow:
			return 0, err
		}
		if s.stopped.Load() {
			return 0, errStopped
		}
		if f, ok := s.r.(*os.File); ok {
			if st, err := f.Stat(); err == nil && st.Size() < s.read.Load() {
				return 0, errShrunk
			}
		}
		time.Sleep(followEvery)
	}
}

// Close closes the file, where it was opened here.
func (s *source) Close() error {
	s.stopped.Store(true)
	if s.done == nil {
		return nil
	}
	return s.done.Close()
}

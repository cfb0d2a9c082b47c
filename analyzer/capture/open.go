package capture

import (
	"errors"
	"io"
	"os"
)

// ErrNotCapture is what all errors of Open and NewReader wrap that mean: this is no capture that can be read.
var ErrNotCapture = errors.New("not a capture")

// Open opens the capture at path; "-" is standard input.
func Open(path string, opts Options) (*Reader, error) {
	if path == "-" {
		return newReader("standard input", os.Stdin, -1, nil, opts)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	size := int64(-1)
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		size = st.Size()
	}
	r, err := newReader(path, f, size, f, opts)
	if err != nil {
		f.Close()
	}
	return r, err
}

// NewReader reads a capture from a stream.
func NewReader(in io.Reader, opts Options) (*Reader, error) {
	return newReader("stream", in, -1, nil, opts)
}

func newReader(name string, in io.Reader, size int64, done io.Closer, opts Options) (*Reader, error) {
	opts = opts.withDefaults()
	r := &Reader{name: name, opts: opts, src: &source{r: in, size: size, done: done}, pool: pool{size: opts.ChunkSize}}
	r.in = r.src
	r.chunk = r.pool.get(0)
	for r.end < 12 && !r.eof {
		r.fill()
	}
	head := r.chunk.buf[:r.end]
	switch magic, _ := pcapMagic(head); {
	case magic != 0:
		r.info.Format = "pcap"
	case len(head) >= 12 && u32(head, false) == blockSection:
		r.info.Format, r.ng = "pcapng", true
	default:
		return nil, ErrNotCapture
	}
	return r, nil
}

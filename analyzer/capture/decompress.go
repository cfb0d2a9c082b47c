package capture

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// compression returns the name of the compression that head begins with, "" for none.
func compression(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return "gzip"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), // RFC 8878 §3.1.1
		len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}): // skippable frame, as pzstd begins with
		return "zstd"
	case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}), bytes.HasPrefix(head, []byte{0x02, 0x21, 0x4c, 0x18}): // frame, legacy frame
		return "lz4"
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) && bytes.Equal(head[4:10], []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}):
		return "bzip2"
	}
	return ""
}

// zstdWindow is the largest window a zstd stream may ask memory for: what the zstd program allows by default.
const zstdWindow = 128 << 20

// decompressor returns what reads the plain octets of in. All but bzip2's go on over several members or frames, as do gzip -d and zstd -d.
func decompressor(kind string, in io.Reader) (io.Reader, error) {
	in = bufio.NewReaderSize(in, 128<<10)
	switch kind {
	case "gzip":
		return gzip.NewReader(in)
	case "zstd":
		return zstd.NewReader(in, zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderLowmem(true))
	case "lz4":
		return lz4.NewReader(in), nil
	default:
		return bzip2.NewReader(in), nil
	}
}

// errExpansion ends a decompression that gives more than the options allow.
type errExpansion struct{ what, try string }

func (e errExpansion) Error() string { return e.what }

// ratioFrom is how many octets must have come out before their ratio to those that went in is judged:
// an idle link's capture compresses well, and so little harms nobody.
const ratioFrom = 256 << 20

// An expander decompresses in a goroutine of its own, many small pieces ahead of its reader: what comes out of it is
// wanted at an uneven pace, and the slowest of all must not wait.
type expander struct {
	pieces chan piece
	spare  chan []byte
	stop   chan struct{}
	now    piece
	rest   []byte // of now
}

type piece struct {
	b   []byte
	err error
}

// An expander has as many pieces as fit in the caches of a processor, 2 MiB in all.
const (
	pieceOctets = 32 << 10
	maxPieces   = 64
)

// expand starts decompressing src.
func expand(kind string, src *source, opts Options) *expander {
	e := &expander{pieces: make(chan piece, maxPieces), spare: make(chan []byte, maxPieces), stop: make(chan struct{})}
	for range cap(e.spare) {
		e.spare <- nil // made when it is needed: most captures are small
	}
	go e.run(kind, src, opts)
	return e
}

func (e *expander) run(kind string, src *source, opts Options) {
	send := func(p piece) bool {
		select {
		case e.pieces <- p:
			return p.err == nil
		case <-e.stop:
			return false
		}
	}
	defer func() {
		if v := recover(); v != nil { // a decompressor that stumbles over hostile octets
			send(piece{err: fmt.Errorf("%s decompressor failed: %v", kind, v)})
		}
	}()
	in, err := decompressor(kind, src)
	if err != nil {
		send(piece{err: err})
		return
	}
	if z, ok := in.(*zstd.Decoder); ok {
		defer z.Close()
	}
	var total int64
	for {
		var b []byte
		select {
		case b = <-e.spare:
		case <-e.stop:
			return
		}
		if b == nil {
			b = make([]byte, min(opts.ChunkSize, pieceOctets))
		}
		n, err := in.Read(b[:cap(b)])
		total += int64(n)
		if err == nil {
			err = bound(total, src.read.Load(), opts)
		}
		if !send(piece{b[:n], err}) {
			return
		}
	}
}

// bound returns an error when out octets out of in are more than the options allow.
func bound(out, in int64, opts Options) error {
	switch {
	case out > opts.MaxBytes:
		return errExpansion{fmt.Sprintf("more than %d octets came out of %d compressed ones", opts.MaxBytes, in), "decompress it first, or allow more decompressed octets"}
	case out > ratioFrom && out/int64(opts.MaxRatio) > in:
		return errExpansion{fmt.Sprintf("%d octets came out of %d compressed ones: this may be a decompression bomb", out, in), "decompress it first, or allow a larger ratio"}
	}
	return nil
}

// Read implements io.Reader; it waits for one piece and gives what it holds.
func (e *expander) Read(b []byte) (int, error) {
	for len(e.rest) == 0 {
		if e.now.err != nil {
			return 0, e.now.err
		}
		if e.now.b != nil {
			e.spare <- e.now.b
		}
		select {
		case e.now = <-e.pieces:
		case <-e.stop:
			return 0, errors.New("closed")
		}
		e.rest = e.now.b
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// Close ends the goroutine once it has returned from the read it is in.
func (e *expander) Close() { close(e.stop) }

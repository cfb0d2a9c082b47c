package capture

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/xi2/xz"
)

// compression returns the name of the compression that head begins with, "" for none.
func compression(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return "gzip"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), // RFC 8878 §3.1.1
		// skippable frame, as pzstd begins with
		len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}):
		return "zstd"
	// frame, legacy frame
	case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}), bytes.HasPrefix(head, []byte{0x02, 0x21, 0x4c, 0x18}):
		return "lz4"
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) &&
		bytes.Equal(head[4:10], []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}):
		return "bzip2"
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return "xz"
	}
	return ""
}

// zstdStages is how many blocks of a zstd stream are decompressed at a time. It does not depend on the number of
// processors: with a single one, the decoder takes another way, which keeps back the block whose checksum is wrong.
const zstdStages = 4

// decompressor returns what reads the plain bytes of in. All but bzip2's go on over several members or frames, as do
// gzip -d and zstd -d.
func decompressor(kind string, in io.Reader, opts Options) (io.Reader, error) {
	in = bufio.NewReaderSize(in, 128<<10)
	switch kind {
	case "gzip":
		return gzip.NewReader(in)
	case "zstd":
		return zstd.NewReader(in, zstd.WithDecoderConcurrency(zstdStages),
			zstd.WithDecoderMaxWindow(uint64(opts.MaxWindow)), zstd.WithDecoderLowmem(true))
	case "lz4":
		return lz4.NewReader(in), nil
	case "xz":
		x, err := xz.NewReader(&filled{in: in}, uint32(min(opts.MaxWindow, math.MaxUint32)))
		return even{x}, err
	default:
		return bzip2.NewReader(in), nil
	}
}

// How much the xz decompressor gives before damage depends on how much it is given and asked for at a time: it gets as
// much as it asks for, and is asked for the same each time, little, as it keeps back what it has decompressed for a call
// that ends in an error.
type (
	filled struct {
		in  io.Reader
		err error
	}
	even struct{ in io.Reader }
)

// evenBytes is not more than a piece ever has.
const evenBytes = 4 << 10

func (f *filled) Read(b []byte) (n int, err error) {
	if f.err != nil {
		return 0, f.err
	}
	n, f.err = io.ReadFull(f.in, b)
	if f.err == io.ErrUnexpectedEOF {
		f.err = io.EOF
	}
	if n > 0 {
		return n, nil
	}
	return 0, f.err
}

func (e even) Read(b []byte) (int, error) { return e.in.Read(b[:min(len(b), evenBytes)]) }

// errExpansion ends a decompression that gives more than the options allow.
type errExpansion struct{ what, try string }

func (e errExpansion) Error() string { return e.what }

// WindowOf returns how many bytes the window of the file at path takes while it is decompressed, as far as its
// beginning shows: 0 for anything but a regular zstd or xz file.
func WindowOf(path string) int64 {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() { // a pipe can be read only once
		return 0
	}
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	head := make([]byte, max(zstd.HeaderMaxSize, xzHeadMax))
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	var h zstd.Header
	switch compression(head) {
	case "xz":
		return min(xzDictionary(head), maxWindow)
	case "zstd":
		if h.Decode(head) == nil && !h.Skippable {
			return int64(min(h.WindowSize, maxWindow))
		}
	}
	return 0
}

// maxWindow is the default of Options.MaxWindow.
const maxWindow = 128 << 20

// xzHeadMax is the most that the headers of an xz stream and its first block take: 12 and 1024 bytes.
const xzHeadMax = 12 + 1024

// xzDictionary returns the size of the dictionary of the first block of an xz stream, 0 if it cannot be read from head:
// the properties of the LZMA2 filter, which is the last one (xz file format 1.2.1 §3.1, §5.3.1).
func xzDictionary(head []byte) int64 {
	const header, lzma2 = 12, 0x21
	if len(head) < header+2 || head[header] == 0 {
		return 0
	}
	block := head[header:min(header+4*(int(head[header])+1), len(head))]
	rest := block[2:]
	value := func() uint64 {
		v, n := binary.Uvarint(rest)
		rest = rest[max(n, 0):]
		return v
	}
	for flag := byte(0x40); flag != 0; flag <<= 1 { // the sizes of the block, where they are present
		if block[1]&flag != 0 {
			value()
		}
	}
	for range block[1]&3 + 1 {
		id, size := value(), value()
		if size > uint64(len(rest)) {
			return 0
		}
		if id == lzma2 && size == 1 {
			bits := rest[0]
			if bits >= 40 {
				return 4 << 30
			}
			return (2 | int64(bits&1)) << (bits/2 + 11)
		}
		rest = rest[size:]
	}
	return 0
}

// isWindow reports whether err is for a window larger than Options.MaxWindow.
func isWindow(err error) bool {
	return errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) ||
		errors.Is(err, xz.ErrMemlimit)
}

// window returns the error for a stream that needs too large a window.
func (r *Reader) window() (what, try string) {
	made := "zstd --long"
	if r.info.Compression == "xz" {
		made = "xz --lzma2=dict"
	}
	return fmt.Sprintf("it needs a window of more than %d MiB of memory (%s)", r.opts.MaxWindow>>20, made),
		"decompress it first, or allow more memory with --max-memory"
}

// ratioFrom is the number of decompressed bytes from which the compression ratio is limited: the capture of an idle
// link compresses well and does no harm.
const ratioFrom = 256 << 20

// An expander decompresses in a goroutine of its own, many small pieces ahead of its reader, which reads at an uneven
// pace: the decompressor is the slowest stage and must not wait.
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
	pieceBytes = 32 << 10
	maxPieces  = 64
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
		if v := recover(); v != nil { // hostile input may make a decompressor panic
			send(piece{err: fmt.Errorf("%s decompressor failed: %v", kind, v)})
		}
	}()
	in, err := decompressor(kind, src, opts)
	if err != nil {
		send(piece{err: err})
		return
	}
	allowed := allowance{opts.MaxBytes, int64(opts.MaxRatio), src}
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
			b = make([]byte, min(opts.ChunkSize, pieceBytes))
		}
		n, err := in.Read(b[:cap(b)])
		if most, bomb := allowed.left(total, n); bomb != nil {
			n, err = most, bomb
		}
		total += int64(n)
		if !send(piece{b[:n], err}) {
			return
		}
	}
}

// An allowance is how much may come out of a decompression.
type allowance struct {
	bytes, ratio int64
	src          *source
}

// left returns how many of the n bytes that follow out others are allowed, and an error where these are fewer. Of
// a file the ratio is that to its size, and not to what was read of it so far: how far a decompressor reads ahead
// depends on the processors.
func (a *allowance) left(out int64, n int) (int, error) {
	in := a.src.size
	if in < 0 || a.src.follow {
		in = a.src.read.Load()
	}
	byRatio := int64(math.MaxInt64)
	if in < math.MaxInt64/a.ratio {
		byRatio = max(a.ratio*in, ratioFrom)
	}
	switch total := out + int64(n); {
	case total > a.bytes && a.bytes <= byRatio:
		return int(a.bytes - out), errExpansion{fmt.Sprintf("%d compressed bytes expand to more "+
			"than %d", in, a.bytes), "decompress it first, or allow more decompressed bytes"}
	case total > byRatio:
		return int(max(byRatio-out, 0)), errExpansion{fmt.Sprintf("%d compressed bytes expand to more than %d: this may "+
			"be a decompression bomb", in, byRatio), "decompress it first, or allow a larger ratio"}
	}
	return n, nil
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

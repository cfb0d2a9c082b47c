package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"gocloud.dev/blob"
)

// RangeBytes is how many bytes of an object are asked for at a time. The first ranges are smaller, for those who want
// no more than the beginning.
const (
	RangeBytes = 8 << 20
	firstRange = 64 << 10
	growth     = 8
)

// attempts is how often a range is asked for before reading fails, with a pause before each further time that doubles.
const (
	attempts   = 4
	firstPause = 200 * time.Millisecond
)

// A ReadError means that an object could not be read from its store, although it exists: reading it again may help.
type ReadError struct {
	Name string
	At   int64 // byte offset
	Err  error
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("%s: cannot be read at byte %d, after %d attempts: %v", e.Name, e.At, attempts, e.Err)
}

// Unwrap returns e.Err.
func (e *ReadError) Unwrap() error { return e.Err }

// errChanged is for an object that was replaced while it was read.
var errChanged = errors.New("it was replaced while it was read")

// Open opens an object for reading. It is read in ranges, of which one is asked for ahead of the reader, so that an
// object of any size takes the memory of three ranges.
func (s *Store) Open(ctx context.Context, name string) (*Reader, error) {
	b, key, err := s.locate(ctx, name)
	if err != nil {
		return nil, err
	}
	var a *blob.Attributes
	if err := again(ctx, func() error { a, err = b.Attributes(ctx, key); return err }); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Reader{name: name, size: a.Size, ctx: ctx, cancel: cancel, pieces: make(chan rangeRead)}
	go r.fetch(ctx, b, key, a.ModTime)
	return r, nil
}

// A Reader reads one object.
type Reader struct {
	name   string
	size   int64
	got    int64
	ctx    context.Context
	cancel context.CancelFunc
	pieces chan rangeRead
	now    []byte // what was read and is given back when it is used up
	rest   []byte // of now
	err    error
	failed error
}

// A rangeRead is what asking for a range brought.
type rangeRead struct {
	b   []byte
	err error
}

// Size returns the size of the object.
func (r *Reader) Size() int64 { return r.size }

// Failure returns the error of the store that ended reading before the end of the object, nil if there was none.
func (r *Reader) Failure() error { return r.failed }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.now != nil {
			if cap(r.now) == RangeBytes {
				b := r.now
				buffers.Put(&b)
			}
			r.now = nil
		}
		piece, more := <-r.pieces
		switch {
		case !more && r.got < r.size: // nobody asks for more: the context has ended
			r.err = r.ctx.Err()
		case !more:
			r.err = io.EOF
		case piece.err != nil:
			r.err, r.failed = piece.err, piece.err
		default:
			r.now, r.rest = piece.b, piece.b
			r.got += int64(len(piece.b))
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close ends reading.
func (r *Reader) Close() error {
	r.cancel()
	return nil
}

// fetch asks for one range after the other.
func (r *Reader) fetch(ctx context.Context, b *blob.Bucket, key string, made time.Time) {
	defer close(r.pieces)
	long := int64(firstRange)
	for at := int64(0); at < r.size; {
		n := min(long, r.size-at)
		long = min(growth*long, RangeBytes)
		buf := buffer(n)
		err := again(ctx, func() error { return readRange(ctx, b, key, at, buf, r.size, made) })
		if err != nil {
			err = &ReadError{r.name, at, err}
		}
		select {
		case r.pieces <- rangeRead{buf, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		at += n
	}
}

// buffers holds those that are not in use, of RangeBytes each.
var buffers sync.Pool

// buffer returns a buffer of n bytes.
func buffer(n int64) []byte {
	if n <= RangeBytes/growth {
		return make([]byte, n)
	}
	if b, ok := buffers.Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return make([]byte, n, RangeBytes)
}

// readRange fills buf with what is at an offset.
func readRange(ctx context.Context, b *blob.Bucket, key string, at int64, buf []byte, size int64,
	made time.Time) error {
	in, err := b.NewRangeReader(ctx, key, at, int64(len(buf)), nil)
	if err != nil {
		return err
	}
	defer in.Close()
	if in.Size() != size || !in.ModTime().Equal(made) {
		return errChanged
	}
	_, err = io.ReadFull(in, buf)
	return err
}

// again calls try until it succeeds, or cannot be expected to.
func again(ctx context.Context, try func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == attempts || NotExist(err) || errors.Is(err, errChanged) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return err
		}
	}
}

package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/term"
)

// A File is a capture that is opened once and read more than once: it is the same file each time, whatever happens to
// its path. A pipe, which cannot be read again, is copied to a temporary file when it is read for the first time, and
// so is what editcap makes of a capture of another program.
type File struct {
	ctx   context.Context
	name  string
	path  string // "" for standard input
	f     *os.File
	begin int64
	was   fs.FileInfo
	spool *spool // nil where f can be read again
	conv  *conversion
}

// OpenFile opens the capture at path; "-" is standard input. It waits for the writer of a named pipe, and reading waits
// for data, until ctx ends. Errors are of type [*Error], or that of ctx.
func OpenFile(ctx context.Context, path string) (*File, error) {
	f := &File{ctx: ctx, name: path, path: path, f: os.Stdin}
	if path == "-" {
		f.name, f.path = "standard input", ""
		if term.IsTerminal(int(os.Stdin.Fd())) {
			return nil, &Error{f.name, "is a terminal", "pipe a capture to it: tcpdump -w - | …", ErrTerminal}
		}
	} else if err := f.open(ctx); err != nil {
		return nil, err
	}
	var err error
	if f.was, err = f.f.Stat(); err != nil {
		f.Close()
		return nil, openError(path, err)
	}
	switch {
	case f.was.IsDir():
		f.Close()
		return nil, &Error{f.name, "is a directory", "name one of the captures in it", ErrDirectory}
	case f.was.Mode().IsRegular():
		f.begin, _ = f.f.Seek(0, io.SeekCurrent) // of standard input, a part may be read already
		return f, nil
	case f.was.Mode()&fs.ModeNamedPipe != 0:
		widen(f.f)
	}
	if err := f.copies(f.f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// copies makes f copy what it reads of from to a temporary file.
func (f *File) copies(from io.Reader) error {
	s := &spool{ctx: f.ctx, from: from, max: MaxTemporary, got: make(chan readResult, 1)}
	var err error
	if s.to, err = Temporary(); err != nil {
		return f.spoolError(err)
	}
	f.spool = s
	return nil
}

// open opens the file. Of a named pipe that waits for somebody who writes.
func (f *File) open(ctx context.Context) error {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(f.path)
		done <- opened{file, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return openError(f.path, o.err)
		}
		f.f = o.f
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Name is the path as it was given, or "standard input".
func (f *File) Name() string { return f.name }

// Reader reads the capture from its beginning. One Reader is used at a time; closing it leaves f open. Errors are of
// type [*Error].
func (f *File) Reader(opts Options) (*Reader, error) {
	from := f.f
	if f.spool != nil {
		if !f.spool.begun {
			f.spool.begun = true
			r, err := newReader(f.name, f.spool, nil, opts)
			return r, refusedStream(err, opts)
		}
		from = f.spool.to
	}
	if _, err := from.Seek(f.begin, io.SeekStart); err != nil {
		return nil, openError(f.name, err)
	}
	r, err := newReader(f.name, from, nil, opts)
	refused := (*Error)(nil)
	if opts.Convert && f.path != "" && f.spool == nil && errors.Is(err, ErrForeign) && errors.As(err, &refused) {
		return f.converted(opts, refused)
	}
	return r, refusedStream(err, opts)
}

// converted reads the capture as editcap converts it; refused is why it cannot be read otherwise.
func (f *File) converted(opts Options, refused *Error) (*Reader, error) {
	var err error
	if f.conv, err = startConversion(f.path, refused); err != nil {
		return nil, err
	}
	if err := f.copies(f.conv); err != nil {
		return nil, err
	}
	f.spool.begun = true
	return f.conv.reader(f.name, f.spool, nil, opts, refused)
}

// Converted reports whether editcap converts the capture.
func (f *File) Converted() bool { return f.conv != nil }

// Spooled is how many bytes were copied to a temporary file.
func (f *File) Spooled() int64 {
	if f.spool == nil {
		return 0
	}
	return f.spool.n
}

// Same returns why reading the file again does not give what it gave the first time; nil where it does.
func (f *File) Same() error {
	if f.spool != nil {
		if f.spool.failed != nil {
			return f.spoolError(f.spool.failed)
		}
		return nil
	}
	now, err := f.f.Stat()
	switch {
	case err != nil:
		return openError(f.name, err)
	case now.Size() != f.was.Size():
		return &Error{f.name, fmt.Sprintf("changed while it was read: its size was %d bytes and "+
			"is now %d", f.was.Size(), now.Size()),
			"wait until nothing is written to it, or copy it first", ErrChanged}
	case !now.ModTime().Equal(f.was.ModTime()):
		return &Error{f.name, "changed while it was read: it was written to",
			"wait until nothing is written to it, or copy it first", ErrChanged}
	}
	return nil
}

// Replaced reports whether the path leads to another file by now, or to none.
func (f *File) Replaced() bool {
	if f.path == "" || f.spool != nil {
		return false
	}
	now, err := os.Stat(f.path)
	return err != nil || !os.SameFile(now, f.was)
}

// Stat describes the file that r reads, as it is now; nil for a stream of another kind.
func (r *Reader) Stat() fs.FileInfo {
	if f, ok := r.src.r.(*os.File); ok {
		if st, err := f.Stat(); err == nil {
			return st
		}
	}
	return nil
}

// spoolError is why a pipe cannot be copied to a temporary file.
func (f *File) spoolError(err error) *Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &Error{f.name, fmt.Sprintf("is read twice, but cannot be copied to a temporary file "+
		"in %s: %v", os.TempDir(), err),
		"save it to a file first, or set TMPDIR to a directory with free space", err}
}

// Close closes the file, and removes the temporary one.
func (f *File) Close() error {
	var err error
	if f.conv != nil {
		err = f.conv.Close()
	}
	if f.spool != nil && f.spool.to != nil {
		err = errors.Join(err, RemoveTemporary(f.spool.to))
	}
	if f.path != "" {
		err = errors.Join(err, f.f.Close())
	}
	return err
}

// A spool reads a pipe, and copies to a file what it reads.
type spool struct {
	ctx     context.Context
	from    io.Reader
	to      *os.File
	n, max  int64 // bytes copied, and how many may be
	failed  error // of copying
	begun   bool
	buf     []byte
	waiting bool            // a read is under way
	got     chan readResult // what it brought
}

// A got is what a read brought.
type readResult struct {
	n   int
	err error
}

// errSpoolFull ends a pipe that brings more than may be kept.
var errSpoolFull = fmt.Errorf("it is longer than %d GiB", MaxTemporary>>30)

// Read implements io.Reader. It waits for no longer than the context lasts.
func (s *spool) Read(b []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	if !s.waiting {
		s.waiting = true
		if len(s.buf) < len(b) {
			s.buf = make([]byte, len(b))
		}
		go func(buf []byte) {
			n, err := s.from.Read(buf)
			s.got <- readResult{n, err}
		}(s.buf[:len(b)])
	}
	select {
	case <-s.ctx.Done():
		return 0, errStopped
	case g := <-s.got:
		s.waiting = false
		n := copy(b, s.buf[:g.n])
		if s.n+int64(n) > s.max {
			s.failed = errSpoolFull
		} else if _, err := s.to.Write(b[:n]); err != nil {
			s.failed = err
		}
		if s.failed != nil {
			return 0, s.failed
		}
		s.n += int64(n)
		return n, g.err
	}
}

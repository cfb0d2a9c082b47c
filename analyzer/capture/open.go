package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"
)

// What an [Error] of Open and NewReader may wrap, beside the operating system's own errors.
var (
	ErrNotCapture = errors.New("not a capture")
	ErrEmpty      = errors.New("empty")
	ErrDirectory  = errors.New("a directory")
	ErrTerminal   = errors.New("a terminal")
	ErrChanged    = errors.New("changed while it was read")

	// ErrForeign is an ErrNotCapture: a capture of another program, which editcap can convert (Options.Convert).
	ErrForeign = fmt.Errorf("%w of a format that is read", ErrNotCapture)
)

// An Error is why a file cannot be read at all.
type Error struct {
	File string // as given to Open
	What string // lower case, complete without File
	Try  string // what to do about it, "" when nothing helps
	Err  error  // ErrNotCapture, ErrEmpty, …, or fs.ErrNotExist, fs.ErrPermission and the like
}

// Error prints the error as one line.
func (e *Error) Error() string {
	s := e.File + ": " + e.What
	if e.Try != "" {
		s += "; " + e.Try
	}
	return s
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// An ExportError is returned if Options.Exports is set and a file looks like packet dissections exported by Wireshark,
// or is text.
type ExportError struct {
	Refusal *Error
	Text    io.ReadCloser // the whole file, decompressed; the caller closes it
	Read    func() int64  // bytes of the file read so far, before decompression
	Prose   bool          // it is text of another kind, in which packets may be shown
}

// Error returns the text of Refusal.
func (e *ExportError) Error() string { return e.Refusal.Error() }

// Unwrap returns e.Refusal.
func (e *ExportError) Unwrap() error { return e.Refusal }

// An exportText is the text of an export: what was read to recognise it, and the rest.
type exportText struct {
	io.Reader
	from *Reader
}

func (t exportText) Close() error { return t.from.Close() }

// Open opens the capture at path; "-" is standard input. It returns once the format is recognised from the first bytes.
// Its errors are of type [*Error].
func Open(path string, opts Options) (*Reader, error) {
	if path == "-" {
		if term.IsTerminal(int(os.Stdin.Fd())) {
			return nil, &Error{"standard input", "is a terminal", "pipe a capture to it: tcpdump -w - | …", ErrTerminal}
		}
		r, err := newReader("standard input", os.Stdin, nil, opts)
		return r, refusedStream(err, opts)
	}
	if opts.Source != nil {
		return openSource(path, opts)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	r, err := newReader(path, f, f, opts)
	if export := (*ExportError)(nil); err != nil && !errors.As(err, &export) {
		st, _ := f.Stat()
		f.Close()
		if refused := (*Error)(nil); opts.Convert && errors.Is(err, ErrForeign) && errors.As(err, &refused) && st != nil &&
			st.Mode().IsRegular() {
			return openConverted(path, opts, refused)
		}
		return nil, err
	}
	return r, err
}

// openSource opens what Options.Source brings.
func openSource(path string, opts Options) (*Reader, error) {
	in, err := opts.Source(path)
	if err != nil {
		return nil, openError(path, err)
	}
	r, err := newReader(path, in, in, opts)
	if export := (*ExportError)(nil); err != nil && !errors.As(err, &export) {
		in.Close()
	}
	return r, err
}

// NewReader reads a capture from a stream. Its errors are of type [*Error].
func NewReader(in io.Reader, opts Options) (*Reader, error) {
	return newReader("stream", in, nil, opts)
}

// openError explains an error of the operating system, and what to do about it.
func openError(path string, err error) *Error {
	e := &Error{File: path, Err: err}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	e.What = "cannot be opened: " + err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.What = "no such file"
	case errors.Is(err, fs.ErrPermission):
		e.What, e.Try = "permission denied", "captures made as root belong to root: change the owner, or read the capture "+
			"as root"
	}
	return e
}

func newReader(name string, in io.Reader, done io.Closer, opts Options) (*Reader, error) {
	opts = opts.withDefaults()
	r := &Reader{name: name, opts: opts, pool: pool{size: opts.ChunkSize}}
	r.src = &source{r: in, size: -1, done: done}
	if f, ok := in.(*os.File); ok {
		if st, err := f.Stat(); err == nil {
			if st.IsDir() {
				return nil, &Error{name, "is a directory", "name the captures in it", ErrDirectory}
			}
			switch {
			case st.Mode().IsRegular():
				begin, _ := f.Seek(0, io.SeekCurrent) // of standard input, a part may be read already
				r.src.size = max(st.Size()-begin, 0)
				r.src.follow = opts.Follow
				if !opts.Follow { // thousands of small files cost no more than they hold
					r.pool.size = int(max(min(int64(opts.ChunkSize), r.src.size+1), 4<<10))
				}
			case st.Mode()&fs.ModeNamedPipe != 0: // any pipe
				widen(f)
			}
		}
	}
	if sized, ok := in.(interface{ Size() int64 }); ok && opts.Source != nil {
		r.src.size = sized.Size()
	}
	r.in = r.src
	r.chunk = r.pool.get(0)
	head := r.peek(12)
	if len(head) == 0 {
		return nil, r.refuse("is empty", "the capture has not started yet, or the disk was full", ErrEmpty)
	}
	if kind := compression(head); kind != "" {
		r.info.Compression = kind
		r.pool.size = opts.ChunkSize // for what comes out, of which the file's size says nothing
		r.src.head = append([]byte(nil), head...)
		r.expander = expand(kind, r.src, opts)
		r.in = r.expander
		r.end, r.eof = 0, false
		head = r.peek(12)
		if len(head) == 0 {
			r.expander.Close()
			return nil, r.refuse("is empty after decompression ("+kind+")", "", ErrEmpty)
		}
	}
	switch magic, _ := pcapMagic(head); {
	case magic != 0:
		r.info.Format = "pcap"
		return r, nil
	case isPcapng(head):
		r.info.Format, r.ng = "pcapng", true
		return r, nil
	}
	like := recognize(r.peek(recognizeNeed))
	what := "is not a capture"
	switch {
	case like.what != "" && r.info.Compression != "":
		what = fmt.Sprintf("is not a capture: it looks like %s, compressed (%s)", like.what, r.info.Compression)
	case like.what != "":
		what = "is not a capture: it looks like " + like.what
	case len(head) < 12:
		what = fmt.Sprintf("is not a capture: it has only %d bytes", len(head))
	case compression(head) != "":
		what, like.try = "is not a capture: it is compressed twice", "decompress it once"
	case like.try == "":
		like.try = "if Wireshark opens it, convert it with editcap: editcap -F pcapng IN OUT"
	}
	kind := ErrNotCapture
	if like.try == viaEditcap {
		like.try, kind = offer(), ErrForeign
	}
	refusal := r.refuse(what, like.try, kind)
	if opts.Exports && (strings.HasPrefix(like.what, dissectionExport) || like.readable()) && r.failure == nil {
		text := exportText{io.MultiReader(bytes.NewReader(r.chunk.buf[:r.end]), r.in), r}
		return nil, &ExportError{refusal, text, r.BytesRead, like.readable()}
	}
	if r.expander != nil {
		r.expander.Close()
	}
	return nil, refusal
}

// isPcapng reports whether head begins with a Section Header Block.
func isPcapng(head []byte) bool {
	return len(head) >= 12 && u32(head, false) == blockSection &&
		(u32(head[8:], false) == orderMagic || u32(head[8:], true) == orderMagic)
}

// peek reads until the chunk holds n bytes or no more come.
func (r *Reader) peek(n int) []byte {
	for r.end < n && !r.eof {
		r.fill()
	}
	return r.chunk.buf[:r.end]
}

// refuse returns the error of a file of which nothing can be read; if reading it failed, that is why.
func (r *Reader) refuse(what, try string, err error) *Error {
	if isWindow(r.failure) {
		what, try := r.window()
		return &Error{r.name, "cannot be decompressed: " + what, try, ErrNotCapture}
	}
	if r.failure != nil && r.info.Compression != "" {
		return &Error{r.name, fmt.Sprintf("cannot be decompressed (%s): %v", r.info.Compression, r.failure),
			"check it with the program that made it", ErrNotCapture}
	}
	if r.failure != nil {
		return &Error{r.name, "cannot be read: " + r.failure.Error(), "", r.failure}
	}
	return &Error{r.name, what, try, err}
}

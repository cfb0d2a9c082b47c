package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/term"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// An output is where the report goes. With a path, the report is written to a temporary file in the same directory and
// renamed by commit, so that a partial report is never read.
type output struct {
	io.Writer
	path string
	file *os.File // the temporary file; nil for standard output
}

func openOutput(path string, stdout io.Writer) (*output, error) {
	if path == "" || path == "-" {
		return &output{Writer: stdout}, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // otherwise the link would be replaced, not its target
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, outputError{path, err}
	} else if to, err := os.Readlink(path); err == nil {
		return nil, errDanglingLink(path, to)
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() { // a device or a pipe
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, outputError{path, err}
		}
		return &output{Writer: f}, nil
	}
	f, err := temporaries.create(path)
	if err != nil {
		return nil, outputError{path, err}
	}
	return &output{f, path, f}, nil
}

// overwritten returns the input that a report written to out would replace, "" if there is none. A report on standard
// output would be appended to an input that the shell has opened for it, or written over it.
func overwritten(out string, files []string) string {
	st, err := os.Stat(out)
	if out == "" || out == "-" {
		st, err = os.Stdout.Stat()
	}
	if err != nil || !st.Mode().IsRegular() {
		return ""
	}
	for _, path := range files {
		in, err := os.Stat(path)
		if path == "-" {
			in, err = os.Stdin.Stat()
		}
		if err == nil && os.SameFile(in, st) {
			return path
		}
	}
	return ""
}

// commit puts the report in its place.
func (o *output) commit() error {
	if o.file == nil {
		return nil
	}
	f := o.file
	o.file = nil
	mode := os.FileMode(0o644)
	if st, err := os.Stat(o.path); err == nil {
		mode = st.Mode().Perm() // of the report that this one replaces
	}
	err := f.Chmod(mode)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = temporaries.rename(f.Name(), o.path)
	}
	if err != nil {
		temporaries.discard(f.Name())
		return outputError{o.path, err}
	}
	return nil
}

// discard removes what was written, unless commit has been called.
func (o *output) discard() {
	if o.file != nil {
		o.file.Close()
		temporaries.discard(o.file.Name())
	}
}

// layout returns the width and colours of the output.
func (o *output) layout(noColor bool) report.TextOptions {
	var opts report.TextOptions
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		opts.Width = n
	}
	if f, ok := o.Writer.(interface{ Fd() uintptr }); ok && o.file == nil && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			opts.Width = w
		} else if opts.Width == 0 {
			opts.Width = 80
		}
		opts.Color = !noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	opts.Width = min(opts.Width, 100) // longer lines are harder to read
	return opts
}

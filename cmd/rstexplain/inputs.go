package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/pasted"
)

// An inputList finds the captures that the command line names: files, those below directories, and lists.
type inputList struct {
	convert bool     // captures that can be converted are read too
	globs   []string // patterns for files below a directory, any of which may match; none: captures by content
	paths   []string
	skipped int               // files below directories that are not captures
	foreign []string          // of them, captures of other programs
	tell    func(line string) // reports what could not be read
	lost    bool              // something could not be read
	reached map[string]bool   // directories, by their path without symbolic links
}

// captureNames are file name extensions of captures. Such files are read whatever they contain, so that the report says
// why one is not a capture.
var captureNames = []string{".pcapng", ".pcap", ".cap", ".ntar", ".dmp"}

// add takes one name of the command line or of a list.
func (l *inputList) add(path string) {
	if path == "-" {
		l.paths = append(l.paths, path)
		return
	}
	st, err := os.Stat(path)
	if err != nil && strings.ContainsAny(path, "*?[") { // where the shell does not expand patterns
		if found, _ := filepath.Glob(path); len(found) > 0 {
			for _, p := range found {
				l.add(p)
			}
			return
		}
	}
	if err != nil || !st.IsDir() {
		l.paths = append(l.paths, path) // a file that cannot be read is reported with the others
		return
	}
	before, skipped := len(l.paths), l.skipped
	lost := l.lost
	if l.enter(path) && len(l.paths) == before && l.lost == lost {
		l.lose(fmt.Sprintf("%s: contains no captures (%d other files)", path, l.skipped-skipped))
	}
}

// enter walks a directory that is named or that a symbolic link leads to. It reports whether the directory was new.
func (l *inputList) enter(dir string) bool {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		l.lose(fmt.Sprintf("%s: cannot be read: %v", dir, bare(err)))
		return false
	}
	return l.walk(dir, real)
}

// walk adds the captures below a directory, whose path without symbolic links is real, in the order of
// their names. Symbolic links are followed, but never to a directory that was reached before.
func (l *inputList) walk(dir, real string) bool {
	if l.reached[real] {
		l.note(dir + ": skipped, because it leads to a directory that has been read")
		return false
	}
	if l.reached == nil {
		l.reached = map[string]bool{}
	}
	l.reached[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.lose(fmt.Sprintf("%s: cannot be read: %v", dir, bare(err)))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			l.walk(path, filepath.Join(real, e.Name()))
			continue
		}
		st, err := os.Stat(path)
		switch {
		case err != nil:
			l.lose(fmt.Sprintf("%s: cannot be read: %v", path, bare(err)))
		case st.IsDir():
			l.enter(path)
		case !st.Mode().IsRegular() || !l.wanted(path):
			l.skipped++
		default:
			l.paths = append(l.paths, path)
		}
	}
	return true
}

// wanted reports whether a file below a directory is read.
func (l *inputList) wanted(path string) bool {
	name := filepath.Base(path)
	if len(l.globs) > 0 {
		return slices.ContainsFunc(l.globs, func(g string) bool { ok, _ := filepath.Match(g, name); return ok })
	}
	if slices.ContainsFunc(captureNames, func(ext string) bool { return strings.Contains(name, ext) }) {
		return true
	}
	r, err := capture.Open(path, capture.Options{ChunkSize: 4 << 10, Exports: true})
	if export := (*capture.ExportError)(nil); errors.As(err, &export) {
		defer export.Text.Close()
		return !export.Prose || pasted.Recognise(export.Text)
	}
	if err != nil {
		if errors.Is(err, capture.ErrForeign) && !l.convert {
			l.foreign = append(l.foreign, path)
		}
		return errors.Is(err, fs.ErrPermission) || l.convert && errors.Is(err, capture.ErrForeign)
	}
	r.Close()
	return true
}

// foreignHint returns a line about captures of other programs that were left out, "" if there were none.
func (l *inputList) foreignHint() string {
	switch n := len(l.foreign); n {
	case 0:
		return ""
	case 1:
		return l.foreign[0] + ": left out: it is a capture of another program; with --convert, Wireshark's editcap " +
			"converts it"
	default:
		return fmt.Sprintf("%s and %d more: left out: they are captures of other programs; with --convert, Wireshark's "+
			"editcap converts them",
			l.foreign[0], n-1)
	}
}

func (l *inputList) note(line string) { l.tell(line) }

func (l *inputList) lose(line string) {
	l.lost = true
	l.tell(line)
}

// maxName is more bytes than the name of a file has on any system.
const maxName = 64 << 10

// addList takes the names in a list: one per line, or separated by NUL bytes as find -print0 writes them.
func (l *inputList) addList(in io.Reader) error {
	r := bufio.NewReaderSize(in, maxName)
	head, _ := r.Peek(maxName)
	end := byte('\n')
	if bytes.IndexByte(head, 0) >= 0 {
		end = 0
	}
	for n := 1; ; n++ {
		line, err := r.ReadSlice(end)
		name := strings.TrimSuffix(string(line), string(rune(end)))
		if errors.Is(err, bufio.ErrBufferFull) {
			l.lose(fmt.Sprintf("name %d of the list is longer than %d bytes: left out", n, maxName))
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice(end)
			}
			name = ""
		}
		if end == '\n' {
			name = strings.TrimSuffix(name, "\r")
		}
		if name != "" {
			l.add(name)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

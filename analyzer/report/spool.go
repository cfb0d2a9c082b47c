package report

import (
	"bytes"
	"io"
	"os"
)

// A spool holds text that can be printed only when a whole file has been read: in memory while it is short, then in a
// temporary file, which is unlinked at once. The zero spool is empty and ready to use.
type spool struct {
	mem  bytes.Buffer
	file *os.File
}

// spoolMemory is how much text a spool keeps in memory: about a thousand findings.
const spoolMemory = 4 << 20

func (s *spool) Write(p []byte) (int, error) {
	if s.mem.Len()+len(p) > spoolMemory {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	return s.mem.Write(p)
}

func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "rstexplain-*")
		if err != nil {
			return &SpoolError{os.TempDir(), err}
		}
		os.Remove(f.Name()) // if that fails, as on Windows, drain does it
		s.file = f
	}
	if _, err := s.mem.WriteTo(s.file); err != nil {
		return &SpoolError{os.TempDir(), err}
	}
	return nil
}

// A SpoolError means that a temporary file in the directory Dir could not be written or read.
type SpoolError struct {
	Dir string
	Err error
}

func (e *SpoolError) Error() string { return "temporary file in " + e.Dir + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *SpoolError) Unwrap() error { return e.Err }

// A spoolFile is a temporary file that is being read.
type spoolFile struct{ *os.File }

func (f spoolFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil && err != io.EOF {
		err = &SpoolError{os.TempDir(), err}
	}
	return n, err
}

// drain copies all of s to w and empties it.
func (s *spool) drain(w io.Writer) error {
	if s.file != nil {
		defer func() {
			s.file.Close()
			os.Remove(s.file.Name())
			s.file = nil
		}()
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return &SpoolError{os.TempDir(), err}
		}
		if _, err := io.Copy(w, struct{ io.Reader }{spoolFile{s.file}}); err != nil {
			return err
		}
	}
	_, err := s.mem.WriteTo(w)
	return err
}

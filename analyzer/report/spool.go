package report

import (
	"bytes"
	"io"
	"os"
)

// A spool holds text that can be printed only when a whole file has been read: in memory while it is
// short, else in a temporary file that has no name any more. The zero spool is empty and ready.
type spool struct {
	mem  bytes.Buffer
	file *os.File
}

// spoolMemory is how much text a spool keeps in memory: some thousand findings.
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
			return err
		}
		os.Remove(f.Name()) // where that fails, as on Windows, drain does it
		s.file = f
	}
	_, err := s.mem.WriteTo(s.file)
	return err
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
			return err
		}
		if _, err := io.Copy(w, s.file); err != nil {
			return err
		}
	}
	_, err := s.mem.WriteTo(w)
	return err
}

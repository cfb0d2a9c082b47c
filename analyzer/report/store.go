package report

import "os"

// A store keeps texts of which only some are needed later: in memory while they are short, then in a temporary file,
// which is unlinked at once. The zero store is empty and ready to use.
type store struct {
	mem  []byte
	file *os.File
	base int64 // bytes in the file
}

// An extent is where a text is in a store.
type extent struct {
	at int64
	n  int
}

// add keeps a text.
func (s *store) add(text string) (extent, error) {
	if len(s.mem) > 0 && len(s.mem)+len(text) > spoolMemory {
		if err := s.spill(); err != nil {
			return extent{}, err
		}
	}
	e := extent{s.base + int64(len(s.mem)), len(text)}
	s.mem = append(s.mem, text...)
	return e, nil
}

func (s *store) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "rstexplain-*")
		if err != nil {
			return &SpoolError{os.TempDir(), err}
		}
		os.Remove(f.Name()) // if that fails, as on Windows, close does it
		s.file = f
	}
	if _, err := s.file.WriteAt(s.mem, s.base); err != nil {
		return &SpoolError{os.TempDir(), err}
	}
	s.base += int64(len(s.mem))
	s.mem = s.mem[:0]
	return nil
}

// text returns a text that was added.
func (s *store) text(e extent) (string, error) {
	if e.at >= s.base {
		return string(s.mem[e.at-s.base:][:e.n]), nil
	}
	b := make([]byte, e.n)
	if _, err := s.file.ReadAt(b, e.at); err != nil {
		return "", &SpoolError{os.TempDir(), err}
	}
	return string(b), nil
}

// close gives everything back.
func (s *store) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
	*s = store{}
}

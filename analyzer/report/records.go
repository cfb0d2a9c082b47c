package report

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// A record is a text with the number that its reset carried when it was written. Which incident that is, is known only
// at the end.
type record struct {
	number int
	rank   int // of its severity, as in bySeverity
	text   []byte
}

// Records are kept in a spool. The zero value is empty and ready to use.
type records struct {
	spool
	size int64
}

const recordHead = 4 + 1 + 4

// add appends a record and returns its place.
func (s *records) add(number, rank int, text string) (at int64, err error) {
	var head [recordHead]byte
	binary.LittleEndian.PutUint32(head[:], uint32(number))
	head[4] = byte(rank)
	binary.LittleEndian.PutUint32(head[5:], uint32(len(text)))
	at = s.size
	for _, b := range [...][]byte{head[:], []byte(text)} {
		if _, err := s.Write(b); err != nil {
			return 0, err
		}
		s.size += int64(len(b))
	}
	return at, nil
}

// at returns the record at a place. Nothing may be added afterwards.
func (s *records) at(place int64) (record, error) {
	in, err := s.reader(place)
	if err != nil {
		return record{}, err
	}
	return readRecord(bufio.NewReader(in))
}

// each calls do with each record, in the order in which they were added. Nothing may be added afterwards.
func (s *records) each(do func(record) error) error {
	in, err := s.reader(0)
	if err != nil {
		return err
	}
	from := bufio.NewReaderSize(in, 64<<10)
	for {
		r, err := readRecord(from)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = do(r)
		}
		if err != nil {
			return err
		}
	}
}

// reader reads from a place on.
func (s *records) reader(place int64) (io.Reader, error) {
	spilled := s.size - int64(s.mem.Len())
	mem := bytes.NewReader(s.mem.Bytes())
	if place >= spilled {
		_, err := mem.Seek(place-spilled, io.SeekStart)
		return mem, err
	}
	if _, err := s.file.Seek(place, io.SeekStart); err != nil {
		return nil, err
	}
	return io.MultiReader(struct{ io.Reader }{spoolFile{s.file}}, mem), nil
}

func readRecord(from *bufio.Reader) (record, error) {
	var head [recordHead]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return record{}, err
	}
	r := record{number: int(binary.LittleEndian.Uint32(head[:])), rank: int(head[4])}
	r.text = make([]byte, binary.LittleEndian.Uint32(head[5:]))
	_, err := io.ReadFull(from, r.text)
	return r, err
}

// close gives the memory and the temporary file back.
func (s *records) close() error {
	err := s.drain(io.Discard)
	*s = records{}
	return err
}

// An exampleList keeps the blocks of the findings that represent incidents.
type exampleList struct {
	records
	last map[int]exampleAt // by the number that the finding carried
}

// An exampleAt is where the block of a finding is kept.
type exampleAt struct {
	path  string
	frame int
	at    int64
}

// add keeps the block of r, which represents the incident of its number from now on.
func (l *exampleList) add(r *Reset, path, text string) error {
	return l.keep(r.Incident, rankOf(r.Severity), path, r.Frame, text)
}

func (l *exampleList) keep(number, rank int, path string, frame int, text string) error {
	at, err := l.records.add(number, rank, text)
	if l.last == nil {
		l.last = map[int]exampleAt{}
	}
	l.last[number] = exampleAt{path, frame, at}
	return err
}

// of returns the block of the finding that represents an incident, "" if its findings were filtered out.
func (l *exampleList) of(in *Incident) (string, error) {
	for _, n := range append([]int{in.ID}, in.Also...) {
		if e, ok := l.last[n]; ok && e.path == in.Example.Path &&
			(e.frame == in.Example.Frame || e.frame == in.Example.Line) {
			r, err := l.records.at(e.at)
			return string(r.text), err
		}
	}
	return "", nil
}

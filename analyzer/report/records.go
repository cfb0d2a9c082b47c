package report

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// A record is a text with the number that its reset carried when it was written. Which incident that is, is known only at
// the end.
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

package report

import (
	"bufio"
	"io"
	"strconv"
)

// JSON renders a report as docs/report.schema.json describes it, one reset per line. The resets of a file come before
// its counts, because they are written while the file is still being read.
func JSON(w io.Writer) Renderer {
	return &jsonRenderer{w: bufio.NewWriterSize(w, 64<<10)}
}

type jsonRenderer struct {
	w      *bufio.Writer
	enc    encoder
	files  int
	resets int // of the present file
	tally  tally
	groups Grouping
}

func (j *jsonRenderer) Begin(generator string) error {
	b := append(j.enc.buf[:0], `{"schema_version":`...)
	b = strconv.AppendInt(b, SchemaVersion, 10)
	b = append(b, `,"generator":`...)
	b = appendString(b, generator)
	return j.write(append(b, `,"files":[`...))
}

func (j *jsonRenderer) BeginFile(path string) error {
	b := appendComma(j.enc.buf[:0], j.files)
	j.files++
	j.resets = 0
	j.tally.beginFile(path)
	j.groups.BeginFile(path)
	b = append(b, "\n{\"path\":"...)
	b = appendString(b, path)
	return j.write(append(b, `,"resets":[`...))
}

func (j *jsonRenderer) Reset(r *Reset) error {
	b := appendComma(j.enc.buf[:0], j.resets)
	j.resets++
	j.tally.add(r)
	j.groups.Add(r)
	b = append(b, '\n')
	return j.write(j.enc.reset(b, r))
}

func (j *jsonRenderer) EndFile(f *File) error {
	j.tally.endFile(f)
	return j.write(j.enc.fileTail(append(j.enc.buf[:0], "],\n"...), f))
}

func (j *jsonRenderer) End() error {
	b := append(j.enc.buf[:0], "\n],\n\"incidents\":["...)
	list := j.groups.Incidents()
	for i := range list {
		b = append(append(appendComma(b, i), '\n'), marshalled(&list[i])...)
		if err := j.write(b); err != nil {
			return err
		}
		b = j.enc.buf[:0]
	}
	total := j.tally.done()
	b = append(append(append(b, "],\n\"summary\":"...), marshalled(&total)...), "}\n"...)
	if err := j.write(b); err != nil {
		return err
	}
	return j.w.Flush()
}

// write writes b and keeps its memory for the next call.
func (j *jsonRenderer) write(b []byte) error {
	j.enc.buf = b
	_, err := j.w.Write(b)
	return err
}

func appendComma(b []byte, n int) []byte {
	if n > 0 {
		b = append(b, ',')
	}
	return b
}

// marshalled is marshal for the model, which contains only types that encoding/json supports.
func marshalled(v any) []byte {
	b, err := marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

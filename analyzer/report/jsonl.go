package report

import (
	"bufio"
	"io"
)

// JSONL renders one JSON object per reset and line, as docs/report.schema.json describes a reset, preceded by the path
// of the file, which a repeat beyond the 100th of its event leaves out: for jq and log processors. The last line has
// the incidents, as a field of that name. A live report has such a line with one incident, too, each time when it has
// ten times as many resets as when it was printed last.
func JSONL(w io.Writer) Renderer { return &jsonlRenderer{w: bufio.NewWriterSize(w, 64<<10)} }

type jsonlRenderer struct {
	w    *bufio.Writer
	enc  encoder
	path []byte // {"file":"…",

	groups Grouping
	news   newsList // what was printed of each incident
}

// live makes j print what becomes of incidents.
func (j *jsonlRenderer) live() Renderer {
	j.groups.live = newLiveGrouping()
	return j
}

func (j *jsonlRenderer) Begin(string) error { return nil }

func (j *jsonlRenderer) BeginFile(path string) error {
	j.groups.BeginFile(path)
	j.path = append(appendString(append(j.path[:0], `{"file":`...), path), ',')
	return nil
}

func (j *jsonlRenderer) Reset(r *Reset) error {
	if j.groups.Add(r); r.known {
		return nil
	}
	j.enc.buf = append(j.enc.reset(j.enc.buf[:0], r), '\n')
	line := j.enc.buf
	if !r.shortened() {
		j.w.Write(j.path)
		line = line[1:]
	}
	_, err := j.w.Write(line)
	if j.groups.live != nil && !r.Revised && j.news.grown(r.Incident) {
		if in := j.groups.soFar(r.Incident); in != nil {
			_, err = j.w.Write(append(appendIncidents(append(j.enc.buf[:0], '{'), []Incident{*in}), "}\n"...))
		}
	}
	return err
}

func (j *jsonlRenderer) EndFile(*File) error { return j.w.Flush() }

func (j *jsonlRenderer) End() error {
	if list := j.groups.Incidents(); len(list) > 0 {
		j.w.Write(append(appendIncidents(append(j.enc.buf[:0], '{'), list), "}\n"...))
	}
	return j.w.Flush()
}

// appendIncidents appends the field incidents.
func appendIncidents(b []byte, list []Incident) []byte {
	b = append(b, `"incidents":[`...)
	for i := range list {
		b = append(appendComma(b, i), marshalled(&list[i])...)
	}
	return append(b, ']')
}

package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CSV renders a report for spreadsheets (RFC 4180): one row per reset, repeats included. The order of the columns is
// fixed; new ones are added at the end. The rows of a file come at the end of the report, when all incidents are known.
// A repeat beyond the 100th of its event has the number of its incident, and not its sentence.
func CSV(w io.Writer) Renderer { return &csvRenderer{out: w, w: csv.NewWriter(w)} }

var csvHeader = []string{"file", "frame", "time", "stream", "originator", "responder", "sender", "cause", "detail",
	"confidence", "severity", "origin", "trigger_frame", "repeats_frame", "phase", "protocol", "zeek_conn_state",
	"alternatives", "summary", "symptom", "remedy", "filter", "time_relative", "part", "part_frame", "line",
	"packet_number", "paste", "incident", "incident_says"}

type csvRenderer struct {
	out  io.Writer
	w    *csv.Writer // writes to out
	path string
	row  []string

	groups Grouping
	rows   records
	line   bytes.Buffer
	inLine *csv.Writer // writes to line
}

// live makes c print each row at once.
func (c *csvRenderer) live() Renderer {
	c.groups.live = newLiveGrouping()
	return c
}

func (c *csvRenderer) Begin(string) error { return c.w.Write(csvHeader) }

func (c *csvRenderer) BeginFile(path string) error {
	c.path = path
	c.groups.BeginFile(path)
	return nil
}

func (c *csvRenderer) Reset(r *Reset) error {
	if c.groups.Add(r); r.known {
		return nil
	}
	var open []string
	for _, a := range r.Alternatives {
		open = append(open, fmt.Sprintf("%s %.3f", a.Cause, a.Confidence))
	}
	symptom := strings.Replace(strings.Join(r.SymptomLines(), "; "), ":; ", ": ", 1)
	c.row = append(c.row[:0], c.path, strconv.Itoa(r.Frame), r.Time.Std().Format(timeLayout), strconv.Itoa(r.Stream),
		r.Originator, r.Responder, r.Sender, string(r.Cause), r.Detail, strconv.FormatFloat(r.Confidence, 'f', 3, 64),
		string(r.Severity), string(r.Origin), r.Trigger.cell(), r.Repeats.cell(), string(r.Phase), r.Conn.Protocol,
		r.Zeek.State, strings.Join(open, "; "), r.Summary, symptom, r.Remedy, r.Filter,
		strconv.FormatFloat(float64(r.Relative)/1e9, 'f', 9, 64))
	if len(r.Places) > 0 {
		c.row = append(c.row, r.Places[0].Path, strconv.Itoa(r.Places[0].Frames[0]))
	} else {
		c.row = append(c.row, "", "")
	}
	for _, n := range [...]int{r.Line, r.Number, r.Paste} {
		c.row = append(c.row, FrameRef(n).cell())
	}
	for i := range c.row {
		c.row[i] = inert(c.row[i])
	}
	if c.groups.live != nil {
		return c.w.Write(append(c.row, strconv.Itoa(r.Incident), ""))
	}
	if c.inLine == nil {
		c.inLine = csv.NewWriter(&c.line)
	}
	c.line.Reset()
	if err := c.inLine.Write(c.row); err != nil {
		return err
	}
	c.inLine.Flush()
	rank := csvSays
	if r.shortened() {
		rank = csvBare
	}
	_, err := c.rows.add(r.Incident, rank, c.line.String())
	return err
}

// Ranks of the records of rows.
const (
	csvSays = iota // with the sentence of the incident
	csvBare
)

func (c *csvRenderer) EndFile(*File) error {
	c.w.Flush()
	return c.w.Error()
}

func (c *csvRenderer) End() error {
	ends := map[int][2]string{} // of the rows of an incident, by rank
	list := c.groups.Incidents()
	for _, in := range list {
		for rank, says := range [...]string{csvSays: inert(in.Says), csvBare: ""} {
			c.line.Reset()
			w := csv.NewWriter(&c.line)
			w.Write([]string{strconv.Itoa(in.Number), says})
			w.Flush()
			end := ends[in.Number]
			end[rank] = "," + c.line.String()
			ends[in.Number] = end
		}
	}
	c.w.Flush()
	now, out := numbersOf(list), bufio.NewWriterSize(c.out, 64<<10)
	err := c.rows.each(func(r record) error {
		out.Write(bytes.TrimSuffix(r.text, []byte{'\n'}))
		_, err := out.WriteString(ends[now[r.number]][r.rank])
		return err
	})
	return cmp.Or(c.rows.close(), err, c.w.Error(), out.Flush())
}

// cell prints the frame, or nothing for none.
func (f FrameRef) cell() string {
	if f == 0 {
		return ""
	}
	return strconv.Itoa(int(f))
}

// formulaSigns begin a formula; a spreadsheet for East Asia takes the wide ones too.
const formulaSigns = "=+-@\t\r＝＋－＠"

// inert keeps a spreadsheet from reading text of a capture as a formula (OWASP, "CSV Injection").
func inert(s string) string {
	s = Clean(s)
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " ")); strings.ContainsRune(formulaSigns, first) {
		return "'" + s
	}
	return s
}

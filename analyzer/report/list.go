package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// List renders a report with one line for each reset, repeats included, for grep and the eye: frame, time, stream,
// sender, cause and detail, confidence, and the number of its incident. A line with the path of a capture precedes its
// resets. What an incident number means, the other formats say.
func List(w io.Writer) Renderer { return &listRenderer{w: bufio.NewWriterSize(w, 64<<10)} }

type listRenderer struct {
	w      *bufio.Writer
	lines  records
	groups Grouping
}

// listHead names the columns.
const listHead = "# frame\ttime\tstream\tsender\tcause/detail\tconfidence\tincident\n"

func (l *listRenderer) Begin(string) error {
	_, err := l.w.WriteString(listHead)
	return err
}

func (l *listRenderer) BeginFile(path string) error {
	l.groups.BeginFile(path)
	_, err := l.lines.add(0, 0, "# "+Clean(path)+"\n")
	return err
}

func (l *listRenderer) Reset(r *Reset) error {
	l.groups.Add(r)
	_, err := l.lines.add(r.Incident, 0, listLine(r))
	return err
}

// listLine is the line of r without the number of its incident.
func listLine(r *Reset) string {
	r = r.byLine()
	stream := strconv.Itoa(r.Stream)
	sender := r.Responder
	if r.Sender == sides[0] {
		sender = r.Originator
	}
	what := string(r.Cause) + "/" + r.Detail
	if r.Repeats != 0 {
		what += fmt.Sprintf(" (repeats %s)", strings.TrimPrefix(mark(int(r.Repeats), r.Line > 0), "#"))
	}
	fields := []string{strings.TrimPrefix(mark(r.Frame, r.Line > 0), "#"), r.Time.Std().Format(timeLayout), stream,
		sender, what, strconv.FormatFloat(r.Confidence, 'f', 3, 64)}
	for i := range fields {
		fields[i] = Clean(fields[i])
	}
	return strings.Join(fields, "\t")
}

func (l *listRenderer) EndFile(*File) error { return nil }

func (l *listRenderer) End() error {
	now := l.groups.Now()
	err := l.lines.each(func(r record) error {
		l.w.Write(r.text)
		if r.number != 0 {
			l.w.WriteString("\t" + strconv.Itoa(now[r.number]) + "\n")
		}
		return nil
	})
	if err := l.lines.close(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return l.w.Flush()
}

// live prints each line at once.
func (l *listRenderer) live() Renderer {
	l.groups.live = newLiveGrouping()
	return &liveList{listRenderer: *l}
}

// A liveList prints the number of an incident as it is known when the reset comes, and a second line if that, or the
// finding, is another one later.
type liveList struct{ listRenderer }

func (l *liveList) BeginFile(path string) error {
	l.groups.BeginFile(path)
	_, err := l.w.WriteString("# " + Clean(path) + "\n")
	return err
}

func (l *liveList) Reset(r *Reset) error {
	if l.groups.Add(r); r.known {
		return nil
	}
	l.w.WriteString(listLine(r) + "\t" + strconv.Itoa(r.Incident) + "\n")
	return l.w.Flush()
}

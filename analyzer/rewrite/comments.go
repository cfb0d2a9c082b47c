package rewrite

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Comments collects the packet comments that Annotate writes. It is a report.Renderer for one file. Close it when it is
// no longer needed.
//
// Comments arrive in the order of resets and are needed in the order of frames. What does not fit in memory is kept,
// sorted, in a temporary file.
type Comments struct {
	MaxMemory int64 // bytes of comments kept in memory, 0: 64 MiB

	Resets int   // resets that got a comment
	Lost   int   // comments left out, as the temporary file is as large as it may be
	Waited int64 // bytes that waited in a temporary file

	groups    report.Grouping
	incidents map[int]int // the incident of each number that a reset carries

	list []comment
	size int64
	file *os.File
	runs []extent
	next merge // set once comments are asked for
}

// A comment is one comment of a frame.
type comment struct {
	frame int
	text  string
}

// An extent is a run of sorted comments in the temporary file.
type extent struct{ offset, size int64 }

// commentCost is what a comment takes in memory beside its text, with what a list that grows takes twice.
const commentCost = 64

// Begin implements report.Renderer.
func (c *Comments) Begin(string) error { return nil }

// BeginFile implements report.Renderer.
func (c *Comments) BeginFile(path string) error {
	err := c.Close()
	*c = Comments{MaxMemory: c.MaxMemory}
	c.groups.BeginFile(path)
	if c.MaxMemory <= 0 {
		c.MaxMemory = defaultMemory
	}
	return err
}

// Reset implements report.Renderer.
func (c *Comments) Reset(r *report.Reset) error {
	c.Resets++
	c.groups.Add(r)
	if r.Repeats != 0 {
		lines := []string{fmt.Sprintf("rstexplain: %s (%s): the same event as the reset in "+
			"frame %d", r.Cause, r.Detail, int(r.Repeats))}
		for _, e := range r.Evidence {
			lines = append(lines, report.Clean("Evidence: "+e.Says))
		}
		return c.add(strings.Join(lines, "\n")+numbers(r), r.Frame)
	}
	lines := []string{fmt.Sprintf("rstexplain: %s (%s), %.0f %% confidence, %s. %s", r.Cause, r.Detail, 100*r.Confidence,
		r.Severity, r.Verdict())}
	for _, e := range r.Evidence {
		lines = append(lines, "Evidence: "+e.Says)
	}
	if r.Symptom != "" {
		symptom := r.SymptomLines()
		lines = append(append(lines, "Symptom: "+symptom[0]), symptom[1:]...)
	}
	if r.Remedy != "" {
		lines = append(lines, "Remedy: "+r.Remedy)
	}
	for i := range lines {
		lines[i] = report.Clean(lines[i])
	}
	err := c.add(strings.Join(lines, "\n")+numbers(r), r.Frame)
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy} {
		for _, e := range list {
			says := report.Clean(fmt.Sprintf("rstexplain, about the reset in frame %d: %s", r.Frame, e.Says))
			for _, frame := range e.Frames {
				if frame != r.Frame {
					err = errors.Join(err, c.add(says, frame))
				}
			}
		}
	}
	return err
}

// EndFile implements report.Renderer. What happened is said at the first reset of each incident, unless that is its
// only one.
func (c *Comments) EndFile(*report.File) error {
	var err error
	c.incidents = c.groups.Now()
	for _, in := range c.groups.Incidents() {
		if in.Findings > 1 && len(in.Captures) > 0 {
			err = errors.Join(err, c.add(report.Clean(fmt.Sprintf("rstexplain, incident %d: %s", in.Number, in.Says)),
				slices.Min(in.Captures[0].Frames)))
		}
	}
	return err
}

// End implements report.Renderer.
func (c *Comments) End() error { return nil }

// incidentLine begins the last line of the comment on a reset, which Wireshark's plugin reads too.
const incidentLine = "\nIncident "

// numbers is that line. The number is the one that is known so far.
func numbers(r *report.Reset) string {
	return fmt.Sprintf("%s%d, confidence %s", incidentLine, r.Incident, strconv.FormatFloat(r.Confidence, 'g', -1, 64))
}

// settle returns a comment with the number of its incident in place of the one known when it was written.
func (c *Comments) settle(text string) string {
	at := strings.LastIndex(text, incidentLine)
	if at < 0 {
		return text
	}
	at += len(incidentLine)
	digits, rest, _ := strings.Cut(text[at:], ",")
	number, err := strconv.Atoi(digits)
	if now, ok := c.incidents[number]; err == nil && ok {
		return text[:at] + strconv.Itoa(now) + "," + rest
	}
	return text
}

// add puts a comment at a frame. It may hold text of the network, which programs that show comments print as it is:
// it has to be clean.
func (c *Comments) add(text string, frame int) error {
	c.list = append(c.list, comment{frame, text})
	if c.size += int64(len(text)) + commentCost; c.size < c.MaxMemory {
		return nil
	}
	return c.spill()
}

// spill writes the comments in memory to the temporary file, in the order of their frames.
func (c *Comments) spill() error {
	c.sort()
	defer func() { c.list, c.size = c.list[:0], 0; clear(c.list[:cap(c.list)]) }()
	if c.Waited >= capture.MaxTemporary {
		c.Lost += len(c.list)
		return nil
	}
	if c.file == nil {
		var err error
		if c.file, err = capture.Temporary(); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(io.NewOffsetWriter(c.file, c.Waited), 64<<10)
	run := extent{offset: c.Waited}
	var head []byte
	for _, one := range c.list {
		head = binary.AppendUvarint(binary.AppendUvarint(head[:0], uint64(one.frame)), uint64(len(one.text)))
		out.Write(head)
		out.WriteString(one.text) // an error stays until Flush
		run.size += int64(len(head) + len(one.text))
	}
	c.Waited += run.size
	c.runs = append(c.runs, run)
	return out.Flush()
}

// sort brings the comments in memory into the order of their frames, those of one as they came.
func (c *Comments) sort() {
	slices.SortStableFunc(c.list, func(a, b comment) int { return a.frame - b.frame })
}

// Close removes the temporary file, if there is one.
func (c *Comments) Close() error {
	if c.file == nil {
		return nil
	}
	f := c.file
	c.file = nil
	return capture.RemoveTemporary(f)
}

// maxComments bounds the comments of one frame: one SYN can be evidence for thousands of resets.
const maxComments = 16

// of returns the comments of a frame; frames are asked for in their order.
func (c *Comments) of(frame int) (list []string, err error) {
	if c.next == nil {
		if err := c.begin(); err != nil {
			return nil, err
		}
	}
	for len(c.next) > 0 && c.next[0].one.frame <= frame {
		from := c.next[0]
		if text := c.settle(from.one.text); from.one.frame == frame && len(list) <= maxComments &&
			!slices.Contains(list, text) {
			if list = append(list, text); len(list) > maxComments {
				list[maxComments] = "rstexplain: evidence for further resets, which are not listed here"
			}
		}
		switch more, err := from.read(); {
		case err != nil:
			return nil, err
		case more:
			heap.Fix(&c.next, 0)
		default:
			heap.Pop(&c.next)
		}
	}
	return list, nil
}

// begin makes ready to ask for comments.
func (c *Comments) begin() error {
	c.sort()
	c.next = merge{}
	for i, run := range c.runs {
		from := &cursor{run: i, file: bufio.NewReaderSize(io.NewSectionReader(c.file, run.offset, run.size), 4<<10)}
		c.next = append(c.next, from)
	}
	c.next = append(c.next, &cursor{run: len(c.runs), list: c.list})
	for i := len(c.next) - 1; i >= 0; i-- {
		if more, err := c.next[i].read(); err != nil {
			return err
		} else if !more {
			c.next = slices.Delete(c.next, i, i+1)
		}
	}
	heap.Init(&c.next)
	return nil
}

// A cursor goes over a run of sorted comments.
type cursor struct {
	one  comment
	run  int
	list []comment     // in memory,
	file *bufio.Reader // or not
}

// read goes on to the next comment, and reports whether there is one.
func (c *cursor) read() (bool, error) {
	if c.file == nil {
		if len(c.list) == 0 {
			return false, nil
		}
		c.one, c.list = c.list[0], c.list[1:]
		return true, nil
	}
	frame, err := binary.ReadUvarint(c.file)
	if err == io.EOF {
		return false, nil
	}
	n, err2 := binary.ReadUvarint(c.file)
	if err = errors.Join(err, err2); err != nil {
		return false, err
	}
	text := make([]byte, n)
	_, err = io.ReadFull(c.file, text)
	c.one = comment{int(frame), string(text)}
	return err == nil, err
}

// A merge is a heap of cursors, by their frame, and for one frame by their run.
type merge []*cursor

func (m merge) Len() int { return len(m) }
func (m merge) Less(i, j int) bool {
	a, b := m[i], m[j]
	return a.one.frame < b.one.frame || a.one.frame == b.one.frame && a.run < b.run
}
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)   { *m = append(*m, x.(*cursor)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

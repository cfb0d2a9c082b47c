package analyzer

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/dissection"
	"github.com/rstexplain/rstexplain/analyzer/pasted"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// An exportInput reads a packet dissection export of Wireshark, JSON or PDML. Its packets come as fields
// and not as bytes, so there is nothing left to decode.
type exportInput struct {
	from   *capture.ExportError
	format dissection.Format
	reader *dissection.Reader
	frame  int
	done   bool
	err    error // why it was not read to its end

	mu      sync.Mutex // resets ask for what is unknown while the export is being read
	unknown []lackRun
}

// A lackRun is a run of segments that lack the same fields, from a frame on. Exports hold the same fields of nearly
// all.
type lackRun struct {
	frame  int
	fields flows.Fields
}

// maxLackRuns is how many runs are kept; of segments behind the last, fields are said to be unknown that may be there.
const maxLackRuns = 1 << 16

// lacks notes which fields of the header a segment lacks.
func (e *exportInput) lacks(frame int, fields flows.Fields) {
	fields &= flows.FieldTTL | flows.FieldIPID | flows.FieldWindow
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.unknown)
	switch {
	case n == maxLackRuns:
		e.unknown[n-1].fields |= fields
	case n == 0 && fields != 0 || n > 0 && e.unknown[n-1].fields != fields:
		e.unknown = append(e.unknown, lackRun{frame, fields})
	}
}

// place adds to m which fields of its segments are not known.
func (e *exportInput) place(m *report.Reset) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.unknown) == 0 {
		return
	}
	m.SetUnknown(e.unknownOf)
}

// unknownOf returns which fields of a packet are not known. The mutex is held.
func (e *exportInput) unknownOf(frame int) flows.Fields {
	i, found := slices.BinarySearchFunc(e.unknown, frame, func(r lackRun, frame int) int { return r.frame - frame })
	if !found {
		i--
	}
	if i < 0 {
		return 0
	}
	return e.unknown[i].fields
}

// lacking returns which fields of a packet are not known.
func (e *exportInput) lacking(frame int) flows.Fields {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.unknownOf(frame)
}

// openExport takes the file that the capture package has recognised; its error is the refusal of what
// cannot be read after all.
func openExport(from *capture.ExportError) (input, error) {
	text := bufio.NewReaderSize(from.Text, headNeed)
	head, _ := text.Peek(headNeed) // shorter where the file is
	format := dissection.Recognise(head)
	if format == dissection.NotExport {
		return &pastedInput{from: from, reader: pasted.NewReader(text)}, nil
	}
	r, err := dissection.NewReader(text, format)
	if err != nil {
		from.Text.Close()
		return nil, err
	}
	return &exportInput{from: from, format: format, reader: r}, nil
}

const (
	headNeed    = 4096    // bytes that are needed to recognise the format
	exportPiece = 256     // packets of an export that are passed on together
	exportBytes = 1 << 20 // of data in them, after which no more packets are added
)

// An exported is a run of packets of an export.
type exported struct {
	list   []flows.Segment
	errors []quotedError
	apart  bool // they have nothing to do with those before them
	timeSpan
}

// A quotedError is an ICMP error between the segments of an export.
type quotedError struct {
	before int // number of the segment that follows
	note   flows.ICMPNote
}

// segments returns what e holds, for t.
func (e *exported) segments(t *track.Table) *segments {
	s := recycled.Get().(*segments)
	s.list, s.timeSpan = t.NewBatch(), e.timeSpan
	errors := e.errors
	addErrors := func(before int) {
		for ; len(errors) > 0 && errors[0].before <= before; errors = errors[1:] {
			s.addICMP(&errors[0].note)
		}
	}
	for i := range e.list {
		addErrors(i)
		s.list.Add(&e.list[i])
	}
	addErrors(len(e.list))
	return s
}

func (e *exportInput) next(p *piece) error {
	if e.done {
		return io.EOF
	}
	s := &exported{}
	var read dissection.Packet
	for n, held := 0, 0; n < exportPiece && held < exportBytes; n++ {
		err := e.reader.Next(&read)
		if err != nil {
			e.done = true
			if !errors.Is(err, io.EOF) || errors.Is(err, dissection.ErrDamaged) {
				e.err = err
			}
			break
		}
		e.frame = max(read.Frame, e.frame+1) // numbers that go back are of several exports in one
		s.packets++
		s.extend(int64(read.Time))
		switch {
		case read.TCP:
			seg := read.Segment
			seg.Frame = e.frame
			seg.Payload = slices.Clone(seg.Payload)
			held += len(seg.Payload)
			e.lacks(e.frame, seg.Unknown)
			s.list = append(s.list, seg)
		case read.ICMP:
			read.Note.Frame = e.frame
			s.errors = append(s.errors, quotedError{len(s.list), read.Note})
		}
	}
	p.export = s
	return nil
}

func (e *exportInput) frames() int      { return e.reader.Packets }
func (e *exportInput) bytesRead() int64 { return e.from.Read() }
func (e *exportInput) stop()            {}
func (e *exportInput) close() error     { return e.from.Text.Close() }

// tell adds warnings about what the export does not contain.
func (e *exportInput) tell(f *report.File) {
	say := func(w report.Warning) { f.Warnings = append(f.Warnings, w) }
	switch {
	case errors.Is(e.err, dissection.ErrRawOnly):
		say(report.Warning{Says: e.err.Error(), Lost: true, Hint: "export dissections as JSON or PDML (tshark -T json), " +
			"or use the capture itself"})
	case errors.Is(e.err, dissection.ErrDamaged):
		say(report.Warning{Says: e.err.Error(), Lost: true, Frame: e.frame, Hint: "export it again; everything before " +
			"that is explained"})
	case e.err != nil:
		say(report.Warning{Says: e.err.Error(), Lost: true, Frame: e.frame, Hint: "use the capture itself; everything " +
			"before that is explained"})
	}
	say(report.Warning{Says: "this is an export of packet dissections by Wireshark (" + string(e.format) +
		"), not a capture: packets that a display filter hid are missing, and so are fields that were not exported",
		Hint: "the capture itself contains more"})
	for _, l := range [...]struct {
		count int
		says  string
	}{
		{e.reader.Left.Payload, "segments whose data is not in the export: requests and responses are unknown"},
		{e.reader.Left.RawSEQ, "segments with relative sequence numbers only"},
		{e.reader.Left.TTL, "segments without TTL or hop limit: the origin of a RST is less certain"},
		{e.reader.Left.Long, "values longer than 1 MiB: only their beginning was read"},
		{e.reader.Left.Unusable, "packets without the necessary TCP fields"},
	} {
		if l.count > 0 {
			say(report.Warning{Says: l.says, Count: l.count})
		}
	}
}

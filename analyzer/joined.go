package analyzer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// ExplainJoined explains the captures at paths as one, in the order of their first packets: the files of a rotating
// capture, so that a connection that spans files is one connection. Files that overlap are merged in the order of time,
// with a warning. Frames are numbered across all files, as in the output of mergecap; each reset also has its frame
// numbers in the files. Exports by Wireshark and texts may be among the files.
func ExplainJoined(ctx context.Context, paths []string, r report.Renderer, opts Options) (*report.File, error) {
	return opts.report(r, func() (*report.File, error) { return explainJoined(ctx, paths, r, opts) })
}

func explainJoined(ctx context.Context, paths []string, r report.Renderer, opts Options) (*report.File, error) {
	var unread []report.Warning
	in, err := awaited(ctx, func() (in *joinedInput, err error) {
		in, unread = openJoined(paths, opts.Capture)
		return in, nil
	})
	if err != nil {
		file := &report.File{Path: paths[0]}
		refused(file, err)
		if err := r.BeginFile(file.Path); err != nil {
			return nil, err
		}
		return file, r.EndFile(file)
	}
	file := &report.File{Path: joinedName(in.parts), Warnings: unread}
	if len(in.parts) == 0 && len(paths) > 0 {
		file.Path = paths[0]
	}
	if err := r.BeginFile(file.Path); err != nil {
		return nil, err
	}
	return explainInput(ctx, in, file, r, opts)
}

// joinedName names the whole after its first file.
func joinedName(parts []part) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0].path
	}
	return fmt.Sprintf("%s and %d more, joined", parts[0].path, len(parts)-1)
}

// A joinedInput reads several captures as one. Resets ask for their places while files are being read, so
// what is known of the parts is guarded.
type joinedInput struct {
	opts     capture.Options
	read     int       // parts that were begun, or given up
	streams  []*stream // that are being read: more than one where files overlap
	frame    int       // the last one
	overlaps int       // files that begin before the end of another
	bytes    atomic.Int64
	on       string // interfaces of the file before
	moved    bool   // they were seen to change
	warnings []report.Warning

	mu    sync.Mutex
	parts []part
	begun []report.Part // of those that are read, or have been; in their order
	runs  []run
	now   []input // that are being read
}

// A run is a number of packets that follow each other in the whole as in their file. There is one for each file, or
// more where files overlap.
type run struct {
	first uint32 // frame of the first of them in the whole
	from  uint32 // and in the file
	part  uint32 // index in begun
}

// maxRuns is how many runs are kept. Packets behind the last one have no place.
const maxRuns = 1 << 22

// next brings the next packets: those of the only file at hand, or where several overlap, of one of them as far as no
// other has earlier ones.
func (j *joinedInput) next(p *piece) error {
	for {
		var s *stream
		switch {
		case len(j.streams) == 0:
			if !j.open() {
				return io.EOF
			}
			continue
		case len(j.streams) == 1:
			s = j.alone(p)
		default:
			s = j.earliest(p)
		}
		if s != nil {
			j.number(s, p)
			return nil
		}
	}
}

// number gives the packets of p, of s, their numbers in the whole.
func (j *joinedInput) number(s *stream, p *piece) {
	c := cursor{piece: *p}
	if p.export != nil {
		p.export.apart = false // several prints in a text go on with each other like files
	}
	if c.len() == 0 {
		return
	}
	from := c.frame()
	if s.behind == 0 || s.behind != j.frame || from <= s.last {
		j.mu.Lock()
		if s.behind == 0 { // numbers begin with 1 in each file, whatever the first that is TCP
			from = 1
		}
		if len(j.runs) < maxRuns {
			j.runs = append(j.runs, run{uint32(j.frame + 1), uint32(from), uint32(s.index)})
		}
		if j.begun[s.index].First == 0 {
			j.begun[s.index].First = j.frame + 1
		}
		j.mu.Unlock()
		s.shift = j.frame + 1 - from
	}
	c.each(func(frame *int) {
		s.last = *frame
		*frame += s.shift
		j.frame = *frame
	})
	s.behind = j.frame
}

// open begins to read the next part. It reports whether there is one.
func (j *joinedInput) open() bool {
	for j.read < len(j.parts) {
		now := &j.parts[j.read]
		j.read++
		j.mu.Lock()
		j.begun = append(j.begun, report.Part{Path: now.path})
		j.mu.Unlock()
		in, first, err := now.open(j)
		if err != nil {
			j.warnings = append(j.warnings, report.Warning{Says: err.Error(), Lost: true})
			continue
		}
		s := &stream{index: len(j.begun) - 1, path: now.path, in: in, start: now.start}
		if first != nil {
			s.add(*first)
		}
		j.mu.Lock()
		now.lacks = lacking(in)
		j.now = append(j.now, in)
		j.mu.Unlock()
		j.streams = append(j.streams, s)
		return true
	}
	return false
}

// ended takes what is to be said of a stream that was read to its end.
func (j *joinedInput) ended(s *stream) {
	var f report.File
	s.in.tell(&f)
	j.mu.Lock()
	now := &j.begun[s.index]
	now.Packets = s.in.frames()
	if now.First == 0 {
		now.First = j.frame + 1
	}
	j.now = slices.DeleteFunc(j.now, func(in input) bool { return in == s.in })
	j.bytes.Add(s.in.bytesRead())
	j.mu.Unlock()
	if s.behind == 0 {
		s.shift, s.behind = j.frame, j.frame
	}
	for _, w := range f.Warnings {
		if w.Frame > 0 {
			w.Frame += s.shift
		}
		w.Says = s.path + ": " + w.Says
		j.warnings = append(j.warnings, w)
	}
	if s.behind == j.frame { // with those at the end that were not handed out
		j.frame = max(j.frame, s.shift+s.in.frames())
	}
	j.compare(s)
	s.in.close()
}

func (j *joinedInput) frames() int { return j.frame }

func (j *joinedInput) bytesRead() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.bytes.Load()
	for _, in := range j.now {
		n += in.bytesRead()
	}
	return n
}

func (j *joinedInput) stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, in := range j.now {
		in.stop()
	}
}

func (j *joinedInput) close() error {
	for _, p := range j.parts {
		if p.held != nil { // the context ended before its turn
			p.held.in.close()
		}
	}
	for _, s := range j.streams {
		s.in.close()
	}
	return nil
}

func (j *joinedInput) tell(f *report.File) {
	f.Warnings = append(f.Warnings, j.warnings...)
	if j.overlaps > 1 {
		f.Warnings = append(f.Warnings, report.Warning{Says: "further files that overlap others", Count: j.overlaps - 1})
	}
	if len(j.runs) == maxRuns {
		f.Warnings = append(f.Warnings, report.Warning{
			Says: "so many packets of files that overlap that the places of some in their files are not known",
			Hint: "merge the files with mergecap first"})
	}
}

// locate returns the part that a frame of the whole is in, and its number there; no part is −1.
func (j *joinedInput) locate(frame int) (part, inFile int) {
	i := sort.Search(len(j.runs), func(i int) bool { return int(j.runs[i].first) > frame }) - 1
	if i < 0 || frame <= 0 || i == maxRuns-1 {
		return -1, 0
	}
	r := j.runs[i]
	return int(r.part), frame - int(r.first) + int(r.from)
}

// place adds to m in which files its packets are, and which of their fields these do not hold.
func (j *joinedInput) place(m *report.Reset) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	m.Locate(j.begun, j.locate)
	if !slices.ContainsFunc(j.parts, func(p part) bool { return p.lacks != nil }) {
		return
	}
	m.SetUnknown(func(frame int) flows.Fields {
		i, inFile := j.locate(frame)
		if i < 0 || j.parts[i].lacks == nil {
			return 0
		}
		return j.parts[i].lacks(inFile)
	})
}

// finish lists the files in f.
func (j *joinedInput) finish(f *report.File) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	f.Parts = slices.Clone(j.begun) // reading may still go on
}

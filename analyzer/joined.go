package analyzer

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// ExplainJoined explains the captures at paths as one, in the order of their first packets: the files of a rotating
// capture, so that a connection that spans files is one connection. Frames are numbered across all files, as in the
// output of "mergecap -a"; each reset also has its frame numbers in the files.
func ExplainJoined(ctx context.Context, paths []string, r report.Renderer, opts Options) (*report.File, error) {
	return opts.report(r, func() (*report.File, error) { return explainJoined(ctx, paths, r, opts) })
}

func explainJoined(ctx context.Context, paths []string, r report.Renderer, opts Options) (*report.File, error) {
	var unread []report.Warning
	in, err := awaited(ctx, func() (in *joinedInput, err error) {
		in, unread = openJoined(paths, opts.Capture)
		return in,
			nil
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
	read     int // parts read to their end, or given up
	from     *capture.Reader
	held     capture.Batch // read of it already
	bytes    atomic.Int64  // of the parts before
	now      atomic.Pointer[capture.Reader]
	last     int64 // latest time so far
	warnings []report.Warning

	mu    sync.Mutex
	parts []part
	begun []report.Part // of those that are read, or have been
}

// A part is one file of a joined capture.
type part struct {
	path  string
	start int64       // time of its first packet
	was   fs.FileInfo // the file that was looked into
	held  *heldReader // of what can be read only once; else nil
}

// A heldReader is a pipe that was looked into, with what was read of it.
type heldReader struct {
	from  *capture.Reader
	first capture.Batch
}

// openJoined looks into each file for the time of its first packet, and brings them into its order.
func openJoined(paths []string, opts capture.Options) (in *joinedInput, unread []report.Warning) {
	in = &joinedInput{opts: opts}
	for _, path := range paths {
		p, err := lookInto(path, opts)
		if err != nil {
			var f report.File
			refused(&f, err)
			w := f.Warnings[0]
			if len(paths) > 1 { // a single one is named by the report
				w.Says = path + ": " + w.Says
			}
			unread = append(unread, w)
			continue
		}
		in.parts = append(in.parts, p)
	}
	slices.SortStableFunc(in.parts, func(a, b part) int { return cmp.Compare(a.start, b.start) })
	return in, unread
}

// lookInto finds out when the first packet of a capture was captured, 0 where it has none.
func lookInto(path string, opts capture.Options) (part, error) {
	p := part{path: path}
	r, err := capture.Open(path, opts)
	if err != nil {
		return p, err
	}
	p.was = r.Stat()
	var b capture.Batch
	if r.Next(&b) == nil {
		p.start = b.Packets[0].Time
	}
	if p.was == nil || !p.was.Mode().IsRegular() {
		p.held = &heldReader{r, b}
		return p, nil
	}
	b.Release()
	return p, r.Close()
}

// overlap is how far two parts may reach into each other: queues of one capture are written a little out
// of order.
const overlap = int64(time.Second)

func (j *joinedInput) next(p *piece) error {
	for {
		if j.from == nil {
			if err := j.open(); err != nil {
				return err
			}
		}
		var err error
		if len(j.held.Packets) > 0 {
			p.batch.Release()
			p.batch, j.held = j.held, capture.Batch{}
		} else {
			err = j.from.Next(&p.batch)
		}
		now := &j.begun[len(j.begun)-1]
		if err == nil {
			for i := range p.batch.Packets {
				p.batch.Packets[i].Frame += now.First - 1
				j.last = max(j.last, p.batch.Packets[i].Time)
			}
			return nil
		}
		j.mu.Lock()
		now.Packets = j.from.Frames()
		j.mu.Unlock()
		for _, w := range problems(j.from) {
			if w.Frame > 0 {
				w.Frame += now.First - 1
			}
			w.Says = now.Path + ": " + w.Says
			j.warnings = append(j.warnings, w)
		}
		j.bytes.Add(j.from.BytesRead())
		j.now.Store(nil)
		j.from.Close()
		j.from = nil
		j.read++
	}
}

// open goes on to the next file; io.EOF after the last.
func (j *joinedInput) open() error {
	for ; j.read < len(j.parts); j.read++ {
		now := &j.parts[j.read]
		j.mu.Lock()
		j.begun = append(j.begun, report.Part{Path: now.path, First: j.frames() + 1})
		j.mu.Unlock()
		if j.last != 0 && now.start < j.last-overlap {
			j.warnings = append(j.warnings, report.Warning{
				Says: fmt.Sprintf("%s begins %v before the end of the previous file: these are not the files of one rotating "+
					"capture",
					now.path, time.Duration(j.last-now.start).Round(time.Millisecond)),
				Hint: "merge captures of the same time with mergecap -w OUT IN..."})
		}
		r, err := now.open(j)
		if err == nil {
			j.from = r
			j.now.Store(r)
			return nil
		}
		j.warnings = append(j.warnings, report.Warning{Says: err.Error(), Lost: true})
	}
	return io.EOF
}

// open opens a part again; what can be read only once is open still.
func (p *part) open(j *joinedInput) (*capture.Reader, error) {
	if h := p.held; h != nil {
		p.held = nil
		j.held = h.first
		return h.from, nil
	}
	r, err := capture.Open(p.path, j.opts)
	if err != nil {
		return nil, err
	}
	if now := r.Stat(); now == nil || !os.SameFile(now, p.was) || now.Size() < p.was.Size() {
		j.warnings = append(j.warnings, report.Warning{Lost: true,
			Says: p.path + ": was replaced after the files were put in order, so its position may be wrong",
			Hint: "copy the files first if they are still being written"})
	}
	return r, nil
}

// frames returns the number of the last frame of the parts that were read.
func (j *joinedInput) frames() int {
	if len(j.begun) == 0 {
		return 0
	}
	last := &j.begun[len(j.begun)-1]
	return last.First - 1 + last.Packets
}

func (j *joinedInput) bytesRead() int64 {
	n := j.bytes.Load()
	if r := j.now.Load(); r != nil {
		n += r.BytesRead()
	}
	return n
}

func (j *joinedInput) stop() {
	if r := j.now.Load(); r != nil {
		r.Stop()
	}
}

func (j *joinedInput) close() error {
	for _, p := range j.parts {
		if p.held != nil { // the context ended before its turn
			p.held.from.Close()
		}
	}
	if j.from == nil {
		return nil
	}
	return j.from.Close()
}

func (j *joinedInput) tell(f *report.File) { f.Warnings = append(f.Warnings, j.warnings...) }

// joinedOf returns in where it is joined of several files, else nil, on which place and finish do nothing.
func joinedOf(in input) *joinedInput {
	j, _ := in.(*joinedInput)
	return j
}

// place adds to m in which files its packets are.
func (j *joinedInput) place(m *report.Reset) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	m.Locate(j.begun)
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

package analyzer

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// A part is one file of a joined capture.
type part struct {
	path  string
	start int64                        // time of its first packet, 0 if it has none
	was   fs.FileInfo                  // the file that was looked into, nil for an object of a store
	held  *heldInput                   // of what can be read only once; else nil
	lacks func(frame int) flows.Fields // once it is read: which fields a packet does not hold; nil of a capture
}

// A heldInput is a pipe that was looked into, with what was read of it.
type heldInput struct {
	in    input
	first piece
}

// lacking returns what tells which fields a packet of the input does not hold; nil of a capture, which holds all.
func lacking(in input) func(frame int) flows.Fields {
	switch in := in.(type) {
	case *exportInput:
		return in.lacking
	case *pastedInput:
		return in.lacking
	}
	return nil
}

// openJoined looks into each file for the time of its first packet, and brings them into its order.
func openJoined(paths []string, opts capture.Options) (in *joinedInput, unread []report.Warning) {
	in = &joinedInput{opts: opts}
	for _, path := range paths {
		p, timeless, err := lookInto(path, opts)
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
		if twin := in.twin(&p); twin != "" {
			in.warnings = append(in.warnings, report.Warning{
				Says: fmt.Sprintf("%s is the same file as %s, and was read once", path, twin)})
			continue
		}
		if timeless && len(paths) > 1 {
			in.warnings = append(in.warnings, report.Warning{
				Says: path + ": does not show when its packets were captured: its position among the files is not known"})
		}
		in.parts = append(in.parts, p)
	}
	slices.SortStableFunc(in.parts, func(a, b part) int { return cmp.Compare(a.start, b.start) })
	return in, unread
}

// twin returns the path of a part that is the same file as p, "" if there is none.
func (j *joinedInput) twin(p *part) string {
	if p.was == nil || !p.was.Mode().IsRegular() {
		return ""
	}
	for i := range j.parts {
		if o := &j.parts[i]; o.was != nil && os.SameFile(o.was, p.was) {
			return o.path
		}
	}
	return ""
}

// lookInto finds out when the first packet of a capture was captured. timeless says that its packets have no times.
func lookInto(path string, opts capture.Options) (p part, timeless bool, err error) {
	p = part{path: path}
	if opts.Source == nil {
		p.was, _ = os.Stat(path)
	}
	in, err := openInput(path, opts)
	if err != nil {
		return p, false, err
	}
	var first piece
	c := cursor{}
	for c.len() == 0 { // an export may hold packets of other protocols only, for a while
		if in.next(&first) != nil {
			break
		}
		c = cursor{piece: first}
	}
	if c.len() > 0 {
		p.start = c.time()
	}
	if e := first.export; e != nil && len(e.list) > 0 {
		timeless = e.list[0].Unknown.Has(flows.FieldTime)
	}
	if opts.Source == nil && (p.was == nil || !p.was.Mode().IsRegular()) {
		p.held = &heldInput{in, first}
		return p, timeless, nil
	}
	first.batch.Release()
	return p, timeless, in.close()
}

// open opens a part again; what can be read only once is open still, and first was read of it.
func (p *part) open(j *joinedInput) (in input, first *piece, err error) {
	if h := p.held; h != nil {
		p.held = nil
		return h.in, &h.first, nil
	}
	in, err = openInput(p.path, j.opts)
	if err != nil || p.was == nil {
		return in, nil, err
	}
	if now, err := os.Stat(p.path); err != nil || !os.SameFile(now, p.was) || now.Size() < p.was.Size() {
		j.warnings = append(j.warnings, report.Warning{Lost: true,
			Says: p.path + ": was replaced after the files were put in order, so its position may be wrong",
			Hint: "copy the files first if they are still being written"})
	}
	return in, nil, nil
}

// compare says if a capture that was read cannot be of the same rotating capture as the one before it: it was made on
// other interfaces.
func (j *joinedInput) compare(s *stream) {
	c, ok := s.in.(captureInput)
	if !ok {
		return
	}
	on := interfacesOf(c.Reader)
	before := j.on
	j.on = cmp.Or(on, before)
	if on == "" || before == "" || on == before || j.moved {
		return
	}
	j.moved = true
	j.warnings = append(j.warnings, report.Warning{
		Says: fmt.Sprintf("%s was captured on %s, and the file before it on %s: these may not be the files of one rotating "+
			"capture", s.path, on, before),
		Hint: "join the captures of one place only"})
}

// interfacesOf lists the interfaces of a capture that has packets of each, "" if it does not name them.
func interfacesOf(r *capture.Reader) string {
	var names []string
	for _, i := range r.Interfaces() {
		if i.Packets > 0 && i.Name != "" && !slices.Contains(names, i.Name) {
			names = append(names, i.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

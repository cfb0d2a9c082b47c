package report

import "slices"

// Select returns a Renderer that passes on to r only the resets for which keep reports true. The counts of a File are
// those of these resets, and File.LeftOut is the number of the others.
func Select(r Renderer, keep func(*Reset) bool) Renderer { return &selection{Renderer: r, keep: keep} }

type selection struct {
	Renderer
	keep    func(*Reset) bool
	counts  Builder
	leftOut int
}

func (s *selection) BeginFile(path string) error {
	s.counts, s.leftOut = Builder{}, 0
	return s.Renderer.BeginFile(path)
}

func (s *selection) Reset(r *Reset) error {
	kept := s.keep(r)
	switch {
	case r.Provisional:
	case kept:
		s.counts.count(r)
	default:
		s.leftOut++
	}
	if !kept {
		return nil
	}
	return s.Renderer.Reset(r)
}

func (s *selection) EndFile(f *File) error {
	chosen := *f
	chosen.LeftOut += s.leftOut
	s.counts.Finish(&chosen)
	return s.Renderer.EndFile(&chosen)
}

// Clone returns a deep copy of r that remains valid.
func (r *Reset) Clone() *Reset {
	c := *r
	c.made = nil
	c.OriginWhy = cloneEvidence(r.OriginWhy)
	c.Alternatives = slices.Clone(r.Alternatives)
	c.Evidence = cloneEvidence(r.Evidence)
	c.Notes = cloneEvidence(r.Notes)
	c.Prints = slices.Clone(r.Prints)
	c.Conn.Defects = slices.Clone(r.Conn.Defects)
	c.Segment.Unknown = slices.Clone(r.Segment.Unknown)
	c.Timeline = slices.Clone(r.Timeline)
	c.Places = slices.Clone(r.Places)
	if r.Kernel != nil {
		k := *r.Kernel
		c.Kernel = &k
	}
	return &c
}

func cloneEvidence(list []Evidence) []Evidence {
	list = slices.Clone(list)
	for i := range list {
		list[i].Frames = slices.Clone(list[i].Frames)
		list[i].Lines = slices.Clone(list[i].Lines)
		if s := list[i].Stream; s != nil {
			stream := *s
			list[i].Stream = &stream
		}
	}
	return list
}

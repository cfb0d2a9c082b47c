package main

import (
	"slices"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A frameSearch looks for the resets that --frame names, so that a frame without a RST is not mistaken for a capture
// without resets.
type frameSearch struct {
	frames []int         // that were not found yet
	beside map[int]int   // of these, to a reset on the connection of which they are packets
	seen   int           // resets
	some   []resetInHint // the first of them
}

// A resetInHint is a reset that an error message suggests.
type resetInHint struct {
	frame, stream int
	cause         string
}

// maxHints is how many resets an error message suggests.
const maxHints = 3

func searchFrames(frames []int) frameSearch {
	return frameSearch{frames: slices.Clone(frames), beside: map[int]int{}}
}

// look takes the next reset of the report.
func (s *frameSearch) look(r *report.Reset) {
	s.seen++
	place := placeOfReset(r)
	if len(s.some) < maxHints {
		s.some = append(s.some, resetInHint{place, r.Stream, string(r.Cause)})
	}
	if len(s.frames) == 0 {
		return
	}
	s.frames = slices.DeleteFunc(s.frames, func(n int) bool { return n == place })
	for i := range r.Timeline {
		e := &r.Timeline[i]
		n := e.Frame
		if r.Line > 0 {
			n = e.Line
		}
		if slices.Contains(s.frames, n) {
			s.beside[n] = place
		}
	}
}

// missing returns an error if a frame is not one of a reset. in is the capture, "" if the report names it.
func (s *frameSearch) missing(in string) error {
	if len(s.frames) == 0 {
		return nil
	}
	return errNoResetAt(in, s)
}

package report

import (
	"maps"
	"slices"
)

// Locate sets r.Places, the files of a joined capture that contain its packets. parts are the files that have been
// opened so far, in order; of returns the index of the part that a frame is in, −1 for none, and its number there.
func (r *Reset) Locate(parts []Part, of func(frame int) (part, inFile int)) {
	r.Places = r.Places[:0]
	if r.shortened() {
		return
	}
	byPart := map[int][]int{} // a reset's packets lie in few of the parts, of which there may be thousands
	add := func(frame int) {
		if i, inFile := of(frame); frame > 0 && i >= 0 {
			byPart[i] = append(byPart[i], inFile)
		}
	}
	for i := range r.Timeline {
		add(r.Timeline[i].Frame)
	}
	for _, list := range [...][]Evidence{r.Evidence, r.OriginWhy, r.Notes} {
		for i := range list {
			for _, f := range list[i].Frames {
				add(f)
			}
		}
	}
	if own, frame := of(r.Frame); own >= 0 { // the RST's file, and then the others in order
		p := placed(parts[own].Path, append(byPart[own], frame))
		p.Frames = append([]int{frame}, slices.DeleteFunc(p.Frames, func(n int) bool { return n == frame })...)
		r.Places = append(r.Places, p)
		delete(byPart, own)
	}
	for _, i := range slices.Sorted(maps.Keys(byPart)) {
		r.Places = append(r.Places, placed(parts[i].Path, byPart[i]))
	}
}

// placed returns the place of frames, which it sorts.
func placed(path string, frames []int) Place {
	slices.Sort(frames)
	frames = slices.Compact(frames)
	return Place{path, frames, string(appendFrameSet([]byte("frame.number in "), frames))}
}

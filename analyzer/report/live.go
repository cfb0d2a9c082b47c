package report

import (
	"github.com/rstexplain/rstexplain/analyzer/incident"
	"github.com/rstexplain/rstexplain/rules"
)

// Live returns a Renderer that prints each reset at once, if the format of r prints resets one by one: when it comes as
// [Reset.Provisional], and once more, as Revised, if what followed it has changed its finding or its incident.
//
// The number of an incident is then that of its first reset, so that the same number stands wherever it is printed.
func Live(r Renderer) Renderer {
	if l, ok := r.(interface{ live() Renderer }); ok {
		r = l.live()
	}
	return live{r}
}

type live struct{ Renderer }

func (l live) Reset(r *Reset) error {
	if err := l.Renderer.Reset(r); err != nil {
		return err
	}
	if f, ok := l.Renderer.(interface{ flush() error }); ok {
		return f.flush()
	}
	return nil
}

func (j *jsonlRenderer) flush() error { return j.w.Flush() }

func (c *csvRenderer) flush() error {
	c.w.Flush()
	return c.w.Error()
}

// A liveGrouping numbers the incidents of a live report. Each reset joins two sets of strands: at once, as far as it is
// known, which gives the number that is printed; and when all is known, which gives the incidents at the end. A strand
// of the second set takes the number that its first reset was printed with, so that numbers seldom change.
type liveGrouping struct {
	finder *incident.Finder // of resets as they were printed first
	ids    map[int]int      // of its strands
	final  map[int]int      // number of a strand in the end
	taken  map[int]bool     // numbers in final
	last   int              // number that was given last
	shown  []shownReset     // that come once more, in the order of their frames
}

// A shownReset is what was shown of a reset when it was first printed.
type shownReset struct {
	frame    int
	detail   string
	cause    rules.Cause
	severity rules.Severity
	origin   rules.Origin
	incident int
}

func shownOf(r *Reset) shownReset {
	return shownReset{r.Frame, r.Detail, r.Cause, r.Severity, r.Origin, r.Incident}
}

func newLiveGrouping() *liveGrouping {
	return &liveGrouping{finder: incident.NewFinder(), ids: map[int]int{}, final: map[int]int{}, taken: map[int]bool{}}
}

// add gives r the number of an incident as far as it is known.
func (l *liveGrouping) add(r *Reset, in *incident.Reset) (candidate bool) {
	n, candidate := l.finder.Add(in)
	if l.ids[n] == 0 {
		l.last++
		l.ids[n] = l.last
	}
	r.Incident = l.ids[n]
	return candidate
}

// before returns what was shown of r before, the zero shownReset if it comes for the first time.
func (l *liveGrouping) before(r *Reset) shownReset {
	for len(l.shown) > 0 && l.shown[0].frame <= r.Frame {
		t := l.shown[0]
		l.shown = l.shown[1:]
		if t.frame == r.Frame {
			return t
		}
	}
	return shownReset{}
}

// settle gives r, of which all is known and which belongs to a strand, its number in the end. It reports whether r is
// to be printed as a representative of its incident.
func (l *liveGrouping) settle(r *Reset, in *incident.Reset, strand int) (candidate bool) {
	shown := l.before(r)
	if shown.frame == 0 {
		candidate = l.add(r, in)
	} else {
		r.Incident = shown.incident
	}
	if l.final[strand] == 0 {
		if l.taken[r.Incident] {
			l.last++
			r.Incident = l.last
		}
		l.final[strand] = r.Incident
		l.taken[r.Incident] = true
	}
	r.Incident = l.final[strand]
	if shown.frame != 0 {
		r.known = shown == shownOf(r)
		r.Revised = !r.known
	}
	return candidate || r.Revised
}

// so far as it is known, incident returns the incident of a number.
func (l *liveGrouping) incident(number int) (incident.Incident, bool) {
	for n, id := range l.ids {
		if id == number {
			return l.finder.Incident(n)
		}
	}
	return incident.Incident{}, false
}

package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A rung is one line of a drawn ladder: an event and its labels.
type rung struct {
	*Event
	Since  string    // time since the previous event, "" for the first
	Gap    string    // idle time before it if it is long enough to draw a break, else ""
	Label  string    // "PSH, ACK SEQ 1 ACK 1 LEN 512"
	States [2]string // the state each end enters with this event, "" where it stays
}

// silence is the idle time for which a ladder draws a break.
const silence = time.Second

// rungsOf lays out the timeline of m.
func rungsOf(m *Reset) []rung {
	rungs := make([]rung, len(m.Timeline))
	var shown [2]string
	for i := range m.Timeline {
		e := &m.Timeline[i]
		g := rung{Event: e, Label: e.label()}
		if i > 0 && !slices.Contains(e.Unknown, lacksTime) && !slices.Contains(m.Timeline[i-1].Unknown, lacksTime) {
			d := time.Duration(e.Time - m.Timeline[i-1].Time)
			g.Since = strings.Replace("+"+lasted(d), "+−", "−", 1)
			if d >= silence {
				g.Gap = lasted(d)
			}
		}
		for side := range e.To {
			if e.To[side] != shown[side] {
				g.States[side], shown[side] = e.To[side], e.To[side]
			}
		}
		rungs[i] = g
	}
	return rungs
}

// label describes e with relative sequence numbers.
func (e *Event) label() string {
	b := append([]byte(nil), e.Flags...)
	b = append(b, " SEQ "...)
	b = strconv.AppendUint(b, uint64(e.SEQ), 10)
	if strings.Contains(e.Flags, "ACK") {
		b = append(b, " ACK "...)
		b = strconv.AppendUint(b, uint64(e.ACK), 10)
	}
	if e.LEN > 0 {
		b = append(b, " LEN "...)
		b = strconv.AppendUint(b, uint64(e.LEN), 10)
	}
	return string(b)
}

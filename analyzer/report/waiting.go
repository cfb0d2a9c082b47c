package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/rstexplain/rstexplain/rules"
)

// A waitingList holds back the text of findings: first until no further reset of the same event is expected, then in a
// spool until the whole file has been read. There is a spool for each severity, so that the most severe findings come
// first; findings of one severity stay in the order of their frames.
type waitingList struct {
	spools   [len(bySeverity)]spool
	pending  []*entry                 // findings that repeats may still join, oldest first
	repeated func(says string) string // formats the list of repeats

	to func(b *entry, text string) error // where set, takes the texts instead of the spools
}

// An entry is the text of one finding, cut where the frames of its repeats go.
type entry struct {
	frame      int
	line       bool // frame and repeats are lines of a text
	rank       int  // index into bySeverity
	number     int  // of its incident
	head, tail string
	repeats    []int
	count      int
}

// Bounds of a waiting list: findings that wait for repeats, and frames of repeats that are listed.
const (
	maxWaiting = 64
	maxListed  = 40
)

// joins counts r with the finding that it repeats. It returns false if that finding no longer waits.
func (l *waitingList) joins(r *Reset) bool {
	if r.Repeats == 0 {
		return false
	}
	for _, b := range l.pending {
		if b.frame == int(r.Repeats) {
			b.count++
			if len(b.repeats) < maxListed {
				b.repeats = append(b.repeats, r.Frame)
			}
			return true
		}
	}
	return false
}

// add puts a finding at the end of the list.
func (l *waitingList) add(r *Reset, head, tail string) error {
	l.pending = append(l.pending, &entry{frame: r.Frame, line: r.Line > 0, rank: rankOf(r.Severity), number: r.Incident,
		head: head, tail: tail})
	if len(l.pending) <= maxWaiting {
		return nil
	}
	err := l.release(l.pending[0])
	l.pending = l.pending[1:]
	return err
}

func (l *waitingList) release(b *entry) error {
	text := b.head
	if b.count > 0 {
		says := fmt.Sprintf("%s of the same event: %s", counted(b.count, "more RST", "more RSTs"), b.marks())
		if more := b.count - len(b.repeats); more > 0 {
			says += fmt.Sprintf(" and %s more", thousands(more))
		}
		text += l.repeated(says)
	}
	if l.to != nil {
		return l.to(b, text+b.tail)
	}
	_, err := io.WriteString(&l.spools[b.rank], text+b.tail)
	return err
}

// rankOf returns the place of a severity in bySeverity.
func rankOf(s rules.Severity) int {
	if rank := slices.Index(bySeverity[:], s); rank >= 0 {
		return rank
	}
	return len(bySeverity) - 1 // in a report from elsewhere
}

// settle releases all findings: no repeats of them will come.
func (l *waitingList) settle() error {
	for _, b := range l.pending {
		if err := l.release(b); err != nil {
			return err
		}
	}
	l.pending = l.pending[:0]
	return nil
}

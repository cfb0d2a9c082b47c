package rules

import "github.com/rstexplain/rstexplain/rules/facts"

// maxEarlier bounds what is remembered of one connection: its first resets and its latest.
const maxEarlier = 8

// A memory holds the findings of recent connections. The connection that was reset least recently is
// forgotten first.
type memory struct {
	limit      int
	by         map[int]*recollection
	head, tail *recollection // least and most recently used
}

// A recollection is what is remembered of one connection.
type recollection struct {
	stream     int
	found      []facts.Earlier
	prev, next *recollection
	first      [1]facts.Earlier // room for found: most connections are reset once
}

// of returns what is remembered of a connection, oldest first.
func (m *memory) of(stream int) []facts.Earlier {
	if r := m.by[stream]; r != nil {
		return r.found
	}
	return nil
}

// add remembers a finding.
func (m *memory) add(c *facts.Facts, f *Finding) {
	r := m.by[c.Conn.Stream]
	if r == nil {
		if len(m.by) >= m.limit {
			delete(m.by, m.head.stream)
			m.unlink(m.head)
		}
		r = &recollection{stream: c.Conn.Stream}
		r.found = r.first[:0]
		m.by[r.stream] = r
	} else {
		m.unlink(r)
	}
	r.prev, r.next = m.tail, nil
	if m.tail != nil {
		m.tail.next = r
	} else {
		m.head = r
	}
	m.tail = r
	e := facts.Earlier{Mark: c.Mark, Side: c.Side, SEQ: c.SEQ, Flags: c.Flags, Trigger: c.TriggerMark(),
		Challenge: c.After.ChallengeACK, Accept: c.Accept, Root: f.Repeats,
		Verdict: facts.Verdict{Rule: f.Rule.ID, Cause: string(f.Cause), Origin: string(f.Origin),
			Severity: string(f.Severity), Confidence: f.Confidence}}
	if e.Root == 0 {
		e.Root = c.Frame
	}
	if len(r.found) == maxEarlier {
		r.found = append(r.found[:maxEarlier/2], r.found[maxEarlier/2+1:]...)
	}
	r.found = append(r.found, e)
}

func (m *memory) unlink(r *recollection) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		m.head = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		m.tail = r.prev
	}
}

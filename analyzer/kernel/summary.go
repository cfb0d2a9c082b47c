package kernel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/words"
)

// A Summary is what one record says of the capture as a whole.
type Summary struct {
	Record *Record

	Sent      int  // RSTs of the capture that come from the host
	Joined    int  // of these, those that the record has
	Accepted  int  // RSTs that a socket of the host accepted, joined
	Clock     bool // the times could be mapped
	Offset    int64
	Uncertain int64

	Resets int // in the record
	// RSTs that the kernel sent in the capture's time and that the capture lacks, at most MaxMissing; Time by the
	// capture's clock
	Missing []Event
	Lacks   int     // how many
	Outside int     // before or after the capture
	Unknown int     // whose time is not known
	Drops   []Event // packets that the kernel dropped in the capture's time, likewise
	Dropped int
}

// MaxMissing bounds the lists of a Summary.
const MaxMissing = 20

// Summaries returns what the records say of the capture, which began and ended at the times given.
func (j *Join) Summaries(first, last flows.Time) []Summary {
	var out []Summary
	for _, t := range j.traces {
		s := Summary{Record: t.Record, Sent: t.sent, Joined: t.joined, Accepted: t.accepts, Resets: t.resets}
		if s.Clock = t.clock.matches > 0; s.Clock {
			s.Offset, s.Uncertain = t.clock.estimate()
		}
		for i := range t.Events {
			e := t.Events[i]
			if e.Kind != SendReset && e.Kind != Drop || t.used[int32(i)] {
				continue
			}
			inside := s.Clock && e.Timed()
			if inside {
				e.Time += s.Offset
				inside = e.Time >= int64(first)-t.resolution && e.Time <= int64(last)+t.resolution
			} else if e.Kind == SendReset {
				s.Unknown++
				continue
			}
			switch {
			case e.Kind == SendReset && !inside:
				s.Outside++
			case e.Kind == SendReset:
				if s.Lacks++; s.Lacks <= MaxMissing {
					s.Missing = append(s.Missing, e)
				}
			case inside:
				if s.Dropped++; s.Dropped <= MaxMissing {
					s.Drops = append(s.Drops, e)
				}
			}
		}
		out = append(out, s)
	}
	return out
}

// Says tells in sentences what the record is and what it says, the most important first.
func (s *Summary) Says() []string {
	r := s.Record
	name := cmp.Or(r.Name, r.Path)
	var out []string
	if n := len(r.Events); n > 0 {
		line := fmt.Sprintf("%s (%s): %s of a kernel", name, r.Format, words.Count(n, "event"))
		switch {
		case s.Sent > 0:
			line += fmt.Sprintf("; %d of %s in the capture %s in it", s.Joined, words.Count(s.Sent,
				"RST")+" of its host", verb(s.Joined, "is", "are"))
		case s.Resets > 0:
			line += "; none of the capture's RSTs comes from its host"
		}
		if s.Clock {
			line += fmt.Sprintf("; its clock %s, give or take %v", since(s.Offset),
				time.Duration(s.Uncertain).Round(time.Microsecond))
		} else if r.Stamped() {
			line += "; its clock could not be compared with the capture's, because no RST is in both"
		}
		out = append(out, line)
	}
	if n := s.Sent - s.Joined; n > 0 {
		out = append(out, fmt.Sprintf("%s: %s of the capture in its host's name %s not in it: a REJECT rule of the host's "+
			"packet filter, a raw socket and a device on the path leave no record; "+
			"or tcp:tcp_send_reset was not recorded then (before Linux 6.10 it leaves out those without a "+
			"socket)", name, words.Count(n, "RST"), verb(n, "is", "are")))
	}
	if s.Lacks > 0 {
		line := fmt.Sprintf("%s: the kernel sent %s that the capture does not hold", name, words.Count(s.Lacks, "RST"))
		out = append(out, line+firstOf(s.Missing))
	}
	if s.Unknown > 0 {
		out = append(out, fmt.Sprintf("%s: %s of the kernel %s not in the capture, and when they were sent by its clock "+
			"is not known", name, words.Count(s.Unknown, "RST"), verb(s.Unknown, "is", "are")))
	}
	if s.Outside > 0 {
		out = append(out, fmt.Sprintf("%s: %s of the kernel %s outside of the capture's time", name, words.Count(s.Outside,
			"RST"), verb(s.Outside, "is", "are")))
	}
	if s.Dropped > 0 {
		line := fmt.Sprintf("%s: the kernel dropped %s in the capture's time", name, words.Count(s.Dropped, "TCP packet"))
		out = append(out, line+firstOf(s.Drops))
	}
	if len(r.Drops) > 0 {
		names := slices.SortedFunc(maps.Keys(r.Drops),
			func(a, b string) int { return cmp.Or(r.Drops[b]-r.Drops[a], strings.Compare(a, b)) })
		line := name + ": drops by reason: "
		for i, n := range names {
			if i == 8 {
				line += fmt.Sprintf(", and %d further reasons", len(names)-i)
				break
			}
			if i > 0 {
				line += ", "
			}
			line += fmt.Sprintf("%s %d", cmp.Or(n, "without a reason"), r.Drops[n])
		}
		out = append(out, line)
	}
	return out
}

// firstOf says what the first events of a list are.
func firstOf(list []Event) (says string) {
	for i, e := range list {
		if i == 3 {
			return says + ", …"
		}
		says += sep(i) + e.says()
	}
	return says
}

func sep(i int) string {
	if i == 0 {
		return ": "
	}
	return ", "
}

func verb(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// since words the difference of two clocks.
func since(offset int64) string {
	d := time.Duration(offset)
	switch {
	case d.Abs() < time.Microsecond:
		return "is the capture's"
	case d.Abs() < 24*time.Hour && d > 0:
		return fmt.Sprintf("is %v behind the capture's", d.Round(time.Microsecond))
	case d.Abs() < 24*time.Hour:
		return fmt.Sprintf("is %v ahead of the capture's", d.Abs().Round(time.Microsecond))
	}
	return "began at " + time.Unix(0, offset).UTC().Format("2006-01-02 15:04:05.000 UTC")
}

// says names an event with its time.
func (e *Event) says() string {
	s := time.Unix(0, e.Time).UTC().Format("15:04:05.000000") + " " + e.Src.String()
	if e.Dst.Port != 0 {
		s += " > " + e.Dst.String()
	}
	if e.Reason != "" {
		s += " " + e.Reason
	}
	if e.State != "" {
		s += " in " + e.State
	}
	return s
}

// says words what ss printed of a socket.
func (s *Socket) says(who string) string {
	line := fmt.Sprintf("ss showed %s's socket in %s", who, s.State)
	if s.RecvQ > 0 {
		line += fmt.Sprintf(", %s received and not read", words.Bytes(s.RecvQ))
	}
	if s.SendQ > 0 {
		line += fmt.Sprintf(", %s sent and not acknowledged", words.Bytes(s.SendQ))
	}
	if s.Retrans != "" {
		now, all, _ := strings.Cut(s.Retrans, "/")
		line += fmt.Sprintf(", %s retransmissions, %s of them in flight", cmp.Or(all, "0"), now)
	}
	return line
}

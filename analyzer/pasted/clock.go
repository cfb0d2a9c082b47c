package pasted

import (
	"bytes"
	"time"
)

const day = int64(24 * time.Hour)

// dateOf reads 2026-01-31 or 2026/01/31.
func dateOf(w []byte) (int64, bool) {
	if len(w) != 10 || w[4] != '-' && w[4] != '/' || w[7] != w[4] {
		return 0, false
	}
	y, ok1 := whole(w[:4])
	m, ok2 := whole(w[5:7])
	d, ok3 := whole(w[8:])
	if !ok1 || !ok2 || !ok3 || y < 1900 || y > 2100 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	return time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC).UnixNano(), true
}

// clockOf reads a time of the day (with seconds), seconds since 1970, or both date and time in one word (RFC 3339).
func clockOf(w []byte) (at int64, clock Clock, ok bool) {
	if len(w) > 19 && w[10] == 'T' {
		if d, found := dateOf(w[:10]); found {
			rest := w[11:]
			shift := int64(0)
			if k := bytes.IndexAny(rest, "Z+-"); k > 0 {
				shift = zone(rest[k:])
				rest = rest[:k]
			}
			if at, _, ok := clockOf(rest); ok {
				return d + at - shift, Absolute, true
			}
		}
		return 0, 0, false
	}
	if len(w) >= 7 && (w[1] == ':' || w[2] == ':') {
		h, n := decimal(w)
		if n < 1 || n > 2 || h > 23 || len(w) < n+6 || w[n] != ':' || w[n+3] != ':' {
			return 0, 0, false
		}
		m, ok1 := whole(w[n+1 : n+3])
		s, ok2 := whole(w[n+4 : n+6])
		if !ok1 || !ok2 || m > 59 || s > 60 {
			return 0, 0, false
		}
		nano, ok := fraction(w[n+6:])
		if !ok {
			return 0, 0, false
		}
		return (int64(h)*3600+int64(m)*60+int64(s))*1e9 + nano, OfDay, true
	}
	k := bytes.IndexByte(w, '.')
	if k >= 9 && k <= 10 {
		sec, ok := whole(w[:k])
		nano, ok2 := fraction(w[k:])
		if ok && ok2 && sec > 1e8 {
			return int64(sec)*1e9 + nano, Absolute, true
		}
	}
	return 0, 0, false
}

// fraction reads ".123456", with up to nine digits; nothing at all is 0.
func fraction(b []byte) (nano int64, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' && b[0] != ',' || len(b) > 13 {
		return 0, false
	}
	scale := int64(1e8)
	for _, c := range b[1:] {
		if !isDigit(c) {
			return 0, false
		}
		nano += int64(c-'0') * scale
		scale /= 10
	}
	return nano, true
}

// zone reads Z, +02:00 or +0200.
func zone(b []byte) int64 {
	if len(b) < 5 {
		return 0
	}
	h, _ := whole(b[1:3])
	m, _ := whole(b[len(b)-2:])
	n := int64(h)*3600e9 + int64(m)*60e9
	if b[0] == '-' {
		return -n
	}
	return n
}

// seconds reads a number of seconds with a fraction, as Wireshark shows times since the first packet.
func seconds(w []byte) (int64, bool) {
	negative := len(w) > 1 && w[0] == '-'
	if negative {
		w = w[1:]
	}
	k := bytes.IndexAny(w, ".,")
	if k < 0 {
		k = len(w)
	}
	sec, ok := whole(w[:k])
	nano, ok2 := fraction(w[k:])
	if !ok || !ok2 {
		return 0, false
	}
	n := int64(sec)*1e9 + nano
	if negative {
		n = -n
	}
	return n, true
}

// minutes reads 37:25.6, which is what a table calculator leaves of a time.
func minutes(w []byte) (int64, bool) {
	k := bytes.IndexByte(w, ':')
	if k < 1 || k > 3 || len(w) < k+3 {
		return 0, false
	}
	m, ok := whole(w[:k])
	s, ok2 := seconds(w[k+1:])
	return int64(m)*60e9 + s, ok && ok2 && s < 60e9
}

// A clockwork makes moments of the times that a text shows.
type clockwork struct {
	last  int64 // moment of the packet before
	shown int64 // its time as shown
	days  int64 // midnights passed
	begun bool
	delta bool // what looks like times since a moment are differences
	made  int  // packets without a time
}

// moment returns the time of p, and advances to it.
func (c *clockwork) moment(p *Packet) int64 {
	next, at := c.after(p)
	*c = next
	return at
}

// back returns how far before the packet before it p was captured, 0 where it was not.
func (c *clockwork) back(p *Packet) int64 {
	if !c.begun {
		return 0
	}
	_, at := c.after(p)
	return max(c.last-at, 0)
}

// changed reports whether the time of p is of another kind than that of the packet before it: no time passed between
// them that could be told.
func (c *clockwork) changed(p *Packet) bool {
	const earliest = 1e17 // what counts since 1970 is beyond
	return c.begun && p.Clock != NoClock && p.Clock != Delta && (p.Time > earliest) != (c.shown > earliest)
}

// after returns the time of p, and the clock behind it.
func (c clockwork) after(p *Packet) (next clockwork, at int64) {
	t := p.Time
	clock := p.Clock
	switch clock {
	case NoClock:
		c.made++
		return c, c.last // no time has passed that anything could be said of
	case Delta:
		at = c.last + t
	case Since:
		at = t
		if c.delta {
			at = c.last + t
		}
	case OfDay:
		if c.begun && t < c.shown-day/2 {
			c.days++
		}
		at = t + c.days*day
	case Absolute:
		at = t
	}
	c.last, c.shown, c.begun = at, t, true
	return c, at
}

// backwards is how far the time may go back from one packet to the next within one paste.
const backwards = int64(time.Second)

// longTime reads "Nov 29, 2026 10:00:00.000000000 UTC" as Wireshark writes it; a zone's name is passed over.
func longTime(b []byte) (int64, bool) {
	words := bytes.Fields(b)
	if len(words) < 4 {
		return 0, false
	}
	t, err := time.Parse("Jan 2, 2006", string(bytes.Join(words[:3], []byte(" "))))
	if err != nil {
		return 0, false
	}
	at, clock, ok := clockOf(words[3])
	if !ok || clock != OfDay {
		return 0, false
	}
	return t.UnixNano() + at, true
}

package capture

import (
	"math"
	"math/bits"
)

// A clock turns an interface's ticks into nanoseconds since the Unix epoch
// (draft-ietf-opsawg-pcapng §4.2, if_tsresol and if_tsoffset).
type clock struct {
	mul     uint64 // nanoseconds of a tick, where that is a whole number
	below   uint64 // ticks*mul+offset is right for fewer ticks than this; for others use convert
	offset  int64  // nanoseconds
	seconds int64  // the offset as the file has it
	exp     uint8  // a tick is base**-exp seconds
	binary  bool   // base is 2, else 10
}

// Times are held within 146 years of 1970, the years 1823 to 2116, so that the difference of any two
// fits in 64 bits; the last second that a pcap can tell is in 2106.
const (
	maxTime    = 1 << 62
	maxSeconds = maxTime/1_000_000_000 - 1
)

var pow10 = [20]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	1e18, 1e19}

// newClock takes the value of if_tsresol (6: microseconds, the default) and of if_tsoffset.
func newClock(resolution uint8, seconds int64) clock {
	c := clock{exp: resolution & 0x7f, binary: resolution&0x80 != 0, seconds: seconds}
	if c.binary || c.exp > 9 || seconds > maxSeconds || seconds < -maxSeconds {
		return c
	}
	c.mul = pow10[9-c.exp]
	c.offset = seconds * 1e9
	c.below = uint64(maxTime-max(c.offset, 0)) / c.mul
	return c
}

// convert is the whole of the arithmetic; ok is false where the time does not fit and was held at the bound.
func (c *clock) convert(ticks uint64) (t int64, ok bool) {
	if ticks < c.below {
		return int64(ticks*c.mul) + c.offset, true
	}
	var sec, nsec uint64
	switch {
	case c.binary && c.exp < 64:
		sec = ticks >> c.exp
		hi, lo := bits.Mul64(ticks&(1<<c.exp-1), 1e9)
		nsec = lo>>c.exp | hi<<(64-c.exp) // shifts by 64 give 0 in Go, as they must here
	case c.binary: // finer than 2^-63 s: less than two seconds in all
		hi, _ := bits.Mul64(ticks, 1e9)
		nsec = hi >> min(c.exp-64, 63)
		sec, nsec = nsec/1e9, nsec%1e9
	case c.exp <= 9:
		sec = ticks / pow10[c.exp]
		nsec = ticks % pow10[c.exp] * pow10[9-c.exp]
	case c.exp <= 28:
		nsec = ticks / pow10[c.exp-9]
		sec, nsec = nsec/1e9, nsec%1e9
	}
	if sec > math.MaxInt64 {
		return maxTime, false
	}
	s := int64(sec) + c.seconds
	if c.seconds > 0 && s < c.seconds { // overflow
		return maxTime, false
	}
	switch {
	case s > maxSeconds:
		return maxTime, false
	case s < -maxSeconds:
		return -maxTime, false
	}
	return s*1e9 + int64(nsec), true
}

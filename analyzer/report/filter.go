package report

import (
	"slices"
	"strconv"
)

// filter returns the Wireshark display filter that shows exactly the packets of m: its timeline, and the
// frames that its evidence names, those of other connections too.
func (b *Builder) filter(m *Reset) string {
	own, others := b.frames[:0], b.other[:0]
	own = append(own, m.Frame)
	for i := range m.Timeline {
		own = append(own, m.Timeline[i].Frame)
	}
	for _, list := range [...][]Evidence{m.Evidence, m.OriginWhy, m.Notes} {
		for i := range list {
			if list[i].Stream == nil {
				own = append(own, list[i].Frames...)
			} else {
				others = append(others, list[i].Frames...)
			}
		}
	}
	b.frames, b.other = own, others

	var buf [512]byte
	f := buf[:0]
	if len(others) > 0 {
		f = append(f, '(')
	}
	f = append(f, "tcp.stream eq "...)
	f = strconv.AppendInt(f, int64(m.Stream), 10)
	f = append(f, " and frame.number in "...)
	f = appendFrameSet(f, own)
	if len(others) > 0 {
		f = append(f, ") or frame.number in "...)
		f = appendFrameSet(f, others)
	}
	return string(f)
}

// appendFrameSet writes frames as a set of the display filter's language, neighbours as ranges: {1..3, 9}.
func appendFrameSet(b []byte, frames []int) []byte {
	slices.Sort(frames)
	first, _ := slices.BinarySearch(frames, 1) // those before are inferred: there is no packet
	return appendSet(b, slices.Compact(frames[first:]))
}

// appendSet appends a set of numbers, which are in order, as display filters have it: {1, 3..7}.
func appendSet(b []byte, numbers []int) []byte {
	b = append(b, '{')
	for i := 0; i < len(numbers); i++ {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, int64(numbers[i]), 10)
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		if last > i+1 {
			b = append(b, ".."...)
			b = strconv.AppendInt(b, int64(numbers[last]), 10)
			i = last
		}
	}
	return append(b, '}')
}

package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/rstexplain/rstexplain/rules"
)

// A style colours text, or leaves it as it is.
type style bool

// paint wraps text in an ANSI escape sequence (ECMA-48 §8.3.117, Select Graphic Rendition).
func (s style) paint(sgr, text string) string {
	if !s || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) dim(text string) string    { return s.paint("2", text) }
func (s style) red(text string) string    { return s.paint("31", text) }
func (s style) yellow(text string) string { return s.paint("33", text) }
func (s style) plain(text string) string  { return text }

// severity returns the colour of a severity; info has none.
func (s style) severity(v rules.Severity) func(string) string {
	switch v {
	case rules.Error:
		return s.red
	case rules.Warning:
		return s.yellow
	case rules.Info:
	}
	return s.plain
}

// width returns how many columns of a terminal s takes.
func width(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return twwidth.Width(s)
		}
	}
	return len(s)
}

// padded fills s with blanks to n columns.
func padded(s string, n int) string { return s + strings.Repeat(" ", max(n-width(s), 0)) }

// Clean makes a line of text from a capture safe to print. Control characters, including newlines, and bidirectional
// control characters, by which a packet could manipulate the terminal, become "·". Invalid UTF-8 becomes U+FFFD.
func Clean(s string) string {
	bad := func(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }
	if strings.IndexFunc(s, bad) < 0 {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return '·'
		}
		return r
	}, s)
}

// obeyed reports whether r is a control character or a bidirectional control character, which a terminal or browser
// interprets instead of displaying it.
func obeyed(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r > 0x600 && unicode.Is(unicode.Bidi_Control, r)
}

// percent prints a probability; only 1 is printed as 100 %.
func percent(p float64) string {
	n := int(p*100 + 0.5)
	if n == 100 && p < 1 {
		n = 99
	}
	if n == 0 && p > 0 {
		return "<1 %"
	}
	return strconv.Itoa(n) + " %"
}

// percentLeft is percent for what a finding leaves over: it rounds down, so that a finding and its alternatives are not
// more than all.
func percentLeft(p float64) string { return percent(math.Floor(p*100+1e-6)/100 + min(p, 1e-9)) }

// thousands prints n with a comma between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// frameList prints frames as "#3, #7–#9".
func frameList(frames []int) string {
	frames = slices.Clone(frames)
	slices.Sort(frames)
	frames = slices.Compact(frames)
	var b strings.Builder
	for i := 0; i < len(frames); i++ {
		if i > 0 {
			b.WriteString(", ")
		}
		last := i
		for last+1 < len(frames) && frames[last+1] == frames[last]+1 {
			last++
		}
		fmt.Fprintf(&b, "#%d", frames[i])
		if last > i+1 {
			fmt.Fprintf(&b, "–#%d", frames[last])
			i = last
		}
	}
	return b.String()
}

// lasted prints a time span to three digits, in the unit that suits it: 210 µs, 1.36 ms, 12.0 s, 5 min 03 s,
// 47 h 12 min, 3 days 07 h, 11,429 days.
func lasted(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	digits := func(v float64, unit string) string {
		places := 2
		if v >= 99.95 {
			places = 0
		} else if v >= 9.995 {
			places = 1
		}
		return sign + strconv.FormatFloat(v, 'f', places, 64) + unit
	}
	switch {
	case d < time.Microsecond:
		return sign + strconv.Itoa(int(d)) + " ns"
	case d < 999500*time.Nanosecond:
		return sign + strconv.Itoa(int(d.Round(time.Microsecond)/time.Microsecond)) + " µs"
	case d < 999500*time.Microsecond:
		return digits(float64(d)/1e6, " ms")
	case d < 59950*time.Millisecond:
		return digits(d.Seconds(), " s")
	}
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h == 0:
		return fmt.Sprintf("%s%d min %02d s", sign, m, s)
	case h < 48:
		return fmt.Sprintf("%s%d h %02d min", sign, h, m)
	case h < 100*24:
		return fmt.Sprintf("%s%d days %02d h", sign, h/24, h%24)
	}
	return sign + thousands(h/24) + " days"
}

// defectWords says what the capture, or the text, of r lacks.
func defectWords(r *Reset) []string {
	names := r.Conn.Defects
	words := map[string]string{
		"no-handshake":   "the connection began before the capture",
		"one-direction":  "only one side's segments were captured",
		"missed-packets": "data is missing: lost on the way to the capture, or not captured",
		"duplicated":     "packets were captured more than once",
		"reordered":      "packets were captured out of order",
		"snap-cut":       "packets were truncated by the snaplen",
		"evicted":        "its beginning was dropped to limit memory",
	}
	if r.Line > 0 {
		words["snap-cut"] = "the text does not show the data of its packets"
		words["missed-packets"] = "the text does not hold some of its packets"
		words["no-handshake"] = "the connection began before the text"
		words["one-direction"] = "the text shows only one side's segments"
		words["duplicated"] = "the text shows packets more than once"
		words["reordered"] = "the text shows packets out of order"
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = words[n]
	}
	return out
}

// Package words puts quantities, sides and segments into the words that all reports use: spans of time, counts of
// bytes, names of sides and segments. It knows nothing of rules; Sentence joins its words cheaply.
package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// Side returns "the client" or "the server": what a developer calls originator and responder.
func Side(s flows.Side) string {
	if s == flows.Originator {
		return "the client"
	}
	return "the server"
}

// Capital returns s with its first letter in upper case; s begins with an ASCII letter.
func Capital(s string) string {
	switch s { // nearly always one of the two ends
	case "the client":
		return "The client"
	case "the server":
		return "The server"
	}
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// Sentence puts words into the places that %s marks in form. It is fmt.Sprintf for strings alone: a finding is
// made of a dozen sentences, and fmt would put each word on the heap first.
func Sentence(form string, words ...string) string {
	var room [256]byte
	b := room[:0]
	for _, w := range words {
		before, behind, _ := strings.Cut(form, "%s")
		b = append(append(b, before...), w...)
		form = behind
	}
	return string(append(b, form...))
}

// Span prints a duration with three digits at most, in the unit that a person would use.
func Span(d time.Duration) string { return spanned(d, "") }

// spanned prints a duration as span does, and word behind it.
func spanned(d time.Duration, word string) string {
	var room [48]byte
	b := room[:0]
	if d < 0 {
		b, d = append(b, "−"...), -d
	}
	switch {
	case d < 950*time.Microsecond:
		b = append(strconv.AppendInt(b, d.Microseconds(), 10), " µs"...)
	case d < 9950*time.Microsecond:
		b = appendFixed(b, float64(d)/1e6, 1, " ms")
	case d < 950*time.Millisecond:
		b = appendFixed(b, float64(d)/1e6, 0, " ms")
	case d < 1000*time.Second:
		b = appendFixed(b, d.Seconds(), 1, " s")
	case d < 2*time.Hour:
		b = appendFixed(b, d.Minutes(), 0, " min")
	case d < 48*time.Hour:
		b = appendFixed(b, d.Hours(), 1, " h")
	default:
		b = appendFixed(b, d.Hours()/24, 1, " days")
	}
	return string(append(b, word...))
}

// appendFixed appends a number with so many decimals, and its unit.
func appendFixed(b []byte, f float64, decimals int, unit string) []byte {
	return append(strconv.AppendFloat(b, f, 'f', decimals, 64), unit...)
}

// fixed prints a number with so many decimals, and its unit.
func fixed(f float64, decimals int, unit string) string {
	var room [32]byte
	return string(appendFixed(room[:0], f, decimals, unit))
}

// Relative prints a distance in time as "3.0 ms later" or "3.0 ms earlier".
func Relative(d time.Duration) string {
	if d < 0 {
		return spanned(-d, " earlier")
	}
	return spanned(d, " later")
}

// Timeless takes the times of 0 out of a sentence: the packets have one time, or none that is known.
func Timeless(says string) string {
	if !strings.Contains(says, " 0 ns") {
		return says
	}
	return zeroTimes.Replace(says)
}

var zeroTimes = strings.NewReplacer(", 0 ns later", "", ", 0 ns earlier", "", ", 0 ns before the RST", "",
	", 0 ns before", "", " about 0 ns apart", "", " within 0 ns", "", " for 0 ns", "", " by 0 ns", "", " 0 ns", "")

// Bytes prints a count of bytes: exactly below 10 000, else with a decimal unit.
func Bytes(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 10_000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 1_000_000:
		return fixed(float64(n)/1e3, 0, " kB")
	case n < 1_000_000_000:
		return fixed(float64(n)/1e6, 1, " MB")
	}
	return fixed(float64(n)/1e9, 1, " GB")
}

// Count prints n things: count(1, "probe") is "1 probe", count(3, "probe") "3 probes".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// Probably is the word that turns a claim into one of the given confidence; "" when it needs none.
func Probably(confidence float64) string {
	switch {
	case confidence >= 0.97:
		return ""
	case confidence >= 0.9:
		return "most likely "
	case confidence >= 0.5:
		return "probably "
	}
	return "perhaps "
}

// MAC prints an Ethernet address.
func MAC(a uint64) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(a>>40), byte(a>>32), byte(a>>24), byte(a>>16), byte(a>>8),
		byte(a))
}

// Times prints "once", "twice", "3 times".
func Times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// Quoted returns a message's first line in parentheses, "" when it has none that says anything.
func Quoted(text string) string {
	switch {
	case Opaque(text):
		return ""
	case text[0] == '(':
		return " " + text
	}
	return " (" + text + ")"
}

// Opaque reports whether the first line of a message says nothing to a reader: it is encrypted or unknown.
func Opaque(text string) bool {
	return text == "" || text == "application data" || text == "wrapped" || strings.Count(text, `\x`) >= 3 // bytes
}

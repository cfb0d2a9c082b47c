package words_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/rules/words"
)

// TestSentence: sentence does what fmt.Sprintf does with strings.
func TestSentence(t *testing.T) {
	for _, test := range []struct {
		form  string
		words []string
		want  string
	}{
		{"nothing to put in", nil, "nothing to put in"},
		{"%s", []string{"all"}, "all"},
		{"%s and %s", []string{"", "50 %s"}, " and 50 %s"},
		{"of %s%s.", []string{"it", strings.Repeat("x", 1000)}, "of it" + strings.Repeat("x", 1000) + "."},
	} {
		if got := words.Sentence(test.form, test.words...); got != test.want {
			t.Errorf("%q: got %q, want %q", test.form, got, test.want)
		}
	}
}

// TestSpan: numbers are rounded as fmt rounds them.
func TestSpan(t *testing.T) {
	for range 100_000 {
		d := time.Duration(rand.Int64N(int64(1) << (10 + rand.IntN(50))))
		want := ""
		switch {
		case d < 950*time.Microsecond:
			want = fmt.Sprintf("%d µs", d.Microseconds())
		case d < 9950*time.Microsecond:
			want = fmt.Sprintf("%.1f ms", float64(d)/1e6)
		case d < 950*time.Millisecond:
			want = fmt.Sprintf("%.0f ms", float64(d)/1e6)
		case d < 1000*time.Second:
			want = fmt.Sprintf("%.1f s", d.Seconds())
		case d < 2*time.Hour:
			want = fmt.Sprintf("%.0f min", d.Minutes())
		case d < 48*time.Hour:
			want = fmt.Sprintf("%.1f h", d.Hours())
		default:
			want = fmt.Sprintf("%.1f days", d.Hours()/24)
		}
		if got := words.Span(d); got != want {
			t.Fatalf("%d: got %q, want %q", d, got, want)
		}
		if got := words.Relative(-d - 1); got != words.Span(d+1)+" earlier" {
			t.Fatalf("%d: got %q", -d-1, got)
		}
	}
}

// TestWords: numbers as a person reads them.
func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0 µs", 12 * time.Microsecond: "12 µs", 1300 * time.Microsecond: "1.3 ms", 42 * time.Millisecond: "42 ms",
		60 * time.Second: "60.0 s", 20 * time.Minute: "20 min", 5 * time.Hour: "5.0 h", 80 * time.Hour: "3.3 days", -time.Second: "−1.0 s"} {
		if got := words.Span(d); got != want {
			t.Errorf("Span(%d) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 9999: "9999 bytes", 41_200: "41 kB", 1_230_000: "1.2 MB", 5_000_000_000: "5.0 GB"} {
		if got := words.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

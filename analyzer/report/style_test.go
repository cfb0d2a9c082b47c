package report

import (
	"testing"
	"time"
)

func TestLasted(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0:                                   "0 ns",
		999499 * time.Nanosecond:            "999 µs",
		1360 * time.Microsecond:             "1.36 ms",
		-12 * time.Second:                   "−12.0 s",
		303 * time.Second:                   "5 min 03 s",
		47*time.Hour + 59*time.Minute:       "47 h 59 min",
		48 * time.Hour:                      "2 days 00 h",
		3*day + 7*time.Hour + 9*time.Minute: "3 days 07 h",
		100 * day:                           "100 days",
		-274297 * time.Hour:                 "−11,429 days",
	} {
		if got := lasted(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

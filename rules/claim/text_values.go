package claim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/rules/words"
)

// quoted returns the claim's text in parentheses, "" when there is none.
func (c *Claim) quoted() string {
	if c.Text == "" {
		return ""
	}
	return " (" + c.Text + ")"
}

// later returns ", 3.0 ms later", "" for a span of zero.
func later(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return ", " + words.Relative(d)
}

// distance says on which side of another number one lies: "12 bytes above".
func distance(n int64) string {
	if n < 0 {
		return words.Bytes(-n) + " below"
	}
	return words.Bytes(n) + " above"
}

// atLeast puts "at least" before a count that its counter could not hold.
func (c *Claim) atLeast() string {
	if c.AtLeast {
		return "at least "
	}
	return ""
}

// atMost puts "at most" before a count of captured bytes where some may be missing.
func (c *Claim) atMost() string {
	if c.Limited {
		return "at most "
	}
	return ""
}

// ttl returns what the IP header calls the field.
func (c *Claim) ttl() string {
	if c.HopLimit {
		return "hop limit"
	}
	return "TTL"
}

func hex16(n uint64) string { return fmt.Sprintf("0x%04x", uint16(n)) }

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// beforeRST returns ", 3.0 ms before the RST", "" for a span of zero.
func beforeRST(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return ", " + words.Span(d) + " before the RST"
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// s is the ending of a verb of one thing.
func s(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// clockTime prints a time of day with microseconds.
func clockTime(ns uint64) string {
	return time.Unix(0, int64(ns)).UTC().Format("15:04:05.000000")
}

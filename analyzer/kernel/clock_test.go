package kernel

import (
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

const ms = int64(time.Millisecond)

// A train of RSTs is aligned by its distances, wherever the capture begins in it.
func TestClockAlignsTrain(t *testing.T) {
	events := []int64{0, 3 * ms, 50 * ms, 53 * ms, 61 * ms}
	for _, offset := range []int64{0, -7, int64(500000 * time.Hour)} {
		for from := range events {
			var c clock
			used := map[int]bool{}
			for i := from; i < len(events); i++ {
				at := events[i] + offset + 40_000 + int64(i)*1000
				var left []int64
				var index []int
				for k, e := range events {
					if !used[k] {
						left, index = append(left, e), append(index, k)
					}
				}
				var others []flows.Time
				for _, e := range events[i+1:] {
					others = append(others, flows.Time(e+offset+44_000))
				}
				got := c.pick(left, at, others, 0)
				if got < 0 {
					t.Fatalf("from %d: the RST %d finds no event", from, i)
				}
				if len(others) > 0 && index[got] != i { // the last alone could be any
					t.Errorf("offset %d, from %d: the RST %d is taken for the event %d", offset, from, i, index[got])
				}
				used[index[got]] = true
				c.sent(at, left[got])
			}
		}
	}
}

// Once the clock is known, an event at another time is another RST; drift is followed.
func TestClockKnown(t *testing.T) {
	var c clock
	at := func(event int64) int64 { return event + event/10000 + 1e15 } // 100 ppm
	for event := int64(0); event < 4*int64(time.Hour); event += 10 * int64(time.Minute) {
		if c.pick([]int64{event}, at(event), nil, 0) != 0 {
			t.Fatalf("lost after %v", time.Duration(event))
		}
		c.sent(at(event), event)
	}
	if got := c.pick([]int64{0}, at(5*int64(time.Hour)), nil, 0); got != -1 {
		t.Error("an event of five hours before is taken for this RST")
	}
	if c.conflicts != 1 || !c.known() {
		t.Errorf("got %+v", c)
	}
}

// A first match that was wrong gives way when the others contradict it.
func TestClockForgetsWrongBeginning(t *testing.T) {
	c := clock{guesses: []int64{0}, matches: 1}
	for i := range int64(4) {
		if got := c.pick([]int64{i * ms}, i*ms+int64(time.Hour), nil, 0); got == 0 {
			c.sent(i*ms+int64(time.Hour), i*ms)
		}
	}
	if c.offset() != int64(time.Hour) {
		t.Errorf("got %v", time.Duration(c.offset()))
	}
}

// What is sent bounds the difference from above, and what is received from below.
func TestClockEstimate(t *testing.T) {
	var c clock
	c.sent(1000*ms+60_000, 1000*ms)
	c.sent(2000*ms+90_000, 2000*ms)
	if o, u := c.estimate(); o != 60_000 || u != ms {
		t.Errorf("sent only: %d ± %d", o, u)
	}
	c.hears(3000*ms, 3000*ms+20_000)
	if o, u := c.estimate(); o != 20_000 || u != 41_000 { // half of 80 µs, and the microsecond that traces print
		t.Errorf("both: %d ± %d", o, u)
	}
}

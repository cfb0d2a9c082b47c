package track_test

import (
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// shake is a handshake of 10 ms, as the beginning of a script. Windows are not scaled.
const shake = `
0.000  > S  0 win 64240 <mss 1460>
+0.010 < S. 0 ack 1 win 65160 <mss 1460>
+0.000 > .  1 ack 1 win 64240
`

// resets plays a script and returns its resets.
func resets(t *testing.T, script string) []*flows.Reset {
	t.Helper()
	out, err := wire.Resets(script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// after plays a script and returns its connection 1 at the end.
func after(t *testing.T, script string) *flows.Conn {
	t.Helper()
	s, err := wire.Read(script)
	if err != nil {
		t.Fatal(err)
	}
	tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	s.Play(tab)
	for _, it := range s.Items {
		if it.Segment != nil {
			return tab.Lookup(it.Segment.Src, it.Segment.Dst)
		}
	}
	return nil
}

// notes returns the notes of frame.
func notes(t *testing.T, c *flows.Conn, frame int) flows.Notes {
	t.Helper()
	for _, e := range c.Events {
		if e.Frame == frame {
			return e.Notes
		}
	}
	t.Fatalf("frame %d is not in the timeline", frame)
	return 0
}

// frames lists the frames of the timeline.
func frames(c *flows.Conn) (out []int) {
	for _, e := range c.Events {
		out = append(out, e.Frame)
	}
	return out
}

// notPlain skips a test of what the build tag plain leaves out.
func notPlain(t *testing.T) {
	t.Helper()
	if track.Plain {
		t.Skip("the build tag plain leaves it out")
	}
}

package rules

import (
	"reflect"
	"testing"

	"github.com/rstexplain/rstexplain/flows/wire"
)

// TestClone: what Explain lends is overwritten by its next call, and a clone of it is not.
func TestClone(t *testing.T) {
	for _, s := range scripts() {
		resets, err := wire.Resets(s.hit)
		if err != nil {
			t.Fatal(err)
		}
		r := resets[len(resets)-1]
		want := NewEngine(Options{}).Explain(r) // of an engine that is not asked again

		e := NewEngine(Options{})
		kept := e.Explain(r).Clone()
		for _, other := range scripts()[:8] {
			resets, err := wire.Resets(other.hit)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range resets {
				e.Explain(r)
			}
		}
		kept.room, kept.facts = want.room, want.facts
		if !reflect.DeepEqual(kept, want) {
			t.Errorf("%s: a clone has changed:\n%+v\nwant\n%+v", s.rule, kept, want)
		}
	}
}

// TestRoom: an engine that has explained a reset explains one more of its kind in the same room. What it still
// allocates are the sentences, and what it remembers.
func TestRoom(t *testing.T) {
	for _, s := range benchScripts {
		resets, err := wire.Resets(s.hit)
		if err != nil {
			t.Fatal(err)
		}
		e, r := NewEngine(Options{Streams: 4}), *resets[len(resets)-1]
		stream := 0
		n := testing.AllocsPerRun(100, func() {
			stream++
			k := *r.Conn
			k.Stream = stream
			again := r
			again.Conn = &k
			e.Explain(&again)
		})
		if n -= 2; n > maxAllocs { // the copies of Reset and Conn
			t.Errorf("%s: %v allocations, want at most %d", s.rule, n, maxAllocs)
		}
	}
}

// maxAllocs is how often one reset may allocate.
const maxAllocs = 30

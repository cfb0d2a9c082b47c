package track

import (
	"math/rand/v2"
	"testing"
)

// A distinct counts what a bitmap counts.
func TestDistinct(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for values := range 40 {
		var d distinct
		var b bitmap
		for i := range 200 {
			hash := uint64(rnd.IntN(values+1)) * 0x9e3779b97f4a7c15 >> 20
			d.add(hash)
			b.add(hash)
			if d.count() != b.count() {
				t.Fatalf("%d values, %d added: %d, a bitmap has %d", values+1, i+1, d.count(), b.count())
			}
		}
	}
}

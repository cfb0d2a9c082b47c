package capture

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// The conversion agrees with exact arithmetic, for every resolution the byte can express.
func TestClock(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	offsets := []int64{0, 1, -1, 3600, -1700000000, 1700000000, maxSeconds, -maxSeconds, maxSeconds + 1, 1 << 62, 1<<63 - 1, -1 << 63}
	for resolution := range 256 {
		base := int64(10)
		if resolution&0x80 != 0 {
			base = 2
		}
		units := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(resolution&0x7f)), nil)
		for range 2000 {
			ticks := rng.Uint64() >> rng.IntN(64)
			seconds := offsets[rng.IntN(len(offsets))]
			c := newClock(uint8(resolution), seconds)
			got, ok := c.convert(ticks)

			want := new(big.Int).Mul(new(big.Int).SetUint64(ticks), big.NewInt(1e9))
			want.Div(want, units)
			want.Add(want, new(big.Int).Mul(big.NewInt(seconds), big.NewInt(1e9)))
			exact := want.IsInt64() && want.Int64() == got
			switch {
			case ok && !exact:
				t.Fatalf("resolution %#x, offset %d, %d ticks: %d, want %s", resolution, seconds, ticks, got, want)
			case !ok && want.CmpAbs(big.NewInt((maxSeconds-1)*1e9)) < 0:
				t.Fatalf("resolution %#x, offset %d, %d ticks: held at %d, want %s", resolution, seconds, ticks, got, want)
			case !ok && (got != maxTime && got != -maxTime || want.Sign() != big.NewInt(got).Sign()):
				t.Fatalf("resolution %#x, offset %d, %d ticks: held at %d for %s", resolution, seconds, ticks, got, want)
			}
		}
	}
}

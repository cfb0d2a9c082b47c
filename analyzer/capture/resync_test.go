package capture

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// One byte changed anywhere costs the packet that holds it, and those before it are as they were.
func TestFlips(t *testing.T) {
	tries := 3000
	if testing.Short() {
		tries = 300
	}
	for _, s := range []struct {
		name string
		file []byte
	}{{"pcapng", sample(60)}, {"pcap", samplePcap(60)}} {
		name, file := s.name, s.file
		rng := rand.New(rand.NewPCG(3, 4))
		want, _ := readBytes(t, file)
		lost := 0
		for range tries {
			at := int(want[0].Offset) + rng.IntN(len(file)-int(want[0].Offset))
			b := slices.Clone(file)
			b[at] ^= byte(1 + rng.IntN(255))
			got, r := readBytes(t, b)
			hit := 0 // the packet changed
			for hit+1 < len(want) && int(want[hit+1].Offset) <= at {
				hit++
			}
			if len(got) < hit {
				t.Fatalf("%s, byte %d: %d packets, though %d come before it", name, at, len(got), hit)
			}
			if d := differ(want[:hit], got[:hit]); d != "" {
				t.Fatalf("%s, byte %d: %s", name, at, d)
			}
			typ := name == "pcapng" && at < int(want[hit].Offset)+4 // of another type the block is passed over, as it should be
			if len(got) < len(want) && len(r.Problems()) == 0 && !typ {
				t.Fatalf("%s, byte %d: %d packets of %d, and no problem", name, at, len(got), len(want))
			}
			lost += max(0, len(want)-1-len(got))
		}
		if lost > tries/15 { // a captured length that is wrong but possible misleads the reader of a pcap: about one change in twenty
			t.Errorf("%s: %d more packets lost than were changed", name, lost)
		}
	}
}

// Of two lengths that differ, what follows shows which is right.
func TestLengthsDisagree(t *testing.T) {
	for _, o := range orders {
		for _, place := range []int{0, 1} {
			f := newPcapng(o).iface(1, 0).packet(0, 1, octets(10))
			at := len(f.b)
			f.packet(0, 2, octets(20))
			end := len(f.b)
			f.packet(0, 3, octets(30))
			o.PutUint32(f.b[[]int{at + 4, end - 4}[place]:], 4242)
			got, r := readBytes(t, f.b)
			want, reason := 3, Mismatch
			if place == 0 { // the first is what a block is read by
				want, reason = 2, Corrupt
			}
			if len(got) != want || got[want-1].Time != 3000 || got[want-1].Frame != 3 || !slices.Equal(reasons(r), []Reason{reason}) {
				t.Errorf("%v, length %d: %d packets, problems %v", o, place, len(got), r.Problems())
			}
		}
	}
}

// Damage longer than a chunk is passed over, and told once, with its place.
func TestLongDamage(t *testing.T) {
	for name, file := range map[string][]byte{"pcapng": sample(20), "pcap": samplePcap(20)} {
		want, _ := readBytes(t, file)
		cut := int(want[10].Offset)
		noise := octets(3 << 20)
		binary.LittleEndian.PutUint64(noise, 0xffffffff_ffffffff)
		binary.LittleEndian.PutUint64(noise[8:], 0xffffffff_ffffffff)
		got, r := readBytes(t, slices.Concat(file[:cut], noise, file[cut:]))
		if len(got) != 20 {
			t.Errorf("%s: %d packets, problems %v", name, len(got), r.Problems())
		}
		p := r.Problems()
		if len(p) != 1 || p[0].Reason != Corrupt || p[0].Offset != int64(cut) || p[0].Bytes != int64(len(noise)) {
			t.Errorf("%s: problems %+v", name, p)
		}
	}
}

package analyzer

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// TestMergeOrderWhateverThePieces joins two files with many packets of the same times, read in pieces of each length, as
// pipes bring them: the order is always the same, the first file's packets before those of the second of that time.
func TestMergeOrderWhateverThePieces(t *testing.T) {
	t.Parallel()
	times := []int64{1, 1, 2, 3, 3, 3, 4, 6, 5, 7, 7}
	want := []string{"a1", "a1", "b1", "b1", "a2", "b2", "a3", "a3", "a3", "b3", "b3", "b3", "a4", "b4",
		"a6", "a5", "b6", "b5", "a7", "a7", "b7", "b7"}
	for a := 1; a <= len(times); a++ {
		for b := 1; b <= len(times); b++ {
			j := &joinedInput{parts: []part{inPieces("a", times, a), inPieces("b", times, b)}}
			var got []string
			for p := (piece{}); j.next(&p) == nil; {
				for _, packet := range p.batch.Packets {
					got = append(got, fmt.Sprintf("%s%d", packet.Data, packet.Time))
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("pieces of %d and %d packets:\n%v instead of\n%v", a, b, got, want)
			}
		}
	}
}

// TestJoinedFilesAreReleased holds that of a file that was read to its end nothing is kept but its name and counts, so that
// a ring of a thousand files takes no more memory than one of two.
func TestJoinedFilesAreReleased(t *testing.T) {
	t.Parallel()
	j := new(joinedInput)
	var inputs []weak.Pointer[timedInput]
	for i := range int64(20) {
		p := inPieces("f", []int64{2*i + 1, 2*i + 1, 2*i + 2}, 2)
		inputs = append(inputs, weak.Make(p.held.in.(*timedInput)))
		j.parts = append(j.parts, p)
	}
	packets := 0
	for p := (piece{}); j.next(&p) == nil; p = (piece{}) {
		packets += len(p.batch.Packets)
	}
	runtime.GC()
	for i, in := range inputs {
		if in.Value() != nil {
			t.Errorf("file %d is still held", i+1)
		}
	}
	if packets != 60 || len(j.begun) != 20 {
		t.Errorf("%d packets of %d files were read, instead of 60 of 20", packets, len(j.begun))
	}
}

// inPieces is a file with packets of these times, which is read n packets at a time.
func inPieces(name string, times []int64, n int) part {
	in := &timedInput{name: name, times: times, n: n}
	var first piece
	in.next(&first)
	return part{path: name, start: times[0], held: &heldInput{in, first}}
}

type timedInput struct {
	name  string
	times []int64
	n     int
	at    int
}

func (i *timedInput) next(p *piece) error {
	if i.at == len(i.times) {
		return io.EOF
	}
	p.batch = capture.Batch{}
	for range min(i.n, len(i.times)-i.at) {
		p.batch.Packets = append(p.batch.Packets,
			capture.Packet{Frame: i.at + 1, Time: i.times[i.at], Data: []byte(i.name)})
		i.at++
	}
	return nil
}

func (i *timedInput) frames() int       { return i.at }
func (i *timedInput) bytesRead() int64  { return 0 }
func (i *timedInput) stop()             {}
func (i *timedInput) close() error      { return nil }
func (i *timedInput) tell(*report.File) {}

package job

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
	"github.com/rstexplain/rstexplain/flows"
)

// A Piece is one capture of a unit whose captures are read by several workers.
type Piece struct {
	Unit, Number int // of the unit, and of the capture in it
	Of           int // captures of the unit
	Group, Path  string
	Whole        bool // nothing of the unit may be cut
}

// Pieces returns the captures of u.
func (u *Unit) Pieces() []Piece {
	list := make([]Piece, len(u.Paths))
	for i, p := range u.Paths {
		list[i] = Piece{Unit: u.Index, Number: i, Of: len(u.Paths), Group: u.Group, Path: p}
	}
	return list
}

// A Scanned is a Piece whose resets were looked for.
type Scanned struct {
	Piece Piece // Whole, if resets may have been missed
	Path  string
}

// Scan finds the connections of a capture that have a RST.
func (w *Worker) Scan(ctx context.Context, p Piece) (Scanned, error) {
	out := Scanned{Piece: p, Path: w.job.work("scanned", fmt.Sprintf("%08d-%06d", p.Unit, p.Number))}
	seen := tupleSet{}
	r, in, err := w.openPiece(ctx, p)
	switch {
	case err == nil:
		out.Piece.Whole = seen.scan(ctx, r) || in.Failure() != nil
		r.Close()
	case errors.Is(err, capture.ErrEmpty), store.NotExist(err):
	default: // what is in a text, or cannot be read now, shows when it is explained
		out.Piece.Whole = true
	}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	_, err = w.store.Write(ctx, out.Path, seen.write)
	return out, err
}

// openPiece opens a capture, and returns what it is read from too.
func (w *Worker) openPiece(ctx context.Context, p Piece) (*capture.Reader, *store.Reader, error) {
	var in *store.Reader
	var failed error
	source := func(path string) (io.ReadCloser, error) {
		in, failed = w.store.Open(ctx, path)
		return in, failed
	}
	r, err := capture.Open(p.Path, capture.Options{ChunkSize: chunkSize, Source: source})
	if failed != nil {
		return nil, nil, failed
	}
	return r, in, err
}

// A tupleSet holds hashes of the addresses and ports of connections. Where two are alike, more of a capture is kept
// than is needed.
type tupleSet map[uint64]struct{}

// scan adds the connections of a capture that have a RST. unsure says that there may be more, in fragments whose
// datagrams go on in another file.
func (t tupleSet) scan(ctx context.Context, r *capture.Reader) (unsure bool) {
	var d decode.Decoder
	var b capture.Batch
	var seg flows.Segment
	for r.Next(&b) == nil && ctx.Err() == nil {
		for i := range b.Packets {
			if d.Decode(&b.Packets[i], &seg) == decode.Segment && seg.Flags&flows.RST != 0 {
				t[tupleHash(seg.Src, seg.Dst)] = struct{}{}
			}
		}
	}
	b.Release()
	d.Flush()
	return d.Counts.By[decode.FragmentAlone].Packets > 0
}

// has reports whether a connection is in t.
func (t tupleSet) has(a, b flows.Addr) bool {
	_, ok := t[tupleHash(a, b)]
	return ok
}

// tupleHash returns the same for both directions of a connection, on every machine.
func tupleHash(a, b flows.Addr) uint64 {
	if c := bytes.Compare(a.IP[:], b.IP[:]); c > 0 || c == 0 && a.Port > b.Port {
		a, b = b, a
	}
	var k [36]byte
	copy(k[:], a.IP[:])
	copy(k[16:], b.IP[:])
	binary.LittleEndian.PutUint16(k[32:], a.Port)
	binary.LittleEndian.PutUint16(k[34:], b.Port)
	return xxhash.Sum64(k[:])
}

// write writes t, in the same order each time.
func (t tupleSet) write(to io.Writer) error {
	list := make([]uint64, 0, len(t))
	for h := range t {
		list = append(list, h)
	}
	slices.Sort(list)
	return binary.Write(to, binary.LittleEndian, list)
}

// readTuples adds to t what write has written.
func (w *Worker) readTuples(ctx context.Context, name string, t tupleSet) error {
	in, err := w.store.Open(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	from := bufio.NewReader(in)
	for {
		var b [8]byte
		switch _, err := io.ReadFull(from, b[:]); err {
		case nil:
			t[binary.LittleEndian.Uint64(b[:])] = struct{}{}
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// tuplesOf is the name of the object that holds the connections of a unit that have a RST.
func (j *Job) tuplesOf(unit int) string { return j.work("tuples", fmt.Sprintf("%08d", unit)) }

// Gather puts the connections together that have a RST in a capture of one unit, and returns its pieces, in their
// order. A piece may be listed more than once.
func (w *Worker) Gather(ctx context.Context, scanned []Scanned) ([]Piece, error) {
	slices.SortFunc(scanned, func(a, b Scanned) int { return a.Piece.Number - b.Piece.Number })
	scanned = slices.CompactFunc(scanned, func(a, b Scanned) bool { return a.Piece.Number == b.Piece.Number })
	if want := scanned[0].Piece.Of; len(scanned) != want {
		return nil, fmt.Errorf("%d captures of %d were scanned", len(scanned), want)
	}
	all, whole := tupleSet{}, false
	for _, s := range scanned {
		whole = whole || s.Piece.Whole
		if err := w.readTuples(ctx, s.Path, all); err != nil {
			return nil, err
		}
	}
	if _, err := w.store.Write(ctx, w.job.tuplesOf(scanned[0].Piece.Unit), all.write); err != nil {
		return nil, err
	}
	pieces := make([]Piece, len(scanned))
	for i, s := range scanned {
		pieces[i] = s.Piece
		pieces[i].Whole = whole
	}
	return pieces, nil
}

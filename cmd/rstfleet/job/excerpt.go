package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// An Excerpt is what is read in place of a Piece: all of its packets, but of connections without a RST the headers
// only. Resets, their evidence, and all counts of a report are the same as with the whole capture.
type Excerpt struct {
	Piece Piece
	Path  string // "": the piece itself
	Bytes int64  // that were read of the piece
	Size  int64  // of the excerpt
}

// errWhole ends the writing of an excerpt that would not stand for the whole.
var errWhole = errors.New("an excerpt would not be explained like the whole capture")

// Cut writes the excerpt of p. Where a capture cannot be read to its end, the whole is taken.
func (w *Worker) Cut(ctx context.Context, p Piece) (Excerpt, error) {
	whole := Excerpt{Piece: p}
	if p.Whole {
		return whole, nil
	}
	keep, err := w.tuples(ctx, p.Unit)
	if err != nil {
		return whole, err
	}
	r, from, err := w.openPiece(ctx, p)
	if err != nil {
		return whole, ctx.Err()
	}
	defer r.Close()
	out := whole
	out.Path = w.job.work("excerpts", fmt.Sprintf("%08d-%06d.pcapng.zst", p.Unit, p.Number))
	out.Size, err = w.store.Write(ctx, out.Path, func(to io.Writer) error {
		z, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err != nil {
			return err
		}
		c := cutter{keep: keep}
		if _, err := r.Rewrite(ctx, z, c.edit); err != nil {
			return err
		}
		if from.Failure() != nil || slices.ContainsFunc(r.Problems(), loses) {
			return errWhole
		}
		return z.Close()
	})
	switch {
	case errors.Is(err, errWhole):
		return whole, nil
	case err == nil:
		out.Bytes = r.BytesRead()
	}
	return out, err
}

// loses reports whether an excerpt has another problem than p of the capture, or none. That packets were dropped while
// capturing is in blocks that are copied.
func loses(p capture.Problem) bool { return p.Reason != capture.Dropped }

// tuples returns the connections of a unit that have a RST. It keeps those of the last unit that was asked for.
func (w *Worker) tuples(ctx context.Context, unit int) (tupleSet, error) {
	if w.known != nil && w.knownOf == unit {
		return w.known, nil
	}
	t := tupleSet{}
	if err := w.readTuples(ctx, w.job.tuplesOf(unit), t); err != nil {
		return nil, err
	}
	w.known, w.knownOf = t, unit
	return t, nil
}

// A cutter cuts packets behind their headers.
type cutter struct {
	keep     tupleSet
	decoder  decode.Decoder // of all packets
	checker  decode.Decoder // of those that were cut
	outliner decode.Decoder
}

// otherBytes is what is left of a packet that is not TCP. Its inner headers are looked for there.
const otherBytes = 128

// edit returns what becomes of a packet. It is cut only if what is read of it stays the same, but for the data.
func (c *cutter) edit(p *capture.Packet) capture.Edit {
	var seg, cutSeg flows.Segment
	outcome := c.decoder.Decode(p, &seg)
	cut := *p
	switch {
	case outcome == decode.NotTCP:
		cut.Data = p.Data[:min(otherBytes, len(p.Data))]
	case outcome == decode.Segment && !c.keep.has(seg.Src, seg.Dst):
		cut.Data = headers(p.Data, c.outliner.Outline(p))
	}
	if len(cut.Data) < len(p.Data) && c.checker.Decode(&cut, &cutSeg) == outcome &&
		c.checker.Counts.By == c.decoder.Counts.By && (outcome == decode.NotTCP || c.alike(&seg, &cutSeg)) {
		return capture.Edit{Data: cut.Data}
	}
	c.checker.Counts.By = c.decoder.Counts.By
	return capture.Edit{}
}

// alike reports whether both decoders have read the same header, of the same connection.
func (c *cutter) alike(seg, cut *flows.Segment) bool {
	all, wire := c.decoder.TCPHeader()
	some, cutWire := c.checker.TCPHeader()
	return wire == cutWire && len(some) >= int(cut.HeaderLen) && bytes.HasPrefix(all, some) &&
		seg.Src == cut.Src && seg.Dst == cut.Dst && seg.DataLen == cut.DataLen && seg.HeaderLen == cut.HeaderLen &&
		seg.Cut == cut.Cut && seg.Domain == cut.Domain && seg.MAC == cut.MAC
}

// headers returns data up to the end of its TCP header.
func headers(data []byte, outline []decode.Layer) []byte {
	if len(outline) == 0 {
		return data
	}
	last := outline[len(outline)-1]
	if last.Kind != decode.LayerTCP || len(data) < last.Offset+20 {
		return data
	}
	return data[:min(last.Offset+max(int(data[last.Offset+12]>>4)<<2, 20), len(data))]
}

// ExplainExcerpts explains a unit by the excerpts of all its captures, and leaves the report in the store, as Explain
// does. An excerpt may be listed more than once.
func (w *Worker) ExplainExcerpts(ctx context.Context, list []Excerpt) (Explained, Counts, error) {
	slices.SortFunc(list, func(a, b Excerpt) int { return a.Piece.Number - b.Piece.Number })
	list = slices.CompactFunc(list, func(a, b Excerpt) bool { return a.Piece.Number == b.Piece.Number })
	first := &list[0].Piece
	if len(list) != first.Of {
		return Explained{}, Counts{}, fmt.Errorf("%d excerpts of %d", len(list), first.Of)
	}
	u := Unit{Index: first.Unit, Group: first.Group}
	read := reading{excerpts: map[string]string{}}
	for _, e := range list {
		u.Paths = append(u.Paths, e.Piece.Path)
		if e.Path != "" {
			read.excerpts[e.Piece.Path] = e.Path
			read.more += e.Bytes - e.Size
		}
	}
	return w.explain(ctx, u, read)
}

// A reading says what is read in place of captures.
type reading struct {
	excerpts map[string]string // by path of the capture
	more     int64             // bytes that were read of the captures, beyond those of their excerpts
}

// A counting is a Renderer that counts the bytes of captures, and not those of their excerpts.
type counting struct {
	report.Renderer
	more int64
}

func (c counting) EndFile(f *report.File) error {
	f.Bytes += c.more
	return c.Renderer.EndFile(f)
}

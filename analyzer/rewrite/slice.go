package rewrite

import (
	"errors"
	"io"
	"net/netip"
	"slices"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/rules"
)

// Streams gathers from a report the connections that a slice must hold: those of the chosen resets with
// all other incarnations on their addresses and ports, those that their evidence cites, and of a scan a
// part that still shows it. It is a report.Renderer for one file.
type Streams struct {
	Choose func(*report.Reset) bool // nil chooses all
	Resets int                      // resets chosen
	Seen   int                      // resets there are
	Some   []Choice                 // the first of them

	keep   map[int]bool
	tuples map[tuple]bool
	alike  map[string][]int // refused streams with one detail and one originating host
	chosen map[string]bool  // keys of alike that are wanted
}

// A Choice is a reset that can be chosen, and by what.
type Choice struct {
	Frame, Stream int
	Cause         rules.Cause
}

// maxChoices bounds how many choices a Streams keeps.
const maxChoices = 3

// A tuple is the addresses and ports of a connection, originator first.
type tuple [2]flows.Addr

// maxAlike bounds how many connections are kept because they were refused as a chosen one was.
const maxAlike = 32

// Begin implements report.Renderer.
func (s *Streams) Begin(string) error { return nil }

// BeginFile implements report.Renderer.
func (s *Streams) BeginFile(string) error {
	s.keep, s.tuples, s.Resets = map[int]bool{}, map[tuple]bool{}, 0
	s.Seen, s.Some = 0, nil
	s.alike, s.chosen = map[string][]int{}, map[string]bool{}
	return nil
}

// Reset implements report.Renderer.
func (s *Streams) Reset(r *report.Reset) error {
	originator, err := netip.ParseAddrPort(r.Originator)
	if err != nil {
		return err
	}
	responder, err := netip.ParseAddrPort(r.Responder)
	if err != nil {
		return err
	}
	s.Seen++
	if len(s.Some) < maxChoices {
		s.Some = append(s.Some, Choice{r.Frame, r.Stream, r.Cause})
	}
	key := r.Detail + " " + originator.Addr().String()
	if r.Cause == rules.ClosedPort && len(s.alike[key]) < maxAlike {
		s.alike[key] = append(s.alike[key], r.Stream)
	}
	if s.Choose != nil && !s.Choose(r) {
		return nil
	}
	s.Resets++
	s.keep[r.Stream] = true
	s.tuples[tuple{flows.AddrFrom(originator), flows.AddrFrom(responder)}] = true
	s.chosen[key] = true
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy, r.Notes} {
		for _, e := range list {
			if e.Stream != nil {
				s.keep[*e.Stream] = true
			}
		}
	}
	return nil
}

// EndFile implements report.Renderer.
func (s *Streams) EndFile(*report.File) error {
	for key := range s.chosen {
		for _, n := range s.alike[key] {
			s.keep[n] = true
		}
	}
	return nil
}

// has reports whether the slice holds a stream, or a segment between two addresses.
func (s *Streams) has(stream int, src, dst flows.Addr) bool {
	return s.keep[stream] || s.tuples[tuple{src, dst}] || s.tuples[tuple{dst, src}]
}

// End implements report.Renderer.
func (s *Streams) End() error { return nil }

// SliceOptions say what becomes of the packets that a slice keeps.
type SliceOptions struct {
	Flows       track.TableOptions // as for the report, so that streams get the same numbers
	HeadersOnly bool               // cut the packets behind their TCP header
	Anonymize   *CryptoPAn         // map the addresses too, and leave out all that is not needed; nil: don't
}

// A Sliced counts what Slice did.
type Sliced struct {
	Kept, Dropped int // packets
	Unmapped      int // packets left out because not every address in them could be found and mapped
}

// Slice copies of the capture that in reads only the packets of the connections in s, and the ICMP errors
// about them, to out as pcapng. Errors are those of writing; what could not be read stands in in.Problems.
//
// Without Anonymize all blocks but the packets stay as they are, comments and names too, and IP fragments
// are kept, whatever they belong to. With it nothing stays but the packets' headers and times.
func Slice(in *capture.Reader, out io.Writer, s *Streams, opts SliceOptions) (Sliced, error) {
	var n Sliced
	f := &follower{table: track.NewTable(opts.Flows, track.Release)}
	if opts.Anonymize != nil {
		w := &scrubbed{out: out, pan: opts.Anonymize}
		err := f.each(in, func(p *capture.Packet) error {
			if !f.wanted(p, s) {
				n.Dropped++
				return nil
			}
			ok, err := w.write(p)
			if ok {
				n.Kept++
			} else {
				n.Unmapped++
			}
			return err
		})
		return n, errors.Join(err, w.close())
	}
	err := in.Rewrite(out, func(p *capture.Packet) capture.Edit {
		if !f.wanted(p, s) {
			n.Dropped++
			return capture.Edit{Drop: true}
		}
		n.Kept++
		if !opts.HeadersOnly {
			return capture.Edit{}
		}
		return capture.Edit{Data: headers(p.Data, f.outliner.Outline(p))}
	})
	return n, err
}

// headers returns data up to the end of its TCP header, so that the packet looks as if a snaplen had cut
// it there: its own account of lengths stays, and its checksum stays that of the data it had.
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

// A follower goes through a capture a second time and gives each packet the stream number that it had
// the first time.
type follower struct {
	decoder  decode.Decoder
	outliner decode.Decoder
	table    *track.Table
	segment  flows.Segment
}

// wanted reports whether p belongs to a connection of s.
func (f *follower) wanted(p *capture.Packet, s *Streams) bool {
	switch f.decoder.Decode(p, &f.segment) {
	case decode.Segment:
		return s.has(f.table.Add(&f.segment), f.segment.Src, f.segment.Dst)
	case decode.ICMPError:
		f.number()
		return s.keep[f.table.AddICMP(f.decoder.Note)]
	case decode.Malformed:
		f.number()
	case decode.Fragment:
		return true
	}
	return false
}

// number counts a header that is no segment of a connection, as Wireshark does.
func (f *follower) number() {
	if !f.decoder.Unnumbered {
		f.table.Number(&f.segment)
	}
}

// each calls do for every packet of in until it fails.
func (f *follower) each(in *capture.Reader, do func(*capture.Packet) error) error {
	var b capture.Batch
	for {
		if err := in.Next(&b); err != nil {
			if err == io.EOF {
				err = nil
			}
			return err
		}
		for i := range b.Packets {
			if err := do(&b.Packets[i]); err != nil {
				b.Release()
				return err
			}
		}
		b.Release()
	}
}

// Numbers returns the stream numbers in s, in order.
func (s *Streams) Numbers() []int {
	list := make([]int, 0, len(s.keep))
	for n := range s.keep {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

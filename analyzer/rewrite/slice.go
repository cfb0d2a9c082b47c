package rewrite

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// Streams gathers from a report the connections that a slice must hold: those of the chosen resets with
// all other incarnations on their addresses and ports, those that their evidence cites, and of a scan a
// part that still shows it. It is a report.Renderer for one file.
type Streams struct {
	Choose    func(*report.Reset) bool // nil chooses all
	MaxMemory int64                    // bytes that it may take, 0: 64 MiB

	Resets    int // resets chosen
	Forgotten int // resets whose other incarnations, or like connections, did not fit in MaxMemory

	keep   streamSet
	tuples []uint64          // hashes of addresses and ports, sorted by EndFile
	alike  []alike           // refused streams with one detail and one common host
	counts map[uint64]uint16 // of alike, by key
	chosen map[uint64]bool   // keys of alike that are wanted
}

// An alike is a stream that was refused as others were.
type alike struct {
	key    uint64
	stream int32
}

// maxAlike bounds how many connections are kept because they were refused as a chosen one was: enough to show a flood.
const maxAlike = 64

// streamCost is what a Streams takes for an entry of its lists and maps, in bytes, while they grow too.
const streamCost = 32

// defaultMemory is MaxMemory where it is not set.
const defaultMemory = 64 << 20

// seed makes hash collisions unpredictable.
var seed = maphash.MakeSeed()

// A streamSet is a set of stream numbers.
type streamSet []uint64

func (s *streamSet) add(n int) {
	for n>>6 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n>>6] |= 1 << (n & 63)
}

func (s streamSet) has(n int) bool { return n >= 0 && n>>6 < len(s) && s[n>>6]&(1<<(n&63)) != 0 }

// tuple returns a hash of the addresses and ports of a connection, the same for both directions.
func tuple(a, b flows.Addr) uint64 {
	if c := bytes.Compare(a.IP[:], b.IP[:]); c > 0 || c == 0 && a.Port > b.Port {
		a, b = b, a
	}
	return maphash.Comparable(seed, [2]flows.Addr{a, b})
}

// Begin implements report.Renderer.
func (s *Streams) Begin(string) error { return nil }

// BeginFile implements report.Renderer.
func (s *Streams) BeginFile(string) error {
	*s = Streams{Choose: s.Choose, MaxMemory: s.MaxMemory, counts: map[uint64]uint16{}, chosen: map[uint64]bool{}}
	if s.MaxMemory <= 0 {
		s.MaxMemory = defaultMemory
	}
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
	chosen := s.Choose == nil || s.Choose(r)
	if chosen {
		s.Resets++
		s.keep.add(r.Stream)
		for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy, r.Notes} {
			for _, e := range list {
				if e.Stream != nil {
					s.keep.add(*e.Stream)
				}
			}
		}
	}
	if int64(len(s.tuples)+len(s.alike)+len(s.chosen)) >= s.MaxMemory/streamCost {
		s.Forgotten++
		return nil
	}
	if chosen {
		s.tuples = append(s.tuples, tuple(flows.AddrFrom(originator), flows.AddrFrom(responder)))
	}
	if r.Cause != rules.ClosedPort {
		return nil
	}
	key := maphash.Comparable(seed, struct {
		detail string
		host   netip.Addr
	}{r.Detail, commonHost(r, originator, responder)})
	if chosen {
		s.chosen[key] = true
	}
	if s.counts[key] < maxAlike {
		s.counts[key]++
		s.alike = append(s.alike, alike{key, int32(r.Stream)})
	}
	return nil
}

// commonHost is the host that r has in common with the resets of its kind: who asked, or who was asked by many.
func commonHost(r *report.Reset, originator, responder netip.AddrPort) netip.Addr {
	if slices.ContainsFunc(r.Evidence, func(e report.Evidence) bool { return e.Claim == claim.Askers.String() }) {
		return responder.Addr()
	}
	return originator.Addr()
}

// EndFile implements report.Renderer.
func (s *Streams) EndFile(*report.File) error {
	for _, a := range s.alike {
		if s.chosen[a.key] {
			s.keep.add(int(a.stream))
		}
	}
	s.alike, s.counts, s.chosen = nil, nil, nil
	slices.Sort(s.tuples)
	s.tuples = slices.Compact(s.tuples)
	return nil
}

// has reports whether the slice holds a stream, or a segment between two addresses.
func (s *Streams) has(stream int, src, dst flows.Addr) bool {
	if s.keep.has(stream) {
		return true
	}
	_, found := slices.BinarySearch(s.tuples, tuple(src, dst))
	return found
}

// End implements report.Renderer.
func (s *Streams) End() error { return nil }

// SliceOptions define how packets are written.
type SliceOptions struct {
	Flows       track.TableOptions // as for the report, so that streams get the same numbers
	HeadersOnly bool               // cut the packets behind their TCP header
	Anonymize   *CryptoPAn         // make the packets anew, with other addresses; nil: don't
}

// A Sliced counts what Slice did.
type Sliced struct {
	Packets, Kept int     // read, and kept
	Left          Left    // by Anonymize
	Carried       Carried // otherwise
}

// Slice copies of the capture that in reads only the packets of the connections in s, and the ICMP errors
// about them, to out as pcapng. Errors are those of writing, and that of ctx when it ends; what could not be read
// stands in in.Problems.
//
// Without Anonymize all blocks but the packets stay as they are, comments and names too, and IP fragments
// are kept, whatever they belong to. With it each packet is made anew, and nothing else is written.
func Slice(ctx context.Context, in *capture.Reader, out io.Writer, s *Streams, opts SliceOptions) (Sliced, error) {
	var n Sliced
	f := &follower{table: track.NewTable(opts.Flows, track.Release)}
	if opts.Anonymize != nil {
		a := &anonymous{out: out, pan: opts.Anonymize, faces: map[uint16]int{}, domains: map[uint32]uint16{},
			buf: gopacket.NewSerializeBuffer()}
		err := f.each(ctx, in, func(p *capture.Packet) error {
			write := a.segment
			n.Packets++
			switch f.decode(p, s) {
			case decode.Segment:
			case decode.ICMPError:
				write = a.icmp
			case decode.Malformed:
				a.left.Malformed++
				return nil
			case decode.Fragment:
				return nil // its datagram follows, or it is alone
			default:
				return nil
			}
			ok, err := write(p, f)
			if ok {
				n.Kept++
			}
			return err
		})
		f.decoder.Flush()
		a.left.Alone = int(f.decoder.Counts.By[decode.FragmentAlone].Packets)
		n.Left = a.left
		return n, errors.Join(err, a.close())
	}
	copied, err := in.Rewrite(ctx, out, func(p *capture.Packet) capture.Edit {
		n.Packets++
		outcome := f.decode(p, s)
		if outcome == decode.NotTCP || outcome == decode.Malformed {
			return capture.Edit{Drop: true}
		}
		n.Kept++
		if !opts.HeadersOnly {
			n.Carried.packet(outcome, &f.segment)
			return capture.Edit{}
		}
		return capture.Edit{Data: headers(p.Data, f.outliner.Outline(p))}
	})
	n.Carried.Copied = copied
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

// decode returns what p is of the slice: NotTCP stands for all that does not belong to it.
func (f *follower) decode(p *capture.Packet, s *Streams) decode.Outcome {
	outcome, wanted := f.decoder.Decode(p, &f.segment), false
	switch outcome {
	case decode.Segment:
		wanted = s.has(f.table.Add(&f.segment), f.segment.Src, f.segment.Dst)
	case decode.ICMPError:
		f.number()
		wanted = s.keep.has(f.table.AddICMP(f.decoder.Note))
	case decode.Malformed:
		f.number()
		wanted = s.has(-1, f.segment.Src, f.segment.Dst)
	case decode.Fragment:
		wanted = true
	}
	if !wanted {
		return decode.NotTCP
	}
	return outcome
}

// number counts a header that is no segment of a connection, as Wireshark does.
func (f *follower) number() {
	if !f.decoder.Unnumbered {
		f.table.Number(&f.segment)
	}
}

// each calls do for every packet of in until it fails or ctx ends.
func (f *follower) each(ctx context.Context, in *capture.Reader, do func(*capture.Packet) error) error {
	var b capture.Batch
	defer b.Release()
	for in.Next(&b) == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range b.Packets {
			if err := do(&b.Packets[i]); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

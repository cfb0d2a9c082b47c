package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Options bound what a Reader does. The zero value is right for nearly all.
type Options struct {
	// ChunkSize is how many bytes of the file are read at a time, 0: 256 KiB, which with what is made
	// of them stays in a processor's second-level cache.
	ChunkSize int

	// MaxPacket is the most bytes of one packet, 0: 262144. No capture tool writes more for a link
	// that carries IP (libpcap's MAXIMUM_SNAPLEN, Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD). A larger
	// packet is skipped and reported; it keeps its frame number.
	MaxPacket int

	// MaxRatio stops decompression that gives more than MaxRatio bytes for each compressed one, once
	// 256 MiB have come out, 0: 1000.
	MaxRatio int

	// MaxBytes stops decompression after so many bytes, 0: 256 GiB.
	MaxBytes int64

	// MaxWindow is the most bytes of a window that a zstd or xz stream may ask memory for, 0: 128 MiB, as the zstd
	// program allows by default; xz -9 needs 64 MiB. Decompression of zstd takes about twice as much.
	MaxWindow int

	// Follow waits at the end of a regular file for more to be written to it, until Reader.Stop.
	Follow bool

	// Convert makes Open have editcap, Wireshark's program, convert a capture of another program.
	Convert bool

	// Exports makes Open return an [*ExportError] for an export of Wireshark.
	Exports bool

	// Source, where set, opens what Open is asked for: a path then names something else than a file of this machine. If
	// what it returns has a method Size() int64, less than that many bytes are reported as truncated.
	Source func(path string) (io.ReadCloser, error)
}

func (o Options) withDefaults() Options {
	if o.ChunkSize <= 0 {
		o.ChunkSize = 256 << 10
	}
	o.ChunkSize = max(o.ChunkSize, 4<<10)
	if o.MaxPacket <= 0 {
		o.MaxPacket = 256 << 10
	}
	o.MaxPacket = min(o.MaxPacket, blockMax-64)
	if o.MaxRatio <= 0 {
		o.MaxRatio = 1000
	}
	if o.MaxWindow <= 0 {
		o.MaxWindow = maxWindow
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 256 << 30
	}
	return o
}

// Info describes a file.
type Info struct {
	Format      string // "pcapng", "pcap"
	Compression string // "gzip", "zstd", "lz4", "bzip2", "xz", "" for none
	Sections    int    // pcapng sections, 1 for pcap
	Comments    []string
	Hardware    string // from the last section that has it, like the other strings
	OS          string
	Application string
}

// What is kept of a file's comments, and of each text.
const (
	commentsKept = 64
	textKept     = 2048
)

// A Reader reads one capture. Its methods are for one goroutine, but for BytesRead, Size and Stop; the
// batches it fills may go to others.
type Reader struct {
	name     string
	opts     Options
	src      *source   // the file's bytes
	in       io.Reader // src, or what decompresses it
	pool     pool
	expander *expander // where the file is compressed

	chunk    *chunk // being filled: bytes pos to end are not yet read
	pos, end int
	base     int64    // offset in the stream of the chunk's first byte
	packets  []Packet // found in the chunk
	need     int      // bytes from pos without which the walk cannot go on
	eof      bool
	failure  error // why eof came, where it is not the file's end

	frame    int // the last one
	swap     bool
	headed   bool // the pcap file header was read
	ng       bool
	pcap     pcapFormat
	ifaces   []iface // of the section
	sections int
	surplus  int   // interfaces of the section beyond interfacesMax
	spilled  spill // of all sections
	foreign  bool  // the section is of an unknown version
	timeless int   // packets without a time
	lastSec  int64 // of the last packet of a pcap

	searching  bool  // past damage, for the next block
	tail       bool  // the damage may be the file's end only
	lostAt     int64 // where the damage begins
	lostPacket bool  // it begins with what would be a packet

	tap func(block []byte, packets []Packet) // where set, gets each pcapng block and the packet in it

	described []Interface
	links     map[uint16]int64
	info      Info
	ledger
}

// A verdict is how a walk over the chunk ended.
type verdict uint8

const (
	walked   verdict = iota // the block was read
	wantMore                // Reader.need bytes from the position are needed
	damaged                 // what stands at the position is no block
)

// Next releases what b holds and fills it with the packets that follow, as soon as one is complete:
// from a pipe, as soon as one read brought it. It returns io.EOF at the end of what can be read,
// Problems then lists what could not. b is empty when an error is returned.
func (r *Reader) Next(b *Batch) error {
	b.Release()
	for r.chunk != nil {
		v := r.walk()
		if len(r.packets) > 0 {
			r.hand(b)
			return nil
		}
		if v == damaged {
			v = r.repair()
		}
		switch {
		case v == walked: // past damage
		case !r.eof:
			r.fill()
		case r.pos < r.end && r.failure == nil && (r.ng || r.headed):
			r.lost(true)
		default:
			r.finish()
		}
	}
	return io.EOF
}

// walk goes over the chunk as far as it can.
func (r *Reader) walk() verdict {
	r.need = 0
	switch {
	case r.searching:
		return r.search()
	case r.ng:
		return r.walkPcapng()
	default:
		return r.walkPcap()
	}
}

// repair gets past the damage at the position.
func (r *Reader) repair() verdict {
	if r.ng {
		return r.repairPcapng()
	}
	return r.repairPcap()
}

// hand gives the chunk to b and goes on in another with the bytes that no packet has taken.
func (r *Reader) hand(b *Batch) {
	c := r.chunk
	b.Packets, b.chunk = r.packets, c
	r.packets = r.packets[:0]
	rest := c.buf[r.pos:r.end]
	r.chunk = r.pool.get(len(rest) + 1)
	r.base += int64(r.pos)
	r.pos, r.end = 0, copy(r.chunk.buf, rest)
}

// fill reads once from the file, with room made for what the walk needs.
func (r *Reader) fill() {
	c, left := r.chunk, r.end-r.pos
	// A length is believed only as bytes come, so that a small file cannot claim much memory.
	if need := max(r.need, left+1); need > len(c.buf) && 2*left >= len(c.buf) {
		r.chunk = r.pool.get(min(need, 2*len(c.buf)))
	}
	if r.pos > 0 || r.chunk != c {
		r.end = copy(r.chunk.buf, c.buf[r.pos:r.end])
		r.base += int64(r.pos)
		r.pos = 0
	}
	if r.chunk != c {
		r.pool.put(c)
	}
	n, err := r.in.Read(r.chunk.buf[r.end:])
	for range 100 { // as bufio does with a reader that gives nothing
		if n > 0 || err != nil {
			break
		}
		n, err = r.in.Read(r.chunk.buf[r.end:])
	}
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	r.end += n
	if err != nil {
		r.eof = true
		if err != io.EOF {
			r.failed(err)
		}
	}
}

// finish ends the reading and notes the problems of the file as a whole.
func (r *Reader) finish() {
	if !r.ng && !r.headed && r.failure == nil {
		r.note(Problem{Reason: Truncated, Bytes: int64(r.end - r.pos),
			What: "the file ends in its header", Try: "it was truncated when it was written or copied"})
	}
	r.settle()
	r.chunk = nil
	for _, d := range r.described {
		if d.Dropped == 0 {
			continue
		}
		name := d.Name
		if name == "" {
			name = fmt.Sprint("interface ", d.Index)
		}
		r.note(Problem{Reason: Dropped, Offset: -1, Frame: r.frame,
			What: fmt.Sprintf("packets dropped on %q while capturing: %d; segments that seem missing or unanswered may be "+
				"among them", name, d.Dropped),
			Try: "capture again with a larger buffer (-B) or a capture filter"})
	}
	if s := &r.spilled; s.interfaces > 0 {
		r.note(Problem{Reason: Unsupported, Offset: s.offset, Frame: s.frame,
			What: fmt.Sprintf("interfaces beyond the first %d of a section: %d, the first at byte %d; their packets are "+
				"not read", interfacesMax, s.interfaces, s.offset)})
	}
	if n := r.src.read.Load(); r.src.size >= 0 && n > r.src.size && !r.src.follow {
		r.note(Problem{Reason: Growing, Offset: -1, Frame: r.frame,
			What: fmt.Sprintf("the file grew from %d to %d bytes while it was read; packets written to it after that are not "+
				"explained", r.src.size, n),
			Try: "--follow explains a capture while it is written"})
	}
	if r.timeless > 0 {
		r.note(Problem{Reason: NoTime, Offset: -1, Frame: r.frame,
			What: fmt.Sprintf("packets without a timestamp (Simple Packet Blocks): %d; the delays between them are "+
				"unknown", r.timeless)})
	}
}

// settle adds the packets of the section's interfaces to the counts.
func (r *Reader) settle() {
	for i := range r.ifaces {
		f := &r.ifaces[i]
		if f.kept >= 0 {
			d := &r.described[f.kept]
			d.Packets += f.packets
			d.Dropped = max(d.Dropped, f.dropped)
		}
		if f.packets == 0 {
			continue
		}
		if r.links == nil {
			r.links = map[uint16]int64{}
		}
		r.links[f.link] += f.packets
		f.packets = 0
	}
}

// tell notes a problem of the packet at the position, whose frame number is already taken; n bytes of it are lost.
func (r *Reader) noteFrame(reason Reason, n int64, format string, args ...any) {
	if r.kept[reason] == problemsKept { // its words would not be kept
		r.note(Problem{Reason: reason, Bytes: n})
		return
	}
	at := r.base + int64(r.pos)
	r.note(Problem{Reason: reason, Offset: at, Frame: r.frame, Bytes: n,
		What: fmt.Sprintf("frame %d at byte %d ", r.frame, at) + fmt.Sprintf(format, args...)})
}

func (r *Reader) note(p Problem) {
	p.File = r.name
	r.ledger.note(p)
}

// failed notes that reading, or decompressing, stopped before the end of the file.
func (r *Reader) failed(err error) {
	r.failure = err
	p := Problem{Reason: ReadError, Offset: r.base + int64(r.end), Frame: r.frame}
	kind := r.info.Compression
	var bomb errExpansion
	var sys *fs.PathError
	switch {
	case errors.Is(err, errStopped):
		return
	case isWindow(err):
		what, try := r.window()
		p.Reason, p.What, p.Try = Expansion, "decompression stopped: "+what, try
	case errors.As(err, &bomb):
		p.Reason, p.What, p.Try = Expansion, "decompression stopped: "+bomb.what, bomb.try
	case errors.Is(err, errShrunk), errors.As(err, &sys), kind == "":
		if sys != nil {
			err = sys.Err
		}
		p.What = fmt.Sprintf("reading stopped at byte %d: %v", r.src.read.Load(), err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.Reason = Truncated
		p.What = fmt.Sprintf("the %s data is truncated after %d decompressed bytes", kind, p.Offset)
		p.Try = "the file was truncated when it was written or copied; everything before that is read"
	default:
		p.Reason = Undecodable
		p.What = fmt.Sprintf("the %s data is damaged after %d decompressed bytes: %v", kind, p.Offset, err)
		p.Try = "copy the file again; everything before that is read"
	}
	r.note(p)
}

// Problems returns what could not be read as it is meant to be, in the order it was met.
func (r *Reader) Problems() []Problem { return r.problems }

// Info describes the file.
func (r *Reader) Info() Info {
	i := r.info
	i.Sections = max(r.sections, 1)
	return i
}

// Interfaces returns the interfaces described, the first 1024 of the file.
func (r *Reader) Interfaces() []Interface {
	r.settle()
	return r.described
}

// Links returns how many packets were read of each link type (LINKTYPE_ value).
func (r *Reader) Links() map[uint16]int64 {
	r.settle()
	return r.links
}

// Frames returns the number of the last frame met: how many packets Wireshark counts up to here.
func (r *Reader) Frames() int { return r.frame }

// BytesRead returns how many bytes of the file have been read, before decompression. Any goroutine may call it.
func (r *Reader) BytesRead() int64 { return r.src.read.Load() }

// Size returns the file's size in bytes, -1 where it has none, as a pipe.
func (r *Reader) Size() int64 { return r.src.size }

// Stop makes Next return io.EOF where it would otherwise wait for a file that grows; what was cut by it is
// no problem. Any goroutine may call it.
func (r *Reader) Stop() { r.src.stopped.Store(true) }

// Close closes the file.
func (r *Reader) Close() error {
	r.chunk = nil
	if r.expander != nil {
		r.expander.Close()
		r.expander = nil
	}
	return r.src.Close()
}

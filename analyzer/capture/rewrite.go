package capture

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf8"
)

// An Edit is what becomes of a packet in a rewritten capture. The zero Edit leaves it as it is.
type Edit struct {
	Drop     bool     // leave the packet out
	Data     []byte   // other bytes in place of the captured ones, nil: as they are
	Comments []string // added behind the packet's own comments, as valid UTF-8 of at most 65535 bytes each
}

// Copied counts the blocks that Rewrite copied and that hold no packets, but what others may learn from.
type Copied struct {
	Secrets  int // Decryption Secrets Blocks
	Names    int // Name Resolution Blocks
	Journals int // systemd Journal Export Blocks
	Others   int // custom blocks, and such of unknown types
}

// count counts a block.
func (c *Copied) count(typ uint32) {
	switch typ {
	case blockSecrets:
		c.Secrets++
	case blockNames:
		c.Names++
	case blockJournal:
		c.Journals++
	case blockSection, blockInterface, blockStatistics, blockPacket, blockOldPacket, blockSimple:
	default:
		c.Others++
	}
}

// Rewrite copies the capture to out as pcapng, with each packet as edit wants it. It takes the place of
// [Reader.Next], and leaves the same problems behind: bytes that cannot be read are not copied.
//
// Of a pcapng file every block is copied bit for bit, in its byte order, but for
//   - packet blocks that edit changes, in which all options stay but a hash of bytes that have changed;
//   - Simple Packet Blocks that get a comment, which become Enhanced Packet Blocks of tick 0;
//   - the length of a section that tells it, which becomes "unspecified", as packets may change theirs;
//   - custom blocks of the kind that its maker wants no other program to copy
//     (draft-ietf-opsawg-pcapng §4.7).
//
// A pcap file becomes one section with one interface. edit is called for each packet in file order, also
// for those of which nothing can be read, then without Data, Time and Link, and only dropping counts; nil
// changes nothing. When ctx ends, so does the copy, with its error.
func (r *Reader) Rewrite(ctx context.Context, out io.Writer, edit func(*Packet) Edit) (Copied, error) {
	w := &rewriter{r: r, out: bufio.NewWriterSize(out, 256<<10), edit: edit}
	if r.ng {
		r.tap = w.block
	} else {
		w.order = binary.LittleEndian
	}
	var b Batch
	for {
		err := r.Next(&b)
		if !r.ng && !w.begun && r.headed {
			w.pcapHeader()
		}
		if w.err == nil {
			w.err = ctx.Err()
		}
		if err == io.EOF || w.err != nil {
			break
		}
		if !r.ng {
			for i := range b.Packets {
				w.record(&b.Packets[i])
			}
		}
	}
	b.Release()
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.copied, w.err
}

// A rewriter writes what a Reader reads.
type rewriter struct {
	r     *Reader
	out   *bufio.Writer
	edit  func(*Packet) Edit
	order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
	err     error // the first of out, or of the context
	copied  Copied
	begun   bool // the head for a pcap's packets is written
	scratch []byte
}

func (w *rewriter) put(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

// block takes one block as it stands in the file, and the packet that was read from it, if any was.
func (w *rewriter) block(b []byte, packets []Packet) {
	w.order = binary.LittleEndian
	if w.r.swap {
		w.order = binary.BigEndian
	}
	if head, tail := b[4:8], b[len(b)-4:]; !bytes.Equal(head, tail) { // the second was found wrong
		b = append(slices.Clone(b[:len(b)-4]), head...)
	}
	switch typ := w.order.Uint32(b); {
	case typ == blockCustomKeep:
	case typ == blockSection && len(b) >= 28:
		w.put(b[:16])
		w.put([]byte{255, 255, 255, 255, 255, 255, 255, 255})
		w.put(b[24:])
	case isPacketBlock(typ) && w.edit != nil && !w.r.foreign:
		p := Packet{Frame: w.r.frame, Offset: w.r.base + int64(w.r.pos)}
		if len(packets) > 0 {
			p = packets[0]
		}
		w.packetBlock(typ, b, &p)
	default:
		w.copied.count(typ)
		w.put(b)
	}
}

// packetBlock writes a packet block as edit wants it.
func (w *rewriter) packetBlock(typ uint32, b []byte, p *Packet) {
	e := w.edit(p)
	fixed := 28 // of an Enhanced Packet Block and of a Packet Block
	if typ == blockSimple {
		fixed = 12
	}
	switch {
	case e.Drop:
		return
	case e.Data == nil && len(e.Comments) == 0, p.Data == nil:
		w.copied.count(typ)
		w.put(b)
		return
	}
	head, data, opts := b[8:fixed], p.Data, []byte(nil)
	if typ == blockSimple {
		typ, head = blockPacket, w.packetHead(0, 0, p.Length)
	} else if end := fixed + (len(p.Data)+3)&^3; end <= len(b)-4 {
		opts = b[end : len(b)-4]
	}
	if e.Data != nil {
		data = e.Data
	}
	head = slices.Clone(head)
	w.order.PutUint32(head[12:], uint32(len(data)))
	w.write(typ, head, data, w.options(opts, &e))
}

// packetHead returns an Enhanced Packet Block's fields before the bytes, the captured length left open.
func (w *rewriter) packetHead(id uint32, ticks uint64, length uint32) []byte {
	b := w.order.AppendUint32(nil, id)
	b = w.order.AppendUint32(b, uint32(ticks>>32))
	b = w.order.AppendUint32(b, uint32(ticks))
	b = w.order.AppendUint32(b, 0)
	return w.order.AppendUint32(b, length)
}

// options returns a packet's options with e's comments behind them.
func (w *rewriter) options(old []byte, e *Edit) (all []byte) {
	for code, value := range options(old, w.r.swap) {
		if code == 3 && e.Data != nil { // epb_hash
			continue
		}
		all = w.option(all, code, value)
	}
	for _, c := range e.Comments {
		all = w.option(all, 1, []byte(comment(c)))
	}
	if len(all) > 0 {
		all = w.order.AppendUint32(all, 0)
	}
	return all
}

func (w *rewriter) option(b []byte, code uint16, value []byte) []byte {
	b = w.order.AppendUint16(b, code)
	b = w.order.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

// comment cuts s to what an option can hold, at the end of a character.
func comment(s string) string {
	const most = 1<<16 - 1
	if len(s) <= most {
		return s
	}
	n := most
	for n > most-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// write writes a block of the parts, data padded.
func (w *rewriter) write(typ uint32, head, data, opts []byte) {
	n := uint32(12 + len(head) + (len(data)+3)&^3 + len(opts))
	b := w.order.AppendUint32(w.scratch[:0], typ)
	b = w.order.AppendUint32(b, n)
	b = append(b, head...)
	b = append(b, data...)
	b = append(b, make([]byte, -len(data)&3)...)
	b = append(b, opts...)
	b = w.order.AppendUint32(b, n)
	w.put(b)
	w.scratch = b
}

// pcapHeader writes a section and an interface for the file header of a pcap.
func (w *rewriter) pcapHeader() {
	w.begun = true
	w.put(bareSection(false))
	d := w.r.described[0]
	b := w.order.AppendUint16(nil, d.Link)
	b = w.order.AppendUint16(b, 0)
	b = w.order.AppendUint32(b, d.SnapLen)
	opts := w.option(nil, 9, []byte{d.Resolution})
	if d.FCSLen >= 0 {
		opts = w.option(opts, 13, []byte{byte(d.FCSLen * 8)})
	}
	w.write(blockInterface, b, nil, w.order.AppendUint32(opts, 0))
}

// record writes a packet of a pcap.
func (w *rewriter) record(p *Packet) {
	var e Edit
	if w.edit != nil {
		e = w.edit(p)
	}
	if e.Drop {
		return
	}
	data := p.Data
	if e.Data != nil {
		data = e.Data
	}
	head := w.packetHead(0, uint64(p.Time)/uint64(w.r.pcap.fraction), p.Length)
	w.order.PutUint32(head[12:], uint32(len(data)))
	w.write(blockPacket, head, data, w.options(nil, &e))
}

// bareSection returns a Section Header Block without options, in the given byte order.
func bareSection(swap bool) []byte {
	b := make([]byte, 28)
	for at, v := range map[int]uint32{0: blockSection, 4: 28, 8: orderMagic, 16: 1<<32 - 1, 20: 1<<32 - 1, 24: 28} {
		binary.LittleEndian.PutUint32(b[at:], v)
		if swap {
			binary.BigEndian.PutUint32(b[at:], v)
		}
	}
	binary.LittleEndian.PutUint16(b[12:], 1)
	if swap {
		binary.BigEndian.PutUint16(b[12:], 1)
	}
	return b
}

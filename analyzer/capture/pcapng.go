package capture

import (
	"encoding/binary"
	"math/bits"
)

// Block types (draft-ietf-opsawg-pcapng §4 and §11.1).
const (
	blockInterface  = 0x00000001
	blockOldPacket  = 0x00000002 // Packet Block, obsolete
	blockSimple     = 0x00000003
	blockNames      = 0x00000004
	blockStatistics = 0x00000005
	blockPacket     = 0x00000006 // Enhanced Packet Block
	blockJournal    = 0x00000009 // systemd journal export
	blockSecrets    = 0x0000000a
	blockCustom     = 0x00000bad
	blockCustomKeep = 0x40000bad // custom, not to be copied by a rewriter
	blockSection    = 0x0a0d0d0a

	// Events of sysdig and Falco. Their siblings with flags (0x208, 0x217, 0x222) have no number in Wireshark.
	blockSysdig      = 0x00000204
	blockSysdig2     = 0x00000216
	blockSysdigLarge = 0x00000221
)

const orderMagic = 0x1a2b3c4d // Section Header Block's byte-order magic

// blockMax is the largest block that is read: Wireshark's limit for all links but D-Bus.
const blockMax = 16 << 20

func u16(b []byte, swap bool) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if swap {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func u32(b []byte, swap bool) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func u64(b []byte, swap bool) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if swap {
		v = bits.ReverseBytes64(v)
	}
	return v
}

// walkPcapng turns the complete blocks of the chunk into packets, up to the first that is not complete or not right.
// Its loop reads well-formed Enhanced Packet Blocks, which is what a capture consists of; block does the rest.
func (r *Reader) walkPcapng() verdict {
	c := r.chunk
	buf := c.buf[:r.end]
	pos, frame, packets := r.pos, r.frame, r.packets
	limit, plain := uint32(r.opts.MaxPacket), r.tap == nil
	for {
		b := buf[pos:]
		if len(b) >= 32 && plain {
			typ, total := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
			id, high, low := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:]),
				binary.LittleEndian.Uint32(b[16:])
			caplen, length := binary.LittleEndian.Uint32(b[20:]), binary.LittleEndian.Uint32(b[24:])
			if r.swap {
				typ, total, id = bits.ReverseBytes32(typ), bits.ReverseBytes32(total), bits.ReverseBytes32(id)
				high, low = bits.ReverseBytes32(high), bits.ReverseBytes32(low)
				caplen, length = bits.ReverseBytes32(caplen), bits.ReverseBytes32(length)
			}
			n := uint64(total)
			if typ == blockPacket && n >= 32 && n&3 == 0 && n <= uint64(len(b)) && caplen <= limit &&
				uint64(caplen) <= n-32 && uint64(id) < uint64(len(r.ifaces)) && u32(b[n-4:], r.swap) == total {
				f := &r.ifaces[id]
				if ticks := uint64(high)<<32 | uint64(low); ticks < f.clock.below {
					frame++
					f.packets++
					if n-32-uint64(caplen) >= 4 {
						f.dropped += dropCount(b[28:n-4], caplen, r.swap)
					}
					packets = oneMore(packets)
					p := &packets[len(packets)-1]
					p.Data, p.Frame, p.Time = b[28:28+caplen], frame, int64(ticks*f.clock.mul)+f.clock.offset
					p.Length, p.Link, p.Interface, p.Offset = length, f.link, uint16(id), r.base+int64(pos)
					pos += int(n)
					continue
				}
			}
		}
		r.pos, r.frame, r.packets = pos, frame, packets
		if v := r.block(); v != walked {
			return v
		}
		pos, frame, packets = r.pos, r.frame, r.packets
	}
}

// dropCount returns the packets lost before this one after epb_dropcount (draft-ietf-opsawg-pcapng §4.3);
// b holds the packet's bytes, its padding and its options. It is written out, and not a range over
// options, because some programs write options with every packet.
func dropCount(b []byte, caplen uint32, swap bool) uint64 {
	at := (uint64(caplen) + 3) &^ 3
	for at+12 <= uint64(len(b)) {
		code, n := u16(b[at:], swap), u16(b[at+2:], swap)
		switch {
		case code == 0:
			return 0
		case code == 4 && n == 8:
			return u64(b[at+4:], swap)
		}
		at += 4 + (uint64(n)+3)&^3
	}
	return 0
}

// block reads the one block at the reader's position, of any type.
func (r *Reader) block() verdict {
	b := r.chunk.buf[r.pos:r.end]
	if len(b) < 12 {
		r.need = 12
		return wantMore
	}
	typ, swap := u32(b, r.swap), r.swap
	if typ == blockSection { // reads the same in both orders; the section's own order rules its length
		swap = u32(b[8:], true) == orderMagic
		if u32(b[8:], swap) != orderMagic {
			return damaged
		}
	}
	total := u32(b[4:], swap)
	if total < 12 || total > blockMax {
		return damaged
	}
	n := int(total+3) &^ 3 // some writers do not count the padding
	switch unpadded := total&3 != 0 && int(total) <= len(b) && u32(b[total-4:], swap) == total; {
	case n <= len(b) && u32(b[n-4:], swap) == total:
	case unpadded: // and some do not pad
		n = int(total)
	case n > len(b):
		r.need = n
		return wantMore
	default:
		return damaged
	}
	r.swap = swap
	r.accept(typ, n)
	return walked
}

// accept reads the content of the block at the position, which is n bytes long, and goes on behind it.
func (r *Reader) accept(typ uint32, n int) {
	b, before := r.chunk.buf[r.pos:r.pos+n], len(r.packets)
	if r.content(typ, b[8:n-4]) != walked {
		r.passBlock(typ, n)
		return
	}
	if r.tap != nil {
		r.tap(b, r.packets[before:])
	}
	r.pos += n
}

// content reads a block's content, without its type and lengths.
func (r *Reader) content(typ uint32, b []byte) verdict {
	if r.foreign && typ != blockSection {
		return walked
	}
	switch typ {
	case blockSection:
		return r.section(b)
	case blockInterface:
		return r.interfaceDescription(b)
	case blockPacket:
		if len(b) < 20 {
			return damaged
		}
		return r.packet(u32(b, r.swap), b[4:])
	case blockOldPacket:
		if len(b) < 20 {
			return damaged
		}
		id, drops := u16(b, r.swap), u16(b[2:], r.swap)
		if drops != 0xffff && int(id) < len(r.ifaces) {
			r.ifaces[id].dropped += uint64(drops)
		}
		return r.packet(uint32(id), b[4:])
	case blockSimple:
		return r.simplePacket(b)
	case blockStatistics:
		r.statistics(b)
	case blockCustom, blockCustomKeep, blockJournal, blockSysdig, blockSysdig2, blockSysdigLarge:
		r.frame++ // no packets, but Wireshark shows and numbers them
	}
	return walked
}

// packet reads what an Enhanced Packet Block and the obsolete Packet Block have alike, from the timestamp on.
func (r *Reader) packet(id uint32, b []byte) verdict {
	caplen, length := u32(b[8:], r.swap), u32(b[12:], r.swap)
	if uint64(caplen) > uint64(len(b)-16) {
		return damaged
	}
	r.frame++
	if uint64(id) >= uint64(len(r.ifaces)) {
		if uint64(id) < uint64(len(r.ifaces)+r.surplus) {
			r.noteFrame(NoInterface, int64(len(b)),
				"is of interface %d, but only %d interfaces per section are supported", id, interfacesMax)
			return walked
		}
		r.noteFrame(NoInterface, int64(len(b)), "refers to interface %d, which its section does not describe", id)
		return walked
	}
	if int(caplen) > r.opts.MaxPacket {
		r.noteFrame(Oversize, int64(caplen), "has %d bytes, more than the limit of %d bytes "+
			"per packet", caplen, r.opts.MaxPacket)
		return walked
	}
	f := &r.ifaces[id]
	f.packets++
	f.dropped += dropCount(b[16:], caplen, r.swap)
	t, ok := f.clock.convert(uint64(u32(b, r.swap))<<32 | uint64(u32(b[4:], r.swap)))
	if !ok {
		r.noteFrame(TimeRange, 0, "has a time outside the years 1823 to 2116")
	}
	r.packets = append(r.packets, Packet{
		Data:      b[16 : 16+caplen : 16+caplen],
		Frame:     r.frame,
		Time:      t,
		Length:    length,
		Link:      f.link,
		Interface: uint16(id),
		Offset:    r.base + int64(r.pos),
	})
	return walked
}

// simplePacket reads a Simple Packet Block: of interface 0, without a time.
func (r *Reader) simplePacket(b []byte) verdict {
	if len(b) < 4 {
		return damaged
	}
	length := u32(b, r.swap)
	r.frame++
	if len(r.ifaces) == 0 {
		r.noteFrame(NoInterface, int64(len(b)), "comes before any interface of its section is described")
		return walked
	}
	f := &r.ifaces[0]
	caplen := length
	if f.snap != 0 {
		caplen = min(caplen, f.snap)
	}
	caplen = min(caplen, uint32(len(b)-4))
	if int(caplen) > r.opts.MaxPacket {
		r.noteFrame(Oversize, int64(caplen), "has %d bytes, more than the limit of %d bytes "+
			"per packet", caplen, r.opts.MaxPacket)
		return walked
	}
	f.packets++
	r.timeless++
	r.packets = append(r.packets, Packet{
		Data:   b[4 : 4+caplen : 4+caplen],
		Frame:  r.frame,
		Length: length,
		Link:   f.link,
		Offset: r.base + int64(r.pos),
	})
	return walked
}

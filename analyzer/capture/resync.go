package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Past damage, reading goes on at the next place where blocks or records can stand for sure: a pcapng
// block is framed by its length on both sides, and a pcap record is trusted when it leads to others like it.

// resyncMax is the largest block or chain of records that is taken as the place to go on, so that false
// beginnings in damaged bytes cannot make the buffer grow without end.
const resyncMax = 1 << 20

// lost begins the search for the next block at the position. tail says that the file ends in what stands
// there, so that a block cut short explains it as well.
func (r *Reader) lost(tail bool) {
	r.searching, r.tail = true, tail
	r.lostAt = r.base + int64(r.pos)
	b := r.chunk.buf[r.pos:r.end]
	r.lostPacket = !r.ng || len(b) >= 4 && isPacketBlock(u32(b, r.swap))
	if r.ng && isPcapng(b) { // a section begins here, though its header is damaged
		r.swap = u32(b[8:], true) == orderMagic
		r.beginBare()
	}
}

// search looks for the place to go on, over as many chunks as it takes.
func (r *Reader) search() verdict {
	b := r.chunk.buf[r.pos:r.end]
	for i := r.likely(b); i < len(b); i += 1 + r.likely(b[i+1:]) {
		n, need := 0, 0
		if r.ng {
			n, need = r.blockAt(b[i:])
		} else {
			n, need = r.recordsAt(b[i:])
		}
		switch {
		case need > 0 && !r.eof:
			r.pos += i
			r.need = min(2*need, 2*resyncMax) // room beyond the need, so that a run of false beginnings moves the buffer seldom
			return wantMore
		case n > 0:
			r.pos += i
			r.found()
			return walked
		}
	}
	if !r.eof {
		r.pos, r.need = r.end, 12
		return wantMore
	}
	r.pos = r.end
	r.found()
	return walked
}

// likely returns how far into b the first bytes stand that could begin a block or record, or that are
// too few to tell. It is all that is done for most bytes of damage.
func (r *Reader) likely(b []byte) int {
	swap := r.swap
	if !r.ng {
		if r.frame == 0 {
			return 0
		}
		swap = r.pcap.swap
	}
	since := uint32(r.lastSec - day)
	for i := 0; i+4 <= len(b); i++ {
		v := binary.LittleEndian.Uint32(b[i:])
		if swap {
			v = bits.ReverseBytes32(v)
		}
		if r.ng && (v-1 < blockCustom || v == blockSection || v == blockCustomKeep) || !r.ng && v-since <= 2*day {
			return i
		}
	}
	return max(len(b)-3, 0)
}

// found ends the search and notes what was lost.
func (r *Reader) found() {
	r.searching = false
	at := r.base + int64(r.pos)
	n := at - r.lostAt
	cut := r.tail && r.pos == r.end && r.eof
	if r.lostPacket && !cut {
		r.frame++ // it keeps its number; of further ones that were lost nothing is known
	}
	p := Problem{Reason: Corrupt, Offset: r.lostAt, Frame: r.frame, Bytes: n}
	switch {
	case cut:
		p.Reason = Truncated
		p.What = fmt.Sprintf("the file ends in the middle of a packet: %d bytes after frame %d, from "+
			"byte %d", n, r.frame, r.lostAt)
		p.Try = "it was truncated when it was written or copied; everything before that is read"
	case r.pos == r.end && r.eof:
		p.What = fmt.Sprintf("damaged from byte %d, near frame %d, to the end: %d bytes cannot be read", r.lostAt, r.frame, n)
		p.Try = "copy the file again; everything before that is read"
	default:
		p.What = fmt.Sprintf("damaged from byte %d, near frame %d, to byte %d: %d bytes cannot be read, and frame numbers "+
			"after them are not Wireshark's", r.lostAt, r.frame, at, n)
		p.Try = "copy the file again; everything before and after that is read"
	}
	r.note(p)
}

// blockAt returns the length of the pcapng block that b begins with beyond doubt: of a known type, with
// its length on both sides and content that fits. need is how many bytes it takes to tell, 0: b is enough.
func (r *Reader) blockAt(b []byte) (n, need int) {
	if len(b) < 12 {
		return 0, 12
	}
	typ, swap := u32(b, r.swap), r.swap
	switch typ {
	case blockInterface, blockOldPacket, blockSimple, blockNames, blockStatistics, blockPacket, blockJournal, blockSecrets,
		blockCustom, blockCustomKeep:
	case blockSection:
		swap = u32(b[8:], true) == orderMagic
		if u32(b[8:], swap) != orderMagic {
			return 0, 0
		}
	default:
		return 0, 0
	}
	total := u32(b[4:], swap)
	if total < 16 || total%4 != 0 || total > resyncMax {
		return 0, 0
	}
	if typ == blockPacket && (total < 32 ||
		len(b) >= 28 && (u32(b[8:], swap) >= uint32(len(r.ifaces)) || u32(b[20:], swap) > total-32)) {
		return 0, 0
	}
	if int(total) > len(b) {
		return 0, int(total)
	}
	if u32(b[total-4:], swap) != total {
		return 0, 0
	}
	return int(total), 0
}

// recordChain is how many pcap records must follow each other to be believed; the end of the file counts as all that
// lack.
const recordChain = 3

// day is how many seconds a record's time may be from the last packet's.
const day = 86400

// recordMax is the largest packet of such a record. Three of them fit in resyncMax.
const recordMax = 256 << 10

// recordsAt returns the length of the pcap record that b begins with when it leads to others, all near in
// time to the last packet read.
func (r *Reader) recordsAt(b []byte) (n, need int) {
	at := 0
	for i := range recordChain {
		if r.eof && at == len(b) && i > 0 {
			break
		}
		if len(b)-at < r.pcap.header {
			return 0, at + r.pcap.header
		}
		k := r.recordAt(b[at:])
		if k == 0 {
			return 0, 0
		}
		if i == 0 {
			n = k
		}
		if at += k; at > len(b) {
			return 0, at + r.pcap.header
		}
	}
	return n, 0
}

// recordAt returns how long a record is whose header b begins with, 0 when none makes sense there.
func (r *Reader) recordAt(b []byte) int {
	f := &r.pcap
	sec, frac := u32(b, f.swap), u32(b[4:], f.swap)
	caplen, length := f.lengths(u32(b[8:], f.swap), u32(b[12:], f.swap))
	switch {
	case caplen == 0, caplen > length, length > blockMax, caplen > recordMax, uint64(frac)*uint64(f.fraction) >= 1e9,
		r.frame > 0 && sec-uint32(r.lastSec-day) > 2*day:
		return 0
	}
	return f.header + int(caplen)
}

// repairPcapng gets past a block at the position that its lengths do not frame: they differ, or are
// impossible. When a block stands where the first length leads, that one is right.
func (r *Reader) repairPcapng() verdict {
	b := r.chunk.buf[r.pos:r.end]
	typ, total := u32(b, r.swap), u32(b[4:], r.swap)
	if n := int(total+3) &^ 3; total >= 12 && total <= blockMax && typ != blockSection {
		next, need := 0, 12
		if n <= len(b) {
			next, need = r.blockAt(b[n:])
		}
		switch {
		case need > 0 && !r.eof:
			r.need = n + need
			return wantMore
		case next > 0:
			at := r.base + int64(r.pos)
			r.note(Problem{Reason: Mismatch, Offset: at, Frame: r.frame,
				What: fmt.Sprintf("the two lengths of the block at byte %d differ; the first fits what follows", at)})
			r.accept(typ, n)
			return walked
		}
	}
	r.lost(false)
	return walked
}

// beginBare begins the section of a damaged header, of which the byte order is all that is known.
func (r *Reader) beginBare() {
	r.begin()
	if r.tap != nil {
		r.tap(bareSection(r.swap), nil)
	}
}

// passBlock notes that the block at the position is inconsistent, and skips its n bytes.
func (r *Reader) passBlock(typ uint32, n int) {
	switch {
	case isPacketBlock(typ):
		r.frame++
	case typ == blockSection:
		r.beginBare()
	}
	at := r.base + int64(r.pos)
	r.note(Problem{Reason: Corrupt, Offset: at, Frame: r.frame, Bytes: int64(n),
		What: fmt.Sprintf("the block of %d bytes at byte %d, near frame %d, is inconsistent", n, at, r.frame),
		Try:  "copy the file again; everything before and after that is read"})
	r.pos += n
}

func isPacketBlock(typ uint32) bool {
	return typ == blockPacket || typ == blockOldPacket || typ == blockSimple
}

// repairPcap gets past a record at the position whose packet is too large to be one: it is passed over
// when a record follows it, else its length cannot be right.
func (r *Reader) repairPcap() verdict {
	b := r.chunk.buf[r.pos:r.end]
	caplen, _ := r.pcap.lengths(u32(b[8:], r.pcap.swap), u32(b[12:], r.pcap.swap))
	if n := r.pcap.header + int(caplen); caplen <= blockMax {
		if n+r.pcap.header > len(b) && !r.eof {
			r.need = n + r.pcap.header
			return wantMore
		}
		if n == len(b) || n+r.pcap.header <= len(b) && r.recordAt(b[n:]) > 0 {
			r.frame++
			r.noteFrame(Oversize, int64(caplen), "has %d bytes, more than the limit of %d bytes "+
				"per packet", caplen, r.opts.MaxPacket)
			r.pos += n
			return walked
		}
	}
	r.lost(false)
	return walked
}

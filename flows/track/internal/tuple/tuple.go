package tuple

import (
	"encoding/binary"
	"math/bits"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
)

// A Tuple names a connection by its two addresses and ports in canonical order, so that both directions
// give the same one. VLANs and tunnels are no part of it: Wireshark counts its streams without them.
type Tuple struct {
	// IPv4 addresses or compressed addresses; of a wide tuple public hashes, and it is compared with the segment itself
	Lo, Hi         uint32
	PortLo, PortHi uint16
	FromHi         bool   // the segment came from the higher end
	Wide           bool   // an address has no compressed address
	Print          uint64 // hash: stands for the tuple where it is not kept
}

// Hash is print in 32 bits.
func (tp *Tuple) Hash() uint32 { return uint32(tp.Print ^ tp.Print>>32) }

// ofEnds makes tp the tuple of a segment from src to dst, of which bits 16 to 47 are the IPv4 address or its
// compressed address, and the lower ones the port. This, ofLine and narrow do so in place: the processor waits for a
// tuple that is copied just after it was made.
func (tp *Tuple) ofEnds(src, dst, seed uint64) {
	fromHi := src > dst
	if fromHi {
		src, dst = dst, src
	}
	tp.Narrow(uint32(src>>16), uint32(dst>>16), uint16(src), uint16(dst), fromHi, seed)
}

// Ends is the inverse of ofEnds.
func (tp *Tuple) Ends() (src, dst uint64) {
	src, dst = uint64(tp.Lo)<<16|uint64(tp.PortLo), uint64(tp.Hi)<<16|uint64(tp.PortHi)
	if tp.FromHi {
		src, dst = dst, src
	}
	return src, dst
}

// OfWide makes tp the tuple of a segment from src to dst, one of which has no compressed address.
func (tp *Tuple) OfWide(src, dst *flows.Addr, seed uint64) {
	lo, hi, fromHi := src, dst, false
	if less(dst, src) {
		lo, hi, fromHi = dst, src, true
	}
	h := Mix(HashAddr(lo, seed), HashAddr(hi, seed), seed)
	*tp = Tuple{Lo: uint32(HashIP(&lo.IP, PublicSeed)),
		Hi: uint32(HashIP(&hi.IP, PublicSeed)), PortLo: lo.Port, PortHi: hi.Port, FromHi: fromHi, Wide: true, Print: h}
}

// setV4 makes a an IPv4-mapped address with a port, in units of which a is read later: the processor waits for other
// ones.
func setV4(a *flows.Addr, ip uint32, port uint16) {
	binary.BigEndian.PutUint64(a.IP[:], 0)
	binary.BigEndian.PutUint64(a.IP[8:], mapped(ip))
	a.Port = port
}

// SetEnds sets Src and Dst of s to the ends of a narrow tuple.
func (l List) SetEnds(s *flows.Segment, lo, hi uint32, portLo, portHi uint16, fromHi bool) {
	if fromHi {
		lo, hi, portLo, portHi = hi, lo, portHi, portLo
	}
	l.Set(&s.Src, lo, portLo)
	l.Set(&s.Dst, hi, portHi)
}

// mapped returns the lower half of the IPv4-mapped address ip.
func mapped(ip uint32) uint64 { return 0xffff<<32 | uint64(ip) }

// less orders addresses.
func less(a, b *flows.Addr) bool {
	for i := 0; i < 16; i += 8 {
		x, y := binary.BigEndian.Uint64(a.IP[i:]), binary.BigEndian.Uint64(b.IP[i:])
		if x != y {
			return x < y
		}
	}
	return a.Port < b.Port
}

// PublicSeed is for hashes that may be known: those that choose a place of fixed size.
const PublicSeed = 0x5851f42d4c957f2d

// Mix hashes two words with a secret seed: one multiplication of 64 by 64 bits, both halves used. Both
// words meet the seed, so that nobody can write addresses that cancel a factor out.
func Mix(a, b, seed uint64) uint64 {
	hi, lo := bits.Mul64(a^seed, b^bits.RotateLeft64(seed, 29)^0x9e3779b97f4a7c15)
	return hi ^ lo
}

// HashAddr hashes an address and its port.
func HashAddr(a *flows.Addr, seed uint64) uint64 {
	return Mix(HashIP(&a.IP, seed), uint64(a.Port), seed)
}

// hashV4 is hashIP of an IPv4 address.
func hashV4(ip uint32, seed uint64) uint64 { return Mix(0, bits.ReverseBytes64(mapped(ip)), seed) }

// HashIP hashes an address.
func HashIP(ip *[16]byte, seed uint64) uint64 {
	return Mix(binary.LittleEndian.Uint64(ip[:8]), binary.LittleEndian.Uint64(ip[8:]), seed)
}

// An Index finds connections by tuple: open addressing with linear probing. A slot holds the number of a record, or an
// SYN cache entry, and the tuple's hash, so that growing touches no record.
type Index struct {
	Slots []uint64 // hash<<32 | number; 0 is free
	Mask  uint32
	Used  int
}

// SparseBelow is how many slots an index has at the most that is kept sparser than it need be: a search then
// seldom takes a second look.
const SparseBelow = 1 << 16

// Most is how many slots may be used: three quarters, or three eighths of a small index.
func (x *Index) Most() int {
	if len(x.Slots) < SparseBelow {
		return len(x.Slots) / 8 * 3
	}
	return len(x.Slots) / 4 * 3
}

func (x *Index) Memory() int64 { return int64(cap(x.Slots)) * 8 }

// Grow doubles the slots when most of them are used.
func (x *Index) Grow() {
	if x.Used < x.Most() {
		return
	}
	old := x.Slots
	x.Slots = slab.Touched[uint64](max(2*len(old), 1024))
	x.Mask = uint32(len(x.Slots) - 1)
	for _, slot := range old {
		if slot != 0 {
			x.place(slot)
		}
	}
}

func (x *Index) place(slot uint64) {
	i := uint32(slot>>32) & x.Mask
	for x.Slots[i] != 0 {
		i = (i + 1) & x.Mask
	}
	x.Slots[i] = slot
}

// Insert enters number id under hash.
func (x *Index) Insert(hash, id uint32) {
	x.Grow()
	x.place(uint64(hash)<<32 | uint64(id))
	x.Used++
}

// Replace puts number id in the place of old.
func (x *Index) Replace(hash, old, id uint32) {
	i := hash & x.Mask
	for want := uint64(hash)<<32 | uint64(old); x.Slots[i] != want; {
		i = (i + 1) & x.Mask
	}
	x.Slots[i] = uint64(hash)<<32 | uint64(id)
}

// Remove takes number id out.
func (x *Index) Remove(hash, id uint32) {
	i := hash & x.Mask
	for want := uint64(hash)<<32 | uint64(id); x.Slots[i] != want; i = (i + 1) & x.Mask {
		if x.Slots[i] == 0 {
			return
		}
	}
	x.Used--
	// Close the gap: move back each later slot of the cluster that may lie here.
	for j := i; ; {
		x.Slots[i] = 0
		for {
			j = (j + 1) & x.Mask
			if x.Slots[j] == 0 {
				return
			}
			home := uint32(x.Slots[j]>>32) & x.Mask
			if (j-home)&x.Mask >= (j-i)&x.Mask {
				break
			}
		}
		x.Slots[i], i = x.Slots[j], j
	}
}

// Narrow makes tp a tuple of IPv4 addresses or compressed addresses that are in their order.
func (tp *Tuple) Narrow(lo, hi uint32, portLo, portHi uint16, fromHi bool, seed uint64) {
	tp.Lo, tp.Hi, tp.PortLo, tp.PortHi, tp.FromHi, tp.Wide = lo, hi, portLo, portHi, fromHi, false
	tp.Print = Mix(uint64(lo)<<16|uint64(portLo), uint64(hi)<<16|uint64(portHi), seed)
}

// Probably returns the number of the first value under hash, 0 if there is none.
func (x *Index) Probably(hash uint32) uint32 {
	for i := hash & x.Mask; ; i = (i + 1) & x.Mask {
		slot := x.Slots[i]
		if uint32(slot>>32) == hash || slot == 0 {
			return uint32(slot)
		}
	}
}

// Fetch fetches the slots where the search for n hashes begins, which are stride bytes apart.
func (x *Index) Fetch(hash *uint32, stride uintptr, n int) {
	prefetch.Slots(&x.Slots[0], x.Mask, hash, stride, n)
}

// Slot returns the slot where the search for hash begins: most often the right one.
func (x *Index) Slot(hash uint32) *uint64 { return &x.Slots[hash&x.Mask] }

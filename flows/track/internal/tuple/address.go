package tuple

import (
	"encoding/binary"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
)

// An IPv6 address is four times as long as what a tuple, a record and a line of a batch have room for. So it gets an
// compressed address: a number that looks like an IPv4 address and is none, from 240.0.0.0/4, which is reserved (RFC
// 1112 §4). Where a capture holds addresses from there, these have compressed addresses as well. A connection of
// compressed addresses takes all the ways of one of IPv4, and no more room.
//
// An compressed address is for good: its uses are not counted. So there are only so many. Connections of addresses
// that come when none is left are wide: their records hold whole addresses, and they go the long way.

// FirstCompressed is the lowest compressed address, 240.0.0.0. IPv4 addresses below it stand for themselves.
const FirstCompressed = 240 << 24

// MaxAliases is how many addresses have an compressed address at most. They take 48 to 80 bytes each.
const MaxAliases = 1 << 18

// compressed addresses are the compressed addresses of addresses. A Table has two: those that are given, for the
// goroutine that fills batches, and what the one that takes them knows of these.
type Addresses struct {
	List  List
	slots []aliasSlot // open addressing with linear probing, as in an index
	used  int         // so many of list are in slots
	Limit int
	Seed  uint64
}

// An aliasSlot holds an address itself, so that to find it takes one look into memory. 0 is no compressed address: it
// is free.
type aliasSlot struct {
	ip    [16]byte
	alias uint32
}

// List are the addresses that have an compressed address, from FirstAlias on. What is in it does not change.
type List [][16]byte

// Set makes a the end ip, an IPv4 address or an compressed address, with a port.
func (l List) Set(a *flows.Addr, ip uint32, port uint16) {
	if ip < FirstCompressed {
		setV4(a, ip, port)
		return
	}
	a.IP, a.Port = l[ip-FirstCompressed], port
}

// Hash is hashIP of an IPv4 address or an compressed address.
func (l List) Hash(ip uint32, seed uint64) uint64 {
	if ip < FirstCompressed {
		return hashV4(ip, seed)
	}
	return HashIP(&l[ip-FirstCompressed], seed)
}

// find returns the compressed address of ip, 0 if it has none.
func (x *Addresses) find(ip *[16]byte) uint32 {
	for x.used < len(x.List) {
		x.enter(FirstCompressed + uint32(x.used))
		x.used++
	}
	if len(x.slots) == 0 {
		return 0
	}
	return x.slot(ip).alias
}

// slot returns the slot of ip, or the one where it will be.
func (x *Addresses) slot(ip *[16]byte) *aliasSlot {
	mask := len(x.slots) - 1
	for i := int(HashIP(ip, x.Seed)) & mask; ; i = (i + 1) & mask {
		if s := &x.slots[i]; s.ip == *ip && s.alias != 0 || s.alias == 0 {
			return s
		}
	}
}

// enter makes a slot for an compressed address. There are half as many again as are used, at least.
func (x *Addresses) enter(alias uint32) {
	if x.used >= len(x.slots)/3*2 {
		old := x.slots
		x.slots = slab.Touched[aliasSlot](max(2*len(old), 64))
		for i := range old {
			if s := &old[i]; s.alias != 0 {
				*x.slot(&s.ip) = *s
			}
		}
	}
	ip := x.List[alias-FirstCompressed]
	*x.slot(&ip) = aliasSlot{ip, alias}
}

// give returns the compressed address of ip, a new one if it has none; 0 if no more may be given.
func (x *Addresses) give(ip *[16]byte) uint32 {
	alias := x.find(ip)
	if alias == 0 && len(x.List) < x.Limit {
		x.List = append(x.List, *ip)
		alias = x.find(ip)
	}
	return alias
}

// Memory returns the bytes that the compressed addresses take, with the slots in which they are found: about three
// for an address at most, or 64 in all, when they are given, and those of x, for whom they are taken.
func (x *Addresses) Memory() int64 {
	slots := len(x.slots)
	if len(x.List) > 0 {
		slots += max(3*len(x.List), 64)
	}
	return int64(cap(x.List))*int64(unsafe.Sizeof([16]byte{})) + int64(slots)*int64(unsafe.Sizeof(aliasSlot{}))
}

// Compress returns addr in 32 bits: an IPv4 address as it is, or an compressed address, a new one where it is to be
// given. It reports false if there is none.
func (x *Addresses) Compress(addr *[16]byte, give bool) (ip uint32, ok bool) {
	if binary.BigEndian.Uint64(addr[:8]) == 0 && binary.BigEndian.Uint32(addr[8:12]) == 0xffff { // RFC 4291 §2.5.5.2
		if ip = binary.BigEndian.Uint32(addr[12:]); ip < FirstCompressed {
			return ip, true
		}
	}
	if give {
		ip = x.give(addr)
	} else {
		ip = x.find(addr)
	}
	return ip, ip != 0
}

// Tuple makes tp the tuple of a segment from src to dst, as a narrow one if it may.
func (x *Addresses) Tuple(tp *Tuple, src, dst *flows.Addr, give bool) {
	a, ok := x.Compress(&src.IP, give)
	b, both := x.Compress(&dst.IP, give)
	if !ok || !both {
		tp.OfWide(src, dst, x.Seed)
		return
	}
	tp.ofEnds(uint64(a)<<16|uint64(src.Port), uint64(b)<<16|uint64(dst.Port), x.Seed)
}

// Fetch fetches what finding the compressed address of ip needs.
func (x *Addresses) Fetch(ip *[16]byte) {
	if len(x.slots) > 0 {
		prefetch.Line(unsafe.Pointer(&x.slots[int(HashIP(ip, x.Seed))&(len(x.slots)-1)]))
	}
}

package flows

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"
)

// An IPv6 address is four times as long as what a tuple, a record and a line of a batch have room for. So it gets an
// alias: a number that looks like an IPv4 address and is none, from 240.0.0.0/4, which is reserved (RFC 1112 §4).
// Where a capture holds addresses from there, these have aliases as well. A connection of aliases takes all the ways
// of one of IPv4, and no more room.
//
// An alias is for good: nobody counts who uses it. So there are only so many. Connections of addresses that come
// when none is left are wide: their records hold whole addresses, and they go the long way.

// FirstAlias is the lowest alias, 240.0.0.0. IPv4 addresses below it stand for themselves.
const FirstAlias = 240 << 24

// maxAliases is how many addresses have an alias at most; they take 32 octets each, twice that while their index grows.
const maxAliases = 1 << 18

// aliases are the aliases of addresses. A Table has two: those that are given, for the goroutine that fills batches,
// and what the one that takes them knows of these.
type aliases struct {
	list  aliased
	index index // of the first index.used of list
	limit int
	seed  uint64

	memory atomic.Int64
}

// aliased are the addresses that have an alias, from FirstAlias on. What is in it does not change.
type aliased [][16]byte

// set makes a the end ip, an IPv4 address or an alias, with a port.
func (l aliased) set(a *Addr, ip uint32, port uint16) {
	if ip < FirstAlias {
		a.setV4(ip, port)
		return
	}
	a.IP, a.Port = l[ip-FirstAlias], port
}

// hash is hashIP of an IPv4 address or an alias.
func (l aliased) hash(ip uint32, seed uint64) uint64 {
	if ip < FirstAlias {
		return hashV4(ip, seed)
	}
	return hashIP(&l[ip-FirstAlias], seed)
}

// find returns the alias of ip, 0 if it has none.
func (x *aliases) find(ip *[16]byte) uint32 {
	for x.index.used < len(x.list) {
		x.index.insert(x.hash(&x.list[x.index.used]), uint32(x.index.used)+1)
	}
	if len(x.list) == 0 {
		return 0
	}
	hash := x.hash(ip)
	for i := hash & x.index.mask; ; i = (i + 1) & x.index.mask {
		slot := x.index.slots[i]
		if slot == 0 {
			return 0
		}
		if n := uint32(slot) - 1; uint32(slot>>32) == hash && x.list[n] == *ip {
			return FirstAlias + n
		}
	}
}

// give returns the alias of ip, a new one if it has none; 0 if no more may be given.
func (x *aliases) give(ip *[16]byte) uint32 {
	alias := x.find(ip)
	if alias == 0 && len(x.list) < x.limit {
		x.list = append(x.list, *ip)
		alias = x.find(ip)
		x.memory.Store(int64(cap(x.list))*int64(unsafe.Sizeof(*ip)) + x.index.memory())
	}
	return alias
}

func (x *aliases) hash(ip *[16]byte) uint32 {
	h := hashIP(ip, x.seed)
	return uint32(h ^ h>>32)
}

// narrow returns addr in 32 bits: an IPv4 address as it is, or an alias, a new one where it is to be given. It
// reports false if there is none.
func (x *aliases) narrow(addr *[16]byte, give bool) (ip uint32, ok bool) {
	if binary.BigEndian.Uint64(addr[:8]) == 0 && binary.BigEndian.Uint32(addr[8:12]) == 0xffff { // RFC 4291 §2.5.5.2
		if ip = binary.BigEndian.Uint32(addr[12:]); ip < FirstAlias {
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

// tuple makes tp the tuple of a segment from src to dst, as a narrow one if it may.
func (x *aliases) tuple(tp *tuple, src, dst *Addr, give bool) {
	a, ok := x.narrow(&src.IP, give)
	b, both := x.narrow(&dst.IP, give)
	if !ok || !both {
		tp.ofWide(src, dst, x.seed)
		return
	}
	tp.ofEnds(uint64(a)<<16|uint64(src.Port), uint64(b)<<16|uint64(dst.Port), x.seed)
}

package incident

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// A budget is how many names all sets of a Finder may keep; nil is no bound.
type budget struct{ left int }

// bitsCost is what counting ports in bits takes from a budget.
const bitsCost = 256

func (b *budget) take(n int) bool {
	if b == nil {
		return true
	}
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int) {
	if b != nil {
		b.left += n
	}
}

// A set counts different names, up to MaxHosts exactly.
type set struct {
	few  []string
	many map[string]struct{}
	more bool // there were more than it kept
}

// fewNames is how many names a set keeps in a slice, which is smaller than a map and as fast.
const fewNames = 6

func (s *set) add(name string, b *budget) {
	if name == "" || s.has(name) {
		return
	}
	switch {
	case s.len() >= MaxHosts || !b.take(1):
		s.more = true
	case s.many != nil:
		s.many[name] = struct{}{}
	case len(s.few) < fewNames:
		s.few = append(s.few, name)
	default:
		s.many = make(map[string]struct{}, 4*fewNames)
		for _, n := range s.few {
			s.many[n] = struct{}{}
		}
		s.many[name] = struct{}{}
		s.few = nil
	}
}

func (s *set) has(name string) bool {
	if s.many != nil {
		_, ok := s.many[name]
		return ok
	}
	return slices.Contains(s.few, name)
}

func (s *set) len() int { return len(s.few) + len(s.many) }

func (s *set) count() Count { return Count{s.len(), s.more} }

// only returns the one name of s, "" where there are others.
func (s *set) only() string {
	if len(s.few) == 1 && s.many == nil {
		return s.few[0]
	}
	return ""
}

// names returns the names in order.
func (s *set) names() []string {
	names := slices.Clone(s.few)
	for n := range s.many {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// merge adds all of o.
func (s *set) merge(o *set) {
	for _, n := range o.names() {
		s.add(n, nil)
	}
	s.more = s.more || o.more
}

// A services counts addresses with their ports: those of one host exactly, because a scan is recognized by them.
type services struct {
	set
	host  string // whose ports are counted in bits, "" before there are enough
	ports *[1 << 16 / 64]uint64
}

// add counts a service. Beyond MaxHosts of one host, ports go on being counted in bits.
func (s *services) add(addr string, b *budget) {
	if s.ports != nil && hostOf(addr) == s.host {
		s.mark(addr)
		return
	}
	more := s.more
	s.set.add(addr, b)
	if s.ports == nil && s.more && !more && b.take(bitsCost) {
		n := s.len()
		s.few, s.many, s.more = s.bits(addr)
		b.give(n - s.len())
	}
}

// bits begins to count in bits, where all services are of one host, and returns the names that remain.
func (s *services) bits(last string) ([]string, map[string]struct{}, bool) {
	host, names := hostOf(last), s.names()
	for _, n := range names {
		if hostOf(n) != host {
			return s.few, s.many, true
		}
	}
	s.host, s.ports = host, new([1 << 16 / 64]uint64)
	for _, n := range append(names, last) {
		s.mark(n)
	}
	return nil, nil, false
}

func (s *services) mark(addr string) {
	if p := portOf(addr); p >= 0 {
		s.ports[p/64] |= 1 << (p % 64)
	}
}

func (s *services) count() Count {
	c := s.set.count()
	if s.ports != nil {
		for _, w := range s.ports {
			c.N += bits.OnesCount64(w)
		}
	}
	return c
}

func (s *services) only() string {
	if s.ports != nil {
		return ""
	}
	return s.set.only()
}

// merge adds all of o.
func (s *services) merge(o *services) {
	for _, n := range o.names() {
		s.add(n, nil)
	}
	s.more = s.more || o.more
	if o.ports == nil {
		return
	}
	for i, w := range o.ports {
		for ; w != 0; w &= w - 1 {
			s.add(o.host+":"+strconv.Itoa(i*64+bits.TrailingZeros64(w)), nil)
		}
	}
}

// portList prints the ports of s, which are those of one host, at most n of them.
func (s *services) portList(n int) string {
	var ports []int
	for _, name := range s.names() {
		ports = append(ports, portOf(name))
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	var b strings.Builder
	for i, p := range ports {
		switch {
		case i == n:
			b.WriteString(" and " + thousands(len(ports)-n) + " more")
			return b.String()
		case i > 0 && i == len(ports)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(p))
	}
	return b.String()
}

// hostOf returns the host of host:port, with the brackets of an IPv6 one.
func hostOf(addr string) string {
	if i := strings.LastIndexByte(addr, ':'); i >= 0 {
		return addr[:i]
	}
	return addr
}

// portOf returns the port of host:port, -1 where there is none.
func portOf(addr string) int {
	n, err := strconv.ParseUint(addr[strings.LastIndexByte(addr, ':')+1:], 10, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// plain returns a host without brackets.
func plain(host string) string { return strings.Trim(host, "[]") }

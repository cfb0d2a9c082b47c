package flows

import (
	"net/netip"
	"time"
)

// A Time is a moment in nanoseconds since the Unix epoch, UTC. It is an integer, and not a time.Time,
// because a Segment is copied for each packet of a capture and must hold no pointer but its bytes.
type Time int64

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.Unix(0, int64(t)).UTC() }

// Sub returns the time from u to t; negative when the capture's clock went backwards.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// An Addr is an IP address and a TCP port, IPv4 in its IPv4-mapped form. It is comparable and holds no
// pointer, so that a million of them cost the garbage collector nothing.
type Addr struct {
	IP   [16]byte
	Port uint16
}

// AddrFrom returns the Addr for ap; an IPv6 zone is dropped.
func AddrFrom(ap netip.AddrPort) Addr { return Addr{ap.Addr().As16(), ap.Port()} }

// Is6 reports whether a is an address of IPv6, and none of IPv4 in its mapped form.
func (a Addr) Is6() bool { return netip.AddrFrom16(a.IP).Is6() && !netip.AddrFrom16(a.IP).Is4In6() }

// AddrPort returns a in the form of the standard library, IPv4 as IPv4.
func (a Addr) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(a.IP).Unmap(), a.Port)
}

// String prints a as 192.0.2.1:443 or [2001:db8::1]:443.
func (a Addr) String() string { return a.AddrPort().String() }

// Flags are the control bits of a TCP header (RFC 9293 §3.1), in header order; AE is the former NS bit.
type Flags uint16

// The control bits.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// Has reports whether all bits of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// String prints the set bits as tshark's readers know them: "SYN, ACK".
func (f Flags) String() string {
	names := [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"}
	s := ""
	for i, n := range names {
		if f&(1<<i) != 0 {
			if s != "" {
				s += ", "
			}
			s += n
		}
	}
	if s == "" {
		return "none"
	}
	return s
}

// A Segment is one TCP segment as the capture point saw it. It holds what flows needs and nothing of
// the file it came from, so that a library user can feed segments from anywhere.
type Segment struct {
	// Payload holds the captured bytes of data, fewer than DataLen when the snaplen cut them. It is
	// valid only until the batch that holds the segment is released; flows copies what it keeps.
	Payload []byte

	Frame    int  // 1-based, as Wireshark numbers it
	Time     Time // when the capture point saw it
	Src, Dst Addr
	SEQ, ACK Seq
	DataLen  uint32 // bytes of data after the headers' own account, SYN and FIN not counted
	Flags    Flags
	WND      uint16 // window field as sent, unscaled
	Urgent   uint16 // urgent pointer as sent

	HeaderLen uint8  // TCP header in bytes: 20 means no option (Linux replies), 32 with timestamps
	TTL       uint8  // TTL or Hop Limit
	IPID      uint16 // IPv4 Identification, 0 for IPv6
	V6        bool   // carried by IPv6
	DF        bool   // IPv4 Don't Fragment

	Opts Options

	MAC       uint64 // Ethernet source in the low 48 bits, 0 where the link has none
	Domain    uint32 // VLAN or tunnel key, 0 on the plain wire: tells copies of one packet apart
	Interface uint16 // pcapng interface the packet was captured on
	Cut       bool   // snaplen cut the TCP header's options: Opts is incomplete
	Unknown   Fields // what the source does not hold: these fields say nothing, whatever their value
}

// Fields are fields of a Segment that its source may lack: a capture holds them all, a printed text seldom does.
type Fields uint16

// The fields. Of those that are unknown a Segment holds 0, but a value that fits its neighbours in SEQ and Time, and
// the largest in WND.
const (
	FieldPayload Fields = 1 << iota // acts as a payload that the snaplen cut
	FieldTTL
	FieldIPID    // and DF
	FieldOptions // Opts.Kinds is UnknownKinds
	FieldWindow
	FieldSEQ
	FieldTime
	FieldsBefore // segments before it were left out: that time passed says nothing
)

// Has reports whether f holds all of want.
func (f Fields) Has(want Fields) bool { return f&want == want }

// UnknownKinds in Options.Kinds says that it is not known which options there were.
const UnknownKinds = 1<<8 - 1

// Options are the TCP options that explain a reset; the others are not kept.
type Options struct {
	TSval, TSecr uint32 // valid with HasTS (RFC 7323 §3)
	MSS          uint16 // 0: not sent
	WScale       uint8  // shift count, valid with HasWScale (RFC 7323 §2)
	Kinds        uint8  // how many options were present, padding not counted
	HasTS        bool
	HasWScale    bool
	SACKOK       bool
	HasSACK      bool
	MPTCP        uint8 // MPTCP subtypes seen, one bit each for MP_FASTCLOSE and MP_TCPRST below
	MPTCPReason  uint8 // MP_TCPRST's reason code (RFC 8684 §3.6), valid with MPTCPReset
}

// Bits of Options.MPTCP.
const (
	MPTCPPresent   uint8 = 1 << iota // any MPTCP option (kind 30)
	MPTCPFastClose                   // MP_FASTCLOSE (RFC 8684 §3.5)
	MPTCPReset                       // MP_TCPRST (RFC 8684 §3.6)
)

// LEN returns SEG.LEN of RFC 9293: bytes of sequence space taken, SYN and FIN included.
func (s *Segment) LEN() uint32 {
	n := s.DataLen
	if s.Flags&SYN != 0 {
		n++
	}
	if s.Flags&FIN != 0 {
		n++
	}
	return n
}

// End returns the sequence number after the segment: SEG.SEQ + SEG.LEN.
func (s *Segment) End() Seq { return s.SEQ.Add(s.LEN()) }

// noTimestamp is the timestamp of scanners that ask for a peer's options.
const noTimestamp = 1<<32 - 1

// smallestWindow is the least window of a SYN that a common system sends.
const smallestWindow = 512

// Unfounded reports whether s has neither SYN, ACK nor RST: no connection has such a segment, and a host that gets one
// drops it or answers with a RST (RFC 9293 §3.10.7).
func (s *Segment) Unfounded() bool { return s.Flags&(SYN|ACK|RST) == 0 }

// Crafted reports whether no common system's TCP makes a segment like s, and scanners do: no SYN, ACK and RST; a
// timestamp of 4294967295; or a SYN with further flags, with a window below 512, without options, or with the MSS alone
// and a window of scanners.
func (s *Segment) Crafted() bool {
	if s.Flags&RST != 0 || s.Cut {
		return false
	}
	if s.Flags&(SYN|ACK) != SYN {
		return s.Unfounded() || s.Opts.HasTS && s.Opts.TSval == noTimestamp && s.DataLen == 0 && s.Flags&SYN == 0
	}
	return CraftedSYN(s.Flags, s.WND, &s.Opts)
}

// CraftedSYN is Crafted of a SYN with flags, window and options.
func CraftedSYN(f Flags, wnd uint16, o *Options) bool {
	switch {
	case f&(FIN|PSH|URG) != 0, o.HasTS && o.TSval == noTimestamp, wnd < smallestWindow:
		return true
	case o.HasTS, o.Kinds > 1, o.Kinds == 1 && o.MSS == 0:
		return false
	}
	switch wnd {
	case 5840, 8192, 14600, 29200, 64240, 65535: // of systems: something on the way may have removed their options
		return false
	}
	return o.Kinds == 0 || wnd == 1024 || wnd == 2048 || wnd == 3072 || wnd == 4096
}

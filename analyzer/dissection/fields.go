package dissection

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// fields collects the fields of one packet, in the order in which the export lists them: the innermost
// layer of a kind comes last and wins.
type fields struct {
	frame  int
	time   flows.Time
	v6     bool
	src    netip.Addr
	dst    netip.Addr
	ttl    uint8
	hasTTL bool
	ipid   uint16
	hasID  bool
	df     bool
	mac    uint64
	vlan   uint32

	tcp      header
	quoting  bool // inside an ICMP error: what follows belongs to the quoted packet
	icmpV6   bool
	icmpFrom netip.Addr
	icmpType int
	icmpCode int
	mtu      uint16
	rawOnly  bool

	payload []byte
}

// A header holds the fields of the TCP layer.
type header struct {
	seen       bool
	sport      uint16
	dport      uint16
	seq, ack   uint32 // relative where raw is false
	raw        bool
	hasSEQ     bool
	length     uint32
	hasLength  bool
	flags      flows.Flags
	hasFlags   bool
	wnd        uint16
	hasWindow  bool
	urgent     uint16
	hlen       uint8
	opts       flows.Options
	hasPayload bool
}

func (f *fields) reset() {
	payload := f.payload[:0]
	*f = fields{payload: payload, icmpType: -1}
}

// layer is called where a protocol's tree begins.
func (f *fields) layer(name string) {
	switch name {
	case "icmp", "icmpv6":
		f.quoting, f.icmpV6, f.icmpFrom = true, name == "icmpv6", f.src
	case "tcp":
		f.tcp = header{seen: true}
		f.payload = f.payload[:0]
	}
}

// field is called for each field with the text that the export shows.
func (f *fields) field(name, show string) {
	proto, _, _ := strings.Cut(name, ".")
	switch proto {
	case "frame":
		switch name {
		case "frame.number":
			f.frame = int(number(show, 31))
		case "frame.time_epoch":
			f.time = epoch(show)
		}
	case "eth", "sll":
		if (name == "eth.src" || name == "sll.src.eth") && f.mac == 0 {
			f.mac, _ = strconv.ParseUint(strings.ReplaceAll(show, ":", ""), 16, 48)
		}
	case "vlan":
		if name == "vlan.id" {
			f.vlan = f.vlan<<12 | uint32(number(show, 16))
		}
	case "ip":
		f.ip(name, show)
	case "ipv6":
		switch name {
		case "ipv6.src":
			f.src, _ = netip.ParseAddr(show)
			f.v6, f.ipid, f.hasID, f.df = true, 0, false, false
		case "ipv6.dst":
			f.dst, _ = netip.ParseAddr(show)
		case "ipv6.hlim":
			f.ttl, f.hasTTL = uint8(number(show, 8)), true
		}
	case "icmp", "icmpv6":
		f.icmp(strings.TrimPrefix(name, proto+"."), show)
	case "tcp":
		f.tcp.seen = true // fields that were asked for one by one stand in no layer
		f.tcp.field(name, show)
		if name == "tcp.payload" {
			f.tcp.hasPayload = true
			f.payload = hexBytes(f.payload[:0], show)
			f.payload = f.payload[:min(len(f.payload), payloadMax)]
		}
	}
}

func (f *fields) ip(name, show string) {
	switch name {
	case "ip.src":
		f.src, _ = netip.ParseAddr(show)
		f.v6 = false
	case "ip.dst":
		f.dst, _ = netip.ParseAddr(show)
	case "ip.ttl":
		f.ttl, f.hasTTL = uint8(number(show, 8)), true
	case "ip.id":
		f.ipid, f.hasID = uint16(number(show, 16)), true
	case "ip.flags.df":
		f.df = show == "1" || strings.EqualFold(show, "true")
	}
}

func (f *fields) icmp(name, show string) {
	switch name {
	case "type":
		f.icmpType = int(number(show, 8))
	case "code":
		f.icmpCode = int(number(show, 8))
	case "mtu":
		f.mtu = uint16(number(show, 16))
	}
}

func (h *header) field(name, show string) {
	switch name {
	case "tcp.srcport":
		h.sport = uint16(number(show, 16))
	case "tcp.dstport":
		h.dport = uint16(number(show, 16))
	case "tcp.seq":
		if !h.raw {
			h.seq, h.hasSEQ = uint32(number(show, 32)), true
		}
	case "tcp.ack":
		if !h.raw {
			h.ack = uint32(number(show, 32))
		}
	case "tcp.seq_raw":
		h.seq, h.raw, h.hasSEQ = uint32(number(show, 32)), true, true
	case "tcp.ack_raw":
		h.ack = uint32(number(show, 32))
	case "tcp.len":
		h.length, h.hasLength = uint32(number(show, 32)), true
	case "tcp.flags":
		h.flags, h.hasFlags = flows.Flags(number(show, 16))&0x1ff, true
	case "tcp.window_size_value":
		h.wnd, h.hasWindow = uint16(number(show, 16)), true
	case "tcp.urgent_pointer":
		h.urgent = uint16(number(show, 16))
	case "tcp.hdr_len":
		h.hlen = uint8(number(show, 8))
	case "tcp.option_kind":
		if number(show, 8) > 1 { // neither end of list nor padding
			h.opts.Kinds++
		}
	case "tcp.options.mss_val":
		h.opts.MSS = uint16(number(show, 16))
	case "tcp.options.wscale.shift":
		h.opts.WScale, h.opts.HasWScale = uint8(number(show, 8)), true
	case "tcp.options.sack_perm":
		h.opts.SACKOK = true
	case "tcp.options.sack":
		h.opts.HasSACK = true
	case "tcp.options.timestamp.tsval":
		h.opts.TSval, h.opts.HasTS = uint32(number(show, 32)), true
	case "tcp.options.timestamp.tsecr":
		h.opts.TSecr = uint32(number(show, 32))
	case "tcp.options.mptcp.subtype":
		h.opts.MPTCP |= flows.MPTCPPresent
		switch number(show, 8) {
		case 7:
			h.opts.MPTCP |= flows.MPTCPFastClose
		case 8:
			h.opts.MPTCP |= flows.MPTCPReset
		}
	case "tcp.options.mptcp.rst_reason":
		h.opts.MPTCPReason = uint8(number(show, 8))
	}
}

// fill makes of the fields what flows takes, and counts what they lack.
func (f *fields) fill(p *Packet, left *LeftOut) {
	h := &f.tcp
	if !h.seen {
		return
	}
	src, dst := flows.AddrFrom(netip.AddrPortFrom(f.src, h.sport)), flows.AddrFrom(netip.AddrPortFrom(f.dst, h.dport))
	if f.quoting {
		if f.icmpType >= 0 && f.icmpFrom.IsValid() && f.src.IsValid() {
			p.ICMP = true
			p.Note = flows.ICMPNote{
				Mark: flows.Mark{Frame: p.Frame, Time: f.time}, From: flows.AddrFrom(netip.AddrPortFrom(f.icmpFrom, 0)),
				Type: uint8(f.icmpType), Code: uint8(f.icmpCode), V6: f.icmpV6, MTU: f.mtu, Src: src, Dst: dst, Stream: -1,
				QuotedSYN: h.hasFlags && h.flags.Has(flows.SYN) && !h.flags.Has(flows.ACK),
			}
		}
		return
	}
	if !h.hasSEQ || !h.hasFlags || !h.hasLength || !f.src.IsValid() || !f.dst.IsValid() {
		left.Unusable++
		return
	}
	if !h.raw {
		left.RawSEQ++
	}
	if !f.hasTTL {
		left.TTL++
	}
	if h.length > 0 && !h.hasPayload {
		left.Payload++
	}
	if !h.hasWindow {
		h.wnd = 1<<16 - 1
	}
	unknown := f.unknown()
	if unknown.Has(flows.FieldOptions) {
		h.opts.Kinds = flows.UnknownKinds
	}
	p.TCP = true
	p.Segment = flows.Segment{
		Payload: f.payload, Frame: p.Frame, Time: f.time, Src: src, Dst: dst, SEQ: flows.Seq(h.seq), ACK: flows.Seq(h.ack),
		DataLen: h.length, Flags: h.flags, WND: h.wnd, Urgent: h.urgent, HeaderLen: h.hlen, TTL: f.ttl, IPID: f.ipid,
		V6: f.v6, DF: f.df, Opts: h.opts, MAC: f.mac, Domain: f.vlan, Unknown: unknown,
	}
}

// unknown returns the fields of a segment that the export does not hold.
func (f *fields) unknown() (u flows.Fields) {
	h := &f.tcp
	for _, l := range [...]struct {
		lacking bool
		field   flows.Fields
	}{
		{h.length > 0 && !h.hasPayload, flows.FieldPayload},
		{!f.hasTTL, flows.FieldTTL},
		{!f.hasID && !f.v6, flows.FieldIPID},
		{h.opts.Kinds == 0 && h.hlen != 20, flows.FieldOptions},
		{!h.hasWindow, flows.FieldWindow},
	} {
		if l.lacking {
			u |= l.field
		}
	}
	return u
}

// number reads a decimal or 0x… number that fits the given bits, 0 when it is none.
func number(s string, bits int) uint64 {
	n, err := strconv.ParseUint(s, 0, bits)
	if err != nil { // also where it is too large, for which n would be the largest that fits
		return 0
	}
	return n
}

// bytes appends the bytes that s spells in hexadecimal, with or without colons.
func hexBytes(to []byte, s string) []byte {
	var pair [2]byte
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == ':' {
			continue
		}
		pair[n] = s[i]
		if n++; n == 2 {
			n = 0
			var b [1]byte
			if _, err := hex.Decode(b[:], pair[:]); err != nil {
				return to
			}
			to = append(to, b[0])
		}
	}
	return to
}

// epoch reads seconds with a fraction, "1385410273.592522000", without going through a float. Newer
// versions of tshark write the time as RFC 3339 instead.
func epoch(s string) flows.Time {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return rfc3339(s)
	}
	nano, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if strings.HasPrefix(whole, "-") {
		nano = -nano
	}
	return flows.Time(sec*1e9 + nano)
}

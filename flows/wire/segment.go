package wire

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// set reads "KEY VALUE …": the defaults of a side.
func (s *side) set(words []string) error {
	for len(words) > 0 {
		key := words[0]
		if len(words) < 2 {
			return fmt.Errorf("%q wants a value", key)
		}
		n, err := value(key, words[1])
		if err != nil {
			return err
		}
		switch key {
		case "iss":
			s.iss = flows.Seq(n)
		case "ttl":
			s.ttl = uint8(n)
		case "win":
			s.win = uint16(n)
		case "ipid":
			s.ipid, s.runs = uint16(n), n != 0
		case "mac":
			s.mac = n
		case "vlan":
			s.vlan = uint32(n)
		case "if":
			s.iface = uint16(n)
		case "df":
			s.df = n != 0
		case "ts":
			s.ts, s.tsBase = true, uint32(n)
		default:
			return fmt.Errorf("%q is no default of a side", key)
		}
		words = words[2:]
	}
	return nil
}

// bits is how wide the value of each key may be.
var bits = map[string]int{"iss": 32, "ttl": 8, "win": 16, "ipid": 16, "vlan": 32, "if": 16, "df": 1, "ts": 32,
	"hdr": 8, "urg": 16, "snap": 32, "frame": 31}

// value reads the value of key.
func value(key, word string) (uint64, error) {
	if key == "mac" {
		hw, err := net.ParseMAC(word)
		if err != nil || len(hw) != 6 {
			return 0, fmt.Errorf("mac wants six bytes, not %q", word)
		}
		var n uint64
		for _, b := range hw {
			n = n<<8 | uint64(b)
		}
		return n, nil
	}
	width, ok := bits[key]
	if !ok {
		return 0, fmt.Errorf("unknown key %q", key)
	}
	n, err := strconv.ParseUint(word, 10, width)
	if err != nil {
		return 0, fmt.Errorf("%s wants a number of %d bits, not %q", key, width, word)
	}
	return n, nil
}

// flagLetters are tcpdump's.
var flagLetters = map[rune]flows.Flags{'F': flows.FIN, 'S': flows.SYN, 'R': flows.RST, 'P': flows.PSH, '.': flows.ACK,
	'U': flows.URG, 'E': flows.ECE, 'W': flows.CWR, 'e': flows.AE}

// segment reads a segment line after its direction.
func (p *parser) segment(c *conn, from int, at time.Duration, words []string) (*flows.Segment, error) {
	if len(words) < 2 {
		return nil, fmt.Errorf("a segment wants flags and a sequence number")
	}
	me, peer := &c.side[from], &c.side[from^1]
	seg := &flows.Segment{Time: flows.Time(p.start.Add(at).UnixNano()), Src: flows.AddrFrom(me.addr),
		Dst: flows.AddrFrom(peer.addr),
		WND: me.win, TTL: me.ttl, DF: me.df, MAC: me.mac, Domain: me.vlan, Interface: me.iface,
		V6: me.addr.Addr().Is6() && !me.addr.Addr().Is4In6()}
	var err error
	if seg.Flags, err = readFlags(words[0]); err != nil {
		return nil, err
	}
	explicit, err := sequence(seg, me.iss, words[1])
	if err != nil {
		return nil, err
	}
	snap, snapped, acked, ipid, payload := uint64(0), false, false, false, false
	for i := 2; i < len(words); i++ {
		switch w := words[i]; {
		case w[0] == '"':
			text, err := strconv.Unquote(w)
			if err != nil {
				return nil, fmt.Errorf("bad string %s", w)
			}
			seg.Payload, payload = []byte(text), true
		case w[0] == '<':
			if err := readOptions(seg, strings.Trim(w, "<>")); err != nil {
				return nil, err
			}
		case w == "cut":
			seg.Cut = true
		default:
			if i++; i == len(words) {
				return nil, fmt.Errorf("%q wants a value", w)
			}
			if w == "ack" || w == "rawack" {
				if seg.ACK, err = number(peer.iss, words[i]); err != nil {
					return nil, err
				}
				acked = acked || w == "ack"
				continue
			}
			n, err := value(w, words[i])
			if err != nil {
				return nil, err
			}
			switch w {
			case "win":
				seg.WND = uint16(n)
			case "ttl":
				seg.TTL = uint8(n)
			case "ipid":
				seg.IPID, ipid = uint16(n), true
			case "mac":
				seg.MAC = n
			case "vlan":
				seg.Domain = uint32(n)
			case "if":
				seg.Interface = uint16(n)
			case "df":
				seg.DF = n != 0
			case "hdr":
				seg.HeaderLen = uint8(n)
			case "urg":
				seg.Urgent = uint16(n)
			case "snap":
				snap, snapped = n, true
			case "frame":
				p.frame = int(n)
			default:
				return nil, fmt.Errorf("%q is no key of a segment", w)
			}
		}
	}
	if acked != seg.Flags.Has(flows.ACK) {
		return nil, fmt.Errorf("the ACK flag (.) and \"ack N\" go together")
	}
	switch {
	case !explicit:
		seg.DataLen = uint32(len(seg.Payload))
	case uint32(len(seg.Payload)) > seg.DataLen:
		return nil, fmt.Errorf("payload has %d bytes, more than the length %d", len(seg.Payload), seg.DataLen)
	case uint32(len(seg.Payload)) < seg.DataLen && seg.DataLen < 1<<20:
		fill := make([]byte, seg.DataLen)
		for i := copy(fill, seg.Payload); i < len(fill); i++ {
			fill[i] = 'x'
		}
		seg.Payload = fill
	}
	if snapped && uint64(len(seg.Payload)) > snap {
		seg.Payload = seg.Payload[:snap]
	}
	if payload && seg.DataLen == 0 && len(seg.Payload) > 0 {
		return nil, fmt.Errorf("payload on a segment of length 0")
	}
	if !ipid && !seg.V6 {
		seg.IPID = me.ipid
		if me.runs {
			me.ipid++
		}
	}
	if me.ts && !seg.Flags.Has(flows.RST) && !seg.Opts.HasTS {
		seg.Opts.HasTS, seg.Opts.TSval, seg.Opts.TSecr = true, me.tsBase+uint32(at.Milliseconds()), peer.tsLast
		seg.Opts.Kinds++
		if seg.HeaderLen == 0 {
			seg.HeaderLen = 32
		}
	}
	if seg.Opts.HasTS {
		me.tsLast = seg.Opts.TSval
	}
	if seg.HeaderLen == 0 {
		seg.HeaderLen = 20
	}
	seg.Frame = p.takeFrame()
	return seg, nil
}

// sequence reads SEQ, SEQ:END or SEQ:END(LEN), and tells whether the length was given.
func sequence(seg *flows.Segment, iss flows.Seq, word string) (explicit bool, err error) {
	first, rest, found := strings.Cut(word, ":")
	if seg.SEQ, err = number(iss, first); err != nil || !found {
		return false, err
	}
	last, length, found := strings.Cut(rest, "(")
	end, err := number(iss, last)
	if err != nil {
		return false, err
	}
	if strings.HasPrefix(first, "=") != strings.HasPrefix(last, "=") {
		end = flows.Seq(uint32(seg.SEQ)) // "=0:0(0)": the end is absolute as well
		if n, err := strconv.ParseUint(last, 10, 32); err == nil && strings.HasPrefix(first, "=") {
			end = flows.Seq(n)
		}
	}
	seg.DataLen = uint32(end - seg.SEQ)
	if found {
		n, err := strconv.ParseUint(strings.TrimSuffix(length, ")"), 10, 32)
		if err != nil || uint32(n) != seg.DataLen {
			return false, fmt.Errorf("%q: the length is %d", word, seg.DataLen)
		}
	}
	return true, nil
}

// number reads a sequence number: relative to iss, or itself after "=".
func number(iss flows.Seq, word string) (flows.Seq, error) {
	if abs, ok := strings.CutPrefix(word, "="); ok {
		n, err := strconv.ParseUint(abs, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("bad sequence number %q", word)
		}
		return flows.Seq(n), nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n > 1<<32-1 || n < -(1<<32-1) {
		return 0, fmt.Errorf("bad sequence number %q", word)
	}
	return iss + flows.Seq(uint32(n)), nil
}

// readOptions reads the list between the angle brackets.
func readOptions(seg *flows.Segment, list string) error {
	o, size := &seg.Opts, 0
	for _, opt := range strings.Split(list, ",") {
		f := strings.Fields(opt)
		if len(f) == 0 {
			continue
		}
		num := func(i, width int) uint64 {
			if i >= len(f) {
				return 0
			}
			n, _ := strconv.ParseUint(f[i], 10, width)
			return n
		}
		want := 2
		switch f[0] {
		case "mss":
			o.MSS, size = uint16(num(1, 16)), size+4
		case "sackOK":
			o.SACKOK, size, want = true, size+2, 1
		case "sack":
			o.HasSACK, size, want = true, size+10, len(f)
		case "wscale":
			o.WScale, o.HasWScale, size = uint8(num(1, 8)), true, size+3
		case "TS":
			o.TSval, o.TSecr, o.HasTS, size, want = uint32(num(2, 32)), uint32(num(4, 32)), true, size+10, 5
		case "nop", "eol":
			size++
			o.Kinds--
			want = 1
		case "mptcp":
			o.MPTCP |= flows.MPTCPPresent
			size, want = size+4, 1
		case "mp_fastclose":
			o.MPTCP |= flows.MPTCPPresent | flows.MPTCPFastClose
			size, want = size+12, 1
		case "mp_tcprst":
			o.MPTCP |= flows.MPTCPPresent | flows.MPTCPReset
			o.MPTCPReason, size = uint8(num(1, 8)), size+4
		default:
			return fmt.Errorf("unknown option %q", f[0])
		}
		if len(f) != want {
			return fmt.Errorf("option %q: wrong number of words", strings.TrimSpace(opt))
		}
		o.Kinds++
	}
	if seg.HeaderLen == 0 {
		seg.HeaderLen = uint8(20 + (size+3)/4*4)
	}
	return nil
}

// quoted reads a value of an ICMP line.
func quoted(note *flows.ICMPNote, q *Quoted, from *side, key, word string) (err error) {
	var n uint64
	switch key {
	case "mtu":
		n, err = strconv.ParseUint(word, 10, 16)
		note.MTU = uint16(n)
	case "len":
		n, err = strconv.ParseUint(word, 10, 16)
		q.Len = int(n)
	case "seq":
		q.SEQ, err = number(from.iss, word)
	case "flags":
		q.Flags, err = readFlags(word)
		note.QuotedSYN = q.Flags&(flows.SYN|flows.ACK) == flows.SYN
	}
	if err != nil {
		return fmt.Errorf("bad %s %q", key, word)
	}
	return nil
}

// readFlags reads tcpdump's flag letters.
func readFlags(word string) (f flows.Flags, err error) {
	if word == "-" {
		return 0, nil
	}
	for _, r := range word {
		bit, ok := flagLetters[r]
		if !ok {
			return 0, fmt.Errorf("unknown flag %q in %q", r, word)
		}
		f |= bit
	}
	return f, nil
}

// icmp reads an ICMP line after the word icmp: TYPE/CODE from ADDR quotes DIRECTION [syn] [flags F] [seq N]
// [len N] [mtu N] [v6].
func (p *parser) icmp(c *conn, at time.Duration, words []string) (*flows.ICMPNote, *Quoted, error) {
	if len(words) < 5 || words[1] != "from" || words[3] != "quotes" || (words[4] != ">" && words[4] != "<") {
		return nil, nil, fmt.Errorf("icmp wants TYPE/CODE from ADDR quotes DIRECTION")
	}
	typ, code, _ := strings.Cut(words[0], "/")
	t, err1 := strconv.ParseUint(typ, 10, 8)
	k, err2 := strconv.ParseUint(code, 10, 8)
	addr, err3 := netip.ParseAddr(words[2])
	if err1 != nil || err2 != nil || err3 != nil {
		return nil, nil, fmt.Errorf("bad type, code or address in %q", strings.Join(words, " "))
	}
	from := sideOf(words[4])
	note := &flows.ICMPNote{From: flows.AddrFrom(netip.AddrPortFrom(addr, 0)), Type: uint8(t), Code: uint8(k), Stream: -1,
		Src: flows.AddrFrom(c.side[from].addr), Dst: flows.AddrFrom(c.side[from^1].addr)}
	q := &Quoted{Segment: flows.Segment{Src: note.Src, Dst: note.Dst, SEQ: c.side[from].iss}, Len: 8}
	for i := 5; i < len(words); i++ {
		switch w := words[i]; w {
		case "syn":
			note.QuotedSYN, q.Flags = true, flows.SYN
		case "v6":
			note.V6 = true
		case "mtu", "seq", "len", "flags":
			if i++; i == len(words) {
				return nil, nil, fmt.Errorf("%s wants a value", w)
			}
			if err := quoted(note, q, &c.side[from], w, words[i]); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, fmt.Errorf("unknown word %q", w)
		}
	}
	note.Frame, note.Time = p.takeFrame(), flows.Time(p.start.Add(at).UnixNano())
	q.Frame, q.Time = note.Frame, note.Time
	return note, q, nil
}

package rewrite

import (
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// An anonymous writes a new pcapng of segments and ICMP errors, each made anew of what the decoder understood:
// nothing is copied from a packet, so that what was not foreseen is not in it.
//
// Every packet is Ethernet, with a VLAN tag where the original was in a VLAN or a tunnel, and IP without options.
// Addresses are mapped and TCP timestamps shifted; ports, numbers, flags, lengths and times are the original's.
type anonymous struct {
	out     io.Writer
	pan     *CryptoPAn
	ng      *pcapgo.NgWriter
	faces   map[uint16]int    // interface of the new capture for each old one
	domains map[uint32]uint16 // number of each VLAN or tunnel, from 1
	buf     gopacket.SerializeBuffer
	left    Left
}

// Left counts what an anonymized slice leaves out of the packets it keeps, and the packets that it cannot keep.
type Left struct {
	Data      int   // packets whose data is left out
	DataBytes int64 // captured bytes of it
	Headers   int   // packets with other headers than Ethernet, IP and TCP, or with IP options
	Options   int   // TCP options that are not known, or hold more than numbers: only their length is kept
	Trailers  int   // packets with something behind the IP packet
	Joined    int   // packets put together of fragments
	Alone     int   // fragments left out, as the rest of their datagram is missing
	Malformed int   // TCP headers left out, as their data offset is impossible
	Domains   int   // packets left out, of more VLANs and tunnels than are numbered
}

// Sizes of what every packet is made of.
const (
	etherLen = 14
	tagLen   = 4
	ip4Len   = 20
	ip6Len   = 40
	tcpLen   = 20
	maxIPLen = 1<<16 - 1
)

// VLANs and tunnels are numbered by tags of 12 bits, of which two values mean something else (IEEE 802.1Q).
const (
	tagValues  = 1<<12 - 2
	maxDomains = 1<<16 - 1
)

// segment writes the segment that f decoded from p, and reports whether it could.
func (a *anonymous) segment(p *capture.Packet, f *follower) (bool, error) {
	s := &f.segment
	b, wire := f.decoder.TCPHeader()
	header := b[:min(int(s.HeaderLen), len(b))]
	link, ok := a.link(s)
	if !ok {
		return false, nil
	}
	src, dst := a.address(s.Src.IP, s.V6), a.address(s.Dst.IP, s.V6)
	a.buf.Clear()
	if err := a.tcp(s, header).SerializeTo(a.buf, gopacket.SerializeOptions{}); err != nil {
		return false, err
	}
	tcp := a.buf.Bytes()
	check := ^fold(pseudoSum(src, dst, wire) + sumOf(tcp))
	if len(b) >= wire && wire == len(header) &&
		fold(pseudoSum(ipOf(s.Src.IP, s.V6), ipOf(s.Dst.IP, s.V6), wire)+sumOf(b)) != 0xffff {
		check ^= 1 // as wrong as it was, but not by how much: that can tell the sum of the addresses
	}
	binary.BigEndian.PutUint16(tcp[16:], check)
	n, length, err := a.below(link, src, dst, layers.IPProtocolTCP, wire, s)
	if err != nil {
		return false, err
	}
	a.count(p, s, b, wire, len(header))
	return true, a.write(p, n+len(header), length)
}

// sumOf is the sum over all of b.
func sumOf(b []byte) uint32 { return uint32(fold(sum(b))) }

// tcp returns the TCP header of s, of which header is what was captured.
func (a *anonymous) tcp(s *flows.Segment, header []byte) *layers.TCP {
	has := s.Flags.Has
	t := &layers.TCP{SrcPort: layers.TCPPort(s.Src.Port), DstPort: layers.TCPPort(s.Dst.Port), Seq: uint32(s.SEQ),
		Ack:        uint32(s.ACK),
		DataOffset: s.HeaderLen / 4, Window: s.WND, Urgent: s.Urgent,
		FIN: has(flows.FIN), SYN: has(flows.SYN), RST: has(flows.RST), PSH: has(flows.PSH), ACK: has(flows.ACK),
		URG: has(flows.URG), ECE: has(flows.ECE), CWR: has(flows.CWR), NS: has(flows.AE)}
	if len(header) > tcpLen {
		t.Options = a.options(header[tcpLen:], s)
	}
	return t
}

// icmp writes the ICMP error that f decoded from p, with the quotation of a segment as far as its fixed header.
func (a *anonymous) icmp(p *capture.Packet, f *follower) (bool, error) {
	s, note := &f.segment, &f.decoder.Note
	b, wire := f.decoder.TCPHeader()
	link, ok := a.link(s)
	if !ok {
		return false, nil
	}
	quoted := min(len(b), tcpLen)
	if f.decoder.Unnumbered && quoted >= 16 { // Wireshark takes no number for it, and must not do so now
		quoted = 14
	}
	from, src, dst := a.address(note.From.IP, note.V6), a.address(s.Src.IP, s.V6), a.address(s.Dst.IP, s.V6)
	to := src // an error goes to who sent what it quotes (RFC 792, RFC 4443 §2.2)
	if note.V6 != s.V6 {
		to = a.address(note.From.IP, note.V6)
	}
	a.buf.Clear()
	if err := a.tcp(s, nil).SerializeTo(a.buf, gopacket.SerializeOptions{}); err != nil {
		return false, err
	}
	header := append([]byte(nil), a.buf.Bytes()[:quoted]...)
	a.buf.Clear()
	if err := gopacket.Payload(header).SerializeTo(a.buf, gopacket.SerializeOptions{}); err != nil {
		return false, err
	}
	if err := a.ip(src, dst, layers.IPProtocolTCP, wire, s); err != nil {
		return false, err
	}
	outer := &flows.Segment{V6: note.V6, TTL: icmpTTL}
	proto := layers.IPProtocolICMPv4
	var err error
	if note.V6 {
		var rest []byte
		if rest, err = a.buf.PrependBytes(4); err == nil {
			binary.BigEndian.PutUint32(rest, uint32(note.MTU))
			proto = layers.IPProtocolICMPv6
			icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(note.Type, note.Code)}
			err = icmp.SetNetworkLayerForChecksum(&layers.IPv6{SrcIP: from.AsSlice(), DstIP: to.AsSlice()})
			if err == nil {
				err = icmp.SerializeTo(a.buf, gopacket.SerializeOptions{ComputeChecksums: true})
			}
		}
	} else {
		icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(note.Type, note.Code), Seq: note.MTU}
		err = icmp.SerializeTo(a.buf, gopacket.SerializeOptions{ComputeChecksums: true})
	}
	if err != nil {
		return false, err
	}
	size := len(a.buf.Bytes())
	n, _, err := a.below(link, from, to, proto, size, outer)
	if err != nil {
		return false, err
	}
	if len(b) > quoted {
		a.left.Data++
		a.left.DataBytes += int64(len(b) - quoted)
	}
	return true, a.write(p, n+size, n+size)
}

// icmpTTL is the TTL of ICMP errors: theirs is not what anything is explained by.
const icmpTTL = 64

// below puts the headers below before what the buffer holds, of which size bytes were on the wire, and returns
// their length, and that of the whole packet on the wire.
func (a *anonymous) below(link []gopacket.SerializableLayer, src, dst netip.Addr, proto layers.IPProtocol, size int,
	s *flows.Segment) (n, length int, err error) {
	n = etherLen + tagLen*(len(link)-1) + ip4Len
	if s.V6 {
		n += ip6Len - ip4Len
	}
	err = a.ip(src, dst, proto, size, s)
	for i := len(link) - 1; i >= 0 && err == nil; i-- {
		err = link[i].SerializeTo(a.buf, gopacket.SerializeOptions{})
	}
	return n, n + size, err
}

// ip puts an IP header before what the buffer holds. Where the packet is too long for the field that tells its
// length, as with segmentation offload, that is 0.
func (a *anonymous) ip(src, dst netip.Addr, proto layers.IPProtocol, size int, s *flows.Segment) error {
	opts := gopacket.SerializeOptions{ComputeChecksums: true}
	if s.V6 {
		ip := &layers.IPv6{Version: 6, NextHeader: proto, HopLimit: s.TTL, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		if size <= maxIPLen {
			ip.Length = uint16(size)
		}
		return ip.SerializeTo(a.buf, opts)
	}
	ip := &layers.IPv4{Version: 4, IHL: ip4Len / 4, Id: s.IPID, TTL: s.TTL, Protocol: proto, SrcIP: src.AsSlice(),
		DstIP: dst.AsSlice()}
	if s.DF {
		ip.Flags = layers.IPv4DontFragment
	}
	if ip4Len+size <= maxIPLen {
		ip.Length = uint16(ip4Len + size)
	}
	return ip.SerializeTo(a.buf, opts)
}

// link returns the Ethernet header for s, with tags that number its VLAN or tunnel; false when there are too many.
// Only the source is known of the MAC addresses: the destination is 0, as the source is of a link without any.
func (a *anonymous) link(s *flows.Segment) ([]gopacket.SerializableLayer, bool) {
	typ := layers.EthernetTypeIPv4
	if s.V6 {
		typ = layers.EthernetTypeIPv6
	}
	ether := &layers.Ethernet{SrcMAC: a.mac(s.MAC), DstMAC: make([]byte, 6), EthernetType: typ}
	if s.Domain == 0 {
		return []gopacket.SerializableLayer{ether}, true
	}
	n, ok := a.domains[s.Domain]
	if !ok {
		if len(a.domains) == maxDomains {
			a.left.Domains++
			return nil, false
		}
		n = uint16(len(a.domains)) + 1
		a.domains[s.Domain] = n
	}
	ether.EthernetType = layers.EthernetTypeDot1Q
	inner := &layers.Dot1Q{VLANIdentifier: (n-1)%tagValues + 1, Type: typ}
	if n <= tagValues {
		return []gopacket.SerializableLayer{ether, inner}, true
	}
	outer := &layers.Dot1Q{VLANIdentifier: (n - 1) / tagValues, Type: layers.EthernetTypeDot1Q}
	return []gopacket.SerializableLayer{ether, outer, inner}, true
}

// write writes the first n bytes of what the buffer holds as what became of p, length being that on the wire.
func (a *anonymous) write(p *capture.Packet, n, length int) error {
	id, err := a.face(p.Interface)
	if err != nil {
		return err
	}
	info := gopacket.CaptureInfo{Timestamp: time.Unix(0, p.Time).UTC(), CaptureLength: n, Length: length,
		InterfaceIndex: id}
	return a.ng.WritePacket(info, a.buf.Bytes()[:n])
}

// face returns the interface of the new capture for one of the old: copies of a packet are recognized by the interfaces
// that they were captured on.
func (a *anonymous) face(from uint16) (int, error) {
	if id, ok := a.faces[from]; ok {
		return id, nil
	}
	face := pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
	var id int
	var err error
	if a.ng == nil {
		note := pcapgo.NgSectionInfo{Comment: "anonymized with the key of fingerprint " + a.pan.Fingerprint()}
		a.ng, err = pcapgo.NewNgWriterInterface(a.out, face, pcapgo.NgWriterOptions{SectionInfo: note})
	} else {
		id, err = a.ng.AddInterface(face)
	}
	if err == nil {
		a.faces[from] = id
	}
	return id, err
}

// close completes the capture; one without a packet still has its head.
func (a *anonymous) close() error {
	if a.ng == nil {
		if _, err := a.face(0); err != nil {
			return err
		}
	}
	return a.ng.Flush()
}

// count counts what segment leaves out of p. b is the segment as captured, and wire its length on the wire.
func (a *anonymous) count(p *capture.Packet, s *flows.Segment, b []byte, wire, header int) {
	if n := len(b) - header; n > 0 {
		a.left.Data++
		a.left.DataBytes += int64(n)
	}
	at := cap(p.Data) - cap(b)
	if len(b) == 0 || at < 0 || at >= len(p.Data) || &p.Data[at] != &b[0] {
		a.left.Joined++
		return
	}
	plain := ip4Len
	if s.V6 {
		plain = ip6Len
	}
	if p.Link == uint16(layers.LinkTypeEthernet) {
		plain += etherLen
	}
	if at != plain {
		a.left.Headers++
	}
	for _, v := range p.Data[min(at+wire, len(p.Data)):] {
		if v != 0 { // more than the padding of a short frame
			a.left.Trailers++
			return
		}
	}
}

// options makes TCP options anew (RFC 9293 §3.2): those that hold numbers only, by their values, timestamps
// shifted. Any other keeps its place only, as an experimental option (RFC 4727) of zeros, because how many options a
// header has, and how long it is, tell who made it.
func (a *anonymous) options(b []byte, s *flows.Segment) (all []layers.TCPOption) {
	clocks := a.clocks(s)
	add := func(kind layers.TCPOptionKind, v []byte) {
		all = append(all, layers.TCPOption{OptionType: kind, OptionLength: uint8(len(v) + 2), OptionData: v})
	}
	for len(b) > 0 {
		kind := layers.TCPOptionKind(b[0])
		if kind == layers.TCPOptionKindNop {
			all = append(all, layers.TCPOption{OptionType: kind})
			b = b[1:]
			continue
		}
		if kind == layers.TCPOptionKindEndList || len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			break
		}
		v := b[2:b[1]]
		b = b[b[1]:]
		made := make([]byte, len(v))
		switch {
		case kind == layers.TCPOptionKindMSS && len(v) == 2, kind == layers.TCPOptionKindWindowScale && len(v) == 1,
			kind == layers.TCPOptionKindSACKPermitted && len(v) == 0:
			copy(made, v)
		case kind == layers.TCPOptionKindSACK:
			if blocks(v, s.ACK) {
				copy(made, v)
			} else {
				a.left.Options++
			}
		case kind == layers.TCPOptionKindTimestamps && len(v) == 8:
			shift(made, v, clocks.sender)
			shift(made[4:], v[4:], clocks.receiver)
		case kind == layers.TCPOptionKindMultipathTCP && len(v) >= 1: // keys, tokens and addresses are no numbers to show
			made[0] = v[0] & 0xf0
			if v[0]>>4 == mptcpReset && len(v) >= 2 {
				made[1] = v[1] // the reason (RFC 8684 §3.6)
			}
			a.left.Options++
		default:
			kind = optionPlace
			a.left.Options++
		}
		add(kind, made)
	}
	rest := false
	for _, v := range b { // behind the end of the options, or no option
		all = append(all, layers.TCPOption{OptionType: layers.TCPOptionKindEndList})
		rest = rest || v != 0
	}
	if rest {
		a.left.Options++
	}
	return all
}

const (
	optionPlace = layers.TCPOptionKind(253) // RFC3692-style experiment 1
	mptcpReset  = 8                         // subtype of MP_TCPRST (RFC 8684 §3.6)
	sackReach   = 1 << 26                   // how far from ACK a SACK block may be: windows of a long fat network
)

// blocks reports whether v are SACK blocks (RFC 2018 §3) near the acknowledgment that they come with. Of anything
// else it is unlikely to be.
func blocks(v []byte, ack flows.Seq) bool {
	if len(v) == 0 || len(v)%8 != 0 {
		return false
	}
	for ; len(v) > 0; v = v[8:] {
		left, right := binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
		if off := int32(left - uint32(ack)); off < -sackReach || off > sackReach || right-left-1 >= sackReach {
			return false
		}
	}
	return true
}

// shift writes the timestamp at v to b. One of 0 stays: it is no clock's, but says that there is none.
func shift(b, v []byte, by uint32) {
	if t := binary.BigEndian.Uint32(v); t != 0 {
		binary.BigEndian.PutUint32(b, t+by)
	}
}

// ipOf returns the address as the packet had it.
func ipOf(ip [16]byte, v6 bool) netip.Addr {
	a := netip.AddrFrom16(ip)
	if !v6 {
		a = a.Unmap()
	}
	return a
}

// address returns what an address becomes.
func (a *anonymous) address(ip [16]byte, v6 bool) netip.Addr { return a.pan.Map(ipOf(ip, v6)) }

// mac returns what a MAC address becomes, a locally administered one (IEEE 802, §8.2.2); none stays none.
func (a *anonymous) mac(of uint64) []byte {
	b := make([]byte, 6)
	if of == 0 {
		return b
	}
	in := a.pan.pad
	binary.BigEndian.PutUint64(in[:], of<<16)
	in[15] ^= 0xff // apart from what addresses are mapped with
	var out [16]byte
	a.pan.block.Encrypt(out[:], in[:])
	copy(b, out[:])
	b[0] = b[0]&^1 | 2
	return b
}

// clockShifts are what the timestamps of a segment's sender and receiver are shifted by.
type clockShifts struct{ sender, receiver uint32 }

// clocks returns the shifts for the two hosts of s. A timestamp clock can tell when its host was started (RFC 7323
// §7); a shift of its own for each host hides that, and leaves every difference between two timestamps.
func (a *anonymous) clocks(s *flows.Segment) clockShifts {
	of := func(addr []byte) uint32 {
		in := a.pan.pad
		for i := range addr {
			in[i] ^= addr[i]
		}
		a.pan.block.Encrypt(in[:], in[:])
		in[0] ^= 0xff // twice, and changed between: apart from what addresses are mapped with
		a.pan.block.Encrypt(in[:], in[:])
		return binary.BigEndian.Uint32(in[:])
	}
	return clockShifts{of(ipOf(s.Src.IP, s.V6).AsSlice()), of(ipOf(s.Dst.IP, s.V6).AsSlice())}
}

// pseudoSum adds up the pseudo-header of a segment of so many bytes (RFC 9293 §3.1).
func pseudoSum(src, dst netip.Addr, wire int) uint32 {
	const protoTCP = 6
	return sumOf(src.AsSlice()) + sumOf(dst.AsSlice()) + protoTCP + uint32(wire)>>16 + uint32(wire)&0xffff
}

// sum adds up b as 16-bit words (RFC 1071).
func sum(b []byte) (total uint32) {
	for ; len(b) >= 2; b = b[2:] {
		total += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		total += uint32(b[0]) << 8
	}
	return total
}

// fold adds the carries back in.
func fold(total uint32) uint16 {
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}

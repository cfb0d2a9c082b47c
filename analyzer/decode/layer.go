package decode

import (
	"errors"
	"fmt"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// peel reads the headers of link layers and tunnels from typ on, one after the other, until one follows that this
// package reads itself: Ethernet, LLC, or IP. gopacket reads each header, with layers of its own or with those that
// this package registers; what follows it, and in which network, says follow.
func (d *Decoder) peel(typ gopacket.Decoder, b []byte, wire int, seg *flows.Segment) Outcome {
	var last, l gopacket.Layer
	for {
		switch next := typ.(type) {
		case layers.EthernetType:
			return d.ether(uint16(next), b, wire, seg)
		case layers.IPProtocol:
			return d.payload(byte(next), b, wire, seg)
		case linkType:
			return d.link(uint32(next), b, wire, seg)
		case family:
			return d.family(uint32(next), b, wire, seg)
		case unread:
			return d.fail(Reason(next))
		}
		switch typ {
		case layers.LayerTypeIPv4:
			return d.ip4(b, wire, seg)
		case layers.LayerTypeIPv6:
			return d.ip6(b, wire, seg)
		case layers.LayerTypeEthernet:
			return d.ethernet(b, wire, seg)
		case layers.LayerTypeLLC:
			return d.llc(b, wire, seg)
		case layerSubframes:
			return d.subframes(b, seg)
		case gopacket.LayerTypePayload:
			return NotTCP
		}
		if !d.deeper() {
			return d.fail(TooDeep)
		}
		last = l
		var err error
		if l, err = d.readHeader(typ, last, b); err != nil {
			var n short
			if errors.As(err, &n) {
				return d.endsLink(wire, int(n))
			}
			return d.fail(BadLink)
		}
		var n int
		if typ, n, wire = d.follow(l, last, b, wire); typ == gopacket.LayerTypePayload {
			return NotTCP
		}
		if len(b) < n {
			return d.endsLink(wire+n, n)
		}
		b = b[n:]
	}
}

// windowLen is the longest header that gopacket is shown.
const windowLen = 512

// readHeader reads the header at b with gopacket.
//
// gopacket refuses a header whose packet the snaplen cut (PPPoE, GTP), takes the last four bytes of a frame for a
// checksum that most captures lack (802.11), and moves what is behind a header in place (radiotap). So its layers see
// a copy of the header with zeros behind it; a header that the frame does not have whole, peel notices by its length.
func (d *Decoder) readHeader(typ gopacket.Decoder, last gopacket.Layer, b []byte) (l gopacket.Layer, err error) {
	defer func() {
		if r := recover(); r != nil { // in gopacket, which does the same for packets that it reads whole
			err = fmt.Errorf("gopacket: %v", r)
		}
	}()
	if t, ok := typ.(gopacket.LayerType); !ok || t < firstLayer || t >= nextLayer {
		b = d.fill(b, typ == layers.LayerTypeRadioTap)
		if h, ok := last.(*header); ok && h.swapped {
			b[0], b[1] = b[1], b[0]
		}
	}
	var one layerBuilder
	if err = typ.Decode(b, &one); err == nil && one.layer == nil {
		err = errors.New("gopacket: no layer")
	}
	return one.layer, err
}

// fill returns a copy of the header at b with zeros behind it.
func (d *Decoder) fill(b []byte, short bool) []byte {
	if d.window == nil {
		d.window = new([65535]byte)
	}
	w := d.window[:]
	clear(w[copy(w[:windowLen], b):windowLen])
	if short { // gopacket copies what is behind it
		return w[:windowLen]
	}
	return w
}

// A layerBuilder takes the first layer that gopacket adds, and does not go on to the next.
type layerBuilder struct{ layer gopacket.Layer }

func (p *layerBuilder) AddLayer(l gopacket.Layer) {
	if p.layer == nil {
		p.layer = l
	}
}

func (*layerBuilder) NextDecoder(gopacket.Decoder) error            { return nil }
func (*layerBuilder) SetTruncated()                                 {}
func (*layerBuilder) SetLinkLayer(gopacket.LinkLayer)               {}
func (*layerBuilder) SetNetworkLayer(gopacket.NetworkLayer)         {}
func (*layerBuilder) SetTransportLayer(gopacket.TransportLayer)     {}
func (*layerBuilder) SetApplicationLayer(gopacket.ApplicationLayer) {}
func (*layerBuilder) SetErrorLayer(gopacket.ErrorLayer)             {}
func (*layerBuilder) DumpPacketData()                               {}
func (*layerBuilder) DecodeOptions() *gopacket.DecodeOptions        { return &gopacket.DecodeOptions{} }

// A header is one that gopacket has no layer for.
type header struct {
	layers.BaseLayer
	typ     gopacket.LayerType
	next    gopacket.Decoder
	network uint32 // number of the tunnel
	keyed   bool   // it has one
	mac     uint64 // source, 0 if it has none
	wire    int    // bytes behind the header by its own account, 0 if it has none
	swapped bool   // the 802.11 header behind it has the bytes of Frame Control the other way round
}

func (h *header) LayerType() gopacket.LayerType { return h.typ }

// tunnel says what follows the header, in a network of this number.
func (h *header) tunnel(network uint32, next gopacket.Decoder) {
	h.network, h.keyed, h.next = network, true, next
}

// The layers of this package have the numbers from firstLayer up to nextLayer.
const firstLayer gopacket.LayerType = 74700

var nextLayer = firstLayer

// fixed makes a layer of gopacket whose header has n bytes; next says from them what follows.
func fixed(name string, n int, next func(b []byte) gopacket.Decoder) gopacket.LayerType {
	return register(name, n, func(h *header, b []byte) int {
		h.next = next(b)
		return n
	})
}

// tunnel makes a layer without a header: a network of its own, in which next follows.
func tunnel(name string, network uint32, next gopacket.Decoder) gopacket.LayerType {
	return register(name, 0, func(h *header, _ []byte) int {
		h.tunnel(network, next)
		return 0
	})
}

// register makes a layer of gopacket from read, which returns the length of the header at b and sets what follows
// it. b has at least the given bytes. A length beyond b says that the header is not whole.
func register(name string, least int, read func(h *header, b []byte) int) gopacket.LayerType {
	typ := nextLayer
	nextLayer++
	decode := func(b []byte, p gopacket.PacketBuilder) error {
		if len(b) < least {
			return short(least)
		}
		h := &header{typ: typ, next: gopacket.LayerTypePayload}
		n := read(h, b)
		if n > len(b) {
			return short(n)
		}
		h.BaseLayer = layers.BaseLayer{Contents: b[:n], Payload: b[n:]}
		p.AddLayer(h)
		return p.NextDecoder(h.next)
	}
	meta := gopacket.LayerTypeMetadata{Name: name, Decoder: gopacket.DecodeFunc(decode)}
	return gopacket.RegisterLayerType(int(typ), meta)
}

// short is the error of a packet that ends before a header of so many bytes does.
type short int

func (n short) Error() string { return fmt.Sprintf("header of %d bytes is cut", int(n)) }

// What follows a header and gopacket has no number for. This package goes on itself there.
type (
	linkType uint32 // gopacket's has 8 bits
	family   uint32 // of addresses, on any system
	unread   Reason
)

var errOwn = errors.New("read by package decode")

func (linkType) Decode([]byte, gopacket.PacketBuilder) error { return errOwn }
func (family) Decode([]byte, gopacket.PacketBuilder) error   { return errOwn }
func (unread) Decode([]byte, gopacket.PacketBuilder) error   { return errOwn }

// likelyIP returns the version of IP at b, where nothing has promised a packet of IP.
func likelyIP(b []byte) gopacket.Decoder {
	if len(b) > 0 {
		switch b[0] >> 4 {
		case 4:
			return layers.LayerTypeIPv4
		case 6:
			return layers.LayerTypeIPv6
		}
	}
	return gopacket.LayerTypePayload
}

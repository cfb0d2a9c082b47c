package decode

import (
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// A Layer is one header of a packet that carries addresses or ends before the data.
type Layer struct {
	Kind   LayerKind
	Offset int // of the header in Packet.Data
}

// LayerKind tells what stands at a Layer.
type LayerKind uint8

// The kinds of a Layer.
const (
	LayerEthernet LayerKind = iota
	LayerSLL                // Linux cooked, version 1
	LayerSLL2               // Linux cooked, version 2
	LayerIPv4
	LayerIPv6
	LayerTCP
	LayerQuotedTCP // in an ICMP error
)

// Outline returns where in p the headers stand that Decode reads, from the outermost to the innermost:
// for who rewrites packets. Nothing is counted. The list is valid until the next call.
func (d *Decoder) Outline(p *capture.Packet) []Layer {
	var seg flows.Segment
	d.outline, d.outlining = d.outline[:0], true
	d.read(p, &seg)
	d.outlining = false
	return d.outline
}

// TCPHeader returns, after Decode returned Segment, ICMPError or Malformed, the captured bytes of the segment or of
// the quotation from its TCP header on, and its length on the wire. They are valid as long as the packet is.
func (d *Decoder) TCPHeader() (b []byte, wire int) { return d.header, d.headerWire }

// layer notes that a header begins at b, which is the packet's own memory unless fragments were put
// together.
func (d *Decoder) layer(kind LayerKind, b []byte) {
	if !d.outlining || len(b) == 0 {
		return
	}
	at := cap(d.pkt.Data) - cap(b)
	if at >= 0 && at < len(d.pkt.Data) && &d.pkt.Data[at] == &b[0] {
		d.outline = append(d.outline, Layer{kind, at})
	}
}

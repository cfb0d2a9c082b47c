// Package dissection reads the files that Wireshark's "Export Packet Dissections" writes as JSON or PDML, and tshark as
// JSON for Elasticsearch, back into segments, provided that they contain the TCP fields. Begin with [Recognise] and
// [NewReader]. Memory does not grow with the export or with any value in it.
//
// The exports are described at https://wiki.wireshark.org/PDML and in tshark(1), -T json, -T ek and -T pdml.
package dissection

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/rstexplain/rstexplain/flows"
)

// A Format is one of the exports that can be read.
type Format string

// The formats. NotExport is any other text or file.
const (
	NotExport Format = ""
	JSON      Format = "json"
	EK        Format = "ek" // lines of JSON, as Elasticsearch takes them
	PDML      Format = "pdml"
)

// Recognise returns the format of an export from the first bytes of the file, of which a few hundred are enough.
func Recognise(head []byte) Format {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("<")) && bytes.Contains(text, []byte("<pdml")):
		return PDML
	case bytes.HasPrefix(text, []byte("[")) &&
		(bytes.Contains(text, []byte(`"_index"`)) || bytes.Contains(text, []byte(`"_source"`))):
		return JSON
	case bytes.HasPrefix(text, []byte(`{"index"`)) && bytes.Contains(text, []byte(`"layers"`)),
		bytes.HasPrefix(text, []byte(`{"timestamp"`)) && bytes.Contains(text, []byte(`"layers"`)):
		return EK
	}
	return NotExport
}

// A Packet is one packet of an export.
type Packet struct {
	Frame   int
	Time    flows.Time
	TCP     bool          // Segment is filled in
	Segment flows.Segment // its Payload is valid until the next call of Next
	ICMP    bool          // Note is filled in
	Note    flows.ICMPNote
}

// LeftOut counts what an explanation would use but the export does not contain.
type LeftOut struct {
	Payload  int // segments with data whose bytes are missing
	RawSEQ   int // segments with relative sequence numbers only
	TTL      int // segments without a TTL or hop limit
	Unusable int // packets with TCP fields too few to make a segment
	Long     int // values too long to be read to their end
}

// A Reader reads one export.
type Reader struct {
	Packets int // read so far
	Left    LeftOut

	walk   func(*fields) error // reads the next packet's fields
	fields fields
}

// ErrDamaged is in the chain of errors that Next returns when the text of an export breaks off or is no
// well-formed JSON or XML.
var ErrDamaged = errors.New("the export is truncated or damaged")

// ErrRawOnly is what Next returns for an export that holds bytes and no fields (tshark -T jsonraw).
var ErrRawOnly = errors.New("the export contains raw bytes but no dissected fields")

// NewReader returns a Reader of the export of the given format. Its error is that of a format that
// is none.
func NewReader(r io.Reader, format Format) (*Reader, error) {
	in := bufio.NewReaderSize(r, 256<<10)
	d := new(Reader)
	switch format {
	case JSON:
		d.walk = newJSONWalker(in, &d.Left.Long).next
	case EK:
		d.walk = (&ekWalker{*newJSONWalker(in, &d.Left.Long)}).next
	case PDML:
		bounds := &xmlBounds{from: in, cut: &d.Left.Long}
		d.walk = (&pdmlWalker{dec: xml.NewDecoder(bounds), bounds: bounds}).next
	default:
		return nil, fmt.Errorf("dissection: no format %q", format)
	}
	return d, nil
}

// Next reads the next packet into p. It returns io.EOF after the last one, ErrRawOnly, or an error that wraps
// ErrDamaged, or says what no export holds, and the byte where; p is not to be used then.
func (r *Reader) Next(p *Packet) error {
	r.fields.reset()
	if err := r.walk(&r.fields); err != nil {
		return err
	}
	r.Packets++
	*p = Packet{Frame: r.fields.frame, Time: r.fields.time}
	if p.Frame == 0 { // an export without the frame layer: count, as Wireshark would
		p.Frame = r.Packets
	}
	r.fields.fill(p, &r.Left)
	return nil
}

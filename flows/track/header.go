package track

import (
	"github.com/rstexplain/rstexplain/flows"
)

// A Header is what most segments of a capture consist of, for a decoder that reads them where they lie: its fields are
// those of a flows.Segment.
type Header struct {
	Frame            int
	Time             flows.Time
	SrcPort, DstPort uint16
	SEQ, ACK         flows.Seq
	DataLen          uint32
	Flags            flows.Flags
	WND, IPID        uint16
	TTL              uint8
	Interface        uint16
	Domain           uint32
	MAC              uint64
	Opts             flows.Options
}

package decode

import (
	"encoding/hex"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

var plain = unhex("020000000002020000000001" + "0800" + "45000034123440004006000a0a00000a0a000002"[:40] + "005001bb0000000100000002801001f600000000" + "0101080a0000000100000002")

func BenchmarkDecode(b *testing.B) {
	var d Decoder
	var segs [512]flows.Segment
	p := capture.Packet{Data: plain, Length: uint32(len(plain)), Link: 1, Frame: 1}
	if d.Decode(&p, &segs[0]) != Segment {
		b.Fatal(d.why)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		d.Decode(&p, &segs[i&511])
		i++
	}
}

package rewrite

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/flows"
)

// What is written is read back as what it was made of; where addresses are mapped, nothing of them, of names and of data is
// in the file.
func TestSynthetic(t *testing.T) {
	addr := func(s string) flows.Addr { return flows.AddrFrom(netip.MustParseAddrPort(s)) }
	s := flows.Segment{
		Time: 1e18, Src: addr("192.0.2.1:40000"), Dst: addr("198.51.100.7:80"), SEQ: 7, ACK: 9, Flags: flows.ACK | flows.PSH, WND: 5, DataLen: 12,
		Payload: []byte("secret words"), TTL: 61, IPID: 77, DF: true,
		Opts: flows.Options{TSval: 3, TSecr: 4, HasTS: true, HasSACK: true, MPTCP: flows.MPTCPPresent | flows.MPTCPFastClose},
	}
	note := flows.ICMPNote{Mark: flows.Mark{Time: 1e18 + 1}, From: addr("192.0.2.254:0"), Type: 3, Code: 4, MTU: 1400, Src: s.Src, Dst: s.Dst}
	write := func(pan *CryptoPAn) []byte {
		var out bytes.Buffer
		y, err := NewSynthetic(&out, pan)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			y.Name(netip.MustParseAddr("192.0.2.1"), "client.example"), y.Segment(&s, []uint32{100, 200}, "line 1"), y.ICMP(&note, "line 2"), y.Close(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return out.Bytes()
	}
	read := func(file []byte) (got flows.Segment, err flows.ICMPNote, raw []byte) {
		r, e := capture.NewReader(bytes.NewReader(file), capture.Options{})
		if e != nil {
			t.Fatal(e)
		}
		defer r.Close()
		var d decode.Decoder
		var b capture.Batch
		for r.Next(&b) == nil {
			for i := range b.Packets {
				var s flows.Segment
				switch d.Decode(&b.Packets[i], &s) {
				case decode.Segment:
					got, raw = s, bytes.Clone(b.Packets[i].Data)
					got.Payload = bytes.Clone(s.Payload)
				case decode.ICMPError:
					err = d.Note
				default:
					t.Errorf("packet %d is not understood", i+1)
				}
			}
		}
		if len(r.Problems()) > 0 {
			t.Errorf("problems: %v", r.Problems())
		}
		return got, err, raw
	}
	file := write(nil)
	got, icmp, raw := read(file)
	if got.Src != s.Src || got.Dst != s.Dst || got.SEQ != 7 || got.ACK != 9 || got.Flags != s.Flags || got.WND != 5 || string(got.Payload) != "secret words" ||
		got.TTL != 61 || got.IPID != 77 || !got.DF || got.Opts.TSval != 3 || got.Opts.TSecr != 4 || !got.Opts.HasSACK || got.Opts.MPTCP != s.Opts.MPTCP || got.Time != s.Time {
		t.Errorf("segment read back as %+v", got)
	}
	if !bytes.Contains(raw, []byte{5, 10, 0, 0, 0, 100, 0, 0, 0, 200}) {
		t.Errorf("no SACK block 100 to 200 in % x", raw)
	}
	if icmp.Src != s.Src || icmp.Dst != s.Dst || icmp.From != note.From || icmp.Type != 3 || icmp.Code != 4 || icmp.MTU != 1400 {
		t.Errorf("ICMP error read back as %+v", icmp)
	}
	if !bytes.Contains(file, []byte("client.example")) {
		t.Error("no name")
	}

	pan, err := NewCryptoPAn(bytes.Repeat([]byte{7}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	file = write(pan)
	for _, leak := range [][]byte{{192, 0, 2}, {198, 51, 100}, []byte("client"), []byte("secret")} {
		if bytes.Contains(file, leak) {
			t.Errorf("%q is in the anonymized capture", leak)
		}
	}
	got, icmp, _ = read(file)
	if mapped := pan.Map(netip.MustParseAddr("192.0.2.1")); got.Src.AddrPort().Addr() != mapped || icmp.Src != got.Src || got.SEQ != 7 || got.DataLen != 12 || got.Opts.TSval == 3 {
		t.Errorf("anonymized segment read back as %+v", got)
	}
}

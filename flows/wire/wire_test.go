package wire_test

import (
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/wire"
)

func TestParse(t *testing.T) {
	segs, err := wire.Parse(`
conn 3 192.0.2.9:5 > [2001:db8::1]:443   # addresses of both families may be mixed in a test
conn 1 192.0.2.1:40000 > 198.51.100.7:80
> iss 4294967295 ttl 60 ipid 7 mac 02:00:00:00:00:01
< iss 90 ttl 57 ipid 0 vlan 5
0.5    > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.010 < S. 0:0(0) ack 1 win 65160 <mss 1400> ttl 58
+0     > P. 1 ack 1 "GET / # no comment\r\n"
frame 100
2      > .  100:2000(1900) ack 1 "abc" snap 5
+1     < R. =0:0(0) ack 1 hdr 24 cut
+1     2> S 0
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(segs) != 6 {
		t.Fatalf("%d segments, want 6", len(segs))
	}
	syn, synack, get, data, rst, other := &segs[0], &segs[1], &segs[2], &segs[3], &segs[4], &segs[5]
	check := func(ok bool, what string) {
		t.Helper()
		if !ok {
			t.Errorf("wrong: %s", what)
		}
	}
	check(syn.SEQ == 4294967295 && syn.Flags == flows.SYN && syn.WND == 64240 && syn.TTL == 60 && syn.IPID == 7, "SYN's fields")
	check(syn.MAC == 0x020000000001 && syn.Src.String() == "192.0.2.1:40000" && syn.Dst.String() == "198.51.100.7:80", "SYN's addresses")
	check(syn.Opts == flows.Options{MSS: 1460, SACKOK: true, HasTS: true, TSval: 1, HasWScale: true, WScale: 7, Kinds: 4}, "SYN's options")
	check(syn.HeaderLen == 40, "SYN's header length")
	check(synack.SEQ == 90 && synack.ACK == 0 && synack.TTL == 58 && synack.IPID == 0 && synack.Domain == 5, "SYN-ACK's fields")
	check(get.SEQ == 0 && get.ACK == 91 && get.DataLen == 20 && string(get.Payload) == "GET / # no comment\r\n" && get.IPID == 8, "data")
	check(data.Frame == 100 && data.DataLen == 1900 && string(data.Payload) == "abcxx", "filled and cut payload")
	check(data.Time.Sub(syn.Time) == 1500e6, "absolute time")
	check(rst.SEQ == 0 && rst.ACK == 0 && rst.HeaderLen == 24 && rst.Cut, "absolute sequence number")
	check(other.Frame == 102 && other.Src.Port == 40002 && other.SEQ == 2000, "another connection")
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"0 > Q 0":                       `line 1: unknown flag 'Q' in "Q"`,
		"\n0 > . 0":                     `line 2: the ACK flag (.) and "ack N" go together`,
		"0 > S 0 ack 1":                 `line 1: the ACK flag (.) and "ack N" go together`,
		"0 > P. 1:3(1) ack 1":           `line 1: "1:3(1)": the length is 2`,
		"0 > P. 1:3(2) ack 1 \"abc\"":   `line 1: payload has 3 bytes, more than the length 2`,
		"0 > P. 1 ack 1 \"abc":          `line 1: string is not closed, or has a bad escape: "abc`,
		"0 > S 0 <mss>":                 `line 1: option "mss": wrong number of words`,
		"0 > S 0 <foo 1>":               `line 1: unknown option "foo"`,
		"0 > S 0 ttl 256":               `line 1: ttl wants a number of 8 bits, not "256"`,
		"0 > S 0 colour red":            `line 1: unknown key "colour"`,
		"hello":                         `line 1: "hello" is neither a directive nor a time in seconds`,
		"0 ^ S 0":                       `line 1: "^" is neither a direction (> or <) nor icmp`,
		"conn x":                        `line 1: conn wants a number, not "x"`,
		"> frame 3":                     `line 1: "frame" is no default of a side`,
		"0 icmp 3/1 from 10.0.0.1 to >": `line 1: icmp wants TYPE/CODE from ADDR quotes DIRECTION`,
	} {
		if _, err := wire.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestICMP(t *testing.T) {
	s, err := wire.Read("0 > S 0\n+1 icmp 3/4 from 203.0.113.1 quotes > syn mtu 1280")
	if err != nil {
		t.Fatal(err)
	}
	n := s.Items[1].ICMP
	if n == nil || n.Type != 3 || n.Code != 4 || n.MTU != 1280 || !n.QuotedSYN || n.Src != s.Items[0].Segment.Src || n.Frame != 2 {
		t.Errorf("got %+v", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0 > S 0:0(0) win 1 <mss 1460>\n+0.1 < R. =0:0(0) ack 1 \"x\"\n0 icmp 3/1 from 10.0.0.1 quotes <")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := wire.Resets(text); err != nil {
			t.Skip()
		}
	})
}

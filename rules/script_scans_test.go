package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// synScan is a scanner's SYNs to two ports, with one source port and sequence number, and each a packet of its own.
const synScan = `
conn 1 192.0.2.9:65216 > 198.51.100.7:22
> iss 5000 ttl 44 ipid 57912
< iss 9000 ttl 64 ipid 0
0.00000  > S  0:0(0) win 1024 <mss 1460>
+0.00003 < S. 0:0(0) ack 1 win 64240 <mss 1460>
conn 2 192.0.2.9:65216 > 198.51.100.7:80
> iss 5000 ttl 36 ipid 21670
< iss 9900 ttl 64 ipid 0
+0.00001 > S  0:0(0) win 1024 <mss 1460>
`

// TestSYNScan: a scanner's SYNs are alike in source port and number, and no translation of one another, whatever becomes
// of the others.
func TestSYNScan(t *testing.T) {
	const reset = "\n+0.01 1> R 1:1(0) ttl 63 ipid 0 win 0"
	for what, others := range map[string]string{
		"accepted": "+0.00001 < S. 0:0(0) ack 1 win 64240 <mss 1460>",
		"refused":  "+0.00001 < R. =0:=0(0) ack 1 win 0",
		"dropped":  "",
	} {
		f := last(t, synScan+others+reset)
		if f.Rule != synProbe || f.Severity != Info || f.Claims(claim.SameSYN) {
			t.Errorf("%s: %s %s: %s\n%s", what, f.Rule.ID, f.Severity, f.Summary, tell(f))
		}
	}
	// The same SYN once more behind a router: it is the scanner's all the same.
	f := last(t, strings.NewReplacer("ttl 36 ipid 21670", "ttl 44 ipid 57912").Replace(synScan)+"\n+0.01 2< S. 0:0(0) ack 1\n"+
		"+0.01 2> R 1:1(0) ttl 63 ipid 0 win 0")
	if f.Rule != synProbe {
		t.Errorf("translated: %s: %s", f.Rule.ID, f.Summary)
	}
}

// TestUnfounded: a segment without SYN, ACK and RST belongs to no connection: none began before the capture, and its
// sender is the one who asks.
func TestUnfounded(t *testing.T) {
	for _, flags := range []string{"FPU", "F", "-"} {
		resets, found := explain(t, `
conn 1 192.0.2.9:443 > 198.51.100.7:50000
0 > `+flags+` 0:0(0) win 1024
+0.00001 < R. =0:=0(0) rawack 0 ack `+map[string]string{"FPU": "1", "F": "1", "-": "0"}[flags])
		r, f := resets[0], found[0]
		if f.Rule != synProbe || !f.Claims(claim.OddFlags) || f.Claims(claim.NoHandshake) || r.Conn.Guessed ||
			r.Conn.Defects.Has(flows.NoHandshake) || r.From != [2]flows.State{} || strings.Contains(f.Summary, "capture") {
			t.Errorf("%s: %s %v %b: %s\n%s", flags, f.Rule.ID, r.From, r.Conn.Defects, f.Summary, tell(f))
		}
	}
	// A FIN with ACK is one of a connection.
	resets, found := explain(t, "0 > F. 0:0(0) ack 77 win 1024\n+0.00001 < R =77:=77(0)")
	if f := found[0]; f.Rule == synProbe || !resets[0].Conn.Defects.Has(flows.NoHandshake) {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestRefusedProbe: a SYN that asks for a stack's options is a scanner's, and its refusal no outage.
func TestRefusedProbe(t *testing.T) {
	const refused = "0 > S 0:0(0) win 31337 <wscale 10,mss 265,TS val 4294967295 ecr 0,sackOK>\n+0.00001 < R. =0:=0(0) ack 1 win 0"
	if f := last(t, refused); f.Severity != Info || !f.Claims(claim.OddSYN) || !strings.Contains(tell(f), "timestamp 4294967295") {
		t.Errorf("%s: %s\n%s", f.Severity, f.Summary, tell(f))
	}
	if f := last(t, strings.Replace(refused, "4294967295", "4294967", 1)); f.Severity != Error || f.Claims(claim.OddSYN) {
		t.Errorf("%s: %s\n%s", f.Severity, f.Summary, tell(f))
	}
}

// TestACKProbe: an ACK of no connection is a scanner's where its host sends what scanners send; each is an event.
func TestACKProbe(t *testing.T) {
	const odd = `
conn 1
0 > FPU 0:0(0) win 1024
conn 2
0 > - 0:0(0) win 128
conn 3
0 > S 0:0(0) win 1 <mss 1460>
`
	const probe = `
conn 4
+1 > . =4000000:=4000000(0) ack =7000000 win 1024
+0.00001 < R =7000000:=7000000(0) win 0
+2 > . =1004000000:=1004000000(0) ack =2007000000 win 1024
+0.00001 < R =2007000000:=2007000000(0) win 0`
	if f := last(t, odd+probe); f.Rule != synProbe || f.Severity != Info || !f.Claims(claim.Crafted) || f.Repeats != 0 {
		t.Errorf("%s %s, of %d: %s\n%s", f.Rule.ID, f.Severity, f.Repeats, f.Summary, tell(f))
	}
	if f := last(t, probe); f.Rule != straySegment {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestRefusalFromNearer: a host of which the capture holds RSTs alone is known by what most of them have in common; the
// one that comes from nearer a device made.
func TestRefusalFromNearer(t *testing.T) {
	const scan = `
conn 1 192.0.2.9:5 > 198.51.100.7:25
< ttl 64
0.00000 > FPU 0:0(0) win 1024
+0.00001 < R. =0:=0(0) ack 1 win 0
conn 2 192.0.2.9:5 > 198.51.100.7:21
< ttl 63
+0.00001 > FPU 0:0(0) win 1024
+0.026 < R. =0:=0(0) ack 1 win 0
conn 3 192.0.2.9:5 > 198.51.100.7:20
< ttl 63
+0.00001 > FPU 0:0(0) win 1024
+0.026 < R. =0:=0(0) ack 1 win 0
conn 4 192.0.2.9:5 > 198.51.100.7:24
< ttl 63
+0.00001 > FPU 0:0(0) win 1024
+0.026 < R. =0:=0(0) ack 1 win 0`
	_, found := explain(t, scan)
	if found[0].Origin != OriginMiddlebox || found[1].Origin != OriginUnknown {
		t.Errorf("the nearer one %s, others %s", found[0].Origin, found[1].Origin)
	}
	_, found = explain(t, strings.ReplaceAll(scan, "ttl 63", "ttl 64"))
	if found[0].Origin != OriginUnknown {
		t.Errorf("all alike: %s", found[0].Origin)
	}
}

// TestRefusedBeforeCapture: what is answered at the beginning of a capture was sent before it, and shows no address
// that somebody forged; what comes later does.
func TestRefusedBeforeCapture(t *testing.T) {
	const shown = "conn 9\n" + answered
	refusals := unasked(4, "< R. =0:=0(0) ack 1 win 0 ipid 0")
	if f := last(t, shown+refusals); f.Rule == backscatter {
		t.Errorf("at the beginning: %s: %s", f.Rule.ID, f.Summary)
	}
	if f := last(t, shown+strings.Replace(refusals, "+0.050", "+1.050", 1)); f.Rule != backscatter {
		t.Errorf("later: %s: %s", f.Rule.ID, f.Summary)
	}
	// A host that sends scanners' segments: this RST may answer one.
	f := last(t, "0 < R. =0:=0(0) ack 1 win 0 ipid 0\nconn 2\n0 > FPU 0:0(0) win 1024\nconn 3\n0 > F 0:0(0) win 1024")
	if f.Rule != noListener || f.Confidence > 0.7 || f.Severity != Info || len(f.Alternatives) == 0 ||
		f.Alternatives[0].Detail != synProbeID {
		t.Errorf("%s %.2f %s: %s\n%s", f.Rule.ID, f.Confidence, f.Severity, f.Summary, tell(f))
	}
}

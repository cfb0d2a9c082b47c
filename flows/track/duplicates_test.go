package track_test

import (
	"testing"

	"github.com/rstexplain/rstexplain/flows"
)

func TestCopies(t *testing.T) {
	for _, c := range []struct {
		name, script   string
		copies, resent uint32
	}{
		{"span port, every packet twice", `
0      > S  0 ipid 1
0.0001 > S  0 ipid 1
0.01   < S. 0 ack 1 ipid 7
0.0101 < S. 0 ack 1 ipid 7
0.02   > .  1 ack 1 ipid 2
0.0201 > .  1 ack 1 ipid 2
0.03   > P. 1:11(10) ack 1 ipid 3
0.0301 > P. 1:11(10) ack 1 ipid 3`, 4, 0},
		{"captured on both sides of a router", shake + `
+0.03  > P. 1:11(10) ack 1 ipid 3 ttl 64
+0.02  > P. 1:11(10) ack 1 ipid 3 ttl 63`, 1, 0},
		{"four times, bridge and VLANs", shake + `
+0.03  > P. 1:11(10) ack 1 ipid 3
+0.001 > P. 1:11(10) ack 1 ipid 3 vlan 7
+0.001 > P. 1:11(10) ack 1 ipid 3 vlan 7 ttl 63
+0.001 > P. 1:11(10) ack 1 ipid 3 ttl 63`, 3, 0},
		{"IPv6 has no IP ID, but the VLAN differs", `
conn 1 [2001:db8::1]:4000 > [2001:db8::2]:80
0    > S 0
0.01 < S. 0 ack 1
0.02 > . 1 ack 1
0.03 > P. 1:11(10) ack 1
0.03 > P. 1:11(10) ack 1 vlan 3`, 1, 0},
		{"IPv6, the same bytes within a moment", `
conn 1 [2001:db8::1]:4000 > [2001:db8::2]:80
0    > S 0
0.01 < S. 0 ack 1
0.02 > . 1 ack 1
0.03 > P. 1:11(10) ack 1
+0.0001 > P. 1:11(10) ack 1`, 1, 0},
		{"IPv6, duplicate ACKs within a moment are no copies", `
conn 1 [2001:db8::1]:4000 > [2001:db8::2]:80
0    > S 0
0.01 < S. 0 ack 1
0.02 > . 1 ack 1
0.03 < P. 1:11(10) ack 1
+0.0001 > . 1 ack 11
+0.0001 > . 1 ack 11
+0.0001 > . 1 ack 11`, 0, 0},
		{"a retransmission has an IP ID of its own", shake + `
+0.03 > P. 1:11(10) ack 1 ipid 3
+0.05 > P. 1:11(10) ack 1 ipid 4`, 0, 1},
		{"IP ID 0, retransmitted after a timeout", shake + `
+0.03 > P. 1:11(10) ack 1 ipid 0
+0.2  > P. 1:11(10) ack 1 ipid 0`, 0, 1},
		{"IP ID 0, fast retransmit within the reach of a copy", shake + `
+0.03  > P. 1:11(10) ack 1 ipid 0
+0.003 > P. 1:11(10) ack 1 ipid 0`, 0, 1},
		{"IP ID always the same, so that it marks nothing", shake + `
+0.03 > P. 1:11(10) ack 1 ipid 9
+0.03 < . 1 ack 11
+0.03 > P. 11:21(10) ack 1 ipid 9
+0.05 > P. 11:21(10) ack 1 ipid 9`, 0, 1},
		{"IP ID 0, but the timestamp is new", shake + `
+0.03   > P. 1:11(10) ack 1 ipid 0 <TS val 100 ecr 0>
+0.0002 > P. 1:11(10) ack 1 ipid 0 vlan 3 <TS val 101 ecr 0>`, 0, 1},
		{"keep-alive probes", shake + `
+0.03 > P. 1:11(10) ack 1
+0.01 < . 1 ack 11
+1 > . 10 ack 1 ipid 0
+1 > . 10 ack 1 ipid 0
+1 > . 10 ack 1 ipid 0`, 0, 0},
		{"SYN resent after a second", "0 > S 0 ipid 0\n1 > S 0 ipid 0\n3 > S 0 ipid 0", 0, 2},
		{"three hops apart is another packet", shake + `
+0.03 > P. 1:11(10) ack 1 ipid 3 ttl 64
+0.02 > P. 1:11(10) ack 1 ipid 3 ttl 60`, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := after(t, c.script)
			if got.Duplicates != c.copies {
				t.Errorf("%d copies, want %d", got.Duplicates, c.copies)
			}
			if got.Ends[0].Retransmitted != c.resent {
				t.Errorf("%d resent, want %d", got.Ends[0].Retransmitted, c.resent)
			}
			if got.Defects.Has(flows.Duplicated) != (c.copies > 0) {
				t.Errorf("defects %b", got.Defects)
			}
		})
	}
}

func TestCopiedRST(t *testing.T) {
	const request = shake + "+0.03 > P. 1:11(10) ack 1 ipid 3\n"
	for _, c := range []struct {
		name, script string
		copies       []bool
	}{
		{"behind a router", request + "+0.01 < R 1 ipid 0 ttl 60\n+0.001 < R 1 ipid 0 ttl 59", []bool{false, true}},
		{"the same IP ID", request + "+0.01 < R. 1 ack 11 ipid 77\n+0.0001 < R. 1 ack 11 ipid 77\n+0.0001 < R. 1 ack 11 ipid 77", []bool{false, true, true}},
		{"a train: one for each segment in flight", shake + `
+0.03 > P. 1:11(10) ack 1
+0 > P. 11:21(10) ack 1
+0 > P. 21:31(10) ack 1
+0.01 < R 1 ipid 0
+0 < R 1 ipid 0
+0 < R 1 ipid 0`, []bool{false, false, false}},
		{"a train captured twice", `
0 > S 0 ipid 1
+0 > S 0 ipid 1 vlan 2
+0.01 < S. 0 ack 1 ipid 0
+0 < S. 0 ack 1 ipid 0 vlan 2
+0 > . 1 ack 1 ipid 2
+0 > . 1 ack 1 ipid 2 vlan 2
+0.03 > P. 1:11(10) ack 1 ipid 3
+0 > P. 1:11(10) ack 1 ipid 3 vlan 2
+0 > P. 11:21(10) ack 1 ipid 4
+0 > P. 11:21(10) ack 1 ipid 4 vlan 2
+0.01 < R 1 ipid 0
+0 < R 1 ipid 0 vlan 2
+0 < R 1 ipid 0
+0 < R 1 ipid 0 vlan 2`, []bool{false, true, false, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs := resets(t, c.script)
			if len(rs) != len(c.copies) {
				t.Fatalf("%d resets, want %d", len(rs), len(c.copies))
			}
			for i, r := range rs {
				if r.Notes.Has(flows.Duplicate) != c.copies[i] {
					t.Errorf("reset %d: copy %v", i, !c.copies[i])
				}
				if c.copies[i] {
					if rs[i-1].DuplicateOf == 0 && rs[i-1].After.Duplicates == 0 {
						t.Errorf("reset %d does not count its copies", i-1)
					}
					if o := rs[i-1]; r.DuplicateOf == 0 || r.Class != o.Class || r.Trigger != o.Trigger || len(r.Prior) == 0 {
						t.Errorf("reset %d: %+v", i, r)
					}
				}
			}
		})
	}
}

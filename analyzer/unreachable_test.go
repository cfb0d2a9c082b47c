package analyzer

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
)

// ICMP errors that end attempts to connect are reported, each kind once; others are not.
func TestUnreachables(t *testing.T) {
	router := flows.AddrFrom(netip.MustParseAddrPort("192.0.2.1:0"))
	server := flows.AddrFrom(netip.MustParseAddrPort("198.51.100.7:443"))
	server6 := flows.AddrFrom(netip.MustParseAddrPort("[2001:db8::7]:443"))
	note := func(frame int, dst flows.Addr, typ, code uint8, v6, syn bool) *flows.ICMPNote {
		n := &flows.ICMPNote{From: router, Dst: dst, Type: typ, Code: code, V6: v6, QuotedSYN: syn}
		n.Frame = frame
		return n
	}
	var u unreachables
	u.add(note(3, server, 3, 13, false, true))
	u.add(note(5, server, 3, 13, false, true))
	u.add(note(6, server6, 1, 4, true, true))
	u.add(note(7, server, 3, 1, false, false)) // about an open connection
	u.add(note(8, server, 11, 0, false, true)) // time exceeded
	u.add(note(9, server, 3, 4, false, true))  // fragmentation needed
	var got []string
	for _, n := range u.notes() {
		got = append(got, n.Says)
	}
	want := []string{
		`ICMP "communication administratively prohibited" from 192.0.2.1 in response to the SYN to 198.51.100.7:443 (twice): the application gets EHOSTUNREACH (no route to host) without a RST`,
		`ICMP "port unreachable" from 192.0.2.1 in response to the SYN to [2001:db8::7]:443: the application gets ECONNREFUSED (connection refused) without a RST`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for port := range 200 {
		other := server
		other.Port = uint16(port)
		u.add(note(10+port, other, 3, 3, false, true))
	}
	notes := u.notes()
	if len(notes) != unreachableKinds+1 || notes[unreachableKinds].Says != "102 further ICMP errors in response to SYNs to other services" {
		t.Errorf("%d notes, the last: %+v", len(notes), notes[len(notes)-1])
	}
}

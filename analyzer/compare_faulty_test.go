package analyzer

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

const unreadPath = "../testdata/lab/vantages/killed-unread-http"

// comparedAs compares the captures of a situation along the path; changes are made to those that are named.
func comparedAs(t *testing.T, dir string, names []string, changes map[string]transformation) *report.Comparison {
	t.Helper()
	var points []VantagePoint
	for i, n := range names {
		file := n
		if n == "router" {
			file = "client"
		}
		path := filepath.Join(dir, file+".pcapng")
		if f := changes[n]; f != nil {
			path, _ = transformed(t, path, uint64(i), f)
		}
		points = append(points, VantagePoint{n, []string{path}})
	}
	c, err := Compare(context.Background(), points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// said returns the kinds of what is said of all resets together.
func said(c *report.Comparison) []string {
	var kinds []string
	for i := range c.Resets {
		for _, k := range c.Resets[i].Shows {
			kinds = append(kinds, k.Claim)
		}
	}
	return kinds
}

// twice captures each packet again, as a SPAN port of two interfaces does.
func twice(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
	return at, [][]byte{frame, slices.Clone(frame)}
}

// A mirrored capture holds each RST twice; it is one, and nothing was lost.
func TestCompareMirrored(t *testing.T) {
	c := comparedAs(t, unreadPath, []string{"client", "server"}, map[string]transformation{"server": twice})
	if len(c.Resets) != 1 || len(c.Resets[0].Seen) != 3 || !c.Resets[0].Proven {
		t.Fatalf("got %+v", c.Resets)
	}
	if kinds := said(c); slices.Contains(kinds, "segments-lost") || slices.Contains(kinds, "lost-on-the-way") {
		t.Errorf("got %v", kinds)
	}
}

// A clock that is set during the capture loses no segments.
func TestCompareStepLosesNothing(t *testing.T) {
	var first time.Time
	step := func(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
		if first.IsZero() {
			first = at
		}
		if at.Sub(first) > 100*time.Millisecond {
			at = at.Add(1500 * time.Millisecond)
		}
		return at, [][]byte{frame}
	}
	c := comparedAs(t, unreadPath, []string{"client", "server"}, map[string]transformation{"server": step})
	if kinds := said(c); len(c.Resets) != 1 || len(c.Resets[0].Seen) != 2 || slices.Contains(kinds, "segments-lost") {
		t.Errorf("got %v of %d resets", kinds, len(c.Resets))
	}
	if !slices.ContainsFunc(c.Warnings, func(w report.Warning) bool { return strings.Contains(w.Says, "one of them was set") }) {
		t.Errorf("the step is not noticed: %v", c.Warnings)
	}
}

// A capture that had ended says nothing of a RST: neither that the RST left the host there, nor that a device made it.
func TestCompareEndedCapture(t *testing.T) {
	n := 0
	ended := func(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
		if n++; n > 6 {
			return at, nil
		}
		return at, [][]byte{frame}
	}
	c := comparedAs(t, unreadPath, []string{"client", "server"}, map[string]transformation{"server": ended})
	if len(c.Resets) != 1 {
		t.Fatalf("got %d resets", len(c.Resets))
	}
	r := &c.Resets[0]
	if r.Proven || r.Origin != "endpoint" || slices.Contains(said(c), "left-host") {
		t.Errorf("proven %v, %s, %v: %s", r.Proven, r.Origin, said(c), r.Says)
	}
}

// proxied makes of a connection another one of a proxy that keeps the addresses: other sequence numbers and IP IDs. The
// timestamps are the same where one kernel counts them for both.
func proxied(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
	if ip, tcp, v6 := header(frame); ip != nil && !v6 {
		const client, server = 0x10001, 0x20002
		seq, ack := uint32(client), uint32(server)
		if binary.BigEndian.Uint16(tcp) < 32768 {
			seq, ack = ack, seq
		}
		binary.BigEndian.PutUint32(tcp[4:], binary.BigEndian.Uint32(tcp[4:])+seq)
		if tcp[13]&0x10 != 0 {
			binary.BigEndian.PutUint32(tcp[8:], binary.BigEndian.Uint32(tcp[8:])+ack)
		}
		if id := binary.BigEndian.Uint16(ip[4:]); id != 0 {
			binary.BigEndian.PutUint16(ip[4:], id^0x5555)
		}
	}
	return at, [][]byte{frame}
}

// A transparent proxy has two connections with the same addresses; a RST of the one is none of the other.
func TestCompareTransparentProxy(t *testing.T) {
	c := comparedAs(t, unreadPath, []string{"client", "server"}, map[string]transformation{"server": proxied})
	if c.Connections.Paired != 0 || len(c.Resets) != 2 {
		t.Errorf("%d connections are paired; %d resets", c.Connections.Paired, len(c.Resets))
	}
	for i := range c.Resets {
		if c.Resets[i].Proven {
			t.Errorf("proven: %s", c.Resets[i].Says)
		}
	}
}

// mergedCapture writes captures of one host as one, in the order of time.
func mergedCapture(t *testing.T, paths ...string) string {
	type packet struct {
		info gopacket.CaptureInfo
		data []byte
	}
	var all []packet
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := pcapgo.NewNgReader(f, pcapgo.NgReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			data, info, err := r.ReadPacketData()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			info.InterfaceIndex = 0
			all = append(all, packet{info, slices.Clone(data)})
		}
	}
	slices.SortStableFunc(all, func(a, b packet) int { return a.info.Timestamp.Compare(b.info.Timestamp) })
	path := filepath.Join(t.TempDir(), "merged.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := pcapgo.NewNgWriterInterface(f, pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 9},
		pcapgo.NgWriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if err := w.WritePacket(p.info, p.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// The capture of all interfaces of a router holds each forwarded packet twice, with other addresses where there is NAT. Each
// RST is one, and one that the router makes itself is its own.
func TestCompareAllInterfacesOfRouter(t *testing.T) {
	for _, v := range []struct {
		dir    string
		madeAt string
		copies int // of the RST, at the router
	}{
		{"nat-killed-unread", "server", 2},
		{"nat-closed-port", "server", 2},
		{"killed-unread-http", "server", 2},
		{"policy-reject", "router", 1},
	} {
		for _, at := range [][]string{{"client", "router", "server"}, {"client", "router"}} {
			t.Run(v.dir+"/"+strings.Join(at, ","), func(t *testing.T) {
				dir := filepath.Join("../testdata/lab/vantages", v.dir)
				var points []VantagePoint
				for _, n := range at {
					path := filepath.Join(dir, n+".pcapng")
					if n == "router" {
						path = mergedCapture(t, filepath.Join(dir, "router-in.pcapng"), filepath.Join(dir, "router-out.pcapng"))
					}
					points = append(points, VantagePoint{n, []string{path}})
				}
				c, err := Compare(context.Background(), points, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if len(c.Resets) == 0 {
					t.Fatal("no reset")
				}
				madeAt := v.madeAt
				if madeAt == "server" && len(at) == 2 {
					madeAt = "beyond router"
				}
				for _, r := range c.Resets {
					copies := 0
					for _, p := range r.Seen {
						if p.At == "router" {
							copies++
						}
					}
					if copies != v.copies || r.MadeAt != madeAt {
						t.Errorf("%v: made at %s: %s", r.Seen, r.MadeAt, r.Says)
					}
				}
			})
		}
	}
}

// Where NAT rewrites addresses, the report has those of the other capture too.
func TestCompareTranslated(t *testing.T) {
	c := comparedAs(t, unreadPath, []string{"client", "server"}, map[string]transformation{"server": nat})
	if len(c.Resets) != 1 || len(c.Resets[0].Other) != 1 {
		t.Fatalf("got %+v", c.Resets)
	}
	if o := c.Resets[0].Other[0]; o.Originator == c.Resets[0].Originator || o.Responder == c.Resets[0].Responder {
		t.Errorf("got %+v, and %s → %s", o, c.Resets[0].Originator, c.Resets[0].Responder)
	}
	if c = comparedAs(t, unreadPath, []string{"client", "server"}, nil); c.Resets[0].Other != nil {
		t.Errorf("got %+v without NAT", c.Resets[0].Other)
	}
}

// An ICMP error that a device sent to the client alone is said to be at the client, and not at the server.
func TestCompareICMPAtOnePlace(t *testing.T) {
	n := 0
	prohibited := func(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
		ip, tcp, v6 := header(frame)
		if n++; n != 4 || ip == nil || v6 {
			return at, [][]byte{frame}
		}
		if binary.BigEndian.Uint16(tcp) < 32768 {
			t.Fatal("the fourth packet is not the client's")
		}
		quoted := slices.Clone(ip[:min(len(ip), 48)])
		icmp := append([]byte{3, 13, 0, 0, 0, 0, 0, 0}, quoted...)
		out := []byte{0x45, 0, 0, byte(20 + len(icmp)), 0, 1, 0, 0, 63, 1, 0, 0, 203, 0, 113, 9}
		out = append(append(out, ip[12:16]...), icmp...)
		sum := func(b []byte) uint16 {
			var s uint32
			for i := 0; i+1 < len(b); i += 2 {
				s += uint32(binary.BigEndian.Uint16(b[i:]))
			}
			return ^uint16(s + s>>16)
		}
		binary.BigEndian.PutUint16(out[10:], sum(out[:20]))
		binary.BigEndian.PutUint16(out[22:], sum(out[20:]))
		return at, [][]byte{frame, append(append([]byte{}, frame[:14]...), out...)}
	}
	c := comparedAs(t, unreadPath, []string{"client", "server"}, map[string]transformation{"client": prohibited})
	if len(c.Resets) != 1 {
		t.Fatalf("got %d resets", len(c.Resets))
	}
	var found *report.SharedClaim
	for i := range c.Resets[0].Shows {
		if k := &c.Resets[0].Shows[i]; k.Claim == "icmp-at-one-place" {
			found = k
		}
	}
	if found == nil || found.Not != "server" || len(found.Frames) != 1 || found.Frames[0] != (report.PacketAt{At: "client", Frame: 5}) {
		t.Fatalf("got %+v of %v", found, said(c))
	}
	if !strings.Contains(found.Says, "203.0.113.9") {
		t.Errorf("it does not name who sent the error: %s", found.Says)
	}
}

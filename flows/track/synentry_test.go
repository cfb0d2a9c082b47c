package track_test

import (
	"reflect"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// A connection that began as a SYN cache entry is reported as one that never was one, whatever comes after its SYN.
func TestEmbryoIsNoOther(t *testing.T) {
	notPlain(t)
	offers := map[string]func(s *flows.Segment){
		"bare": func(*flows.Segment) {},
		"Linux": func(s *flows.Segment) {
			s.Opts = flows.Options{TSval: 77, HasTS: true, MSS: 1460, WScale: 7, HasWScale: true, SACKOK: true, Kinds: 4}
			s.MAC, s.Domain, s.Interface = 0x0200_0000_0001, 7, 1
			s.IPID = 0
		},
		"ECN, multipath": func(s *flows.Segment) {
			s.Flags |= flows.ECE | flows.CWR
			s.Opts = flows.Options{MPTCP: flows.MPTCPPresent, MSS: 536, WScale: 200, HasWScale: true, Kinds: 3}
		},
		"downwards": func(s *flows.Segment) { s.Src.IP[12], s.Dst.IP[12] = s.Dst.IP[12], s.Src.IP[12] },
	}
	then := map[string]func(tab *track.Table, s flows.Segment){
		"nothing": func(*track.Table, flows.Segment) {},
		"refusal": func(tab *track.Table, s flows.Segment) {
			a := answer(s, flows.RST|flows.ACK)
			tab.Add(&a)
		},
		"handshake and reset": func(tab *track.Table, s flows.Segment) {
			a := answer(s, flows.SYN|flows.ACK)
			tab.Add(&a)
			a = answer(a, flows.RST)
			a.SEQ = s.SEQ + 1
			tab.Add(&a)
		},
		"copy": func(tab *track.Table, s flows.Segment) {
			s.Frame++
			s.Domain++
			tab.Add(&s)
		},
		"twice": func(tab *track.Table, s flows.Segment) {
			s.Frame++
			s.Time += 2e6 // neither at once nor after a timer: without an IP ID, the place tells
			tab.Add(&s)
		},
		"resent": func(tab *track.Table, s flows.Segment) {
			s.Frame, s.Time, s.IPID = s.Frame+1, s.Time+1e9, s.IPID+1
			tab.Add(&s)
			a := answer(s, flows.RST|flows.ACK)
			tab.Add(&a)
		},
		"earlier": func(tab *track.Table, s flows.Segment) {
			s.Frame, s.Time, s.IPID = s.Frame+1, s.Time-1, s.IPID+1
			tab.Add(&s)
		},
		"again": func(tab *track.Table, s flows.Segment) {
			s.Frame, s.Time, s.SEQ = s.Frame+1, s.Time+1e9, s.SEQ+1000
			tab.Add(&s)
		},
		"quoted": func(tab *track.Table, s flows.Segment) {
			tab.AddICMP(flows.ICMPNote{Mark: flows.Mark{Frame: s.Frame + 1, Time: s.Time + 1}, Src: s.Src, Dst: s.Dst, Type: 3, Code: 13, QuotedSYN: true})
			tab.Number(&s)
		},
	}
	for from, offer := range offers {
		for what, follow := range then {
			t.Run(from+"/"+what, func(t *testing.T) {
				var got [2][]*flows.Reset
				var conns [2]*flows.Conn
				for i := range got {
					tab := track.NewTable(track.TableOptions{}, func(r *flows.Reset) { got[i] = append(got[i], r) })
					tab.Embryos([2]int{100, 0}[i])
					other := syn(256, 1)
					tab.Add(&other)
					s := syn(5, 10)
					offer(&s)
					tab.Add(&s)
					for n := 6; n < 8; n++ { // of the same host
						more := syn(n, 10+n)
						more.Src.IP, more.TTL = s.Src.IP, s.TTL-1
						tab.Add(&more)
					}
					if tab.Unhatched() != 4*i {
						t.Fatalf("%d embryos, want %d", tab.Unhatched(), 4*i)
					}
					s.Frame += 20
					follow(tab, s)
					if tab.Unhatched() != 3*i && what != "nothing" {
						t.Error("it is an embryo still")
					}
					tab.Flush()
					conns[i] = tab.Lookup(s.Src, s.Dst)
				}
				if !reflect.DeepEqual(conns[0], conns[1]) {
					t.Errorf("connection\n%+v\nas an embryo\n%+v", conns[0], conns[1])
				}
				if !reflect.DeepEqual(got[0], got[1]) {
					t.Errorf("resets\n%+v\nas an embryo\n%+v", got[0], got[1])
				}
			})
		}
	}
}

// What a SYN cache entry cannot hold is a record from the beginning.
func TestNoEmbryo(t *testing.T) {
	notPlain(t)
	for what, change := range map[string]func(s *flows.Segment){
		"SYN-ACK":   func(s *flows.Segment) { s.Flags |= flows.ACK },
		"RST":       func(s *flows.Segment) { s.Flags |= flows.RST },
		"FIN":       func(s *flows.Segment) { s.Flags |= flows.FIN },
		"data":      func(s *flows.Segment) { s.DataLen = 1 },
		"an ACK":    func(s *flows.Segment) { s.ACK = 1 },
		"AE":        func(s *flows.Segment) { s.Flags |= flows.AE },
		"no SYN":    func(s *flows.Segment) { s.Flags = flows.ACK },
		"no alias":  func(s *flows.Segment) { s.Src.IP[0], s.Dst.IP[0] = 0x20, 0x20 },
		"late time": func(s *flows.Segment) { s.Time = 1 },
	} {
		tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
		tab.Embryos(0)
		tab.Aliases(0)
		s := syn(1, 100)
		tab.Add(&s)
		s = syn(2, 101)
		change(&s)
		tab.Add(&s)
		if n := tab.Unhatched(); n != 1 {
			t.Errorf("%s: %d embryos, want 1", what, n)
		}
	}
}

// In a flood the oldest half-open connections go, and their stream numbers stay known. What is answered stays.
func TestFloodOfEmbryos(t *testing.T) {
	notPlain(t)
	const most, flood = 10_000, 60_000
	tab := track.NewTable(track.TableOptions{MaxConnections: most}, func(*flows.Reset) {})
	frame := 0
	add := func(s flows.Segment) int {
		frame++
		s.Frame, s.Time = frame, flows.Time(frame)*1000
		return tab.Add(&s)
	}
	for n := range flood {
		if got := add(syn(n, 0)); got != n {
			t.Fatalf("stream %d of connection %d", got, n)
		}
		if n%20 == 0 {
			add(answer(syn(n, 0), flows.SYN|flows.ACK))
		}
	}
	st := tab.Stats()
	if st.Open != most || st.PeakOpen != most || st.Evicted != flood-most || tab.Unhatched() < most/4 {
		t.Errorf("%d embryos, %+v", tab.Unhatched(), st)
	}
	answered, young := 0, 0
	for n := range flood {
		s := syn(n, 0)
		switch kept := tab.Lookup(s.Src, s.Dst) != nil; {
		case n%20 == 0 && kept:
			answered++
		case n >= flood-most/2 && kept:
			young++
		}
	}
	if answered != flood/20 {
		t.Errorf("%d of %d answered connections are left", answered, flood/20)
	}
	if young < most/4 {
		t.Errorf("of the newest %d only %d are left", most/2, young)
	}
	for n := range 20 { // of one that was forgotten, also
		if got := add(answer(syn(40_001+n, 0), flows.RST|flows.ACK)); got != 40_001+n {
			t.Errorf("a RST to connection %d has stream %d", 40_001+n, got)
		}
	}
	again := syn(30_001, 0)
	again.SEQ++
	if got := add(again); got != flood {
		t.Errorf("another SYN for a connection that was forgotten has stream %d, want %d", got, flood)
	}
}

// A SYN cache entry leaves the same tombstone as a record.
func TestGraveOfEmbryo(t *testing.T) {
	notPlain(t)
	const most, flood = 1000, 3000
	for what, follow := range map[string]func(s flows.Segment) flows.Segment{
		"refusal": func(s flows.Segment) flows.Segment { return answer(s, flows.RST|flows.ACK) },
		"resent":  func(s flows.Segment) flows.Segment { return s },
		"again": func(s flows.Segment) flows.Segment {
			s.SEQ++
			return s
		},
		"data": func(s flows.Segment) flows.Segment {
			s.Flags, s.SEQ, s.DataLen = flows.ACK, s.SEQ+1, 10
			return s
		},
	} {
		var seen [2][]*flows.Conn
		for i := range seen {
			tab := track.NewTable(track.TableOptions{MaxConnections: most}, func(*flows.Reset) {})
			tab.Embryos([2]int{flood, 0}[i])
			frame := 0
			add := func(s flows.Segment) *flows.Conn {
				frame++
				s.Frame, s.Time = frame, flows.Time(frame)*1000
				tab.Add(&s)
				return tab.Lookup(s.Src, s.Dst)
			}
			opening := func(n int) flows.Segment {
				s := syn(n, 0)
				if n%2 == 1 {
					s.Src.IP[12], s.Dst.IP[12] = s.Dst.IP[12], s.Src.IP[12] // from the higher end of the tuple
				}
				s.SEQ += flows.Seq(n)
				return s
			}
			for n := range flood {
				s := opening(n)
				s.Frame, s.Time = n+1, flows.Time(n+1)*1000
				tab.Add(&s)
			}
			frame = flood
			for n := range 20 {
				seen[i] = append(seen[i], add(follow(opening(100*n+n%2))))
			}
			if (tab.Unhatched() == 0) != (i == 0) || tab.Stats().Evicted < flood-most {
				t.Fatalf("%d embryos, %+v", tab.Unhatched(), tab.Stats())
			}
		}
		if !reflect.DeepEqual(seen[0], seen[1]) {
			for n := range seen[0] {
				if !reflect.DeepEqual(seen[0][n], seen[1][n]) {
					t.Fatalf("%s: number %d of a record\n%+v\nof an embryo\n%+v", what, n, seen[0][n], seen[1][n])
				}
			}
		}
	}
}

// Embryos that have hatched leave no memory behind.
func TestEmbryosMakeRoom(t *testing.T) {
	const n = 50_000
	var memory [2]int64
	for i := range memory {
		tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
		tab.Embryos([2]int{n, 0}[i])
		for k := range n {
			s := syn(k, k+1)
			tab.Add(&s)
		}
		for k := range n {
			s := answer(syn(k, n+k), flows.SYN|flows.ACK)
			tab.Add(&s)
		}
		if tab.Unhatched() != 0 {
			t.Fatalf("%d embryos", tab.Unhatched())
		}
		memory[i] = tab.Stats().Memory
	}
	t.Log(memory)
	if memory[1] > memory[0]+memory[0]/50 {
		t.Errorf("%d bytes, without embryos %d", memory[1], memory[0])
	}
}

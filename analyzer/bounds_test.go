//go:build unix

package analyzer

import (
	"bufio"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// A forge writes hostile captures.
type forge struct {
	*bufio.Writer
	frame int
}

var le, be = binary.LittleEndian, binary.BigEndian

// pcapHeader begins a capture of bare IP packets, with times in microseconds.
func (f *forge) pcapHeader() {
	f.Write([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0})
}

// packet writes data, of which length bytes were on the wire, as the next record of a pcap.
func (f *forge) packet(data []byte, length int) {
	f.frame++
	var h [16]byte
	le.PutUint32(h[0:], uint32(f.frame/100_000))
	le.PutUint32(h[4:], uint32(f.frame%100_000*10))
	le.PutUint32(h[8:], uint32(len(data)))
	le.PutUint32(h[12:], uint32(length))
	f.Write(h[:])
	f.Write(data)
}

// tcp is an IPv4 packet with the headers of a segment that carries length bytes, none of them captured.
func tcp(src, dst uint32, sport, dport uint16, seq, ack uint32, flags flows.Flags, length int) []byte {
	b := make([]byte, 40)
	b[0], b[8], b[9] = 0x45, 64, 6
	be.PutUint16(b[2:], uint16(40+length))
	be.PutUint16(b[4:], uint16(seq*7+1))
	be.PutUint32(b[12:], src)
	be.PutUint32(b[16:], dst)
	be.PutUint16(b[20:], sport)
	be.PutUint16(b[22:], dport)
	be.PutUint32(b[24:], seq)
	be.PutUint32(b[28:], ack)
	be.PutUint16(b[32:], 5<<12|uint16(flags))
	be.PutUint16(b[34:], 0xffff)
	return b
}

func (f *forge) tcp(src, dst uint32, sport, dport uint16, seq, ack uint32, flags flows.Flags, length int) {
	f.packet(tcp(src, dst, sport, dport, seq, ack, flags, length), 40+length)
}

// tcp6 is tcp from and to IPv6 addresses that end as the ones given, with no data.
func (f *forge) tcp6(src, dst uint32, sport, dport uint16, seq, ack uint32, flags flows.Flags) {
	b := make([]byte, 40, 60)
	b[0], b[5], b[6], b[7] = 0x60, 20, 6, 64
	b[8], b[9], b[24], b[25] = 0x20, 1, 0x20, 1
	be.PutUint32(b[20:], src)
	be.PutUint32(b[36:], dst)
	f.packet(append(b, tcp(0, 0, sport, dport, seq, ack, flags, 0)[20:]...), 60)
}

// Two hosts that talk in hostile captures.
const (
	hostA uint32 = 192<<24 | 2<<8 | 1
	hostB uint32 = 192<<24 | 2<<8 | 2
)

func (f *forge) handshake() {
	f.tcp(hostA, hostB, 40000, 80, 0, 0, flows.SYN, 0)
	f.tcp(hostB, hostA, 80, 40000, 0, 1, flows.SYN|flows.ACK, 0)
	f.tcp(hostA, hostB, 40000, 80, 1, 1, flows.ACK, 0)
}

// block writes a block of pcapng.
func (f *forge) block(typ uint32, body []byte) {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := le.AppendUint32(nil, typ)
	b = le.AppendUint32(b, uint32(len(body)+12))
	b = append(b, body...)
	f.Write(le.AppendUint32(b, uint32(len(body)+12)))
}

func (f *forge) section() {
	f.block(0x0a0d0d0a, []byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255})
}

func (f *forge) iface(options ...byte) {
	f.block(1, append([]byte{101, 0, 0, 0, 0, 0, 0, 0}, options...))
}

func (f *forge) enhanced(ticks uint64, data []byte, options ...byte) {
	b := le.AppendUint32(make([]byte, 4), uint32(ticks>>32))
	b = le.AppendUint32(b, uint32(ticks))
	b = le.AppendUint32(b, uint32(len(data)))
	b = le.AppendUint32(b, uint32(len(data)))
	f.block(6, append(append(b, data...), options...))
}

// hostile are captures that grow with n, and should cost no more than n.
var hostile = []struct {
	name  string
	n     int
	write func(f *forge, n int)
}{
	{"half-open connections", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			f.tcp(10<<24|i, hostB, uint16(i*31), 80, i, 0, flows.SYN, 0)
		}
	}},
	{"refused connections of as many IPv6 addresses", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			f.tcp6(i, hostB, uint16(i*31), 80, i, 0, flows.SYN)
			f.tcp6(hostB, i, 80, uint16(i*31), 0, i+1, flows.RST|flows.ACK)
		}
	}},
	{"RSTs on one connection", 25_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) {
			f.tcp(hostB, hostA, 80, 40000, 1+i, 1, flows.RST|flows.ACK, 0)
		}
	}},
	{"data and RSTs on one connection", 10_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) {
			f.tcp(hostA, hostB, 40000, 80, 1+10*i, 1, flows.PSH|flows.ACK, 10)
			f.tcp(hostB, hostA, 80, 40000, 1, 0, flows.RST, 0)
		}
	}},
	{"refused connections to one service", 10_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			f.tcp(10<<24|i, hostB, 40000, 80, i, 0, flows.SYN, 0)
			f.tcp(hostB, 10<<24|i, 80, 40000, 0, i+1, flows.RST|flows.ACK, 0)
		}
	}},
	{"a scan of ports that are closed", 10_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			f.tcp(hostA+i>>16, hostB, 40000, uint16(i), i, 0, flows.SYN, 0)
			f.tcp(hostB, hostA+i>>16, uint16(i), 40000, 0, i+1, flows.RST|flows.ACK, 0)
		}
	}},
	{"incarnations of one connection", 10_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			f.tcp(hostA, hostB, 40000, 80, i*1000, 0, flows.SYN, 0)
			f.tcp(hostB, hostA, 80, 40000, 0, i*1000+1, flows.RST|flows.ACK, 0)
		}
	}},
	{"sequence numbers that wrap again and again", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) { // 3 GB, and 13 GB
			f.tcp(hostA, hostB, 40000, 80, 1+65_000*i, 1, flows.ACK, 65_000)
		}
		f.tcp(hostB, hostA, 80, 40000, 1, 1+65_000*uint32(n), flows.RST|flows.ACK, 0)
	}},
	{"holes everywhere", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) {
			f.tcp(hostA, hostB, 40000, 80, 1+200*i, 1, flows.ACK, 100)
		}
		for i := range uint32(n) { // and filled from behind
			f.tcp(hostA, hostB, 40000, 80, 1+200*(uint32(n)-i)-100, 1, flows.ACK, 100)
		}
	}},
	{"one connection in good order, in small segments", 400_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) {
			f.tcp(hostA, hostB, 40000, 80, 1+60*i, 1, flows.ACK, 60)
		}
	}},
	{"segments that overlap", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) {
			f.tcp(hostA, hostB, 40000, 80, 1+i*7%977, 1, flows.ACK, int(i*131%1400))
		}
	}},
	{"numbers anywhere", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		f.handshake()
		for i := range uint32(n) {
			x := i * 2654435761 // Knuth's multiplicative hash
			f.tcp(hostA, hostB, 40000, 80, x, ^x*7, flows.Flags(x>>24)&^flows.SYN&^flows.RST|flows.ACK, int(x>>16&1023))
		}
	}},
	{"fragments that are never complete", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			b := tcp(hostA+i>>16, hostB, 40000, 80, 0, 0, flows.SYN, 0)
			be.PutUint16(b[4:], uint16(i))
			be.PutUint16(b[6:], 1<<13)
			f.packet(b, len(b))
		}
	}},
	{"ICMP errors about connections that is not known", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			quoted := tcp(10<<24|i, hostB+i, 40000, uint16(i), i, 0, flows.SYN, 0)[:28]
			b := append(make([]byte, 28), quoted...)
			copy(b, quoted[:20])
			be.PutUint16(b[2:], uint16(len(b)))
			b[9], b[20], b[21] = 1, 3, 1
			be.PutUint32(b[12:], hostA+i)
			be.PutUint32(b[16:], 10<<24|i)
			f.packet(b, len(b))
		}
	}},
	{"tunnels in tunnels", 5_000, func(f *forge, n int) {
		f.pcapHeader()
		inner := tcp(hostA, hostB, 40000, 80, 0, 0, flows.SYN, 0)
		for range 70 {
			b := make([]byte, 20)
			b[0], b[8], b[9] = 0x45, 64, 4
			be.PutUint16(b[2:], uint16(20+len(inner)))
			be.PutUint32(b[12:], hostA)
			be.PutUint32(b[16:], hostB)
			inner = append(b, inner...)
		}
		for range n {
			f.packet(inner, len(inner))
		}
	}},
	{"TCP options that never end", 50_000, func(f *forge, n int) {
		f.pcapHeader()
		for i := range uint32(n) {
			b := append(tcp(hostA, hostB, 40000, 80, 0, 0, flows.ACK, 40), make([]byte, 40)...)
			b[32] = 15 << 4
			for j := range 40 {
				b[40+j] = byte(i + 254) // unknown kinds of every length, among them 0 and 1
			}
			f.packet(b, len(b))
		}
	}},
	{"lengths of 4 GiB", 50_000, func(f *forge, n int) {
		f.section()
		f.iface()
		for i := range uint32(n) {
			f.Write(le.AppendUint32(le.AppendUint32(nil, 6), ^uint32(0)-i&15))
		}
	}},
	{"blocks of 16 MiB that never come", 50_000, func(f *forge, n int) {
		f.section()
		f.iface()
		for range n {
			f.Write(le.AppendUint32(le.AppendUint32(nil, 6), 16<<20))
		}
	}},
	{"sections", 50_000, func(f *forge, n int) {
		for range n {
			f.section()
			f.iface(2, 0, 4, 0, 'e', 't', 'h', '0')
			f.enhanced(1, tcp(hostA, hostB, 40000, 80, 0, 0, flows.ACK, 0))
		}
	}},
	{"interfaces", 50_000, func(f *forge, n int) {
		f.section()
		for range n {
			f.iface(2, 0, 4, 0, 'e', 't', 'h', '0')
		}
		f.enhanced(1, tcp(hostA, hostB, 40000, 80, 0, 0, flows.ACK, 0))
	}},
	{"options of blocks that never end", 2_000, func(f *forge, n int) {
		f.section()
		f.iface()
		options := make([]byte, 0, 8000)
		for range 1000 {
			options = append(options, 1, 0, 4, 0, 't', 'e', 'x', 't')
		}
		for range n {
			f.enhanced(1, tcp(hostA, hostB, 40000, 80, 0, 0, flows.ACK, 0), options...)
		}
	}},
	{"times out of range", 50_000, func(f *forge, n int) {
		f.section()
		f.iface()
		for i := range uint64(n) {
			f.enhanced(i<<56|i, tcp(hostA, hostB, 40000, 80, uint32(i), 0, flows.ACK, 10))
		}
	}},
}

// hostileBounds are small, so that small captures reach them.
var hostileBounds = Options{Flows: track.TableOptions{MaxConnections: 5_000, MaxMemory: 64 << 20}}

// hostileCeiling is what may be alive on the heap under hostileBounds: what grows with connections, the
// batches under way between the stages, the resets that wait to be explained.
const hostileCeiling = 64<<20 + 48<<20

// A strain is what the work on a capture took.
type strain struct {
	cpu  time.Duration
	peak uint64 // bytes that a collection of garbage found alive, at most, beside what was there before
	file *report.File
}

// TestHostileBounds holds that anything hostile, however much, stays within the memory that it is given.
// That its time grows no faster than it does is for BenchmarkHostile: tests do not look at the clock.
func TestHostileBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("works on large captures")
	}
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			s := work(t, h.n, h.write) // already many times what the bounds allow; BenchmarkHostile works on more
			t.Logf("%d: %d MiB; %d packets, %d resets, warnings %v", h.n, s.peak>>20, s.file.Packets, s.file.ResetCount, s.file.Warnings)
			if s.peak > hostileCeiling {
				t.Errorf("%d MiB are alive, at most %d are allowed", s.peak>>20, hostileCeiling>>20)
			}
			for _, w := range s.file.Warnings {
				if strings.Contains(w.Says, "internal error") {
					t.Error(w.Says)
				}
			}
			if len(s.file.Warnings) > 400 {
				t.Errorf("%d warnings", len(s.file.Warnings))
			}
		})
	}
}

// BenchmarkHostile works on hostile captures and on four times as much of each: growth is the time of the
// processor of the second over that of the first. Linear work is 4; it fails above 8, quadratic is 16.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostile {
		b.Run(strings.ReplaceAll(h.name, " ", "-"), func(b *testing.B) {
			var small, large time.Duration
			for b.Loop() {
				small += work(b, h.n, h.write).cpu
				large += work(b, 4*h.n, h.write).cpu
			}
			growth := float64(large) / float64(small)
			b.ReportMetric(growth, "growth")
			if growth > 8 && large > 200*time.Millisecond {
				b.Errorf("four times the input takes %.1f times the time", growth)
			}
		})
	}
}

// work explains the capture that write makes.
func work(t testing.TB, n int, write func(*forge, int)) (s strain) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hostile.pcap")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f := forge{Writer: bufio.NewWriter(file)}
	write(&f, n)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	file.Close()

	defer debug.SetGCPercent(debug.SetGCPercent(25)) // as the program does
	runtime.GC()
	runtime.GC() // what the pools of earlier tests hold goes with the second
	others := liveHeap()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var top uint64
		for {
			top = max(top, liveHeap())
			select {
			case <-stop:
				peak <- top
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	before := cpuTime(t)
	s.file, err = Explain(context.Background(), path, discard{}, hostileBounds)
	s.cpu = cpuTime(t) - before
	close(stop)
	s.peak = max(<-peak, others) - others
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// liveHeap is what the last collection of garbage found alive, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// cpuTime is what the processor has worked for this process.
func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package capture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"
)

// benchFile returns about n bytes of capture: packets as TCP bulk traffic has them, or small ones only.
func benchFile(n int, ng, small bool, opts ...option) (file []byte, packets int) {
	o := binary.LittleEndian
	f, g := newPcapng(o).iface(1, 262144), newPcap(o, magicMicro, 2, 4, 1)
	data := octets(1514)
	sizes := []int{1514, 1514, 66, 1514, 66, 1514, 420, 66, 1514, 900}
	for {
		size := sizes[packets%len(sizes)]
		if small {
			size = 60 + packets*7%61
		}
		if ng {
			f.packet(0, 1700000000_000000+uint64(packets)*20, data[:size], opts...)
		} else {
			g.packet(1700000000, uint32(packets%1_000_000), data[:size])
		}
		if packets++; len(f.b)+len(g.b) >= n {
			break
		}
	}
	if ng {
		return f.b, packets
	}
	return g.b, packets
}

type benchCase struct {
	name      string
	ng, small bool
}

var benchFiles = []benchCase{
	{"pcapng/bulk", true, false},
	{"pcapng/small", true, true},
	{"pcapng/small-with-options", true, true},
	{"pcap/bulk", false, false},
	{"pcap/small", false, true},
}

func (c benchCase) file() ([]byte, int) {
	if strings.HasSuffix(c.name, "options") { // as Windows and Linux tools write them: flags and a packet number
		return benchFile(benchSize, c.ng, c.small, option{2, make([]byte, 4)}, option{5, make([]byte, 8)})
	}
	return benchFile(benchSize, c.ng, c.small)
}

const benchSize = 64 << 20

// BenchmarkReader walks a capture that is in memory, so that an operation costs one copy, as read(2) does.
func BenchmarkReader(b *testing.B) {
	for _, c := range benchFiles {
		file, packets := c.file()
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(file), Options{})
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				var batch Batch
				for r.Next(&batch) == nil {
					n += len(batch.Packets)
				}
				if n != packets {
					b.Fatalf("%d packets of %d", n, packets)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(packets), "ns/packet")
		})
	}
}

// BenchmarkPcapgo reads the same with gopacket's readers, without copying packets and through a large buffer.
func BenchmarkPcapgo(b *testing.B) {
	for _, c := range benchFiles {
		file, packets := c.file()
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				var r gopacket.ZeroCopyPacketDataSource
				var err error
				in := bufio.NewReaderSize(bytes.NewReader(file), 1<<20)
				if c.ng {
					r, err = pcapgo.NewNgReader(in, pcapgo.DefaultNgReaderOptions)
				} else {
					r, err = pcapgo.NewReader(in)
				}
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for {
					if _, _, err := r.ZeroCopyReadPacketData(); err != nil {
						break
					}
					n++
				}
				if n != packets {
					b.Fatalf("%d packets of %d", n, packets)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(packets), "ns/packet")
		})
	}
}

// BenchmarkCompressed is bounded by the decompressors.
func BenchmarkCompressed(b *testing.B) {
	file, _ := benchFile(16<<20, true, false)
	packed := compressed(b, file)
	for _, name := range []string{"gzip", "zstd", "lz4"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(packed[name]), Options{})
				if err != nil {
					b.Fatal(err)
				}
				var batch Batch
				for err == nil {
					err = r.Next(&batch)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}

// BenchmarkDamaged searches through bytes that hold no packet.
func BenchmarkDamaged(b *testing.B) {
	for _, ng := range []bool{true, false} {
		name, head := "pcap", samplePcap(1)
		if ng {
			name, head = "pcapng", sample(1)
		}
		file := append(head, octets(16<<20)...)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(file), Options{})
				if err != nil {
					b.Fatal(err)
				}
				var batch Batch
				for r.Next(&batch) == nil {
				}
			}
		})
	}
}

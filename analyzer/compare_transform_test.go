package analyzer

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A transformation changes the packets of one capture as a path or a capture tool does. It returns what is captured
// instead of an Ethernet frame, nil for nothing.
type transformation func(r *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte)

// header finds IP and TCP headers in an Ethernet frame of the lab.
func header(frame []byte) (ip, tcp []byte, v6 bool) {
	if len(frame) < 34 {
		return nil, nil, false
	}
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		n := int(frame[14]&15) * 4
		if frame[23] == 6 && len(frame) >= 14+n+14 {
			return frame[14:], frame[14+n:], false
		}
	case 0x86dd:
		if frame[20] == 6 && len(frame) >= 54+14 {
			return frame[14:], frame[54:], true
		}
	}
	return nil, nil, false
}

// nat gives all hosts and ports other numbers, as a NAT of both sides does.
func nat(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
	if ip, tcp, v6 := header(frame); ip != nil {
		if v6 {
			ip[15] ^= 0x5a
			ip[31] ^= 0x5a
		} else {
			ip[13] ^= 0x5a
			ip[17] ^= 0x5a
		}
		for _, p := range [][]byte{tcp[0:2], tcp[2:4]} { // ephemeral ports
			if n := binary.BigEndian.Uint16(p); n >= 32768 {
				binary.BigEndian.PutUint16(p, n^0x1234)
			}
		}
	}
	return at, [][]byte{frame}
}

// shiftISN adds a constant to the sequence numbers of each direction of each connection, as firewalls do that
// randomise them.
func shiftISN(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
	if ip, tcp, v6 := header(frame); ip != nil {
		src, dst := ip[12:16], ip[16:20]
		if v6 {
			src, dst = ip[8:24], ip[24:40]
		}
		of := func(ip, port []byte) uint32 {
			h := fnv.New32a()
			h.Write(ip)
			h.Write(port)
			return h.Sum32() | 1
		}
		seq, ack, flags := binary.BigEndian.Uint32(tcp[4:]), binary.BigEndian.Uint32(tcp[8:]), tcp[13]
		// One side alone, as a firewall that protects the hosts behind it: the one with the lower port.
		server := func(port []byte) bool { return binary.BigEndian.Uint16(port) < 32768 }
		if !server(tcp[0:2]) && !(flags&4 != 0 && seq == 0) {
			binary.BigEndian.PutUint32(tcp[4:], seq+of(src, tcp[0:2]))
		}
		if !server(tcp[2:4]) && flags&0x10 != 0 {
			binary.BigEndian.PutUint32(tcp[8:], ack+of(dst, tcp[2:4]))
		}
	}
	return at, [][]byte{frame}
}

// clock moves and stretches time.
func clock(offset time.Duration, ppm float64) transformation {
	var first time.Time
	return func(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
		if first.IsZero() {
			first = at
		}
		return at.Add(offset + time.Duration(float64(at.Sub(first))*ppm/1e6)), [][]byte{frame}
	}
}

// captureLoss drops packets by chance, as a capture that cannot keep up.
func captureLoss(part float64) transformation {
	return func(r *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
		if r.Float64() < part {
			return at, nil
		}
		return at, [][]byte{frame}
	}
}

// snaplen cuts packets behind the TCP header and a few bytes.
func snaplen(n int) transformation {
	return func(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
		return at, [][]byte{frame[:min(n, len(frame))]}
	}
}

// offloaded cuts data into segments of 500 bytes, as if the capture were made behind the network card.
func offloaded(_ *rand.Rand, at time.Time, frame []byte) (time.Time, [][]byte) {
	ip, tcp, v6 := header(frame)
	if ip == nil || len(tcp) < 20 {
		return at, [][]byte{frame}
	}
	n := int(tcp[12]>>4) * 4
	head := len(frame) - len(tcp) + n
	data := frame[min(head, len(frame)):]
	if v6 {
		data = data[:min(len(data), max(0, int(binary.BigEndian.Uint16(ip[4:]))-n))]
	} else {
		data = data[:min(len(data), max(0, int(binary.BigEndian.Uint16(ip[2:]))-int(ip[0]&15)*4-n))]
	}
	const most = 500
	if len(data) <= most {
		return at, [][]byte{frame}
	}
	var out [][]byte
	seq, flags := binary.BigEndian.Uint32(tcp[4:]), tcp[13]
	for from := 0; from < len(data); from += most {
		part := data[from:min(from+most, len(data))]
		f := append(bytes.Clone(frame[:head]), part...)
		ip, tcp, _ := header(f)
		binary.BigEndian.PutUint32(tcp[4:], seq+uint32(from))
		if from+most < len(data) {
			tcp[13] = flags &^ 9 // FIN and PSH ride on the last one
		}
		if v6 {
			binary.BigEndian.PutUint16(ip[4:], uint16(n+len(part)))
		} else {
			binary.BigEndian.PutUint16(ip[2:], uint16(int(ip[0]&15)*4+n+len(part)))
			binary.BigEndian.PutUint16(ip[4:], binary.BigEndian.Uint16(ip[4:])+uint16(from/most))
		}
		out = append(out, f)
	}
	return at, out
}

// transformed writes a capture with changes, and returns its path and the frame that each new frame was.
func transformed(t testing.TB, path string, seed uint64, changes ...transformation) (string, map[int]int) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	r, err := pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "changed.pcapng")
	to, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	w, err := pcapgo.NewNgWriterInterface(to, pcapgo.NgInterface{LinkType: r.LinkType(), TimestampResolution: 9}, pcapgo.NgWriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	was := map[int]int{}
	for n, m := 1, 0; ; n++ {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at, frames := info.Timestamp, [][]byte{bytes.Clone(data)}
		for _, change := range changes {
			var next [][]byte
			when := at
			for _, f := range frames {
				var made [][]byte
				when, made = change(random, at, f)
				next = append(next, made...)
			}
			at, frames = when, next
		}
		for _, f := range frames {
			m++
			was[m] = n
			length := max(len(f), info.Length)
			if len(frames) > 1 {
				length = len(f)
			}
			if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(f), Length: length}, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out, was
}

// Situations of the lab, with the capture of the server changed as a path or a capture tool does. What is said to be proven
// is never wrong.
func TestCompareTransformed(t *testing.T) {
	for _, v := range []struct {
		name          string
		offset        float64 // milliseconds
		origin, cause float64 // the least share that must be right
		changes       func() []transformation
	}{
		{"nat", 0, 0.99, 0.98, func() []transformation { return []transformation{nat} }},
		{"isn", 0, 0.99, 0.98, func() []transformation { return []transformation{shiftISN} }},
		{"nat+isn+clock", 3000, 0.95, 0.98, func() []transformation { return []transformation{shiftISN, nat, clock(3*time.Second, 50)} }},
		{"clock", -3000, 0.995, 0.98, func() []transformation { return []transformation{clock(-3*time.Second, 50)} }},
		{"loss", 0, 0.98, 0.96, func() []transformation { return []transformation{captureLoss(0.02)} }},
		{"snaplen", 0, 0.99, 0.93, func() []transformation { return []transformation{snaplen(80)} }},
		{"offload", 0, 0.995, 0.98, func() []transformation { return []transformation{offloaded} }},
	} {
		t.Run(v.name, func(t *testing.T) {
			var s labScore
			for i, p := range labPairs(t, "client", "server") {
				if i%thinning != 0 {
					continue
				}
				path, was := transformed(t, p.points[1].Paths[0], uint64(i), v.changes()...)
				q := p
				q.points = []VantagePoint{p.points[0], {Name: "server", Paths: []string{path}}}
				q.lines = map[report.PacketAt]*lineOf{}
				for k, l := range p.lines {
					if k.At == "client" {
						q.lines[k] = l
					}
				}
				for now, then := range was {
					if l := p.lines[report.PacketAt{At: "server", Frame: then}]; l != nil {
						q.lines[report.PacketAt{At: "server", Frame: now}] = l
					}
				}
				c, err := Compare(context.Background(), q.points, Options{})
				if err != nil {
					t.Fatal(err)
				}
				s.add(t, q, c, v.offset)
			}
			t.Log(s.String())
			s.check(t, v.origin, v.cause)
		})
	}
}

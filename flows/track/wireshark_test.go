package track_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// pcapOf writes a script as a pcap file of raw IPv4 packets, so that tshark can read it. Frames are
// numbered from 1.
func pcapOf(s *wire.Script) []byte {
	var b bytes.Buffer
	le := binary.LittleEndian
	b.Write(le.AppendUint32(nil, 0xa1b23c4d)) // nanoseconds
	b.Write([]byte{2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0})
	b.Write(le.AppendUint32(nil, 228)) // LINKTYPE_IPV4
	for _, it := range s.Items {
		p, at := []byte(nil), flows.Time(0)
		if it.Segment != nil {
			p, at = ipPacket(it.Segment), it.Segment.Time
		} else {
			n := it.ICMP
			quoted := ipPacket(&flows.Segment{Src: n.Src, Dst: n.Dst, SEQ: it.Quoted.SEQ, Flags: it.Quoted.Flags, TTL: 9})
			quoted = quoted[:20+it.Quoted.Len]
			icmp := append([]byte{n.Type, n.Code, 0, 0, 0, 0, byte(n.MTU >> 8), byte(n.MTU)}, quoted...)
			binary.BigEndian.PutUint16(icmp[2:], checksum(icmp, 0))
			p, at = ipHeader(n.From, n.Src, 1, len(icmp), 64, 0), n.Time
			p = append(p, icmp...)
		}
		b.Write(le.AppendUint32(nil, uint32(int64(at)/1e9)))
		b.Write(le.AppendUint32(nil, uint32(int64(at)%1e9)))
		b.Write(le.AppendUint32(nil, uint32(len(p))))
		b.Write(le.AppendUint32(nil, uint32(len(p))))
		b.Write(p)
	}
	return b.Bytes()
}

func ipHeader(src, dst flows.Addr, proto byte, n int, ttl uint8, id uint16) []byte {
	h := make([]byte, 20)
	h[0], h[8], h[9] = 0x45, ttl, proto
	binary.BigEndian.PutUint16(h[2:], uint16(20+n))
	binary.BigEndian.PutUint16(h[4:], id)
	copy(h[12:], src.IP[12:])
	copy(h[16:], dst.IP[12:])
	binary.BigEndian.PutUint16(h[10:], checksum(h, 0))
	return h
}

func ipPacket(s *flows.Segment) []byte {
	tcp := make([]byte, 20, 20+s.DataLen)
	binary.BigEndian.PutUint16(tcp[0:], s.Src.Port)
	binary.BigEndian.PutUint16(tcp[2:], s.Dst.Port)
	binary.BigEndian.PutUint32(tcp[4:], uint32(s.SEQ))
	binary.BigEndian.PutUint32(tcp[8:], uint32(s.ACK))
	binary.BigEndian.PutUint16(tcp[12:], 5<<12|uint16(s.Flags))
	binary.BigEndian.PutUint16(tcp[14:], s.WND)
	data := make([]byte, s.DataLen)
	copy(data, s.Payload)
	tcp = append(tcp, data...)
	sum := uint32(6) + uint32(len(tcp))
	for _, a := range []flows.Addr{s.Src, s.Dst} {
		sum += uint32(binary.BigEndian.Uint16(a.IP[12:])) + uint32(binary.BigEndian.Uint16(a.IP[14:]))
	}
	binary.BigEndian.PutUint16(tcp[16:], checksum(tcp, sum))
	return append(ipHeader(s.Src, s.Dst, 6, len(tcp), s.TTL, s.IPID), tcp...)
}

func checksum(b []byte, sum uint32) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// tsharkStreams asks tshark for the stream of each frame of a capture; where an ICMP error quotes a
// segment, that segment's.
func tsharkStreams(t *testing.T, capture string) map[int]int {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	out, err := exec.Command("tshark", "-r", capture, "-T", "fields", "-e", "frame.number", "-e", "tcp.stream").Output()
	if err != nil {
		t.Skipf("tshark: %v", err)
	}
	streams := map[int]int{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 2 || f[1] == "" {
			continue
		}
		frame, _ := strconv.Atoi(f[0])
		first, _, _ := strings.Cut(f[1], ",")
		streams[frame], _ = strconv.Atoi(first)
	}
	return streams
}

// streamScripts are small captures in which it is not obvious what Wireshark counts as a stream.
var streamScripts = []struct{ name, text string }{
	{"handshake", "0 > S 0\n0 < S. 0 ack 1\n0 > . 1 ack 1\n0 2> S 0\n0 > P. 1 ack 1 \"a\""},
	{"SYN resent", "0 > S 0\n1 > S 0\n3 > S 0"},
	{"SYN resent after RST", "0 > S 0\n0 < R. =0 ack 1\n1 > S 0\n1 < R. =0 ack 1\n1 2> S 0"},
	{"SYN resent after RST 2", "0 > S 0\n0 < S. 0 ack 1\n0 > R 1\n1 > S 0\n1 < S. 0 ack 1\n1 2> S 0"},
	{"SYN resent after FIN", "0 > S 0\n0 < S. 0 ack 1\n0 > F. 1 ack 1\n1 > S 0\n1 2> S 0"},
	{"SYN resent after data", "0 > S 0\n0 < S. 0 ack 1\n0 > P. 1 ack 1 \"a\"\n1 > S 0\n1 2> S 0"},
	{"SYN, other ISN", "0 > S 0\n1 > S 7\n1 2> S 0"},
	{"SYN, other ISN, SYN-ACK", "0 > S 0\n0 < S. 0 ack 1\n1 > S 7\n1 < S. 9 ack 8\n1 2> S 0"},
	{"SYN after mid-stream", "0 > P. 5 ack 9 \"a\"\n1 > S 0\n1 2> S 0"},
	{"SYN after mid-stream 2", "0 < P. 5 ack 9 \"a\"\n1 > S 0\n1 2> S 0"},
	{"SYN after mid-stream, same base", "0 > . 1 ack 9\n1 > S 0\n1 2> S 0"},
	{"SYN of the peer", "0 > S 0\n0 < S 0\n0 > S. 0 ack 1\n0 < S. 0 ack 1\n1 2> S 0"},
	{"SYN of the peer later", "0 > S 0\n0 < S. 0 ack 1\n0 < S 5\n1 2> S 0"},
	{"SYN of the peer, base by ACK", "0 > . 1 ack 1\n0 < S 0\n0 < S 5\n1 2> S 0"},
	{"SYN-ACK, other ISN", "0 > S 0\n0 < S. 0 ack 1\n1 < S. 9 ack 1\n1 2> S 0"},
	{"SYN-ACK, other ISN, after RST", "0 > S 0\n0 < S. 0 ack 1\n0 > R 1\n1 < S. 9 ack 1\n1 2> S 0"},
	{"SYN-ACK, other ACK", "0 > S 0\n0 < S. 0 ack 1\n1 < S. 0 ack 5\n1 2> S 0"},
	{"SYN-ACK, other ISN, then SYN with it", "0 > S 0\n0 < S. 0 ack 1\n1 < S. 9 ack 1\n1 < S 9\n1 2> S 0"},
	{"SYN-ACK, other ISN, then SYN with the first", "0 > S 0\n0 < S. 0 ack 1\n1 < S. 9 ack 1\n1 < S 0\n1 2> S 0"},
	{"SYN-ACK, other ISN than the base, then SYN with it", "0 > . 1 ack 1\n1 < S. 9 ack 1\n1 < S 9\n1 2> S 0"},
	{"SYN-ACK, other ISN than the base, then SYN with the base", "0 > . 1 ack 1\n1 < S. 9 ack 1\n1 < S 0\n1 2> S 0"},
	{"SYN-ACK acknowledges another ISN, then SYN with it", "0 > R 5\n1 < S. 9 ack 1\n1 > S 0\n1 2> S 0"},
	{"SYN-ACK acknowledges another ISN, then SYN with the base", "0 > R 5\n1 < S. 9 ack 1\n1 > S 4\n1 2> S 0"},
	{"SYN-ACK first", "0 < S. 0 ack 1\n1 > S 0\n1 > S 5\n1 2> S 0"},
	{"SYN-ACK crosses", "0 > S 0\n1 > S 8\n1 < S. 0 ack 1\n1 < S. 3 ack 9\n1 2> S 0"},
	{"RST first", "0 < R. =0 ack 1\n1 > S 0\n1 2> S 0"},
	{"RST first, SYN of its sender", "0 < R 4\n1 < S 4\n1 < S 5\n1 2> S 0"},
	{"RST only, SYN of its sender, base", "0 < R 4\n1 < S 3\n1 2> S 0"},
	{"RST in SYN", "0 > SR 0\n1 > SR 5\n1 2> S 0"},
	{"SYN+FIN", "0 > SF 0\n1 > SF 0\n1 2> S 0"},
	{"SYN+URG", "0 > SU 0\n1 > SPU 5\n1 2> S 0"},
	{"null", "0 > - 0\n1 > F 5\n1 > S 9\n1 2> S 0"},
	{"ACK field without flag", "0 > P 5 rawack 9 \"a\"\n1 < S 3\n1 2> S 0"},
	{"keep-alive then SYN", "0 > . 5 ack 1\n1 > S 4\n1 2> S 0"},
	{"zero sequence", "> iss 0\n0 > S 0\n0 < S. 0 ack 1\n1 > S 1\n1 2> S 0"},
	{"late segment", "0 > S 0\n0 < S. 0 ack 1\n0 > R 1\n9 < P. 1 ack 1 \"a\"\n1 2> S 0"},
	{"ports swapped", "conn 1 192.0.2.1:80 > 198.51.100.1:99\nconn 2 192.0.2.1:99 > 198.51.100.1:80\n0 1> S 0\n0 2> S 0\n0 1< S. 0 ack 1\n0 2< S. 0 ack 1"},
	{"to itself", "conn 1 192.0.2.1:80 > 192.0.2.1:80\n0 > S 0\n0 > S 7\n0 2> S 0"},
	{"two VLANs", "0 > S 0 vlan 1\n0 > S 0 vlan 2\n0 2> S 0"},
	{"ICMP quotes 8 bytes", "0 2> S 0\n0 3icmp 3/3 from 203.0.113.1 quotes > syn\n0 4> S 0"},
	{"ICMP quotes a header", "0 2> S 0\n0 3icmp 3/3 from 203.0.113.1 quotes > syn len 20\n0 4> S 0\n0 3> S 0\n0 5> S 0"},
	{"ICMP of known", "0 3> S 0\n0 3icmp 3/3 from 203.0.113.1 quotes > syn len 20\n0 3> S 0\n0 4> S 0"},
	{"ICMP of known, other SYN", "0 3> S 0\n0 3icmp 3/3 from 203.0.113.1 quotes > seq 7 flags S len 20\n0 3> S 0\n0 4> S 0"},
	{"ICMP, then other SYN", "0 3icmp 3/3 from 203.0.113.1 quotes > seq 7 flags S len 20\n0 3> S 0\n0 4> S 0"},
	{"ICMP twice", "0 3icmp 3/3 from 203.0.113.1 quotes > seq 7 flags S len 20\n0 3icmp 3/3 from 203.0.113.1 quotes > seq 9 flags S len 20\n0 3> S 0\n0 4> S 0"},
	{"ICMP of known, FIN", "0 3> S 0\n0 3icmp 3/3 from 203.0.113.1 quotes > seq 1 flags F. len 20\n0 3> S 0\n0 4> S 0"},
	{"ICMP redirect", "0 3icmp 5/1 from 203.0.113.1 quotes > syn len 20\n0 4> S 0"},
	{"ICMP of known live, other SYN", "0 3> S 0\n0 3< S. 0 ack 1\n0 3icmp 3/3 from 203.0.113.1 quotes > seq 7 flags S len 20\n0 3> . 1 ack 1\n0 4> S 0"},
	{"ICMP 19 bytes", "0 3icmp 3/3 from 203.0.113.1 quotes > syn len 19\n0 4> S 0"},
	{"ICMP 16 bytes", "0 3icmp 3/3 from 203.0.113.1 quotes > syn len 16\n0 4> S 0"},
	{"ICMP 14 bytes", "0 3icmp 3/3 from 203.0.113.1 quotes > syn len 14\n0 4> S 0"},
}

// TestStreams compares stream numbers with tshark's, in one run: each script gets hosts of its own.
func TestStreams(t *testing.T) {
	whole := &wire.Script{}
	owner := map[int]string{}
	for i, s := range streamScripts {
		script, err := wire.Read(s.text)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		for _, it := range script.Items {
			frame := len(whole.Items) + 1
			owner[frame] = s.name
			if it.ICMP != nil {
				it.ICMP.Frame, it.Quoted.Frame = frame, frame
				it.ICMP.Src.IP[14], it.ICMP.Dst.IP[14] = byte(i), byte(i)
				it.Quoted.Src.IP[14], it.Quoted.Dst.IP[14] = byte(i), byte(i)
			} else {
				it.Segment.Frame = frame
				it.Segment.Src.IP[14], it.Segment.Dst.IP[14] = byte(i), byte(i)
			}
			whole.Items = append(whole.Items, it)
		}
	}
	file := filepath.Join(t.TempDir(), "a.pcap")
	if err := os.WriteFile(file, pcapOf(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	want := tsharkStreams(t, file)
	tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	for i, it := range whole.Items {
		frame, stream := i+1, -1
		switch {
		case it.ICMP == nil:
			stream = tab.Add(it.Segment)
		case it.Numbered():
			stream = tab.Number(&it.Quoted.Segment)
		}
		w, ok := want[frame]
		if !ok {
			w = -1
		}
		if w != stream {
			t.Errorf("%s: frame %d: stream %d, tshark says %d", owner[frame], frame, stream, w)
		}
	}
}

// Package degrade makes worse captures out of good ones, as networks and capture tools do, and carries the
// truth about each RST over. All of it is computed and deterministic.
package degrade

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// A Packet is one packet of a capture.
type Packet struct {
	Data   []byte
	Time   time.Time
	Length int // on the wire
	Frame  int // in the original capture, 1-based
	seg    segment
}

// A Capture is the packets of one file and the truth about its RSTs.
type Capture struct {
	Name    string
	Link    layers.LinkType
	Packets []Packet
	Lines   []truth.Line
}

// A Twin is a degraded capture: one file, or several rotated ones, and the truth that is left. A line's
// Path holds the index of its file in decimal.
type Twin struct {
	Kind  string
	Files [][]byte
	Lines []truth.Line
}

// Read reads a pcapng file, compressed with gzip or not, with its truth.
func Read(file string, lines []truth.Line) (*Capture, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var in io.Reader = bytes.NewReader(data)
	if len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, err
		}
	}
	r, err := pcapgo.NewNgReader(in, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	c := &Capture{Name: file, Link: r.LinkType(), Lines: lines}
	for {
		d, ci, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		p := Packet{Data: d, Time: ci.Timestamp, Length: ci.Length, Frame: len(c.Packets) + 1}
		p.seg = dissect(c.Link, d)
		c.Packets = append(c.Packets, p)
	}
	return c, nil
}

// Twins makes every kind of degraded twin that leaves at least one RST of the capture.
func (c *Capture) Twins() ([]Twin, error) {
	var out []Twin
	for _, name := range Kinds() {
		t, err := c.Twin(name)
		if err != nil {
			return nil, err
		}
		if len(t.Lines) > 0 {
			out = append(out, t)
		}
	}
	return out, nil
}

// Twin makes the degraded twin of a kind, one of Kinds. It may be left without a RST.
func (c *Capture) Twin(name string) (Twin, error) {
	for _, k := range kinds {
		if k.name == name {
			return c.twin(k, k.degrade(c))
		}
	}
	return Twin{}, fmt.Errorf("no kind of degraded twin has the name %q: there are %s", name, strings.Join(Kinds(), ", "))
}

// twin writes the packets to one file, or to k.files rotated ones, and keeps the truth of the RSTs in them.
func (c *Capture) twin(k kind, packets []Packet) (Twin, error) {
	t := Twin{Kind: k.name}
	byFrame := map[int]truth.Line{}
	for _, l := range c.Lines {
		byFrame[l.Frame] = l
	}
	streams := newStreams()
	whole, left := before(c.Packets), seen{}
	files := max(k.files, 1)
	per := (len(packets) + files - 1) / files
	for i := range files {
		part := packets[min(i*per, len(packets)):min((i+1)*per, len(packets))]
		if len(part) == 0 {
			continue
		}
		data, err := write(c.Link, part)
		if err != nil {
			return t, err
		}
		if !k.chained {
			streams, left = newStreams(), seen{}
		}
		for j, p := range part {
			n := streams.number(p.seg)
			has := left.add(p.seg)
			l, ok := byFrame[p.Frame]
			if !ok || p.seg.flags&rst == 0 {
				continue
			}
			if k.cutsData {
				l.Cut()
			}
			l.Path, l.Frame, l.Stream = fmt.Sprint(len(t.Files)), j+1, n
			if had := whole[p.Frame]; had.sender > 0 && has.sender == 0 ||
				had.peer > 0 && has.sender+has.peer <= 1 && has != had {
				// Nothing shows any more that the sender ever had the connection, or nothing but the trigger is left.
				l.Blind = true
				l.AlsoOK = []string{"closed-port", "peer-crash", "unknown-connection", "retransmit-timeout", "fast-close"}
			}
			t.Lines = append(t.Lines, l)
		}
		t.Files = append(t.Files, data)
	}
	return t, nil
}

// known is how many segments, RSTs aside, a connection had before a RST: the RST's sender's, and its peer's.
type known struct{ sender, peer int }

// seen counts the segments of connections by their senders.
type seen map[tuple]map[side]int

// add counts a segment and returns what its connection had before it.
func (x seen) add(s segment) known {
	t := s.tuple()
	if x[t] == nil {
		x[t] = map[side]int{}
	}
	k := known{x[t][s.src], x[t][s.dst]}
	if s.flags&rst == 0 {
		x[t][s.src]++
	}
	return k
}

// before returns, for each frame, what its connection had before it.
func before(packets []Packet) map[int]known {
	x, out := seen{}, map[int]known{}
	for _, p := range packets {
		out[p.Frame] = x.add(p.seg)
	}
	return out
}

func write(link layers.LinkType, packets []Packet) ([]byte, error) {
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&out, pcapgo.NgInterface{Name: "eth0", LinkType: link, TimestampResolution: 9},
		pcapgo.NgWriterOptions{})
	if err != nil {
		return nil, err
	}
	for _, p := range packets {
		ci := gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: p.Length}
		if err := w.WritePacket(ci, p.Data); err != nil {
			return nil, err
		}
	}
	err = w.Flush()
	return out.Bytes(), err
}

// chance is a number in [0, n) that depends on the capture, the frame and a purpose alone.
func (c *Capture) chance(frame int, purpose string, n uint32) uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d %d", purpose, frame, len(c.Packets))
	x := h.Sum32()
	x ^= x >> 16
	x *= 0x45d9f3b
	x ^= x >> 16
	return x % n
}

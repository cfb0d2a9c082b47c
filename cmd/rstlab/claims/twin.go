package claims

import (
	"fmt"
	"io"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A Twin is a capture made worse: what is left of its packets.
type Twin struct {
	Name string
	Raws []Raw
}

// Cuts are the names of the ways in which Cut makes a capture worse: cut to a snaplen of 64, 96 and 256 bytes, with
// either direction of all its connections removed, and with the first third of its packets removed.
var Cuts = []string{"snaplen 64", "snaplen 96", "snaplen 256", "without one direction",
	"without the other direction", "without the first third"}

// Cut makes a capture worse in one of these ways.
func Cut(raws []Raw, name string) Twin {
	t := Twin{Name: name}
	switch name {
	case Cuts[0]:
		t.Raws = cut(raws, 64)
	case Cuts[1]:
		t.Raws = cut(raws, 96)
	case Cuts[2]:
		t.Raws = cut(raws, 256)
	case Cuts[3]:
		t.Raws, _ = oneWay(raws)
	case Cuts[4]:
		_, t.Raws = oneWay(raws)
	case Cuts[5]:
		t.Raws = raws[len(raws)/3:]
	}
	return t
}

func cut(raws []Raw, snaplen int) (out []Raw) {
	for _, r := range raws {
		r.Data = r.Data[:min(len(r.Data), snaplen)]
		r.Info.CaptureLength = len(r.Data)
		out = append(out, r)
	}
	return out
}

// oneWay parts a capture: in the one half, those of a connection's segments that its first sender did not send; in the
// other, those that it did. What is no TCP is in both.
func oneWay(raws []Raw) (one, two []Raw) {
	c := Decode(raws)
	for i, r := range raws {
		p := c.byFrame[i+1]
		if p == nil || p.ICMP != nil {
			one, two = append(one, r), append(two, r)
			continue
		}
		if p.Src == c.Streams[p.Stream][0].Src {
			two = append(two, r)
		} else {
			one = append(one, r)
		}
	}
	return one, two
}

// Write writes packets as a pcapng file.
func Write(w io.Writer, raws []Raw) error {
	if len(raws) == 0 {
		return fmt.Errorf("no packets are left")
	}
	ids := map[layers.LinkType]int{}
	var out *pcapgo.NgWriter
	var err error
	for _, r := range raws {
		id, ok := ids[r.Link]
		if !ok {
			intf := pcapgo.DefaultNgInterface
			intf.LinkType = r.Link
			if out == nil {
				out, err = pcapgo.NewNgWriterInterface(w, intf, pcapgo.DefaultNgWriterOptions)
			} else {
				id, err = out.AddInterface(intf)
			}
			if err != nil {
				return err
			}
			ids[r.Link] = id
		}
		r.Info.InterfaceIndex = id
		r.Info.CaptureLength = len(r.Data)
		r.Info.Length = max(r.Info.Length, len(r.Data))
		if err := out.WritePacket(r.Info, r.Data); err != nil {
			return err
		}
	}
	return out.Flush()
}

package truth

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A Story is one thing that was done in a situation of many, on a port of the server that nothing else used, with the
// frames of its RSTs.
type Story struct {
	Port   int    `json:"port"`
	Says   string `json:"says"`
	Frames []int  `json:"frames"`
}

// Stories returns the stories of a capture (pcapng) whose RSTs lines are about, in the order of their ports; says has
// what was done on each.
func Stories(capture io.Reader, lines []Line, says map[uint16]string) ([]Story, error) {
	r, err := pcapgo.NewNgReader(capture, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return nil, err
	}
	wanted := map[int]bool{}
	for i := range lines {
		wanted[lines[i].Frame] = true
	}
	by := map[uint16]*Story{}
	for frame := 1; ; frame++ {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !wanted[frame] {
			continue
		}
		tcp, ok := gopacket.NewPacket(data, r.LinkType(), gopacket.Lazy).Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			return nil, fmt.Errorf("frame %d is not TCP", frame)
		}
		port := uint16(tcp.SrcPort)
		if says[port] == "" {
			port = uint16(tcp.DstPort)
		}
		if says[port] == "" {
			return nil, fmt.Errorf("frame %d: nothing was done on the ports %d and %d", frame, tcp.SrcPort, tcp.DstPort)
		}
		if by[port] == nil {
			by[port] = &Story{Port: int(port), Says: says[port]}
		}
		by[port].Frames = append(by[port].Frames, frame)
	}
	var out []Story
	for _, port := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[port])
	}
	return out, nil
}

package track_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// A client asks a server that has closed: the server's host answers with a RST.
func Example() {
	client := flows.AddrFrom(netip.MustParseAddrPort("192.0.2.1:50000"))
	server := flows.AddrFrom(netip.MustParseAddrPort("192.0.2.2:80"))
	table := track.NewTable(track.TableOptions{}, func(r *flows.Reset) {
		fmt.Printf("frame %d: the %v resets, %v, in answer to frame %d\n", r.Frame, r.Side, r.Class, r.Trigger.Frame)
		for i := range r.Conn.Ends {
			e := &r.Conn.Ends[i]
			fmt.Printf("%v %v: %v, %d bytes\n", flows.Side(i), e.Addr, e.State, e.Bytes)
		}
	})
	frame := 0
	add := func(src, dst flows.Addr, flags flows.Flags, seq, ack flows.Seq, data string) {
		frame++
		table.Add(&flows.Segment{
			Frame: frame, Time: flows.Time(time.Duration(frame) * time.Millisecond), Src: src, Dst: dst,
			Flags: flags, SEQ: seq, ACK: ack, WND: 64240, TTL: 64, Payload: []byte(data), DataLen: uint32(len(data)),
		})
	}
	add(client, server, flows.SYN, 100, 0, "")
	add(server, client, flows.SYN|flows.ACK, 300, 101, "")
	add(client, server, flows.ACK, 101, 301, "")
	add(server, client, flows.FIN|flows.ACK, 301, 101, "")
	add(client, server, flows.ACK, 101, 302, "")
	add(client, server, flows.PSH|flows.ACK, 101, 302, "GET / HTTP/1.1\r\n\r\n")
	add(server, client, flows.RST, 302, 0, "")
	table.Flush()
	// Output:
	// frame 7: the responder resets, reply, in answer to frame 6
	// originator 192.0.2.1:50000: CLOSE-WAIT, 18 bytes
	// responder 192.0.2.2:80: FIN-WAIT-2, 0 bytes
}

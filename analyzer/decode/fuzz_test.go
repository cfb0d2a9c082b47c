package decode

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// FuzzDecode feeds arbitrary bytes to the decoder, twice over so that fragments meet, and checks what
// holds for every packet. Plain packets it reads in three ways: fast, general, and gopacket's.
func FuzzDecode(f *testing.F) {
	for _, o := range allOdd() {
		f.Add(o.p.Link, o.p.Length, o.p.Data)
	}
	for _, r := range fragmentRuns {
		for _, p := range r.packets {
			f.Add(p.Link, p.Length, p.Data)
		}
	}
	f.Fuzz(func(t *testing.T, link uint16, length uint32, data []byte) {
		var d Decoder
		var seg flows.Segment
		p := &capture.Packet{Data: data, Length: length % (1 << 20), Link: link, Frame: 1}
		before := bytes.Clone(data)
		first := d.Decode(p, &seg)
		check(t, p, first, &seg)
		if b := track.NewTable(track.TableOptions{}, nil).NewBatch(); fast(p, b) {
			var slow flows.Segment
			if out := new(Decoder).Decode(p, &slow); out != Segment {
				t.Fatalf("fast reads what the general way does not: outcome %d", out)
			}
			// What a batch keeps of an ordinary segment.
			slow.HeaderLen, slow.Urgent, slow.DF, slow.V6, slow.Cut = 0, 0, false, false, false
			kept := flows.Options{TSval: slow.Opts.TSval, HasTS: slow.Opts.HasTS, HasSACK: slow.Opts.HasSACK}
			if slow.Flags.Has(flows.SYN) {
				kept.MSS, kept.Kinds, kept.SACKOK = slow.Opts.MSS, slow.Opts.Kinds, slow.Opts.SACKOK
				kept.WScale, kept.HasWScale = min(slow.Opts.WScale, 14), slow.Opts.HasWScale // RFC 7323 §2.3
				kept.MPTCP = slow.Opts.MPTCP & flows.MPTCPPresent
			}
			slow.Opts = kept
			if diff := cmp.Diff(slow, b.Last(), decoded, cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
		}
		tooDeep := first == Unreadable && d.why == TooDeep // gopacket follows any number of VLAN tags
		if want, ok := plainGopacket(p); ok && !tooDeep {
			if first != Segment {
				t.Fatalf("gopacket finds %+v, outcome %d (%s)", want, first, d.why)
			}
			got := viewOf(&seg)
			if malformedOptions(data) {
				got.opts, want.opts = flows.Options{}, flows.Options{}
			}
			if got != want {
				t.Fatalf("%+v, gopacket:\n%+v", got, want)
			}
		}
		check(t, p, d.Decode(p, &seg), &seg)
		if !bytes.Equal(data, before) {
			t.Fatal("the packet was changed")
		}
		d.Flush()
		c := &d.Counts
		if c.Packets != 2 || c.Segments+c.ICMPErrors+c.Malformed+c.NotTCP+c.Fragments+c.Unreadable != 2 {
			t.Fatalf("2 packets, counted as %+v", c)
		}
	})
}

// check checks what holds for every segment.
func check(t *testing.T, p *capture.Packet, out Outcome, seg *flows.Segment) {
	if out != Segment {
		return
	}
	switch wire := max(int(p.Length), len(p.Data)); {
	case seg.Frame != 1:
		t.Fatalf("frame %d", seg.Frame)
	case len(seg.Payload) > int(seg.DataLen):
		t.Fatalf("%d bytes of payload, DataLen %d", len(seg.Payload), seg.DataLen)
	case int(seg.DataLen) > max(wire, 65535):
		t.Fatalf("DataLen %d in a packet of %d", seg.DataLen, wire)
	case seg.Cut && seg.Payload != nil:
		t.Fatal("payload behind a cut header")
	case !seg.Cut && seg.HeaderLen < tcpHeaderLen:
		t.Fatalf("header of %d bytes", seg.HeaderLen)
	}
}

// plainGopacket reads p with gopacket, if it is a TCP segment with nothing around it but Ethernet, VLAN tags
// and one IP header.
func plainGopacket(p *capture.Packet) (v view, ok bool) {
	if p.Link != linkEthernet {
		return view{}, false
	}
	packet := gopacket.NewPacket(p.Data, layers.LinkTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	ips, tcp := 0, false
	for _, l := range packet.Layers() {
		var next layers.EthernetType
		switch l := l.(type) {
		case *layers.Ethernet:
			next = l.EthernetType
		case *layers.Dot1Q:
			next = l.Type
		case *layers.IPv4:
			ips++
			if l.Version != 4 { // gopacket does not look at it
				return view{}, false
			}
		case *layers.IPv6:
			ips++
			if l.Version != 6 {
				return view{}, false
			}
		case *layers.TCP:
			tcp = packet.ErrorLayer() == nil
		default:
			if !tcp {
				return view{}, false
			}
		}
		if next == layers.EthernetTypeRaw { // gopacket's own, no EtherType on the wire
			return view{}, false
		}
	}
	if ips != 1 || !tcp {
		return view{}, false
	}
	return newGopacket(p)
}

// malformedOptions reports whether the TCP options, which gopacket reads its own way then, are not in order.
func malformedOptions(data []byte) bool {
	packet := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	tcp := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
	for b := tcp.Contents[tcpHeaderLen:]; len(b) > 0; {
		switch {
		case b[0] == optEnd:
			return false
		case b[0] == optNOP:
			b = b[1:]
		case len(b) < 2 || b[1] < 2 || int(b[1]) > len(b):
			return true
		case b[0] == optMPTCP:
			return true // gopacket also checks the length of each subtype
		default:
			b = b[b[1]:]
		}
	}
	return false
}

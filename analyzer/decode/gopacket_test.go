package decode

import (
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	old "github.com/google/gopacket"
	oldlayers "github.com/google/gopacket/layers"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// A view is a TCP segment as another decoder sees it, in comparable form.
type view struct {
	src, dst     string // address and port
	seq, ack     uint32
	flags        flows.Flags
	window       uint16
	urgent       uint16
	header, data int // bytes; data as captured
	opts         flows.Options
}

// viewOf is the segment as Decode sees it.
func viewOf(s *flows.Segment) view {
	return view{s.Src.String(), s.Dst.String(), uint32(s.SEQ), uint32(s.ACK), s.Flags, s.WND, s.Urgent, int(s.HeaderLen), len(s.Payload), s.Opts}
}

// An otherOption is one TCP option as the other decoder sees it.
type otherOption struct {
	kind byte
	data []byte
}

// newView puts together what the other decoder's layers say.
func newView(src, dst net.IP, h []byte, payload int, opts []otherOption) view {
	addr := func(ip net.IP, port uint16) string { return net.JoinHostPort(ip.String(), fmt.Sprint(port)) }
	be := binary.BigEndian
	v := view{
		src: addr(src, be.Uint16(h)), dst: addr(dst, be.Uint16(h[2:])),
		seq: be.Uint32(h[4:]), ack: be.Uint32(h[8:]), flags: flows.Flags(be.Uint16(h[12:]) & 0x1ff),
		window: be.Uint16(h[14:]), urgent: be.Uint16(h[18:]), header: len(h), data: payload,
	}
	for _, o := range opts {
		if o.kind == optEnd {
			break
		}
		if o.kind == optNOP {
			continue
		}
		v.opts.Kinds++
		switch {
		case o.kind == optMSS && len(o.data) == 2:
			v.opts.MSS = be.Uint16(o.data)
		case o.kind == optWScale && len(o.data) == 1:
			v.opts.WScale, v.opts.HasWScale = o.data[0], true
		case o.kind == optSACKOK && len(o.data) == 0:
			v.opts.SACKOK = true
		case o.kind == optSACK:
			v.opts.HasSACK = true
		case o.kind == optTimestamp && len(o.data) == 8:
			v.opts.TSval, v.opts.TSecr, v.opts.HasTS = be.Uint32(o.data), be.Uint32(o.data[4:]), true
		case o.kind == optMPTCP && len(o.data) > 0:
			v.opts.MPTCP |= flows.MPTCPPresent
			switch o.data[0] >> 4 {
			case mptcpFastClose:
				v.opts.MPTCP |= flows.MPTCPFastClose
			case mptcpReset:
				v.opts.MPTCP |= flows.MPTCPReset
				v.opts.MPTCPReason = o.data[1]
			}
		}
	}
	return v
}

// newGopacket reads p with the maintained gopacket. ok tells whether it found a TCP header.
func newGopacket(p *capture.Packet) (v view, ok bool) {
	packet := gopacket.NewPacket(p.Data, layers.LinkType(p.Link), gopacket.DecodeOptions{NoCopy: true})
	var src, dst net.IP
	for _, l := range packet.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			src, dst = l.SrcIP, l.DstIP
		case *layers.IPv6:
			src, dst = l.SrcIP, l.DstIP
		case *layers.TCP:
			var opts []otherOption
			for _, o := range l.Options {
				opts = append(opts, otherOption{byte(o.OptionType), o.OptionData})
			}
			if len(l.Contents) >= 20 {
				v, ok = newView(src, dst, l.Contents, len(l.Payload), opts), true
			}
		}
	}
	return v, ok
}

// oldGopacket reads p with the original gopacket.
func oldGopacket(p *capture.Packet) (v view, ok bool) {
	packet := old.NewPacket(p.Data, oldlayers.LinkType(p.Link), old.DecodeOptions{NoCopy: true})
	var src, dst net.IP
	for _, l := range packet.Layers() {
		switch l := l.(type) {
		case *oldlayers.IPv4:
			src, dst = l.SrcIP, l.DstIP
		case *oldlayers.IPv6:
			src, dst = l.SrcIP, l.DstIP
		case *oldlayers.TCP:
			var opts []otherOption
			for _, o := range l.Options {
				opts = append(opts, otherOption{byte(o.OptionType), o.OptionData})
			}
			if len(l.Contents) >= 20 {
				v, ok = newView(src, dst, l.Contents, len(l.Payload), opts), true
			}
		}
	}
	return v, ok
}

// TestGopacket holds every packet of captures of other projects against both versions of gopacket.
func TestGopacket(t *testing.T) { compareGopacket(t, captures(t)) }

// TestGopacketOwn does so with the captures of this project.
func TestGopacketOwn(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*", "lab/captures/*", "article/*"} {
		found, err := filepath.Glob("../../testdata/" + pattern + "/*.pcapng*")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("testdata holds no captures")
	}
	compareGopacket(t, files)
}

// compareGopacket reads every packet of files three times: where a gopacket finds a TCP header, Decode
// must find the same one. What gopacket does not read is counted only.
func compareGopacket(t *testing.T, files []string) {
	packets := 0
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			var d Decoder
			missed := [2]int{}
			eachPacket(t, file, func(p *capture.Packet) {
				packets++
				var seg flows.Segment
				out := d.Decode(p, &seg)
				for i, read := range []func(*capture.Packet) (view, bool){newGopacket, oldGopacket} {
					name := [...]string{"gopacket", "the original gopacket"}[i]
					if p.Link > 255 && i == 1 {
						continue // its link types end there
					}
					v, ok := read(p)
					if ok && v.header < int(seg.HeaderLen) { // the capture cut the header, and gopacket then reads no options
						v.header, v.opts = int(seg.HeaderLen), seg.Opts
					}
					switch {
					case out == Segment && !ok:
						missed[i]++
					case ok && out != Segment:
						t.Errorf("frame %d: %s finds %+v, outcome %d", p.Frame, name, v, out)
					case ok && viewOf(&seg) != v:
						t.Errorf("frame %d:\n%+v, %s:\n%+v", p.Frame, viewOf(&seg), name, v)
					}
				}
			})
			if missed != [2]int{} {
				t.Logf("%d segments that gopacket does not find, %d that the original does not", missed[0], missed[1])
			}
		})
	}
	t.Logf("%d packets of %d captures", packets, len(files))
}

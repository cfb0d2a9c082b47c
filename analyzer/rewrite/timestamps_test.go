package rewrite_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// A stamped is a TCP header with a timestamps option.
type stamped struct {
	src, dst  string
	val, echo uint32
	ack       bool
	checked   bool // there is no data that a slice cuts off
	wrong     bool // its checksum is
}

// stampedSegments reads the TCP headers of a capture of Ethernet or Linux cooked packets.
func stampedSegments(t *testing.T, path string) (list []stamped) {
	t.Helper()
	in := open(t, path)
	defer in.Close()
	for {
		var b capture.Batch
		if err := in.Next(&b); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		for i := range b.Packets {
			p := &b.Packets[i]
			packet := gopacket.NewPacket(bytes.Clone(p.Data), layers.LinkType(p.Link), gopacket.Default)
			tcp, _ := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
			if tcp == nil || packet.NetworkLayer() == nil {
				continue
			}
			flow := packet.NetworkLayer().NetworkFlow()
			for _, o := range tcp.Options {
				if o.OptionType == layers.TCPOptionKindTimestamps && len(o.OptionData) == 8 {
					s := stamped{src: flow.Src().String(), dst: flow.Dst().String(), ack: tcp.ACK,
						val: binary.BigEndian.Uint32(o.OptionData), echo: binary.BigEndian.Uint32(o.OptionData[4:])}
					if ip, ok := packet.NetworkLayer().(*layers.IPv4); ok && int(ip.Length) == int(ip.IHL)*4+int(tcp.DataOffset)*4 {
						_ = tcp.SetNetworkLayerForChecksum(ip)
						sum, err := tcp.ComputeChecksum()
						s.checked, s.wrong = err == nil, sum != 0
					}
					list = append(list, s)
				}
			}
		}
		b.Release()
	}
}

// Timestamps of an anonymized slice are shifted, those of one host all by the same, where it sends them and
// where they are echoed, and checksums are as right or wrong as they were.
func TestAnonymizedTimestamps(t *testing.T) {
	pan, err := rewrite.NewCryptoPAn(bytes.Repeat([]byte{7}, rewrite.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	seen, checked := 0, 0
	for _, path := range captures(t) {
		streams := &rewrite.Streams{}
		explain(t, path, streams)
		slice := func(name string, opts rewrite.SliceOptions) []stamped {
			out := filepath.Join(t.TempDir(), name)
			write(t, out, func(w *os.File) error {
				n, err := rewrite.Slice(context.Background(), open(t, path), w, streams, opts)
				if n.Left.Joined > 0 {
					t.Skip("fragments are put together")
				}
				return err
			})
			return stampedSegments(t, out)
		}
		plain, anonymous := slice("plain.pcapng", rewrite.SliceOptions{}), slice("anonymous.pcapng", rewrite.SliceOptions{Anonymize: pan})
		if len(plain) != len(anonymous) {
			t.Fatalf("%s: %d timestamps, anonymized %d", path, len(plain), len(anonymous))
		}
		shift := map[string]uint32{}
		same := func(host string, by uint32) {
			if known, ok := shift[host]; ok && known != by {
				t.Errorf("%s: the clock of %s is shifted by %d and by %d", path, host, known, by)
			}
			if shift[host] = by; by == 0 {
				t.Errorf("%s: the clock of %s is written as it is", path, host)
			}
		}
		for i, p := range plain {
			a := anonymous[i]
			if seen++; p.val == 0 != (a.val == 0) {
				t.Errorf("%s: timestamp %d becomes %d", path, p.val, a.val)
			}
			if p.val != 0 {
				same(p.src, a.val-p.val)
			}
			if p.ack && p.echo != 0 {
				same(p.dst, a.echo-p.echo)
			}
			if p.checked {
				if checked++; a.wrong != p.wrong {
					t.Errorf("%s: timestamp %d of %s: its checksum was wrong: %v, and is: %v", path, i, p.src, p.wrong, a.wrong)
				}
			}
		}
	}
	if seen == 0 || checked == 0 {
		t.Skipf("%d timestamps, %d checksums", seen, checked)
	}
}

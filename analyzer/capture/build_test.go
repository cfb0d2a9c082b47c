package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"
)

// An order is a byte order that can both write and append.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []order{binary.LittleEndian, binary.BigEndian}

// An option is one of a pcapng block.
type option struct {
	code  uint16
	value []byte
}

func textOption(code uint16, s string) option { return option{code, []byte(s)} }

// A pcapng builds a pcapng file block by block.
type pcapng struct {
	order
	b []byte
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

func (f *pcapng) options(b []byte, opts []option) []byte {
	for _, o := range opts {
		b = f.AppendUint16(b, o.code)
		b = f.AppendUint16(b, uint16(len(o.value)))
		b = append(b, pad(slices.Clone(o.value))...)
	}
	if len(opts) > 0 {
		b = f.AppendUint32(b, 0)
	}
	return b
}

func (f *pcapng) block(typ uint32, body []byte) *pcapng {
	body = pad(body)
	n := uint32(12 + len(body))
	f.b = f.AppendUint32(f.b, typ)
	f.b = f.AppendUint32(f.b, n)
	f.b = append(f.b, body...)
	f.b = f.AppendUint32(f.b, n)
	return f
}

func newPcapng(o order) *pcapng { return (&pcapng{order: o}).section() }

func (f *pcapng) section(opts ...option) *pcapng {
	b := f.AppendUint32(nil, orderMagic)
	b = f.AppendUint16(b, 1)
	b = f.AppendUint16(b, 0)
	b = f.AppendUint64(b, ^uint64(0))
	return f.block(blockSection, f.options(b, opts))
}

func (f *pcapng) iface(link uint16, snap uint32, opts ...option) *pcapng {
	b := f.AppendUint16(nil, link)
	b = f.AppendUint16(b, 0)
	b = f.AppendUint32(b, snap)
	return f.block(blockInterface, f.options(b, opts))
}

func (f *pcapng) packet(id uint32, ticks uint64, data []byte, opts ...option) *pcapng {
	b := f.AppendUint32(nil, id)
	b = f.AppendUint32(b, uint32(ticks>>32))
	b = f.AppendUint32(b, uint32(ticks))
	b = f.AppendUint32(b, uint32(len(data)))
	b = f.AppendUint32(b, uint32(len(data)))
	return f.block(blockPacket, f.options(append(b, pad(slices.Clone(data))...), opts))
}

func (f *pcapng) oldPacket(id, drops uint16, ticks uint64, data []byte) *pcapng {
	b := f.AppendUint16(nil, id)
	b = f.AppendUint16(b, drops)
	b = f.AppendUint32(b, uint32(ticks>>32))
	b = f.AppendUint32(b, uint32(ticks))
	b = f.AppendUint32(b, uint32(len(data)))
	b = f.AppendUint32(b, uint32(len(data)))
	return f.block(blockOldPacket, append(b, data...))
}

func (f *pcapng) simplePacket(length uint32, data []byte) *pcapng {
	return f.block(blockSimple, append(f.AppendUint32(nil, length), data...))
}

func (f *pcapng) statistics(id uint32, opts ...option) *pcapng {
	b := f.AppendUint32(nil, id)
	b = f.AppendUint64(b, 0)
	return f.block(blockStatistics, f.options(b, opts))
}

func (f *pcapng) count(code uint16, n uint64) option { return option{code, f.AppendUint64(nil, n)} }

// A pcapFile builds a pcap file.
type pcapFile struct {
	order
	b      []byte
	header int // bytes of a record header
}

func newPcap(o order, magic uint32, major, minor uint16, network uint32) *pcapFile {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, major)
	b = o.AppendUint16(b, minor)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, 65535)
	b = o.AppendUint32(b, network)
	f := &pcapFile{o, b, 16}
	switch magic {
	case magicModified:
		f.header = 24
	case magicIxiaMicro, magicIxiaNano:
		f.b = o.AppendUint32(f.b, 0)
	}
	return f
}

func (f *pcapFile) record(sec, frac, first, second uint32, data []byte) *pcapFile {
	for _, v := range []uint32{sec, frac, first, second} {
		f.b = f.AppendUint32(f.b, v)
	}
	f.b = append(f.b, make([]byte, f.header-16)...)
	f.b = append(f.b, data...)
	return f
}

func (f *pcapFile) packet(sec, frac uint32, data []byte) *pcapFile {
	return f.record(sec, frac, uint32(len(data)), uint32(len(data)), data)
}

// readAll reads a whole capture, with the packets' bytes copied out of their batches.
func readAll(t testing.TB, in io.Reader, opts Options) ([]Packet, *Reader) {
	t.Helper()
	r, err := NewReader(in, opts)
	if err != nil {
		t.Fatal(err)
	}
	return drain(t, r), r
}

func readBytes(t testing.TB, b []byte) ([]Packet, *Reader) {
	t.Helper()
	return readAll(t, bytes.NewReader(b), Options{})
}

func drain(t testing.TB, r *Reader) (all []Packet) {
	t.Helper()
	defer r.Close()
	var b Batch
	for {
		err := r.Next(&b)
		if err == io.EOF {
			return all
		}
		if err != nil || len(b.Packets) == 0 {
			t.Fatalf("Next: %v, %d packets", err, len(b.Packets))
		}
		for _, p := range b.Packets {
			p.Data = slices.Clone(p.Data)
			all = append(all, p)
		}
	}
}

// reasons returns the reasons of the problems, in order.
func reasons(r *Reader) (all []Reason) {
	for _, p := range r.Problems() {
		all = append(all, p.Reason)
	}
	return all
}

// bytes returns n bytes that differ from place to place.
func octets(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// differ says where two runs of packets differ, "" when they do not.
func differ(want, got []Packet) string {
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) {
			return fmt.Sprintf("%d packets, want %d", len(got), len(want))
		}
		w, g := want[i], got[i]
		if !bytes.Equal(w.Data, g.Data) {
			return fmt.Sprintf("packet %d: other bytes", i)
		}
		w.Data, g.Data = nil, nil
		if !reflect.DeepEqual(w, g) {
			return fmt.Sprintf("packet %d: %+v, want %+v", i, g, w)
		}
	}
	return ""
}

package main

import (
	"bufio"
	"encoding/binary"
	"io"
)

// TCP control bits.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// A writer writes Ethernet packets as pcapng. It is written out by hand because the captures are
// gigabytes: a library's serialiser takes minutes for them.
type writer struct {
	out   *bufio.Writer
	buf   []byte
	bytes int64
	six   bool // IPv6
	err   error

	rotation rotation
}

// epoch is when the synthetic traffic begins: 2024-01-01 00:00:00 UTC, in nanoseconds.
const epoch = 1704067200_000_000_000

func newWriter(out io.Writer, six bool) *writer {
	w := &writer{out: bufio.NewWriterSize(out, 1<<20), buf: make([]byte, 0, 2048), six: six}
	w.header()
	return w
}

// header writes what a file begins with.
func (w *writer) header() {
	le := binary.LittleEndian
	b := w.buf
	b = le.AppendUint32(b, 0x0a0d0d0a) // section header
	b = le.AppendUint32(b, 28)
	b = le.AppendUint32(b, 0x1a2b3c4d)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, ^uint64(0))
	b = le.AppendUint32(b, 28)
	b = le.AppendUint32(b, 1) // interface description: Ethernet, nanoseconds
	b = le.AppendUint32(b, 32)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, 0)
	b = append(b, 9, 0, 1, 0, 9, 0, 0, 0)
	b = append(b, 0, 0, 0, 0)
	b = le.AppendUint32(b, 32)
	w.write(b)
}

func (w *writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
		w.bytes += int64(len(b))
	}
}

func (w *writer) close() error {
	if w.err != nil {
		return w.err
	}
	return w.out.Flush()
}

// packet writes the segment that side of c sends now.
func (w *writer) packet(now int64, c *conn, side int, flags uint8, data []byte) {
	be, le := binary.BigEndian, binary.LittleEndian
	w.turn()
	now += int64(w.rotation.skew)
	peer := 1 - side
	tcpLen := 32
	reply := flags&flagRST != 0 && (flags&flagACK == 0 || c.phase == phaseSYNACK)
	switch {
	case flags&flagSYN != 0:
		tcpLen = 40
	case reply:
		tcpLen = 20
	}
	ipLen := 20
	if w.six {
		ipLen = 40
	}
	capLen := 14 + ipLen + tcpLen + len(data)
	padded := (capLen + 3) &^ 3
	total := uint32(32 + padded)

	b := w.buf[:0]
	b = le.AppendUint32(b, 6)
	b = le.AppendUint32(b, total)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, uint32(uint64(epoch+now)>>32))
	b = le.AppendUint32(b, uint32(epoch+now))
	b = le.AppendUint32(b, uint32(capLen))
	b = le.AppendUint32(b, uint32(capLen))

	b = append(b, 2, 0, 0, 0, 0, byte(2-side), 2, 0, 0, 0, 0, byte(1+side))
	if w.six {
		b = ip6(b, c, side, tcpLen+len(data))
	} else {
		b = ip4(b, c, side, tcpLen+len(data), reply)
	}

	seq, ack, wnd := c.nxt[side], c.nxt[peer], uint16(502)
	if reply {
		wnd = 0
	}
	switch {
	case flags&flagACK == 0:
		ack = 0
	case reply:
		seq = 0
	}
	b = be.AppendUint16(b, c.port[side])
	b = be.AppendUint16(b, c.port[peer])
	b = be.AppendUint32(b, seq)
	b = be.AppendUint32(b, ack)
	b = append(b, byte(tcpLen/4)<<4, flags)
	b = be.AppendUint16(b, wnd)
	b = append(b, 0, 0, 0, 0)
	c.ts[side]++
	switch tcpLen {
	case 40:
		b = append(b, 2, 4, 5, 180, 4, 2, 8, 10)
		b = be.AppendUint32(b, c.ts[side])
		b = be.AppendUint32(b, c.ts[peer])
		b = append(b, 1, 3, 3, 7)
	case 32:
		b = append(b, 1, 1, 8, 10)
		b = be.AppendUint32(b, c.ts[side])
		b = be.AppendUint32(b, c.ts[peer])
	}
	b = append(b, data...)
	for len(b) < 28+padded {
		b = append(b, 0)
	}
	b = le.AppendUint32(b, total)
	w.buf = b[:0]
	w.write(b)
}

// ip4 appends Ethernet's type and the IPv4 header of a segment of n bytes that side of c sends.
func ip4(b []byte, c *conn, side, n int, reply bool) []byte {
	be := binary.BigEndian
	b = append(b, 8, 0, 0x45, 0)
	b = be.AppendUint16(b, uint16(20+n))
	id := uint16(c.ts[side])
	if reply {
		id = 0
	}
	b = be.AppendUint16(b, id)
	b = append(b, 0x40, 0, byte(64-10*side), 6, 0, 0)
	b = be.AppendUint32(b, c.addr[side])
	return be.AppendUint32(b, c.addr[1-side])
}

// ip6 appends Ethernet's type and the IPv6 header of the same.
func ip6(b []byte, c *conn, side, n int) []byte {
	be := binary.BigEndian
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
	b = be.AppendUint16(b, uint16(n))
	b = append(b, 6, byte(64-10*side))
	for _, host := range [2]uint32{c.addr[side], c.addr[1-side]} {
		b = append(b, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0)
		b = be.AppendUint32(b, host)
	}
	return b
}

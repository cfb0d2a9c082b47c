package main

import (
	"encoding/binary"

	"github.com/rstexplain/rstexplain/flows"
)

// pcap writes segments as a capture of bare IP packets (LINKTYPE_RAW). Checksums stay 0, as on packets
// that were captured before the network card filled them in.
func pcap(segments []flows.Segment) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	out := le.AppendUint32(nil, 0xa1b23c4d) // nanoseconds
	out = append(out, 2, 0, 4, 0)           // version 2.4
	out = append(out, make([]byte, 8)...)
	out = le.AppendUint32(out, 65535)
	out = le.AppendUint32(out, 101)
	for i := range segments {
		s := &segments[i]
		data := make([]byte, s.DataLen)
		copy(data, s.Payload)

		tcp := be.AppendUint16(nil, s.Src.Port)
		tcp = be.AppendUint16(tcp, s.Dst.Port)
		tcp = be.AppendUint32(tcp, uint32(s.SEQ))
		tcp = be.AppendUint32(tcp, uint32(s.ACK))
		opts := options(&s.Opts)
		tcp = be.AppendUint16(tcp, uint16(5+len(opts)/4)<<12|uint16(s.Flags))
		tcp = be.AppendUint16(tcp, s.WND)
		tcp = append(tcp, 0, 0)
		tcp = be.AppendUint16(tcp, s.Urgent)
		tcp = append(append(tcp, opts...), data...)

		src, dst := s.Src.AddrPort().Addr(), s.Dst.AddrPort().Addr()
		var ip []byte
		if src.Is4() {
			ip = append(ip, 0x45, 0)
			ip = be.AppendUint16(ip, uint16(20+len(tcp)))
			ip = be.AppendUint16(ip, s.IPID)
			fragment := uint16(0)
			if s.DF {
				fragment = 0x4000
			}
			ip = be.AppendUint16(ip, fragment)
			ip = append(ip, s.TTL, 6, 0, 0)
		} else {
			ip = append(ip, 0x60, 0, 0, 0)
			ip = be.AppendUint16(ip, uint16(len(tcp)))
			ip = append(ip, 6, s.TTL)
		}
		ip = append(append(ip, src.AsSlice()...), dst.AsSlice()...)
		ip = append(ip, tcp...)

		out = le.AppendUint32(out, uint32(int64(s.Time)/1e9))
		out = le.AppendUint32(out, uint32(int64(s.Time)%1e9))
		out = le.AppendUint32(out, uint32(len(ip)))
		out = le.AppendUint32(out, uint32(len(ip)))
		out = append(out, ip...)
	}
	return out
}

// options writes TCP options, padded to whole words.
func options(o *flows.Options) []byte {
	var b []byte
	if o.MSS != 0 {
		b = append(b, 2, 4, byte(o.MSS>>8), byte(o.MSS))
	}
	if o.SACKOK {
		b = append(b, 4, 2)
	}
	if o.HasTS {
		b = binary.BigEndian.AppendUint32(append(b, 8, 10), o.TSval)
		b = binary.BigEndian.AppendUint32(b, o.TSecr)
	}
	if o.HasWScale {
		b = append(b, 3, 3, o.WScale)
	}
	for len(b)%4 != 0 {
		b = append(b, 1)
	}
	return b
}

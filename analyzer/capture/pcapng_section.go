package capture

import (
	"bytes"
	"fmt"
	"strings"
)

// Sections, interface descriptions and interface statistics of pcapng.

// begin begins a section, without interfaces.
func (r *Reader) begin() {
	r.settle()
	r.ifaces = r.ifaces[:0]
	r.surplus = 0
	r.sections++
	r.foreign = false
}

// section reads a Section Header Block (draft-ietf-opsawg-pcapng §4.1).
func (r *Reader) section(b []byte) verdict {
	if len(b) < 16 {
		return damaged
	}
	r.begin()
	if major := u16(b[4:], r.swap); major != 1 {
		r.foreign = true
		r.note(Problem{Reason: Unsupported, Offset: r.base + int64(r.pos), Frame: r.frame,
			What: fmt.Sprintf("the section at byte %d has pcapng version %d, which is not defined: "+
				"skipped", r.base+int64(r.pos), major)})
		return walked
	}
	for code, value := range options(b[16:], r.swap) {
		switch code {
		case 1: // opt_comment
			if len(r.info.Comments) < commentsKept {
				r.info.Comments = append(r.info.Comments, text(value))
			}
		case 2: // shb_hardware
			r.info.Hardware = text(value)
		case 3: // shb_os
			r.info.OS = text(value)
		case 4: // shb_userappl
			r.info.Application = text(value)
		}
	}
	return walked
}

// interfaceDescription reads an Interface Description Block (draft-ietf-opsawg-pcapng §4.2).
func (r *Reader) interfaceDescription(b []byte) verdict {
	if len(b) < 8 {
		return damaged
	}
	if len(r.ifaces) == interfacesMax {
		if r.spilled.interfaces == 0 {
			r.spilled.offset, r.spilled.frame = r.base+int64(r.pos), r.frame
		}
		r.surplus++
		r.spilled.interfaces++
		return walked
	}
	d := Interface{
		Section:    r.sections - 1,
		Index:      len(r.ifaces),
		Link:       u16(b, r.swap),
		SnapLen:    u32(b[4:], r.swap),
		Resolution: 6,
		FCSLen:     -1,
	}
	var offset int64
	for code, value := range options(b[8:], r.swap) {
		switch code {
		case 2: // if_name
			d.Name = text(value)
		case 3: // if_description
			d.Description = text(value)
		case 9: // if_tsresol
			if len(value) == 1 {
				d.Resolution = value[0]
			}
		case 11: // if_filter; 0: as text
			if len(value) > 1 && value[0] == 0 {
				d.Filter = text(value[1:])
			}
		case 12: // if_os
			d.OS = text(value)
		case 13: // if_fcslen, in bits
			if len(value) == 1 {
				d.FCSLen = int(value[0]) / 8
			}
		case 14: // if_tsoffset, in seconds
			if len(value) == 8 {
				offset = int64(u64(value, r.swap))
			}
		case 15: // if_hardware
			d.Hardware = text(value)
		}
	}
	f := iface{clock: newClock(d.Resolution, offset), snap: d.SnapLen, link: d.Link, kept: -1}
	if len(r.described) < interfacesKept {
		f.kept = int32(len(r.described))
		r.described = append(r.described, d)
	}
	r.ifaces = append(r.ifaces, f)
	return walked
}

// statistics reads an Interface Statistics Block: its counters run from the start of the capture, so the last one
// holds.
func (r *Reader) statistics(b []byte) {
	if len(b) < 12 {
		return
	}
	id := u32(b, r.swap)
	if uint64(id) >= uint64(len(r.ifaces)) || r.ifaces[id].kept < 0 {
		return
	}
	d := &r.described[r.ifaces[id].kept]
	var dropped uint64
	for code, value := range options(b[12:], r.swap) {
		if len(value) != 8 {
			continue
		}
		switch n := u64(value, r.swap); code {
		case 4: // isb_ifrecv
			d.Received = n
		case 5, 7: // isb_ifdrop, isb_osdrop: by the interface, by the operating system
			dropped += n
		}
	}
	d.Dropped = max(d.Dropped, dropped)
}

// text returns an option's text, at most textKept bytes of it, as valid UTF-8. It may hold anything else, control
// characters too.
func text(b []byte) string {
	return strings.ToValidUTF8(string(bytes.TrimRight(b[:min(len(b), textKept)], "\x00")), "\uFFFD")
}

// options yields the options of a block: code and value (draft-ietf-opsawg-pcapng §3.5). It stops at
// the end-of-options option or at the first that does not fit.
func options(b []byte, swap bool) func(yield func(uint16, []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, n := u16(b, swap), int(u16(b[2:], swap))
			if code == 0 || n > len(b)-4 || !yield(code, b[4:4+n]) {
				return
			}
			b = b[min(4+(n+3)&^3, len(b)):]
		}
	}
}

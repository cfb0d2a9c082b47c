package pasted

import "bytes"

// A psmlStyle reads Wireshark's packet list as XML (PSML): a section element for each column, of names first and then
// of each packet.
type psmlStyle struct {
	r     *Reader
	list  listStyle // its columns are those of the structure
	names bool      // the sections at hand are names
	line  int       // where the packet at hand begins
	cells [][]byte
}

func (x *psmlStyle) begin(line []byte) verdict {
	t := bytes.TrimSpace(line)
	switch string(t) {
	case "<structure>":
		x.names, x.cells = true, nil
		return opened
	case "<packet>":
		x.names, x.cells, x.line = false, x.cells[:0], x.r.lines.n
		return opened
	}
	return foreign
}

func (x *psmlStyle) more(line []byte) bool {
	t := bytes.TrimSpace(line)
	rest, ok := bytes.CutPrefix(t, []byte("<section>"))
	if !ok {
		return string(t) == "<section/>" && x.add(nil)
	}
	cell, _, ok := bytes.Cut(rest, []byte("</section>"))
	return ok && x.add(cell)
}

func (x *psmlStyle) add(cell []byte) bool {
	if len(x.cells) >= maxFields {
		return false
	}
	x.cells = append(x.cells, bytes.Clone(cell))
	return true
}

func (x *psmlStyle) close() {
	l := &x.list
	l.r = x.r
	if x.names {
		l.columns = nil
		for _, c := range x.cells {
			l.columns = append(l.columns, columnNames[string(bytes.ToLower(c))])
		}
		return
	}
	l.fresh(Packet{Line: x.line, Style: PSML, Form: ByWireshark})
	l.cells = x.cells
	if len(l.columns) == 0 || len(l.cells) != len(l.columns) || !l.byHead(false) {
		x.r.leaveAt(NoFlags, x.line)
		return
	}
	l.dump.reset()
	l.close()
}

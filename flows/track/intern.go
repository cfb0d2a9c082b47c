package track

// internTable gives short numbers to values of which a capture has few, such as link addresses and VLANs, so
// that a record holds two bytes for one. It holds 65,534 of them; more are not told apart from 0.
type internTable struct {
	list  []uint64
	index map[uint64]uint16
	last  uint64 // value asked for last, and its number
	lastN uint16
}

// number returns the number of v; that of 0 is 0.
func (x *internTable) number(v uint64) uint16 {
	if v == 0 || v == x.last {
		return x.lastOrNone(v)
	}
	n, ok := x.index[v]
	if !ok {
		if len(x.list) >= 1<<16-2 {
			return 0
		}
		if x.index == nil {
			x.index = map[uint64]uint16{}
		}
		x.list = append(x.list, v)
		n = uint16(len(x.list))
		x.index[v] = n
	}
	x.last, x.lastN = v, n
	return n
}

func (x *internTable) lastOrNone(v uint64) uint16 {
	if v == 0 {
		return 0
	}
	return x.lastN
}

// value is the inverse of number.
func (x *internTable) value(n uint16) uint64 {
	if n == 0 {
		return 0
	}
	return x.list[n-1]
}

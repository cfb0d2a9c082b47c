package flows

// A macTable numbers the link addresses of a capture, so that a record holds two octets for one. It
// holds 65,534 of them; more are not told apart from "unknown".
type macTable struct {
	list    []uint64
	numbers map[uint64]uint16
}

// number returns the number of mac, 0 for none.
func (m *macTable) number(mac uint64) uint16 {
	if mac == 0 {
		return 0
	}
	if n, ok := m.numbers[mac]; ok {
		return n
	}
	if len(m.list) >= 1<<16-2 {
		return 0
	}
	if m.numbers == nil {
		m.numbers = map[uint64]uint16{}
	}
	m.list = append(m.list, mac)
	m.numbers[mac] = uint16(len(m.list))
	return uint16(len(m.list))
}

// mac is the inverse of number.
func (m *macTable) mac(n uint16) uint64 {
	if n == 0 {
		return 0
	}
	return m.list[n-1]
}

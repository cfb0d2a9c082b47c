package degrade

import "time"

// A kind is one way in which captures are bad.
type kind struct {
	name     string
	files    int  // rotated into so many, 0: one
	chained  bool // the files are read as one capture
	cutsData bool // cuts the bytes of the data off
	degrade  func(*Capture) []Packet
}

// Kinds are the names of the kinds in the order of Twins.
func Kinds() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

var kinds = []kind{
	{name: "no-handshake", degrade: withoutHandshake},
	{name: "one-direction", degrade: oneDirection},
	{name: "doubled", degrade: doubled},
	{name: "reordered", degrade: reordered},
	{name: "lossy", degrade: lossy},
	{name: "short-snaplen", cutsData: true, degrade: short},
	{name: "snaplen-96", cutsData: true, degrade: func(c *Capture) []Packet { return cut(c, 96) }},
	{name: "snaplen-256", cutsData: true, degrade: func(c *Capture) []Packet { return cut(c, 256) }},
	{name: "middle", degrade: middle},
	{name: "first-third", degrade: func(c *Capture) []Packet { return c.Packets[len(c.Packets)/3:] }},
	{name: "rotated", files: 3, degrade: func(c *Capture) []Packet { return c.Packets }},
}

func filter(c *Capture, keep func(p *Packet) bool) []Packet {
	var out []Packet
	for i := range c.Packets {
		if keep(&c.Packets[i]) {
			out = append(out, c.Packets[i])
		}
	}
	return out
}

// withoutHandshake drops the SYNs, SYN-ACKs and third ACKs of connections that were reset later than
// that: where the handshake itself is what was reset, it stays.
func withoutHandshake(c *Capture) []Packet {
	data := map[tuple]bool{}
	for i := range c.Packets {
		if s := &c.Packets[i].seg; s.len > 0 {
			data[s.tuple()] = true
		}
	}
	third := map[tuple]bool{}
	return filter(c, func(p *Packet) bool {
		s := &p.seg
		if !s.ok || !data[s.tuple()] {
			return true
		}
		if s.flags&syn != 0 {
			third[s.tuple()] = s.flags&ack != 0
			return false
		}
		if third[s.tuple()] && s.len == 0 && s.flags == ack {
			third[s.tuple()] = false
			return false
		}
		return true
	})
}

// oneDirection keeps, of each connection with a RST, what its first RST's sender sent.
func oneDirection(c *Capture) []Packet {
	from := map[tuple]side{}
	for i := range c.Packets {
		if s := &c.Packets[i].seg; s.flags&rst != 0 {
			if _, ok := from[s.tuple()]; !ok {
				from[s.tuple()] = s.src
			}
		}
	}
	return filter(c, func(p *Packet) bool {
		f, ok := from[p.seg.tuple()]
		return !ok || p.seg.src == f
	})
}

// doubled holds every packet twice, a few microseconds apart, as a mirror port of both directions does.
func doubled(c *Capture) []Packet {
	var out []Packet
	for i, p := range c.Packets {
		again := p
		again.Time = p.Time.Add(time.Duration(2+c.chance(i, "doubled", 9)) * time.Microsecond)
		out = append(out, p, again)
	}
	return out
}

// reordered lets one packet in eight come before the one that it follows, with its own time.
func reordered(c *Capture) []Packet {
	out := append([]Packet(nil), c.Packets...)
	for i := 1; i < len(out); i++ {
		if c.chance(out[i].Frame, "reordered", 8) == 0 {
			out[i-1], out[i] = out[i], out[i-1]
			i++
		}
	}
	return out
}

// lossy misses one packet in twenty.
func lossy(c *Capture) []Packet {
	return filter(c, func(p *Packet) bool { return c.chance(p.Frame, "lossy", 20) != 0 })
}

// short cuts every packet behind the first bytes of its TCP header: 64 bytes, or 80 with IPv6, in which
// the flags are just there.
func short(c *Capture) []Packet {
	out := append([]Packet(nil), c.Packets...)
	for i := range out {
		n := 64
		if out[i].seg.v6 {
			n = 80
		}
		out[i].Data = out[i].Data[:min(n, len(out[i].Data))]
	}
	return out
}

// cut cuts every packet behind n bytes.
func cut(c *Capture, n int) []Packet {
	out := append([]Packet(nil), c.Packets...)
	for i := range out {
		out[i].Data = out[i].Data[:min(n, len(out[i].Data))]
	}
	return out
}

// middle begins when two fifths of the capture have passed.
func middle(c *Capture) []Packet { return c.Packets[len(c.Packets)*2/5:] }

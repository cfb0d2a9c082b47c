package decode

import "github.com/rstexplain/rstexplain/flows"

// TCP option kinds (IANA, Transmission Control Protocol Parameters).
const (
	optEnd       = 0
	optNOP       = 1
	optMSS       = 2
	optWScale    = 3
	optSACKOK    = 4
	optSACK      = 5
	optTimestamp = 8
	optMPTCP     = 30
)

// MPTCP subtypes (RFC 8684 §3.5, §3.6).
const (
	mptcpFastClose = 7
	mptcpReset     = 8
)

// onlyTimestamps is how the options begin that nearly every segment of a Linux connection carries: NOP, NOP,
// timestamps (RFC 7323 appendix A).
const onlyTimestamps = 0x0101080a

// options reads the TCP options at b. A malformed option ends the reading: what came before it is kept,
// as receivers do.
func options(b []byte, o *flows.Options) {
	if len(b) == 12 && be32(b) == onlyTimestamps {
		o.Kinds, o.HasTS = 1, true
		o.TSval, o.TSecr = be32(b[4:]), be32(b[8:])
		return
	}
	for len(b) > 0 {
		kind := b[0]
		if kind == optNOP {
			b = b[1:]
			continue
		}
		if kind == optEnd || len(b) < 2 {
			return
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			return
		}
		option(kind, b[2:n], o)
		b = b[n:]
	}
}

// option reads one option's data. An option of the wrong length is counted and otherwise ignored.
func option(kind byte, v []byte, o *flows.Options) {
	o.Kinds++
	switch {
	case kind == optMSS && len(v) == 2:
		o.MSS = be16(v)
	case kind == optWScale && len(v) == 1:
		o.WScale, o.HasWScale = v[0], true
	case kind == optSACKOK && len(v) == 0:
		o.SACKOK = true
	case kind == optSACK:
		o.HasSACK = true
	case kind == optTimestamp && len(v) == 8:
		o.TSval, o.TSecr, o.HasTS = be32(v), be32(v[4:]), true
	case kind == optMPTCP && len(v) >= 1:
		o.MPTCP |= flows.MPTCPPresent
		switch v[0] >> 4 {
		case mptcpFastClose:
			o.MPTCP |= flows.MPTCPFastClose
		case mptcpReset:
			if len(v) >= 2 {
				o.MPTCP |= flows.MPTCPReset
				o.MPTCPReason = v[1]
			}
		}
	}
}

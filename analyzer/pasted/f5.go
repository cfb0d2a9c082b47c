package pasted

import (
	"bytes"
	"fmt"
	"strings"
)

// F5's BIG-IP writes beside a RST of its own why it sent it: tcpdump there as rst_cause="[0x2409a71:1087] No available
// SNAT address", Wireshark as [F5RST: [0x2409a71:1087] No available SNAT address], with (peer) where the RST passes on
// that of the connection on its other side.

// maxF5Causes is how many different causes are kept.
const maxF5Causes = 8

// An f5Cause is what one RST says.
type f5Cause struct {
	says string
	line int
}

// f5 looks for a cause in a line.
func (r *Reader) f5(b []byte) {
	for _, mark := range [...]struct{ from, to string }{{`rst_cause="`, `"`}, {"[F5RST", ""}} {
		_, after, ok := bytes.Cut(b, []byte(mark.from))
		if !ok {
			continue
		}
		says := string(after)
		if mark.to != "" {
			says, _, _ = strings.Cut(says, mark.to)
		} else {
			says = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(strings.TrimSpace(says), "]"), "(peer)"), ": ")
		}
		if _, words, ok := strings.Cut(says, "] "); ok && strings.HasPrefix(says, "[0x") {
			says = words
		}
		if says = strings.TrimSpace(says); says == "" || len(says) > 100 || len(r.f5Causes) >= maxF5Causes {
			return
		}
		for _, c := range r.f5Causes {
			if c.says == says {
				return
			}
		}
		r.f5Causes = append(r.f5Causes, f5Cause{says, r.lines.n})
		return
	}
}

// f5Note says what the device wrote.
func (r *Reader) f5Note() string {
	var list []string
	for _, c := range r.f5Causes {
		list = append(list, fmt.Sprintf("%q (line %d)", c.says, c.line))
	}
	return "the RST was sent by an F5 device, which wrote its own reason beside it: " + strings.Join(list, ", ")
}

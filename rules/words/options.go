package words

import "strings"

// Printable returns the text of a RST's payload when it is one: ASCII letters for the most part.
func Printable(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	good := 0
	s := strings.Map(func(r rune) rune {
		if r >= ' ' && r < 0x7f {
			good++
			return r
		}
		return '.'
	}, string(b))
	if good*4 < len(b)*3 {
		return ""
	}
	return strings.Trim(s, ". ")
}

// MPTCPReason names the reason codes of RFC 8684 §3.6.
func MPTCPReason(code uint8) string {
	reasons := [...]string{"unspecified error", "MPTCP-specific error", "lack of resources", "administratively prohibited",
		"too much outstanding data", "unacceptable performance", "middlebox interference"}
	if int(code) < len(reasons) {
		return reasons[code]
	}
	return "unassigned"
}

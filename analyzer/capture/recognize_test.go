package capture

import (
	"strings"
	"testing"
)

// Text may hold some bytes of another encoding, and control characters that traffic had; what has a NUL, or many such bytes, is
// no text.
func TestIsText(t *testing.T) {
	line := "10:00:00 IP 192.0.2.1.1 > 192.0.2.2.2: Flags [R], seq 1, win 0, length 0\n"
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"plain":                {line, true},
		"UTF-8":                {"→ " + line, true},
		"its last letter cut":  {line + "\xe2\x86", true},
		"a few of Latin-1":     {"Gr\xfc\xdfe: " + line, true},
		"control characters":   {"\x03\x01\x02" + line, true},
		"a NUL":                {line + "\x00", false},
		"many odd bytes":       {line + strings.Repeat("\x01\xff", 20), false},
		"nothing but odd ones": {"\xfc\xdf\xfc\xdf\xfc", false},
	} {
		if got := isText([]byte(c.text)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

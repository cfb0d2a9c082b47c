package report

import "testing"

// TestNumberSignOfNetwork: what a host wrote behind a number sign is no link to a ticket, and no frame of the capture.
func TestNumberSignOfNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"limited, see #4711":    "limited, see `#4711`",
		"a/b#5 and (#6)":        "`a/b#5` and `(#6)`",
		"no number # here, #no": `no number \# here, \#no`,
	} {
		if got := markdownText(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

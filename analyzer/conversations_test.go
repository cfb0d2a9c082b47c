package analyzer

import (
	"strings"
	"testing"
)

// As many connections are counted as Wireshark shows conversations.
func TestConversationsEqualTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark on every capture")
	}
	for _, path := range append(ownCaptures(t), foreignCaptures(t)...) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			table := tshark(t, path, "-q", "-z", "conv,tcp")
			want := strings.Count(table, " <-> ")
			if got := explain(t, path).Connections; got != want {
				t.Errorf("%d connections, tshark shows %d conversations", got, want)
			}
		})
	}
}

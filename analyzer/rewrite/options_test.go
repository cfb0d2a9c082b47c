package rewrite

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/flows"
)

// TestAnonymizedOptions makes TCP options anew: numbers stay, all else only keeps its length.
func TestAnonymizedOptions(t *testing.T) {
	pan, err := NewCryptoPAn(bytes.Repeat([]byte{7}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name, from, want string
		left             int
	}{
		{"none", "", "", 0},
		{"SYN of Windows", "020405b4 01030308 01010402", "020405b4 01030308 01010402", 0},
		{"timestamps of 0", "080a 00000000 00000000 0101", "080a 00000000 00000000 0101", 0},
		{"SACK", "0101 050a 00001000 00001200", "0101 050a 00001000 00001200", 0},
		{"text as SACK", "0101 050a 73656372 65742121", "0101 050a 00000000 00000000", 1},
		{"half a SACK block", "0506 00001000 0101", "0506 00000000 0101", 1},
		{"a cookie of TCP Fast Open", "220a 0102030405060708 0101", "fd0a 0000000000000000 0101", 1},
		{"the address of a client (TOA)", "fe08 1234 0a172d43", "fd08 0000 00000000", 1},
		{"MSS of another length", "0206 05b41234 0101", "fd06 00000000 0101", 1},
		{"MP_CAPABLE", "1e0c 0181 1122334455667788", "1e0c 0000 0000000000000000", 1},
		{"ADD_ADDR", "1e08 3401 0a172d43", "1e08 3000 00000000", 1},
		{"MP_TCPRST", "1e04 8103", "1e04 8003", 1},
		{"text behind the end", "00 736563726574 00", "00 000000000000 00", 1},
		{"an option longer than the header", "020405b4 08ff7365", "020405b4 00000000", 1},
		{"length 0", "0200 736563726574", "0000 000000000000", 1},
		{"no length", "010101 05", "010101 00", 1},
	} {
		a := &anonymous{pan: pan}
		from, want := unhex(t, v.from), unhex(t, v.want)
		tcp := &layers.TCP{Options: a.options(from, &flows.Segment{ACK: 0x1000})}
		buf := gopacket.NewSerializeBuffer()
		if err := tcp.SerializeTo(buf, gopacket.SerializeOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := buf.Bytes()[tcpLen:]; !bytes.Equal(got, want) || a.left.Options != v.left {
			t.Errorf("%s: %x, want %x; %d left out, want %d", v.name, got, want, a.left.Options, v.left)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

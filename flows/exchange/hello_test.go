package exchange

import "strings"

// Messages that scripts call by name: $ch13 and the like.
var named = map[string]string{
	"$ch12":      clientHelloRecord(false, "example.com", "h2", "http/1.1"),
	"$ch13":      clientHelloRecord(true, "example.com", "h2", "http/1.1"),
	"$ch13plain": clientHelloRecord(true, "example.com"),
	"$sh12":      serverHelloRecord(0xc02f, false, "h2", "\x11"),
	"$sh12cbc":   serverHelloRecord(0x002f, false, "", "\x11"),
	"$sh13":      serverHelloRecord(0x1301, true, "", "\x11"),
	"$hrr":       serverHelloRecord(0x1301, true, "", helloRetry),
	"$cke":       "\x16\x03\x03\x00\x25\x10\x00\x00\x21\x20" + strings.Repeat("\x22", 32), // Client Key Exchange
	"$shd":       "\x16\x03\x03\x00\x04\x0e\x00\x00\x00",                                  // Server Hello Done
	"$ccs":       "\x14\x03\x03\x00\x01\x01",
}

func u8str(s string) string  { return string([]byte{byte(len(s))}) + s }
func u16str(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }
func u24str(s string) string {
	return string([]byte{byte(len(s) >> 16), byte(len(s) >> 8), byte(len(s))}) + s
}
func extension(kind byte, body string) string { return "\x00" + string([]byte{kind}) + u16str(body) }

func clientHelloRecord(v13 bool, host string, alpn ...string) string {
	body := "\x03\x03" + strings.Repeat("\x33", 32) + u8str("") + u16str("\x13\x01\xc0\x2f") + u8str("\x00")
	exts := extension(extServerName, u16str("\x00"+u16str(host)))
	if len(alpn) > 0 {
		list := ""
		for _, a := range alpn {
			list += u8str(a)
		}
		exts += extension(extALPN, u16str(list))
	}
	if v13 {
		exts += extension(extSupportedVersions, u8str("\x03\x04\x03\x03")) + extension(extPSKModes, u8str("\x01")) +
			extension(51, u16str("\x00\x1d"+u16str(strings.Repeat("\x44", 32))))
	}
	return "\x16\x03\x01" + u16str("\x01"+u24str(body+u16str(exts)))
}

func serverHelloRecord(suite int, v13 bool, alpn, random string) string {
	if len(random) < 32 {
		random = strings.Repeat(random, 32)
	}
	body := "\x03\x03" + random + u8str("") + string([]byte{byte(suite >> 8), byte(suite)}) + "\x00"
	exts := ""
	if v13 {
		exts += extension(extSupportedVersions, "\x03\x04")
	}
	if alpn != "" {
		exts += extension(extALPN, u16str(u8str(alpn)))
	}
	return "\x16\x03\x03" + u16str("\x02"+u24str(body+u16str(exts)))
}

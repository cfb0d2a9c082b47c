package exchange

// Hellos (RFC 8446 §4.1, RFC 6066 §3, RFC 7301): the only words of TLS that are always in clear.

// Extensions of a hello that are read.
const (
	extServerName        = 0
	extALPN              = 16
	extEarlyData         = 42
	extSupportedVersions = 43
	extPSKModes          = 45
)

// A reader walks over bytes; once it has been asked for more than there is, all it gives is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.b, r.bad = nil, true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() int {
	if p := r.take(1); p != nil {
		return int(p[0])
	}
	return 0
}

func (r *reader) u16() int {
	if p := r.take(2); p != nil {
		return be16(p)
	}
	return 0
}

// upTo takes n bytes, or all that is left when a cut left fewer.
func (r *reader) upTo(n int) []byte { return r.take(min(n, len(r.b))) }

// clientHello reads a Client Hello, b being its handshake message or the front of it.
func (h *hearing) clientHello(b []byte) {
	h.tls |= sawClientHello
	if h.side == 1 {
		h.bits |= clientIs1
	} else {
		h.bits &^= clientIs1
	}
	h.begin(ClientHello, textClientHello)
	h.v.wait = 1
	h.ask()
	r := reader{b: b}
	r.take(4)
	if v := r.u16(); h.tls&sawServerHello == 0 && v>>8 == 3 {
		h.version = uint8(min(v&0xff, 4)) + 1
	}
	r.take(32)
	r.take(r.u8())
	r.take(r.u16())
	r.take(r.u8())
	exts := reader{b: r.upTo(r.u16())}
	for len(exts.b) > 0 {
		kind, ext := exts.u16(), reader{b: exts.upTo(exts.u16())}
		switch kind {
		case extServerName:
			for names := (reader{b: ext.upTo(ext.u16())}); len(names.b) > 0; {
				if t, name := names.u8(), names.take(names.u16()); t == 0 && len(name) > 0 {
					h.server = h.names.intern(name, maxHost)
				}
			}
		case extALPN:
			first := true
			for list := (reader{b: ext.upTo(ext.u16())}); len(list.b) > 0; {
				name := list.take(list.u8())
				if len(name) > 0 && name[0]&15 == 10 && len(name) == 2 && name[0] == name[1] {
					continue // GREASE (RFC 8701)
				}
				if first && len(name) > 0 {
					h.alpn, first = h.names.intern(name, maxText), false
				}
				if string(name) == "h2" {
					h.tls |= offersH2
				}
			}
		case extSupportedVersions:
			for list := (reader{b: ext.upTo(ext.u8())}); len(list.b) > 1; {
				if v := list.u16(); v == 0x304 || v>>8 == 0x7f {
					h.version = 5
				}
			}
		case extPSKModes:
			h.tls |= offersTickets
		case extEarlyData:
			h.tls |= offersEarly
		}
	}
}

// helloRetry is the Random of a Server Hello that is a Hello Retry Request (RFC 8446 §4.1.3).
const helloRetry = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// serverHello reads a Server Hello, b being its handshake message and perhaps others behind it.
func (h *hearing) serverHello(b []byte) {
	r := reader{b: b}
	r.take(4)
	v := r.u16()
	random := r.take(32)
	if string(random) == helloRetry {
		h.shake(textHelloRetry)
		h.answered()
		return
	}
	h.tls |= sawServerHello
	if h.side == 0 {
		h.bits |= clientIs1
	}
	if v>>8 == 3 {
		h.version = uint8(min(v&0xff, 4)) + 1
	}
	r.take(r.u8())
	suite := r.u16()
	r.u8()
	exts := reader{b: r.upTo(r.u16())}
	for len(exts.b) > 0 {
		kind, ext := exts.u16(), reader{b: exts.upTo(exts.u16())}
		switch kind {
		case extSupportedVersions:
			if v := ext.u16(); v == 0x304 || v>>8 == 0x7f {
				h.version = 5
				h.tls |= tls13
			}
		case extALPN:
			ext.u16()
			h.alpn = h.names.intern(ext.take(ext.u8()), maxText)
			h.tls |= settledALPN
		}
	}
	if h.tls&tls13 == 0 && h.version == versionTLS12 && (len(b) < 4 || len(b) < 4+be24(b[1:])) {
		h.versionOfSuite(suite)
	}
	h.overhead = recordOverhead(suite, h.tls&tls13 != 0)
	if h.tls&tls13 != 0 && suite == 0x1302 { // TLS_AES_256_GCM_SHA384
		h.tls |= longHash
	}
	h.shake(textServerHello)
	h.answered()
}

// versionTLS12 is State.version of TLS 1.2, and of TLS 1.3 where supported_versions does not say so.
const versionTLS12 = 4

// versionOfSuite takes the version from the cipher suite that a Server Hello chose whose extensions were not captured:
// those of TLS 1.3 are its own (RFC 8446 §B.4). Without the suite, the version is not known.
func (h *hearing) versionOfSuite(suite int) {
	switch {
	case suite>>8 == 0x13:
		h.version = 5
		h.tls |= tls13
	case suite == 0:
		h.version = 0
	}
}

// versionByNext takes the version, where it is not known, from what follows Change Cipher Spec in the same segment:
// Finished, which is application data by its record's type in TLS 1.3, and a handshake record below.
func (h *hearing) versionByNext(b []byte) {
	if h.version != 0 || h.tls&sawServerHello == 0 || len(b) < 3 || b[1] != 3 {
		return
	}
	switch b[0] {
	case tlsAppData:
		h.version = 5
		h.tls |= tls13
		h.overhead = recordOverhead(0, true)
	case tlsHandshake:
		h.version = versionTLS12
	}
}

// recordOverhead returns how many bytes longer a record is than what it holds, 0 when that depends on
// padding or is not known (RFC 8446 §5.2; RFC 5288, 6655, 7905).
func recordOverhead(suite int, v13 bool) uint8 {
	switch {
	case v13 && suite == 0x1305: // CCM_8
		return 1 + 8
	case v13:
		return 1 + 16
	case suite >= 0x9c && suite <= 0xa7, suite >= 0xc02b && suite <= 0xc032, // GCM
		suite >= 0xc086 && suite <= 0xc091, suite >= 0xc07a && suite <= 0xc085,
		suite >= 0xc09c && suite <= 0xc09f, suite >= 0xc0a4 && suite <= 0xc0a7, suite == 0xc0ac, suite == 0xc0ad: // CCM
		return 8 + 16
	case suite >= 0xc0a0 && suite <= 0xc0a3, suite >= 0xc0a8 && suite <= 0xc0ab, suite == 0xc0ae, suite == 0xc0af: // CCM_8
		return 8 + 8
	case suite >= 0xcca8 && suite <= 0xccae: // ChaCha20-Poly1305
		return 16
	}
	return 0
}

// readSSL2Hello reads a Client Hello in the form of SSL 2.0, which has no name in it.
func (h *hearing) readSSL2Hello(b []byte) int {
	h.tls |= sawClientHello
	if h.side == 1 {
		h.bits |= clientIs1
	}
	h.version = min(b[4], 4) + 1
	h.begin(ClientHello, textClientHello)
	h.v.wait = 1
	h.ask()
	h.v.left = int64(be16(b)&0x7fff + 2 - 5)
	return 5
}

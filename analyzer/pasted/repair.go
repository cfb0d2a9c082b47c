package pasted

import "bytes"

// People, and web pages, change the ends that a line of tcpdump names.

func hasFlags(b []byte) bool { return bytes.Contains(b, []byte(": Flags [")) }

// repaired returns a line as it was before a person, or a web page, changed its ends.
func repaired(b []byte) ([]byte, bool) {
	if hasFlags(b) {
		if c, ok := unveiled(b); ok {
			return c, true
		}
	} else if !ipLine(b) || !beginsTimed(b) {
		return nil, false
	}
	return arrowed(b)
}

// unveiled joins the words in brackets that stand for an address or a port: "[server ip].https", "<client name>.51234".
func unveiled(b []byte) ([]byte, bool) {
	const longest = 40
	end := bytes.Index(b, []byte(": Flags ["))
	c, open, found := bytes.Clone(b), -1, false
	for k := range end {
		switch b[k] {
		case '[', '<', '{':
			open = k
		case ']', '>', '}':
			if open >= 0 && k-open <= longest {
				for i := open; i < k; i++ {
					if c[i] == ' ' {
						c[i], found = '_', true
					}
				}
			}
			open = -1
		}
	}
	return c, found
}

// arrowed puts back the arrow that a web page took for the end of a tag: "IP 192.0.2.1.40000 198.51.100.7.80: S".
func arrowed(b []byte) ([]byte, bool) {
	for from := 0; ; {
		k := bytes.Index(b[from:], []byte(": "))
		if k < 0 {
			return nil, false
		}
		k += from
		from = k + 1
		dst := wordBefore(b, k)
		src := wordBefore(b, dst)
		if withPort(b[dst:k]) && withPort(bytes.TrimSpace(b[src:dst])) {
			return bytes.Join([][]byte{b[:dst], b[dst:]}, []byte("> ")), true
		}
	}
}

// withPort reports whether a word is an address of IPv4 with a port.
func withPort(w []byte) bool {
	_, n := ipv4(w)
	return n > 0 && n+1 < len(w) && w[n] == '.' && bytes.IndexByte(w[n+1:], '.') < 0
}

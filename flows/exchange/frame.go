package exchange

// Protocols of frames whose header gives their length share these.

// short asks for more than b, or gives up when no more will come.
func (h *hearing) short(b []byte, last bool) int {
	if !last {
		return 0
	}
	h.lose()
	return len(b)
}

// strange gives up on b, which cannot be what the protocol says.
func (h *hearing) strange(b []byte) int {
	h.lose()
	return len(b)
}

// frameOf leaves what of a frame of total bytes lies behind the used ones.
func (h *hearing) frameOf(used int, total int64) int {
	h.v.left = max(total-int64(used), 0)
	return int(min(int64(used), total))
}

// phrase interns a name, perhaps with a detail behind it.
func (h *hearing) phrase(name string) id { return h.names.again(h.v.text, []byte(name), maxText) }

// printableASCII reports whether b is plain text without control characters.
func printableASCII(b []byte) bool { return plainPrefix(b) == len(b) }

// cstring returns b up to its first NUL; ok is false when it has none.
func cstring(b []byte) (s []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i], true
		}
	}
	return b, false
}

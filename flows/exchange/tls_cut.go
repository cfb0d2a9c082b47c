package exchange

// cutRecord returns the header of a TLS record of which the snaplen left less, b, in a segment of size bytes that the
// record most likely fills; nil where b does not begin one. What is not known to be TLS begins it with a handshake.
func (h *hearing) cutRecord(b []byte, size int) []byte {
	n := size - tlsHeader
	if b[0] < tlsCCS || b[0] > tlsAppData || b[1] != 3 || len(b) > 2 && b[2] > 4 || n <= 0 || n > maxRecord {
		return nil
	}
	if h.proto != tls && (h.proto != undecided || b[0] != tlsHandshake || h.v.scrap != 0) {
		return nil
	}
	if len(b) == 4 && int(b[3]) != n>>8 && b[0] != tlsHandshake {
		return nil // several records, or a part of one
	}
	switch {
	case b[0] != tlsHandshake:
	case h.tls == 0 && h.side == 0:
		h.tls |= sawClientHello
	case h.side != h.client():
		h.tls |= sawServerHello
	}
	record := [tlsHeader]byte{b[0], 3, 3, byte(n >> 8), byte(n)}
	return record[:]
}

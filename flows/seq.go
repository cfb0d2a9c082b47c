package flows

// A Seq is a TCP sequence number. Sequence numbers live modulo 2^32, so they are compared with the
// methods here and never with < (RFC 9293 §3.4).
type Seq uint32

// Add returns the sequence number n bytes after s.
func (s Seq) Add(n uint32) Seq { return s + Seq(n) }

// Sub returns the signed distance from t to s: positive when s comes after t. It is meaningful while
// the two lie within 2^31 of each other.
func (s Seq) Sub(t Seq) int32 { return int32(s - t) }

// Less reports whether s comes before t.
func (s Seq) Less(t Seq) bool { return int32(s-t) < 0 }

// LessEq reports whether s comes before t or is t.
func (s Seq) LessEq(t Seq) bool { return int32(s-t) <= 0 }

// InWindow reports whether s is one of the size sequence numbers that start at first.
func (s Seq) InWindow(first Seq, size uint32) bool { return uint32(s-first) < size }

package pasted

import (
	"bytes"
	"io"
)

// recogniseNeed is how many bytes of a text are looked at to tell whether it shows packets.
const recogniseNeed = 256 << 10

// Recognise reports whether the beginning of a text shows packets.
func Recognise(text io.Reader) bool {
	head, _ := io.ReadAll(io.LimitReader(text, recogniseNeed))
	_, err := NewReader(bytes.NewReader(head)).Next()
	return err == nil
}

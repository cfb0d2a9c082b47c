package dissection

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// A pdmlWalker reads tshark -T pdml: a packet element for each packet, in it proto and field elements
// that nest.
type pdmlWalker struct {
	dec    *xml.Decoder
	bounds *xmlBounds
	depth  int
}

func (w *pdmlWalker) next(f *fields) error {
	inside := false
	for {
		t, err := w.dec.RawToken()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return w.damaged(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if w.depth++; w.depth > nestingMax {
				return w.damaged(errNesting)
			}
			switch t.Name.Local {
			case "packet":
				inside = true
			case "proto":
				f.layer(attribute(t, "name"))
			case "field":
				if inside {
					f.field(attribute(t, "name"), shown(t))
				}
			}
		case xml.EndElement:
			w.depth = max(w.depth-1, 0)
			switch t.Name.Local {
			case "packet":
				return nil
			case "pdml":
				return io.EOF
			}
		}
	}
}

// damaged returns an error with the byte offset of the damage.
func (w *pdmlWalker) damaged(err error) error {
	at := w.dec.InputOffset() + w.bounds.bytes
	if refused := refusal(at, err); refused != nil {
		return refused
	}
	return fmt.Errorf("byte %d: %w: %w", at, ErrDamaged, err)
}

// shown returns the text that a field shows. The bytes of a payload stand in "value" where "show" leaves
// them out.
func shown(e xml.StartElement) string {
	if s := attribute(e, "show"); s != "" {
		return s
	}
	return attribute(e, "value")
}

func attribute(e xml.StartElement, name string) string {
	for i := range e.Attr {
		if e.Attr[i].Name.Local == name {
			return e.Attr[i].Value
		}
	}
	return ""
}

package dissection

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A jsonWalker reads tshark -T json: an array of packets, each an object whose "layers" nest the
// protocols and their fields. The same key may stand twice in an object, so the tokens are walked in
// order and never gathered in a map.
type jsonWalker struct {
	dec     *json.Decoder
	bounds  *jsonBounds
	started bool

	value1  string // the last string of an array of which it is not known yet what it is
	numbers bool   // the array holds numbers
}

func newJSONWalker(in *bufio.Reader, cut *int) *jsonWalker {
	if b, err := in.Peek(3); err == nil && string(b) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	bounds := &jsonBounds{from: in, cut: cut}
	return &jsonWalker{dec: json.NewDecoder(bounds), bounds: bounds}
}

func (w *jsonWalker) next(f *fields) error {
	if !w.started {
		if t, err := w.dec.Token(); err != nil || t != json.Delim('[') {
			return w.damaged(err)
		}
		w.started = true
	}
	if !w.dec.More() {
		if _, err := w.dec.Token(); err != nil {
			return w.damaged(err)
		}
		return io.EOF
	}
	if err := w.value("", f, 0); err != nil {
		return w.damaged(err)
	}
	if f.rawOnly && !f.tcp.hasFlags {
		return ErrRawOnly
	}
	return nil
}

// damaged returns an error with the byte offset of the damage.
func (w *jsonWalker) damaged(err error) error {
	if errors.Is(err, io.EOF) || err == nil {
		err = io.ErrUnexpectedEOF
	}
	at := w.dec.InputOffset() + w.bounds.bytes
	if refused := refusal(at, err); refused != nil {
		return refused
	}
	return fmt.Errorf("byte %d: %w: %w", at, ErrDamaged, err)
}

// value reads the value of key: an object is walked, an array of one field's values too, a string is a
// field. depth is how many values it stands in.
func (w *jsonWalker) value(key string, f *fields, depth int) error {
	if depth > nestingMax {
		return errNesting
	}
	t, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		switch {
		case t == '{':
			f.layer(key)
		case key == "tcp.seq_raw" || key == "tcp.ack_raw":
			return w.rawNumber(key, f, depth)
		case strings.HasSuffix(key, "_raw"): // the bytes and where they stand, given with -x
			f.rawOnly = f.rawOnly || key == "frame_raw"
			key = ""
		}
		for w.dec.More() {
			inner := key
			if t == '{' {
				k, err := w.dec.Token()
				if err != nil {
					return err
				}
				inner, _ = k.(string)
			}
			if err := w.value(inner, f, depth+1); err != nil {
				return err
			}
		}
		_, err := w.dec.Token()
		return err
	case string:
		if key == undecided {
			w.value1 = t
			return nil
		}
		f.field(key, t)
	case float64:
		w.numbers = w.numbers || key == undecided
	}
	return nil
}

// undecided is the key of what stands in an array of tcp.seq_raw or tcp.ack_raw.
const undecided = "?"

// rawNumber reads an array of tcp.seq_raw or tcp.ack_raw, behind its bracket. With -e it holds the field's value; with
// -x it holds the bytes of the field tcp.seq or tcp.ack, and as numbers where these stand.
func (w *jsonWalker) rawNumber(key string, f *fields, depth int) error {
	w.value1, w.numbers = "", false
	for w.dec.More() {
		if err := w.value(undecided, f, depth+1); err != nil {
			return err
		}
	}
	if w.value1 != "" && !w.numbers {
		f.field(key, w.value1)
	}
	_, err := w.dec.Token()
	return err
}

func rfc3339(s string) flows.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0
	}
	return flows.Time(t.UnixNano())
}

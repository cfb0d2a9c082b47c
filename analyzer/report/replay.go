package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Replay reads a JSON report and passes it to another renderer, reset by reset, to convert it to another format without
// the capture. If the report cannot be read or is not valid, the error is a [*ReplayError]; other errors are the
// renderer's.
func Replay(in io.Reader, to Renderer) error {
	p := replay{to: to}
	p.dec = json.NewDecoder(&valueBound{in: in, done: func() int64 { return p.dec.InputOffset() }})
	if err := p.object(p.topField); err != nil {
		return p.wrong(err)
	}
	if err := p.begin(); err != nil {
		return p.wrong(err)
	}
	return to.End()
}

// A ReplayError is why a report cannot be read, and where.
type ReplayError struct {
	Place string // "files[0].resets[3].", "" at the top
	Err   error
}

func (e *ReplayError) Error() string {
	var sys *fs.PathError
	if errors.As(e.Err, &sys) {
		return sys.Err.Error()
	}
	var wrong fault
	if errors.As(e.Err, &wrong) {
		return "not a report of rstexplain --format json: " + e.Place + wrong.Error()
	}
	if e.Place == "" {
		return "not a report of rstexplain --format json: " + e.Err.Error()
	}
	return "not a report of rstexplain --format json: " + strings.TrimSuffix(e.Place, ".") + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *ReplayError) Unwrap() error { return e.Err }

// valueMax is the maximum size in bytes of a reset, and of the other fields of a file together. This program writes
// some hundred kilobytes at most.
const valueMax = 16 << 20

// A valueBound limits the size of JSON values to valueMax, because a decoder keeps each in memory.
type valueBound struct {
	in   io.Reader
	read int64
	done func() int64 // bytes of the values that are decoded
}

func (b *valueBound) Read(p []byte) (int, error) {
	if b.read-b.done() > valueMax {
		return 0, fmt.Errorf("the value at byte %d is larger than %d MiB", b.done(), valueMax>>20)
	}
	n, err := b.in.Read(p)
	b.read += int64(n)
	return n, err
}

type replay struct {
	dec       *json.Decoder
	to        Renderer
	generator string
	begun     bool

	repeats       repeatList
	files, resets int    // index of the one at hand
	place         string // of it
	rendering     error  // of the renderer
}

// render keeps an error of the renderer, which is not one of the report.
func (p *replay) render(err error) error {
	p.rendering = err
	return err
}

// wrong returns err with its place in the report, unless it is the renderer's.
func (p *replay) wrong(err error) error {
	if p.rendering != nil {
		return p.rendering
	}
	return &ReplayError{p.place, err}
}

func (p *replay) topField(key string) error {
	switch key {
	case "schema_version":
		var v int
		if err := p.dec.Decode(&v); err != nil {
			return err
		}
		if v != SchemaVersion {
			return fmt.Errorf("schema_version is %d, but this program reads %d", v, SchemaVersion)
		}
		return nil
	case "generator":
		return p.dec.Decode(&p.generator)
	case "files":
		if err := p.begin(); err != nil {
			return err
		}
		return p.array(p.file)
	}
	return p.skip()
}

func (p *replay) begin() error {
	if p.begun {
		return nil
	}
	p.begun = true
	return p.render(p.to.Begin(p.generator))
}

// file passes on one entry of files. Its path must come before its resets, as this program writes it and as sorted keys
// have it.
func (p *replay) file() error {
	of := fmt.Sprintf("files[%d].", p.files)
	p.files, p.resets, p.place, p.repeats = p.files+1, 0, of, repeatList{}
	fields, held := map[string]json.RawMessage{}, 0
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		var path string
		if raw := fields["path"]; raw != nil {
			if err := json.Unmarshal(raw, &path); err != nil {
				return err
			}
		}
		return p.render(p.to.BeginFile(path))
	}
	err := p.object(func(key string) error {
		if key == "resets" {
			if err := begin(); err != nil {
				return err
			}
			return p.array(func() error {
				p.place = fmt.Sprintf("%sresets[%d].", of, p.resets)
				p.resets++
				var r Reset
				if err := p.dec.Decode(&r); err != nil {
					return err
				}
				if r.Repeats != 0 {
					p.repeats.replay(&r)
				}
				if err := r.validate(); err != nil {
					return err
				}
				err := p.render(p.to.Reset(&r))
				p.place = of
				return err
			})
		}
		var raw json.RawMessage
		err := p.dec.Decode(&raw)
		if held += len(raw); held > valueMax && err == nil {
			err = fmt.Errorf("the fields other than its resets are larger than %d MiB", valueMax>>20)
		}
		fields[key] = raw
		return err
	})
	if err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	all, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	var f File
	if err := json.Unmarshal(all, &f); err != nil {
		return err
	}
	if err := f.validate(); err != nil {
		return err
	}
	err = p.render(p.to.EndFile(&f))
	p.place = ""
	return err
}

// object calls field for each key of the object that comes next; field reads the value.
func (p *replay) object(field func(key string) error) error {
	if err := p.expect('{'); err != nil {
		return err
	}
	for p.dec.More() {
		key, err := p.dec.Token()
		if err != nil {
			return err
		}
		if err := field(key.(string)); err != nil {
			return err
		}
	}
	return p.expect('}')
}

// array calls element for each element of the array that comes next; element reads it.
func (p *replay) array(element func() error) error {
	if err := p.expect('['); err != nil {
		return err
	}
	for p.dec.More() {
		if err := element(); err != nil {
			return err
		}
	}
	return p.expect(']')
}

func (p *replay) expect(want json.Delim) error {
	got, err := p.dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%v instead of %v at byte %d", got, want, p.dec.InputOffset())
	}
	return nil
}

func (p *replay) skip() error {
	var raw json.RawMessage
	return p.dec.Decode(&raw)
}

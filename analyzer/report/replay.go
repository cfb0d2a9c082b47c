package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// Replay reads a JSON report and hands it to another renderer, reset by reset, so that a report can be
// had in any format later and without its capture.
func Replay(in io.Reader, to Renderer) error {
	p := replay{dec: json.NewDecoder(in), to: to}
	if err := p.object(p.topField); err != nil {
		return fmt.Errorf("not a report of rstexplain --format json: %w", err)
	}
	if err := p.begin(); err != nil {
		return err
	}
	return to.End()
}

type replay struct {
	dec       *json.Decoder
	to        Renderer
	generator string
	begun     bool
}

func (p *replay) topField(key string) error {
	switch key {
	case "schema_version":
		var v int
		if err := p.dec.Decode(&v); err != nil {
			return err
		}
		if v != SchemaVersion {
			return fmt.Errorf("schema_version is %d, and this program reads %d", v, SchemaVersion)
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
	return p.to.Begin(p.generator)
}

// file hands on one entry of files. Its path must come before its resets, as it does in what this
// program writes and in what a sorting of the keys makes of it.
func (p *replay) file() error {
	fields := map[string]json.RawMessage{}
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
		return p.to.BeginFile(path)
	}
	err := p.object(func(key string) error {
		if key == "resets" {
			if err := begin(); err != nil {
				return err
			}
			return p.array(func() error {
				var r Reset
				if err := p.dec.Decode(&r); err != nil {
					return err
				}
				return p.to.Reset(&r)
			})
		}
		var raw json.RawMessage
		err := p.dec.Decode(&raw)
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
	return p.to.EndFile(&f)
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
		return fmt.Errorf("%v where %v was expected, at byte %d", got, want, p.dec.InputOffset())
	}
	return nil
}

func (p *replay) skip() error {
	var raw json.RawMessage
	return p.dec.Decode(&raw)
}

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A report that was edited by hand is refused before it is rendered, and the error names the place.
func TestReplayNamesThePlace(t *testing.T) {
	whole := renderedKeeping(t, "json", "plain", valid, valid)
	for _, edit := range []struct{ old, new, want string }{
		{`"frames":[1,2],"filter"`, `"frames":[],"filter"`, "files[0].resets[0].places[0].frames is empty"},
		{`"cause":"peer-crash"`, `"cause":"crash"`, `files[0].resets[0].cause is "crash", but must be one of`},
		{`"cause":"`, `"cause":"\u0000`, `files[0].resets[0].cause is `},
		{`"sender":"originator"`, `"sender":"both"`, `sender is "both"`},
		{`"severity":"`, `"severity":"x`, "files[0].resets[0].severity is "},
		{`"confidence":`, `"confidence":7`, "files[0].resets[0].confidence is 7"},
		{`"stream":`, `"stream":-9`, "files[0].resets[0].stream is -9"},
		{`"role":"reset"`, `"role":"king"`, `.role is "king"`},
		{`{"frame":`, `{"frame":-`, "files[0].resets[0].frame is -"},
		{`"time":"20`, `"time":"90`, "files[0].resets[0]: not a time of a capture"},
		{`"frames":[1,2],"filter"`, `"frames":"all","filter"`, "files[0].resets[0]: json: cannot unmarshal string"},
		{`"packets":1,`, `"packets":-1,`, "files[0].packets is -1"},
		{`"first_frame":1,`, `"first_frame":-1,`, "files[0].parts[0].first_frame is -1"},
		{`"resets":[`, `"resets":[null,`, "files[0].resets[0].frame is 0"},
		{`"resets":[`, `"resets":{},"x":[`, "files[0]: { instead of ["},
		{fmt.Sprintf(`"schema_version":%d`, SchemaVersion), `"schema_version":99`, "schema_version is 99"},
	} {
		if !strings.Contains(whole, edit.old) {
			t.Errorf("the report holds no %s", edit.old)
			continue
		}
		for format, make := range allFormats {
			err := Replay(strings.NewReader(strings.Replace(whole, edit.old, edit.new, 1)), make(io.Discard))
			var wrong *ReplayError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), edit.want) {
				t.Errorf("%s for %s as %s: %v, want %s", edit.new, edit.old, format, err, edit.want)
			}
		}
	}
}

// What a renderer cannot write is no fault of the report.
func TestReplayTellsWhoseErrorItIs(t *testing.T) {
	whole := renderedKeeping(t, "json", "plain", valid, valid)
	full := errors.New("no space left")
	for format, make := range allFormats {
		err := Replay(strings.NewReader(whole), make(fullDisk{full}))
		if wrong := (*ReplayError)(nil); !errors.Is(err, full) || errors.As(err, &wrong) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

type fullDisk struct{ err error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.err }

// A value that never ends is refused before it fills the memory.
func TestReplayOfEndlessValues(t *testing.T) {
	for _, head := range []string{`{"generator":"`, `{"files":[{"resets":[{"summary":"`, `{"files":[{"path":"`, `{"files":[{"resets":[{"timeline":[`, `{"x":[`} {
		endless := "x"
		if strings.HasSuffix(head, "[") {
			endless = "{},"
		}
		in := &repeated{head: strings.NewReader(head), text: endless}
		err := Replay(in, Text(io.Discard, TextOptions{}))
		if err == nil || !strings.Contains(err.Error(), "is larger than 16 MiB") || in.read > 40<<20 {
			t.Errorf("%s…: %v after %d bytes", head, err, in.read)
		}
	}
	deep := `{"files":[{"resets":[{"x":` + strings.Repeat("[", 1<<20)
	if err := Replay(strings.NewReader(deep), Text(io.Discard, TextOptions{})); err == nil || !strings.Contains(err.Error(), "files[0].resets[0]") {
		t.Errorf("deep: %v", err)
	}
}

// A repeated is a head and then the same text without end.
type repeated struct {
	head io.Reader
	text string
	read int64
}

func (r *repeated) Read(p []byte) (int, error) {
	n, err := r.head.Read(p)
	if err != nil {
		n = copy(p, strings.Repeat(r.text, len(p)/len(r.text)))
	}
	r.read += int64(n)
	return n, nil
}

// FuzzReplay renders reports that were changed: no panic, and what is taken is taken alike by all formats.
func FuzzReplay(f *testing.F) {
	formats := slices.Sorted(maps.Keys(allFormats))
	f.Add(uint8(0), []byte(renderedKeeping(f, "json", "plain", valid, valid)))
	paths, _ := filepath.Glob("../../../shared/hostile/render-*.json")
	for _, path := range paths {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(uint8(1), b)
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		name := formats[int(format)%len(formats)]
		err := Replay(bytes.NewReader(b), allFormats[name](io.Discard))
		if wrong := (*ReplayError)(nil); err != nil && !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	})
}

// TestReplayOfMutations changes each kind of value of a report in turn, in two places, to what a hand may put there.
func TestReplayOfMutations(t *testing.T) {
	whole := renderedKeeping(t, "json", "plain", valid, valid)
	var tree any
	if err := json.Unmarshal([]byte(whole), &tree); err != nil {
		t.Fatal(err)
	}
	values := []any{nil, -1, 0, 1 << 40, 4294967295, 0.5, "", "x", []any{}, []any{nil}, []any{-1}, map[string]any{}, true}
	formats := slices.Sorted(maps.Keys(allFormats))
	tried, places := 0, 0
	seen, most := map[string]int{}, 2
	if testing.Short() {
		most = 1
	}
	var walk func(name string, at any, set func(any))
	walk = func(name string, at any, set func(any)) {
		if seen[name]++; seen[name] > most {
			return
		}
		for i, v := range values {
			if i%4 != places%4 { // a few in each place, and others in the next
				continue
			}
			set(v)
			b, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			name := formats[tried%len(formats)]
			tried++
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s panics: %v for %.300s", name, p, fmt.Sprint(v))
					}
				}()
				Replay(bytes.NewReader(b), allFormats[name](io.Discard))
			}()
		}
		places++
		set(at)
		switch at := at.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(at)) {
				walk(name+"."+k, at[k], func(v any) { at[k] = v })
			}
		case []any:
			for i := range at {
				walk(name+"[]", at[i], func(v any) { at[i] = v })
			}
		}
	}
	walk("", tree, func(v any) { tree = v })
	if t.Logf("%d mutations of %d places", tried, places); tried < 500*most {
		t.Errorf("only %d mutations", tried)
	}
}

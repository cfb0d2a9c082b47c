package report

import (
	"encoding/json"
	"testing"
)

// A model stays as it is until it is released, whatever becomes of what it was made of and whatever is made after it.
func TestResetIsItsOwn(t *testing.T) {
	var b Builder
	r, f := dataAfterFIN()
	first := b.Reset(r, f)
	text := func() string {
		out, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	want := text()
	for _, e := range f.Evidence {
		for i := range e.Frames {
			e.Frames[i] += 1000 // the room of a finding is used again
		}
	}
	other := b.Reset(r, f)
	if got := text(); got != want {
		t.Errorf("made of the same again, it became\n%s\nbefore it was\n%s", got, want)
	}
	b.Release(other)
	b.Release(other) // a second time it gives nothing back
	b.Reset(dataAfterFIN())
	if got := text(); got != want {
		t.Errorf("when the room of another was used again, it became\n%s\nbefore it was\n%s", got, want)
	}
}

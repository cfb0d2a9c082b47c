package report

import (
	"bytes"
	"reflect"
	"testing"
)

// No format keeps anything of a Reset that was lent to it: its report is the same when each is spoiled after the call.
func TestLentIsNotKept(t *testing.T) {
	for format, renderer := range allFormats {
		t.Run(format, func(t *testing.T) {
			rendered := func(after func(*Reset)) string {
				var out bytes.Buffer
				r := renderer(&out)
				check := func(err error) {
					if err != nil {
						t.Fatal(err)
					}
				}
				check(r.Begin("x"))
				check(r.BeginFile("x"))
				var file *File
				for i := range 3 {
					var m *Reset
					m, file = hostileReport("plain", labels)
					m.Frame += i
					check(r.Reset(m))
					after(m)
				}
				check(r.EndFile(file))
				check(r.End())
				return out.String()
			}
			want := rendered(func(*Reset) {})
			if got := rendered(spoil); got != want {
				t.Errorf("with resets that were used again it says\n%s\nand without\n%s", got, want)
			}
		})
	}
}

// spoil writes over all of m, as who lent it may.
func spoil(m *Reset) {
	fillTexts(reflect.ValueOf(m), "spoiled")
	for _, list := range [...][]Evidence{m.OriginWhy, m.Evidence, m.Notes} {
		for _, e := range list {
			clear(e.Frames)
		}
		clear(list)
	}
	clear(m.Alternatives)
	clear(m.Timeline)
	clear(m.Places)
	*m = Reset{}
}

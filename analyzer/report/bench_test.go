package report

import (
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// busyReset is dataAfterFIN with a timeline of the length that is usual.
func busyReset() (*flows.Reset, *rules.Finding) {
	r, f := dataAfterFIN()
	for len(r.Conn.Events) < 20 {
		r.Conn.Events = append(r.Conn.Events, r.Conn.Events[4])
	}
	return r, f
}

// BenchmarkBuild makes the model of one reset.
func BenchmarkBuild(b *testing.B) {
	var build Builder
	r, f := busyReset()
	b.ReportAllocs()
	for b.Loop() {
		build.Reset(r, f)
	}
}

// BenchmarkRenderers writes one report of the same hundred resets, a third of them of another cause, in each
// format. MB/s are of the report.
func BenchmarkRenderers(b *testing.B) {
	const resets = 100
	var build Builder
	r, f := busyReset()
	list := make([]*Reset, resets)
	for i := range list {
		m := build.Reset(r, f).Clone()
		m.Frame += 1000 * i
		m.Time += Time(i) * 1e9
		if i%3 == 0 {
			m.Cause, m.Severity, m.Detail = rules.FastClose, rules.Info, "idle-release"
		}
		list[i] = m
	}
	file := File{Path: "capture.pcapng", Packets: 10 * resets, Connections: resets, First: Time(at(0)), Last: Time(at(1000 * resets))}
	build.Finish(&file)
	for _, format := range slices.Sorted(maps.Keys(allFormats)) {
		b.Run(format, func(b *testing.B) {
			var size countWriter
			write(b, allFormats[format](&size), file, list...)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				write(b, allFormats[format](io.Discard), file, list...)
			}
		})
	}
}

// A countWriter counts the bytes that are written.
type countWriter int

func (w *countWriter) Write(p []byte) (int, error) { *w += countWriter(len(p)); return len(p), nil }

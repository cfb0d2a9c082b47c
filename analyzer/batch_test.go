package analyzer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

func unmarshal(t testing.TB, b []byte) report.Report {
	t.Helper()
	var whole report.Report
	if err := json.Unmarshal(b, &whole); err != nil {
		t.Fatal(err)
	}
	return whole
}

// A batch gives the same bytes as one file after the other, whatever is done first.
func TestBatchKeepsItsOrder(t *testing.T) {
	paths := append(ruleCaptures(t), "no-such-file.pcap")
	var want, got bytes.Buffer
	one, all := report.JSON(&want), report.JSON(&got)
	if err := one.Begin("rstexplain"); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if _, err := explainFile(t.Context(), path, one, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.End(); err != nil {
		t.Fatal(err)
	}
	told := 0
	if err := ExplainAll(t.Context(), paths, all, Options{}, func(*report.File) { told++ }); err != nil {
		t.Fatal(err)
	}
	if told != len(paths) || !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Errorf("%d of %d files; %d bytes, one by one %d", told, len(paths), got.Len(), want.Len())
	}
}

// An error of the renderer ends a batch.
func TestBatchFails(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) < 2 {
		t.Skip("no captures")
	}
	full := errors.New("no space left")
	if err := ExplainAll(t.Context(), paths, failing{report.JSON(io.Discard), full}, Options{}, func(*report.File) {}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// A reset of a live capture is reported while the capture goes on, and the end of the context is its end.
func TestFollow(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) == 0 {
		t.Skip("no captures")
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	w, path := pipeFor(t)
	go w.Write(b)
	ctx, cancel := context.WithCancel(t.Context()) // by the last reset: nothing else ends it
	defer cancel()
	early, told := 0, 0
	want := explain(t, paths[0]).ResetCount
	file, err := Explain(ctx, path, each{report.JSON(io.Discard), func(r *report.Reset) {
		if !r.Provisional {
			told++
		} else if early++; early == want {
			cancel()
		}
	}}, Options{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	if early != want || told != want || file.Partial || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("%d resets at once and %d at the end, of %d; partial %v; %v", early, told, want, file.Partial, ctx.Err())
	}
}

type each struct {
	report.Renderer
	do func(*report.Reset)
}

func (e each) Reset(r *report.Reset) error {
	e.do(r)
	return nil
}

// A report that ends before the capture does says so, also where all of the capture has been read.
func TestInterruptedIsPartial(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) == 0 {
		t.Skip("no captures")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // the reader may be done before the others look, or not
		file, err := Explain(ctx, paths[0], report.JSON(io.Discard), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !file.Partial {
			t.Fatal("the file is not called partial")
		}
	}
}

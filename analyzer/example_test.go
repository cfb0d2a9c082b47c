package analyzer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A lister prints a line for each reset.
type lister struct{ report.Renderer }

func (lister) Begin(string) error         { return nil }
func (lister) BeginFile(string) error     { return nil }
func (lister) EndFile(*report.File) error { return nil }
func (lister) End() error                 { return nil }
func (lister) Reset(r *report.Reset) error {
	_, err := fmt.Println(r.Frame, r.Cause, r.Detail)
	return err
}

func ExampleExplainReader() {
	capture, err := os.Open("../testdata/data-after-fin/capture.pcapng")
	if err != nil {
		panic(err)
	}
	defer capture.Close()
	file, err := analyzer.ExplainReader(context.Background(), "capture", capture, lister{}, analyzer.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(file.Packets, "packets")
	// Output:
	// 27 peer-crash data-after-fin
	// 27 packets
}

// What is opened is closed again; what cannot be opened is a warning of the report, as for a path.
func TestExplainOpener(t *testing.T) {
	object, err := os.Open("../testdata/data-after-fin/capture.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	open := func(context.Context) (io.ReadCloser, error) { return object, nil }
	file, err := analyzer.ExplainOpener(t.Context(), "bucket/object", open, report.JSON(io.Discard), analyzer.Options{})
	if err != nil || file.Packets != 27 || file.Path != "bucket/object" {
		t.Errorf("%v: %d packets of %s", err, file.Packets, file.Path)
	}
	if err := object.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("it was not closed: %v", err)
	}
	var out bytes.Buffer
	open = func(context.Context) (io.ReadCloser, error) { return nil, errors.New("no such object") }
	file, err = analyzer.ExplainOpener(t.Context(), "bucket/object", open, report.JSON(&out), analyzer.Options{})
	if err != nil || !file.Partial || len(file.Warnings) != 1 || file.Warnings[0].Says != "no such object" {
		t.Errorf("%v: %+v", err, file)
	}
	if !json.Valid(out.Bytes()) {
		t.Errorf("no whole report: %s", &out)
	}
}

// A reader may bring a text as well as a capture.
func TestExplainReaderOfText(t *testing.T) {
	const text = `10:21:33.100000 IP 192.0.2.1.40000 > 198.51.100.2.8080: Flags [S], seq 100, win 64240, length 0
10:21:33.110000 IP 198.51.100.2.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 101, win 0, length 0
`
	var found lastReset
	file, err := analyzer.ExplainReader(t.Context(), "pasted", strings.NewReader(text), &found, analyzer.Options{})
	if err != nil || file.Packets != 2 || found.detail != "no-listener" {
		t.Errorf("%v, %d packets, %q", err, file.Packets, found.detail)
	}
}

// A lastReset keeps the detail of the last reset.
type lastReset struct {
	lister
	detail string
}

func (l *lastReset) Reset(r *report.Reset) error {
	l.detail = r.Detail
	return nil
}

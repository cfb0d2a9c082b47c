package analyzer_test

import (
	"context"
	"fmt"
	"os"

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

package claims

import (
	"encoding/json"
	"fmt"
)

// A File is what the checker reads of one file of a JSON report.
type File struct {
	Path   string     `json:"path"`
	Resets []Reset    `json:"resets"`
	Notes  []Evidence `json:"notes"`
}

// A Reset is what the checker reads of a reset.
type Reset struct {
	Frame      int    `json:"frame"`
	Stream     int    `json:"stream"`
	Originator string `json:"originator"`
	Responder  string `json:"responder"`
	Sender     string `json:"sender"`
	Cause      string `json:"cause"`
	Detail     string `json:"detail"`
	Origin     string `json:"origin"`

	Summary      string        `json:"summary"`
	Harm         string        `json:"harm"`
	Symptom      string        `json:"symptom"`
	Remedy       string        `json:"remedy"`
	CaptureNext  string        `json:"capture_next"`
	Evidence     []Evidence    `json:"evidence"`
	OriginWhy    []Evidence    `json:"origin_why"`
	Notes        []Evidence    `json:"notes"`
	Alternatives []Alternative `json:"alternatives"`
}

// An Alternative is another cause that the packets leave open.
type Alternative struct {
	Detail string `json:"detail"`
	WhyNot string `json:"why_not"`
}

// Evidence is a claim, or free text where Claim is "".
type Evidence struct {
	Claim   string `json:"claim"`
	Side    string `json:"side"`
	Stream  *int   `json:"stream"`
	Frames  []int  `json:"frames"`
	From    int    `json:"from"`
	Until   int    `json:"until"`
	Limited bool   `json:"limited"`
	Values  Values `json:"values"`
	Says    string `json:"says"`
}

// Values are what a claim measures. A value of zero is not stated.
type Values struct {
	What     string `json:"what"`
	Text     string `json:"text"`
	Bytes    int64  `json:"bytes"`
	Of       int64  `json:"of"`
	Count    int    `json:"count"`
	Hosts    int    `json:"hosts"`
	AtLeast  bool   `json:"at_least"`
	Span     int64  `json:"span_ns"`
	Every    int64  `json:"every_ns"`
	Number   uint64 `json:"number"`
	Expected uint64 `json:"expected"`
}

// ReadReport reads a JSON report.
func ReadReport(b []byte) ([]File, error) {
	var r struct {
		Files []File `json:"files"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("not a JSON report of rstexplain: %w", err)
	}
	return r.Files, nil
}

// lists returns all lists of evidence of a reset.
func (r *Reset) lists() [][]Evidence { return [][]Evidence{r.Evidence, r.OriginWhy, r.Notes} }

package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A rowSet is the data of which the script of a page makes the findings that are not in the page in full: one row each,
// as JSON, which refers to words that many rows share.
type rowSet struct {
	bySeverity [len(bySeverity)]rowList
	words      []string
	index      map[string]int
	wordBytes  int
	base       Time // of the first row
	limit      int  // bytes of rows, and of words
	leftOut    int  // rows that did not fit
}

// A rowList is the rows of one severity.
type rowList struct {
	b    bytes.Buffer
	ends []int // of each row
}

// word returns the index of a word. It reports false if there is no room for it.
func (s *rowSet) word(text string) (int, bool) {
	text = Clean(text)
	if i, ok := s.index[text]; ok {
		return i, true
	}
	if s.limit > 0 && s.wordBytes+len(text) > s.limit/2 {
		return 0, false
	}
	if s.index == nil {
		s.index = map[string]int{}
	}
	i := len(s.words)
	s.index[text] = i
	s.words = append(s.words, text)
	s.wordBytes += len(text) + 3
	return i, true
}

// numberIn matches the numbers of a summary, and blank stands for them in a word: the summaries of a port scan differ
// in nothing else.
var numberIn = regexp.MustCompile(`[0-9]+(?:[.,:][0-9]+)*`)

const blank = "{}"

// add appends the row of a finding: incident, file, frame, microseconds since the base, stream, originator, its port,
// responder, its port, whether the responder sent it, cause, detail, severity, percent, summary, and the numbers in
// the summary.
func (s *rowSet) add(r *Reset, file int) {
	rank := max(slices.Index(bySeverity[:], r.Severity), 0)
	list := &s.bySeverity[rank]
	if s.base == 0 {
		s.base = r.Time
	}
	oport, rport := portOf(r.Originator), portOf(r.Responder)
	summary, numbers := r.Summary, []string(nil)
	if !strings.Contains(summary, blank) {
		numbers = numberIn.FindAllString(summary, -1)
		summary = numberIn.ReplaceAllLiteralString(summary, blank)
	}
	var words [6]int
	for i, w := range [...]string{hostOf(r.Originator), hostOf(r.Responder), string(r.Cause), r.Detail, string(r.Severity),
		summary} {
		n, ok := s.word(w)
		if !ok {
			s.leftOut++
			return
		}
		words[i] = n
	}
	sender := 0
	if r.Sender == "responder" {
		sender = 1
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	row := make([]byte, 0, 96)
	for i, n := range [...]int{r.Incident, file, r.position(), int(r.Time-s.base) / 1000, r.Stream, words[0],
		number(oport), words[1], number(rport),
		sender, words[2], words[3], words[4], int(r.Confidence*100 + 0.5), words[5]} {
		if i > 0 {
			row = append(row, ',')
		}
		row = strconv.AppendInt(row, int64(n), 10)
	}
	for _, n := range numbers {
		row = append(row, ',')
		if _, err := strconv.ParseUint(n, 10, 48); err == nil && (n == "0" || n[0] != '0') {
			row = append(row, n...)
		} else {
			row = append(append(append(row, '"'), n...), '"')
		}
	}
	if s.limit > 0 && list.b.Len()+len(row) > s.limit {
		s.leftOut++
		return
	}
	list.b.Write(row)
	list.ends = append(list.ends, list.b.Len())
}

// The fields of a row: those before its numbers, and of them those that are words.
const rowFields = 15

var wordFields = [...]int{5, 7, 10, 11, 12, 14}

// keep removes the rows whose incident's number is not wanted, and the words that only these have.
func (s *rowSet) keep(wanted func(number int) bool) {
	all := s.words
	s.words, s.index, s.wordBytes = nil, nil, 0
	for i := range s.bySeverity {
		var kept rowList
		list, from := &s.bySeverity[i], 0
		for _, end := range list.ends {
			fields := bytes.SplitN(list.b.Bytes()[from:end], []byte{','}, rowFields+1)
			from = end
			if number, _ := strconv.Atoi(string(fields[0])); !wanted(number) {
				continue
			}
			for _, f := range wordFields {
				old, _ := strconv.Atoi(string(fields[f]))
				word, _ := s.word(all[old])
				fields[f] = strconv.AppendInt(nil, int64(word), 10)
			}
			kept.b.Write(bytes.Join(fields, []byte{','}))
			kept.ends = append(kept.ends, kept.b.Len())
		}
		s.bySeverity[i] = kept
	}
}

// portOf returns the port of host:port.
func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// A pageData is what a page's script reads.
type pageData struct {
	Base  int64           `json:"base"` // microseconds since the epoch
	Files []pageFile      `json:"files"`
	Of    map[string]int  `json:"of"` // incidents of the numbers in rows, where these differ
	Words []string        `json:"words"`
	Rows  json.RawMessage `json:"rows"`
}

type pageFile struct {
	Path string `json:"path"`
	Text bool   `json:"text,omitempty"` // places are lines
}

// data returns the data of the page, the worst rows first.
func (s *rowSet) data(files []pageFile, now map[int]int) []byte {
	d := pageData{Base: int64(s.base) / 1000, Files: files, Of: map[string]int{}, Words: s.words}
	for number, of := range now {
		if of != number {
			d.Of[strconv.Itoa(number)] = of
		}
	}
	rows, left, count := []byte{'['}, s.limit, 0
	for i := range s.bySeverity {
		list, from := &s.bySeverity[i], 0
		for _, end := range list.ends {
			if s.limit > 0 && end-from > left {
				s.leftOut++
				from = end
				continue
			}
			if count > 0 {
				rows = append(rows, ',')
			}
			rows = append(append(append(rows, '['), list.b.Bytes()[from:end]...), ']')
			left -= end - from + 3
			from = end
			count++
		}
	}
	d.Rows = append(rows, ']')
	b, err := json.Marshal(d) // escapes <, > and &, so that no text ends the element that holds it
	if err != nil {           // numbers and strings alone
		panic(err)
	}
	return b
}

package pasted

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Logs put a prefix before each line of a print, or make a JSON string of it, in which \n stands for a line break.

// escaped reports whether a line may hold others: as a JSON object, or with \n for line breaks.
func escaped(b []byte) bool {
	t := bytes.TrimLeft(b, " \t")
	return bytes.HasPrefix(t, []byte(`{"`)) || bytes.Contains(b, []byte(`\n`)) || bytes.Contains(b, []byte(`\u003e`))
}

// messageKeys are the members of JSON objects in which logs write what a program printed.
var messageKeys = []string{"log", "message", "msg", "MESSAGE", "textPayload", "body", "line", "text", "output"}

// unescape appends to parts the lines that a line holds in JSON strings, or with \n for line breaks: the line itself
// where it holds none.
func unescape(parts [][]byte, b []byte) [][]byte {
	if t := bytes.TrimSpace(b); len(t) > 0 && t[0] == '{' {
		var o map[string]any
		if json.Unmarshal(t, &o) == nil {
			if said, ok := message(o, 0); ok {
				b = bytes.TrimRight([]byte(said), "\r\n")
				if !bytes.Contains(b, []byte(`\n`)) {
					return append(parts, bytes.Split(b, []byte("\n"))...)
				}
			}
		}
	}
	plain := unquote(b)
	if shown(plain) == 0 || bytes.Equal(plain, b) {
		return append(parts, b)
	}
	if k := max(bytes.Index(b, []byte(`\n`)), 0); k > 0 { // what stands before the string
		q := bytes.LastIndexByte(b[:k], '"')
		for q > 0 && b[q-1] == '\\' {
			q = bytes.LastIndexByte(b[:q], '"')
		}
		if q >= 0 {
			parts = append(parts, b[:q+1])
			plain = unquote(b[q+1:])
		}
	}
	return append(parts, bytes.Split(plain, []byte("\n"))...)
}

// message returns what a program printed, of a log's object.
func message(o map[string]any, depth int) (string, bool) {
	for _, key := range messageKeys {
		if s, ok := o[key].(string); ok {
			return s, true
		}
	}
	for _, key := range [...]string{"jsonPayload", "_source", "fields", "event"} {
		if in, ok := o[key].(map[string]any); ok && depth < 3 {
			return message(in, depth+1)
		}
	}
	return "", false
}

// unquote resolves the escapes of a JSON string in a line, and those of a string in a string.
func unquote(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		from := i
		for i < len(b) && b[i] == '\\' {
			i++
		}
		if i == len(b) {
			return append(out, b[from:]...)
		}
		switch b[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
		case '"', '\'', '/':
			out = append(out, b[i])
		case 'u':
			if r, err := strconv.ParseUint(string(b[i+1:min(len(b), i+5)]), 16, 16); err == nil && i+5 <= len(b) {
				out = utf8.AppendRune(out, rune(r))
				i += 4
				continue
			}
			out = append(out, b[from:i+1]...)
		default:
			out = append(out, b[from:i+1]...)
		}
	}
	return out
}

// logged removes what a log puts before a line, where the line has a time or an indent of its own: "Mar  1 10:00:00
// host tcpdump[123]: ", "<30>1 2026-03-01T10:00:00Z host tcpdump 123 - - ", "2026-03-01T10:00:00Z stdout F ".
func logged(b []byte) []byte {
	if len(b) < 16 {
		return b
	}
	t := b
	if b[0] == '<' { // RFC 3164, RFC 5424
		if k := bytes.IndexByte(b[:6], '>'); k > 1 && allDigits(b[1:k]) {
			t = bytes.TrimPrefix(b[k+1:], []byte("1 "))
		}
	}
	iso := len(t) > 20 && isDigit(t[0]) && t[4] == '-' && t[10] == 'T'
	if !iso && !(isMonth(t) && t[3] == ' ') && !(isWeekday(t) && t[3] == ' ') && !timeAt(t) {
		return b
	}
	head := t[:min(len(t), 120)]
	if iso {
		rest := t[bytes.IndexByte(t, ' ')+1:]
		for _, mark := range [...]string{"stdout F ", "stderr F ", "stdout P ", "stderr P "} {
			rest = bytes.TrimPrefix(rest, []byte(mark))
		}
		if len(rest) < len(t) && ownLine(rest) {
			return rest
		}
	}
	for _, mark := range [...]string{"]: ", " - - ", ": "} {
		if k := bytes.Index(head, []byte(mark)); k >= 15 {
			if rest := t[k+len(mark):]; ownLine(rest) {
				return rest
			}
		}
	}
	return b
}

// ownLine reports whether what follows a log's prefix has a time or an indent of its own.
func ownLine(b []byte) bool {
	return bytes.HasPrefix(b, []byte("  ")) || bytes.HasPrefix(b, []byte("\t")) || beginsTimed(b)
}

func isWeekday(b []byte) bool {
	return len(b) > 3 && bytes.Contains([]byte("SunMonTueWedThuFriSat"), b[:3])
}

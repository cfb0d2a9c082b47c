package report

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
)

// The names of the fields that a segment may lack (flows.Fields). Where SEQ and time are unknown, the report has what
// their neighbours leave for them; of the others it has nothing.
const (
	lacksPayload = "payload"
	lacksTTL     = "ttl"
	lacksIPID    = "ip_id"
	lacksOptions = "options"
	lacksWindow  = "window"
	lacksSEQ     = "seq"
	lacksTime    = "time"
)

var fieldNames = [...]struct {
	field flows.Fields
	name  string
}{
	{flows.FieldPayload, lacksPayload}, {flows.FieldTTL, lacksTTL}, {flows.FieldIPID, lacksIPID},
	{flows.FieldOptions, lacksOptions},
	{flows.FieldWindow, lacksWindow}, {flows.FieldSEQ, lacksSEQ}, {flows.FieldTime, lacksTime},
}

// unknownFields[f] are the names of the fields in f. No list is written to.
var unknownFields = func() (lists [1 << 8][]string) {
	for f := range lists {
		for _, n := range fieldNames {
			if flows.Fields(f).Has(n.field) {
				lists[f] = append(lists[f], n.name)
			}
		}
	}
	return lists
}()

func unknownOf(f flows.Fields) []string { return unknownFields[f&(1<<8-1)] }

// appendKnown appends a field, unless it is unknown.
func appendKnown[T uint8 | uint16 | uint32](b []byte, key string, v T, unknown []string, name string) []byte {
	if len(unknown) > 0 && slices.Contains(unknown, name) {
		return b
	}
	return appendInt(b, key, v)
}

func appendUnknown(b []byte, unknown []string) []byte {
	if len(unknown) == 0 {
		return b
	}
	return appendStrings(append(b, `,"unknown":`...), unknown)
}

package job

import (
	"encoding/json"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A Row is a reset in a Parquet file. docs/fleet.md documents the columns.
type Row struct {
	Tap         string  `parquet:"tap,dict"`
	File        string  `parquet:"file,dict"`
	Frame       int64   `parquet:"frame,delta"`
	Time        int64   `parquet:"time,timestamp(nanosecond),delta"`
	Stream      int64   `parquet:"stream"`
	Originator  string  `parquet:"originator,dict"`
	Responder   string  `parquet:"responder,dict"`
	Sender      string  `parquet:"sender,dict"`
	Incident    int64   `parquet:"incident"`
	Cause       string  `parquet:"cause,dict"`
	Detail      string  `parquet:"detail,dict"`
	Confidence  float64 `parquet:"confidence,dict"`
	Severity    string  `parquet:"severity,dict"`
	Origin      string  `parquet:"origin,dict"`
	Repeats     int64   `parquet:"repeats_frame"`
	Trigger     int64   `parquet:"trigger_frame"`
	Phase       string  `parquet:"phase,dict"`
	Form        string  `parquet:"form,dict"`
	ZeekState   string  `parquet:"conn_state,dict"`
	ZeekHistory string  `parquet:"history,dict"`
	Protocol    string  `parquet:"protocol,dict"`
	BytesSent   int64   `parquet:"originator_bytes"`
	BytesRecv   int64   `parquet:"responder_bytes"`
	RTT         int64   `parquet:"handshake_rtt_ns"`
	TTL         int32   `parquet:"ttl"`
	Window      int32   `parquet:"window"`
	Summary     string  `parquet:"summary,dict"`
}

// A brief is what of a reset's JSON is in a Row.
type brief struct {
	Frame      int64
	Time       report.Time
	Stream     int64
	Originator string
	Responder  string
	Sender     string
	Cause      string
	Detail     string
	Confidence float64
	Severity   string
	Origin     string
	Repeats    int64 `json:"repeats_frame"`
	Trigger    int64 `json:"trigger_frame"`
	Phase      string
	Form       string
	Summary    string
	Zeek       report.Zeek
	Connection struct {
		Protocol string
		RTT      int64 `json:"handshake_rtt_ns"`
		Bytes    [2]int64
	}
	Segment struct {
		TTL    int32
		Window int32
	}
}

// firstsOfEvents holds rows by the frame of the first reset of their event: a repeat of it that is far behind has in
// JSON only what tells it apart.
type firstsOfEvents map[int64]Row

// row returns the row of a reset, without what its unit says.
func (f firstsOfEvents) row(line []byte) (Row, error) {
	var b brief
	if err := json.Unmarshal(line, &b); err != nil {
		return Row{}, err
	}
	r := Row{
		Frame: b.Frame, Time: int64(b.Time), Stream: b.Stream, Originator: b.Originator, Responder: b.Responder,
		Sender: b.Sender, Cause: b.Cause, Detail: b.Detail, Confidence: b.Confidence, Severity: b.Severity,
		Origin: b.Origin, Repeats: b.Repeats, Trigger: b.Trigger, Phase: b.Phase, Form: b.Form,
		ZeekState: b.Zeek.State, ZeekHistory: b.Zeek.History, Protocol: b.Connection.Protocol,
		BytesSent: b.Connection.Bytes[0], BytesRecv: b.Connection.Bytes[1], RTT: b.Connection.RTT,
		TTL: b.Segment.TTL, Window: b.Segment.Window, Summary: b.Summary,
	}
	switch first, known := f[b.Repeats]; {
	case b.Repeats == 0:
	case b.Phase != "":
		f[b.Repeats] = r
	case known:
		r.Originator, r.Responder, r.Confidence = first.Originator, first.Responder, first.Confidence
		r.Severity, r.Origin = first.Severity, first.Origin
	}
	return r, nil
}

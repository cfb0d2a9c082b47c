package report

import (
	"strconv"

	"github.com/rstexplain/rstexplain/rules"
)

// A Kernel is what the trace of a host's kernel says of a Reset.
type Kernel struct {
	Host    string `json:"host"` // as the user named it, else "client" or "server"
	Path    string `json:"path"` // of the trace
	Line    int    `json:"line"`
	Reason  string `json:"reason"`  // of the sender's kernel, "TCP_ABORT_ON_CLOSE"; "" where it gives none
	State   string `json:"state"`   // of the socket that sent the RST, as the kernel names it, "CLOSE"
	Means   string `json:"means"`   // the reason in words
	Time    Time   `json:"time"`    // when the kernel decided to send it, by the capture's clock; 0: no record of that
	Program string `json:"program"` // on the processor then: often not the one that is concerned

	Received Time `json:"received_time"` // when a socket of the receiver accepted it; 0: no record of that
	Silent   bool `json:"silent"`        // the sender's kernel has no record of it, although it recorded others

	// What the packets alone look like, where the kernel's reason excludes it.
	PacketsCause      rules.Cause `json:"packets_cause"`
	PacketsDetail     string      `json:"packets_detail"`
	PacketsConfidence float64     `json:"packets_confidence"`
}

// A KernelTrace is what one trace of a kernel says of the capture as a whole. Times are by the capture's clock.
type KernelTrace struct {
	Path        string `json:"path"`
	Name        string `json:"name"`
	Format      string `json:"format"`
	Events      int    `json:"events"`
	Unknown     int    `json:"unknown_lines"`
	Lost        int    `json:"lost_events"` // that the kernel says it lost
	LeftOut     int    `json:"left_out"`    // events beyond what is kept in memory
	Clock       bool   `json:"clock_known"` // a RST is in both: the times can be mapped
	Offset      int64  `json:"offset_ns"`   // add to the trace's times
	Uncertainty int64  `json:"uncertainty_ns"`

	Sent     int           `json:"sent"`   // RSTs in the capture from the trace's host
	Joined   int           `json:"joined"` // of these, those that the trace has
	Accepted int           `json:"accepted"`
	Resets   int           `json:"resets"` // that the kernel sent, in the trace
	Lacks    int           `json:"missing_count"`
	Missing  []KernelEvent `json:"missing"` // RSTs of the capture's time that the capture lacks, the first of them
	Outside  int           `json:"outside"` // RSTs of another time
	Dropped  int           `json:"dropped_count"`
	Drops    []KernelEvent `json:"dropped"` // packets that the kernel dropped in the capture's time, the first of them
}

// A KernelEvent is an event of a trace that no packet of the capture belongs to.
type KernelEvent struct {
	Time   Time   `json:"time"`
	Src    string `json:"src"`
	Dst    string `json:"dst"` // "" for a listening socket, which has no peer
	Reason string `json:"reason"`
	State  string `json:"state"`
	Line   int    `json:"line"`
}

func (e *encoder) kernel(b []byte, k *Kernel) []byte {
	b = appendField(b, `,"kernel":{"host":`, k.Host)
	b = appendField(b, `,"path":`, k.Path)
	b = appendInt(b, `,"line":`, k.Line)
	b = appendField(b, `,"reason":`, k.Reason)
	b = appendField(b, `,"state":`, k.State)
	b = appendField(b, `,"means":`, k.Means)
	b = append(b, `,"time":`...)
	b = e.time(b, k.Time)
	b = appendField(b, `,"program":`, k.Program)
	b = append(b, `,"received_time":`...)
	b = e.time(b, k.Received)
	b = append(b, `,"silent":`...)
	b = strconv.AppendBool(b, k.Silent)
	b = appendField(b, `,"packets_cause":`, string(k.PacketsCause))
	b = appendField(b, `,"packets_detail":`, k.PacketsDetail)
	b = append(b, `,"packets_confidence":`...)
	b = appendFloat(b, k.PacketsConfidence)
	return append(b, '}')
}

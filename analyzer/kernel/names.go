package kernel

import (
	"strconv"
	"strings"
)

// states are the kernel's names of its states, by number (include/net/tcp_states.h).
var states = [...]string{"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
	"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"}

// state reads a state: "TCP_CLOSE", "CLOSE", perf's "0x7", or "7". UNKNOWN, and what is none, is "".
func (r *Record) state(s string) string {
	if n, err := strconv.ParseUint(s, 0, 8); err == nil {
		if int(n) < len(states) {
			return states[n]
		}
		return ""
	}
	s = strings.TrimPrefix(s, "TCP_")
	switch s {
	case "ESTAB": // of ss
		s = "ESTABLISHED"
	case "FIN_WAIT_1", "FIN-WAIT-1": // of bcc and of ss
		s = "FIN_WAIT1"
	case "FIN_WAIT_2", "FIN-WAIT-2":
		s = "FIN_WAIT2"
	}
	s = strings.ReplaceAll(s, "-", "_")
	for _, known := range states[1:] {
		if s == known {
			return known
		}
	}
	return ""
}

// reasonNumbers are the values of enum sk_rst_reason since Linux 6.12, which bpftrace prints as numbers.
var reasonNumbers = [...]string{"NOT_SPECIFIED", "NO_SOCKET", "TCP_INVALID_ACK_SEQUENCE", "TCP_RFC7323_PAWS",
	"TCP_TOO_OLD_ACK", "TCP_ACK_UNSENT_DATA", "TCP_FLAGS", "TCP_OLD_ACK", "TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET",
	"INVALID_SYN", "TCP_ABORT_ON_CLOSE", "TCP_ABORT_ON_LINGER", "TCP_ABORT_ON_MEMORY", "TCP_STATE",
	"TCP_KEEPALIVE_TIMEOUT", "TCP_DISCONNECT_WITH_DATA", "MPTCP_RST_EUNSPEC", "MPTCP_RST_EMPTCP",
	"MPTCP_RST_ERESOURCE", "MPTCP_RST_EPROHIBIT", "MPTCP_RST_EWQ2BIG", "MPTCP_RST_EBADPERF", "MPTCP_RST_EMIDDLEBOX",
	"ERROR"}

// resetReason reads a reason of a RST.
func (r *Record) resetReason(s string) string {
	if n, err := strconv.ParseUint(s, 0, 8); err == nil {
		if int(n) < len(reasonNumbers) {
			return reasonNumbers[n]
		}
		return ""
	}
	return r.word(strings.TrimPrefix(s, "SK_RST_REASON_"))
}

// dropReason reads a reason of a drop. Numbers differ from kernel to kernel.
func (r *Record) dropReason(s string) string {
	return r.word(strings.TrimPrefix(s, "SKB_DROP_REASON_"))
}

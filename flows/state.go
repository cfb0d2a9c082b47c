package flows

// A State is one of the eleven states of RFC 9293 §3.3.2, or Unknown.
type State uint8

// The states. Unknown is the zero State: an endpoint of a connection whose beginning the capture does
// not hold starts there, because not knowing is itself worth showing.
const (
	Unknown State = iota
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
	Closed
)

var stateNames = [...]string{"unknown", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "CLOSED"}

// String spells the state as the RFC does: SYN-RECEIVED, FIN-WAIT-1.
func (s State) String() string { return stateNames[s] }

package rules

// A Cause is one of the five labels. Each RST gets exactly one: it answers why the stack that sent the
// RST sent it.
type Cause string

// The five causes.
const (
	ClosedPort        Cause = "closed-port"
	PeerCrash         Cause = "peer-crash"
	UnknownConnection Cause = "unknown-connection"
	RetransmitTimeout Cause = "retransmit-timeout"
	FastClose         Cause = "fast-close"
)

// Causes lists the five in the order in which reports show them.
var Causes = []Cause{ClosedPort, PeerCrash, UnknownConnection, RetransmitTimeout, FastClose}

// An Origin says who really sent a RST.
type Origin string

// The origins. OriginUnknown: the capture does not tell, as on loopback.
const (
	OriginEndpoint  Origin = "endpoint"
	OriginMiddlebox Origin = "middlebox"
	OriginUnknown   Origin = "unknown"
)

// A Severity says how much a reset matters to whoever reads the report.
type Severity string

// The severities.
const (
	Info    Severity = "info"    // harmless: nothing was lost
	Warning Severity = "warning" // something may have been lost, or will be
	Error   Severity = "error"   // an exchange was lost or a connection was refused
)

// A Rule describes one situation in which a TCP is reset, and how to recognise it.
type Rule struct {
	ID    string // "keepalive-race": command line, JSON "detail", docs anchor, testdata folder; never renamed once released
	Cause Cause
	Doc   Doc
	RFC   []string // "RFC 9293 §3.10.7.1"

	// Match returns the rule's claim about the reset, or nil when this is not its situation. It is pure:
	// it reads the reset and nothing else.
	Match func(*Case) *Finding
}

// A Doc explains a rule to people: it is printed by the command line, in docs/causes.md and in reports.
type Doc struct {
	Title      string // "A kept-alive connection was closed while a request was on its way"
	Happened   string // what happened, for a developer who is no TCP expert
	Recognised string // by which packets the rule knows
	LookAlikes string // what looks the same, and how to tell it apart
	Prints     string // what the application prints
	Remedy     string // what to do
	Limits     string // what the rule cannot know
}

// A Finding is a rule's claim about a reset, with the events that speak for it and against it.
type Finding struct {
	Rule         *Rule
	Cause        Cause   // the rule's, but for a repeat, which carries its first reset's
	Confidence   float64 // probability that Cause is right
	Origin       Origin
	OriginWhy    []Evidence // the signs, when Origin is OriginMiddlebox
	Severity     Severity
	Summary      string // one sentence
	Evidence     []Evidence
	Alternatives []Alternative // other causes that the packets leave open, most likely first
	Symptom      string        // what the application on the receiving side most likely printed
	Remedy       string
	CaptureNext  string     // what to capture to decide what stays open; "" when decided
	Beside       []Evidence // what else is worth telling: not accepted, did not arrive, text in the RST
	Repeats      int        // frame of the first reset of the same event, 0 when this is the first
}

// Evidence is one checkable statement and the frames that show it.
type Evidence struct {
	Frames []int
	Stream int // connection that the frames belong to, −1: the reset's own
	Says   string
}

// An Alternative is another cause, and what speaks against it.
type Alternative struct {
	Cause      Cause
	Detail     string // the rule that would speak, may be ""
	Confidence float64
	WhyNot     string
}

// Package incident finds out which resets are one incident: what one person would tell another as one thing that
// happened, such as a service that was away, a port scan, or a firewall that forgets idle connections. Begin with
// [NewFinder]; give it each reset in the order of the report, and ask for the Incidents at the end.
//
// A reset gets the number of its incident at once, in one pass and with bounded memory. What is known only later, for
// example that several refusals were the beginning of a scan, joins incidents: then resets of one incident carry more
// than one number, which Incident.Also lists. Nothing depends on names, well-known ports or addresses: a reset's rule
// says what its resets have in common (rules.Pattern), and its claims and counts decide the rest.
package incident

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// A Reset is what a Finder needs to know about a reset.
type Reset struct {
	File           int // index of its capture in the report
	Frame, Stream  int
	Line           int // of a text, 0 else
	Time           flows.Time
	Client, Server string // originator and responder: address and port
	Sender         flows.Side
	Protocol       string

	Cause    rules.Cause
	Detail   string
	Title    string // of the rule
	Pattern  rules.Pattern
	Severity rules.Severity
	Remote   bool // a device on the path probably sent it
	Repeats  int  // frame of the first reset of the same event, 0 for none
	Remedy   string
	TTL      uint8
	WND      uint16

	// What its claims say; 0 where they say nothing.
	Idle           time.Duration // how long the connection had been idle
	Waited         time.Duration // how long a request had been unanswered
	Every          time.Duration // period of probes
	AcceptedBefore flows.Time    // when the service had accepted a connection
	AcceptedAfter  flows.Time    // when it did so again
	Silent         flows.Side    // of Silence and Unreached: the side that did not answer
	Heard          bool          // it was heard, but did not acknowledge
	Since          flows.Time    // when it was heard last
	ToSYNACK       bool          // the RST answers a SYN-ACK
}

// A Kind says what happened in an incident.
type Kind string

// The kinds of incidents.
const (
	Scan             Kind = "scan"              // a client tried many ports or hosts
	SYNFlood         Kind = "syn-flood"         // handshakes by many hosts that were never completed
	Backscatter      Kind = "backscatter"       // a host answers many hosts that had not asked
	ServiceRestart   Kind = "service-restart"   // a service was away
	HostRestart      Kind = "host-restart"      // several services of one host were away, or lost their connections
	ServiceDown      Kind = "service-down"      // a service never accepted a connection
	PortsRefused     Kind = "ports-refused"     // a client was refused by several ports of a host
	IdleTimeout      Kind = "idle-timeout"      // connections were ended or forgotten while they were idle
	OnPath           Kind = "device"            // a device on the path rejected or cut connections
	HealthCheck      Kind = "health-check"      // a client checked whether a service answers
	ClosingHabit     Kind = "closing-habit"     // one side closes its connections by RST
	TimeLimit        Kind = "time-limit"        // an application waited no longer
	StoppedAnswering Kind = "stopped-answering" // a host, or the path to it, stopped answering
	KeepAliveRace    Kind = "keep-alive-race"   // a service closed connections that its clients still used
	PortReuse        Kind = "port-reuse"        // addresses and ports were used again too soon
	CutAtOnce        Kind = "cut-at-once"       // one side ended many connections at the same time
	Alike            Kind = "alike"             // else: the same rule, service and sender
	// resets of a rule that were counted together, because there were too many to keep apart
	NotKept Kind = "not-kept"
)

// Kinds lists the kinds with their meanings, for the schema of the JSON report.
var Kinds = []struct {
	Kind  Kind
	Means string
}{
	{Scan, "a client tried many ports of a host, or many hosts"},
	{SYNFlood, "many hosts began connections to a service and did not complete the handshake"},
	{Backscatter, "a host answered many hosts that did not know the connection: its own peers are most likely forged " +
		"addresses"},
	{ServiceRestart, "a service refused connections that it accepts at other times; connections that were cut at that " +
		"time are included"},
	{HostRestart, "several services of one host refused connections, or lost them, at the same time"},
	{ServiceDown, "a service refused all connections that were attempted"},
	{PortsRefused, "one client was refused by several ports of one host"},
	{IdleTimeout, "connections were ended or forgotten while they were idle"},
	{OnPath, "a device on the path rejected connections, or cut them in the name of one side"},
	{HealthCheck, "a client opened connections to a service only to see whether it answers"},
	{ClosingHabit, "one side closes its connections by RST"},
	{TimeLimit, "an application ended connections whose requests were not complete, or not answered, in time"},
	{StoppedAnswering, "a host, or the path to it, stopped answering"},
	{KeepAliveRace, "a service closed idle connections that its clients still used"},
	{PortReuse, "a client, or a NAT, used an address and port again while the server still had the old connection"},
	{CutAtOnce, "one side ended several connections at the same time"},
	{Alike, "resets of the same rule, service and sender"},
	{NotKept, "resets of the same rule that were counted together, because there were too many incidents to keep " +
		"them apart"},
}

// A Ref is a reset of one of the captures.
type Ref struct {
	Frame, Stream int
	File          int32
	Line          int32 // of a text, 0 else
}

// A Count is a number of different things, or the least that it is.
type Count struct {
	N       int
	AtLeast bool
}

// An Incident is what one person would tell another as one thing that happened. Each reset belongs to exactly one.
type Incident struct {
	Number int   // of its first reset
	Also   []int // further numbers that its resets carry
	Kind   Kind
	Says   string // one sentence

	First, Last flows.Time
	Severity    rules.Severity // the worst
	Cause       rules.Cause    // these four of the representative finding
	Detail      string
	Remedy      string
	Best        Ref

	Client, Server string // host of the client; host, or address and port, of the server; "" for several
	Senders        [2]int // resets by originator and responder

	Resets, Findings, Connections int
	BySeverity                    [3]int // findings that are errors, warnings and info
	Clients, Services, Servers    Count  // hosts; addresses and ports; hosts
	Details                       []DetailCount

	Refs []Ref // of its resets, at most MaxRefs; none where MaxAllRefs of the report are used up
}

// A DetailCount counts the resets of one rule.
type DetailCount struct {
	Detail string
	Resets int
}

// Bounds of what is kept.
const (
	MaxStrands = 4096    // incidents that are kept apart, before they are joined
	MaxRefs    = 1000    // resets that an incident names
	MaxAllRefs = 1 << 15 // resets that all incidents name
	MaxHosts   = 1024    // hosts, and services, that an incident counts exactly; but ports of one host to the last
	MaxNames   = 1 << 15 // hosts and services that all incidents count exactly
	MaxDetails = 8       // rules that an incident lists
	recent     = 1 << 13 // connections of which it is known to which incident their resets belong
)

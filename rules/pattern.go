package rules

// A Pattern says what several resets of a rule most likely have in common, so that they are recognised as one incident:
// the service that was away, the client that scanned. Package incident groups resets by it.
type Pattern string

// The patterns. Alike, the zero value, is right for most rules.
const (
	Alike     Pattern = ""          // the service and who sent the RST
	Refusal   Pattern = "refusal"   // a port where nothing accepts connections
	Outage    Pattern = "outage"    // a service that accepts connections at other times
	Scan      Pattern = "scan"      // a client that tries what is there
	Device    Pattern = "device"    // a device on the path that rejects connections or cuts them
	Idle      Pattern = "idle"      // whoever ends or forgets connections that are idle
	Unreached Pattern = "unreached" // a host that does not answer when a connection is to be opened
	Silence   Pattern = "silence"   // a host, or the path to it, that stopped answering
	HalfOpen  Pattern = "half-open" // a service that waits for the third step of handshakes
	Unasked   Pattern = "unasked"   // a host that sends segments of connections that nobody has
	Probe     Pattern = "probe"     // a client that checks whether a service answers
	Habit     Pattern = "habit"     // a side's way of closing connections
	TimeLimit Pattern = "limit"     // an application that waits only so long
	Race      Pattern = "race"      // a service that closes connections that its clients still use
	Reuse     Pattern = "reuse"     // a client, or NAT, that uses addresses and ports again too soon
	Cut       Pattern = "cut"       // a side that breaks exchanges off, as when it ends
	Loss      Pattern = "loss"      // a host that lost its connections, as in a restart
	Aftermath Pattern = "aftermath" // an earlier reset of the same connection
)

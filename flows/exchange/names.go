package exchange

// Names keeps the strings that States point at (SNI, Host, path, first lines), once each and bounded.
// One Names serves all connections of one table; it is not safe for concurrent use.
type Names struct {
	strings []string
	index   map[string]uint32
}

// NewNames returns an empty table of strings.
func NewNames() *Names { return &Names{index: make(map[string]uint32)} }

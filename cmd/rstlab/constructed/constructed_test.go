package constructed

import "testing"

// TestAll builds every script.
func TestAll(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if len(c.Lines) == 0 || c.Says == "" || c.Source == "" {
			t.Errorf("%s: no truth, no description or no source", c.Name)
		}
	}
}

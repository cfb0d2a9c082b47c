package analyzer

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rstexplain/rstexplain/analyzer/internal/sharkd"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// verdicts are what is said of each reset, without what an export cannot hold: the interface a packet was
// captured on, and bytes that were cut.
func verdicts(f report.File) []report.Reset {
	out := make([]report.Reset, len(f.Resets))
	for i, r := range f.Resets {
		r.Places = nil
		r.Segment.Payload = ""
		out[i] = r
	}
	return out
}

// What is said of the resets in an export equals what is said of them in the capture that it was made from. The captures
// are put one behind the other, in a format that has one interface, as an export has: tshark takes longer to start than
// to read them all.
func TestExportsEqualTheirCapture(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark on captures")
	}
	paths := ruleCaptures(t)
	if len(paths) == 0 {
		t.Skip("no captures")
	}
	mergecap, err := exec.LookPath("mergecap")
	if err != nil {
		t.Skip("mergecap is not installed: no capture to export")
	}
	kept := filepath.Join("testdata", "wireshark-exports")
	if err := sharkd.Forget(kept); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"json", "pdml", "ek"} {
		t.Run(format, func(t *testing.T) {
			these := paths
			if format == "ek" { // it has the bytes of Multipath TCP's options, and not their fields
				these = slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return strings.Contains(path, "mptcp") })
			}
			all := filepath.Join(t.TempDir(), "all.pcap")
			merge := exec.Command(mergecap, append([]string{"-a", "-F", "nsecpcap", "-w", all}, these...)...)
			if out, err := merge.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			want := verdicts(explain(t, all))
			if len(want) < len(these) {
				t.Fatalf("only %d resets in %d captures", len(want), len(these))
			}
			export := filepath.Join(t.TempDir(), "export."+format)
			text, err := sharkd.Print(kept, all, format != "json", "-T", format) // JSON is always printed anew
			if errors.Is(err, exec.ErrNotFound) {
				t.Skip(err)
			}
			if err := errors.Join(err, os.WriteFile(export, text, 0o666)); err != nil {
				t.Fatal(err)
			}
			got := explain(t, export)
			if diff := cmp.Diff(want, verdicts(got), cmpopts.IgnoreUnexported(report.Reset{})); diff != "" {
				t.Errorf("- capture, + %s:\n%s", format, diff)
			}
			if len(got.Warnings) == 0 || !strings.Contains(got.Warnings[0].Says, "export of packet dissections") {
				t.Errorf("it is not reported that this is an export: %+v", got.Warnings)
			}
		})
	}
}

// A capture that is cut in pieces and joined again is explained as it was, and each reset names its piece.
func TestJoinedEqualsWhole(t *testing.T) {
	editcap, err := exec.LookPath("editcap")
	if err != nil {
		t.Skip("editcap is not installed: no captures to join")
	}
	for _, path := range ruleCaptures(t) {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if out, err := exec.Command(editcap, "-c", "7", path, filepath.Join(dir, "ring.pcapng")).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			parts, err := filepath.Glob(filepath.Join(dir, "*.pcapng"))
			if err != nil {
				t.Fatal(err)
			}
			for i, k := 0, len(parts)-1; i < k; i, k = i+1, k-1 { // their order does not matter
				parts[i], parts[k] = parts[k], parts[i]
			}
			var out bytes.Buffer
			r := report.JSON(&out)
			if _, err := ExplainJoined(t.Context(), parts, r, Options{}); err != nil {
				t.Fatal(err)
			}
			got := unmarshal(t, out.Bytes()).Files[0]
			if diff := cmp.Diff(verdicts(explain(t, path)), verdicts(got), cmpopts.IgnoreUnexported(report.Reset{})); diff != "" {
				t.Errorf("- whole, + joined:\n%s", diff)
			}
			first := map[string]int{}
			for _, p := range got.Parts {
				first[p.Path] = p.First
			}
			if len(first) != len(parts) {
				t.Errorf("%d parts of %d", len(first), len(parts))
			}
			for _, m := range got.Resets {
				if len(m.Places) == 0 || first[m.Places[0].Path]+m.Places[0].Frames[0]-1 != m.Frame {
					t.Errorf("frame %d is not where %+v says", m.Frame, m.Places)
				}
			}
		})
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The page of a comparison fits a telephone: nothing but the packets scrolls sideways, and the browser has no complaint.
func TestComparisonInBrowser(t *testing.T) {
	tab := newTab(t)
	golden, err := os.ReadFile("../testdata/compare/idle-expiry.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"as-captured", "long-words"} {
		var c Comparison
		if err := json.Unmarshal(golden, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Resets) == 0 {
			t.Fatal("the golden comparison has no reset")
		}
		if name == "long-words" {
			c.Vantages[0].Path = "/var/captures/" + strings.Repeat("a-long-name-", 12) + ".pcapng"
			c.Resets[0].Originator, c.Resets[0].Responder = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535"
			c.Resets[0].Shows[0].Says = strings.Repeat("x", 200)
		}
		var page bytes.Buffer
		if err := CompareHTML(&page, &c); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name+".html")
		if err := os.WriteFile(file, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{400, 1200} {
			tab.do(chromedp.EmulateViewport(int64(width), 800))
			tab.open("file://" + file)
			if n := tab.number(`document.querySelectorAll("article").length`); n != len(c.Resets) {
				t.Errorf("%s: %d resets are shown, not %d", name, n, len(c.Resets))
			}
			if n := tab.number(`document.documentElement.scrollWidth`); n > width {
				t.Errorf("%s: at %d pixels the page is %d wide", name, width, n)
			}
			sideways := `[...document.querySelectorAll("body *")].filter(e => e.scrollWidth > e.clientWidth + 1 && ` +
				`["auto", "scroll"].includes(getComputedStyle(e).overflowX) && !e.querySelector(":scope > pre")).length`
			if n := tab.number(sideways); n != 0 {
				t.Errorf("%s: at %d pixels %d elements besides the packets scroll sideways", name, width, n)
			}
			// No text is cut off at the right, or lies under another one.
			outside := `[...document.querySelectorAll("p, li, h1, h4, summary span")].filter(e => ` +
				`e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length`
			if n := tab.number(outside); n != 0 {
				t.Errorf("%s: at %d pixels %d texts reach beyond the page", name, width, n)
			}
		}
	}
	for _, line := range tab.console() {
		t.Errorf("the browser says %s", line)
	}
}

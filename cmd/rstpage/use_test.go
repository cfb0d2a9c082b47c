package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
)

// openPage returns the page, ready, in a tab.
func openPage(t *testing.T) *tab {
	t.Helper()
	chromium(t)
	page, err := filepath.Abs(builtPage(t))
	if err != nil {
		t.Fatal(err)
	}
	return openAt(t, "file://"+page)
}

// openAt returns the page at an address, ready, in a tab.
func openAt(t *testing.T, address string) *tab {
	t.Helper()
	b := newTab(t)
	b.do(chromedp.Navigate(address))
	b.wait(`document.body.hasAttribute("data-ready")`)
	return b
}

// focus returns the ID, or without one the text, of the element that has the focus.
func (b *tab) focus() string {
	return eval[string](b, `document.activeElement === document.body ? "nothing" :
		document.activeElement.id || document.activeElement.textContent.trim()`)
}

// tabTo presses the Tab key once, which must reach the element.
func (b *tab) tabTo(want string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent("\t"))
	if got := b.focus(); got != want {
		b.t.Fatalf("the Tab key reaches %q, want %q", got, want)
	}
}

// The page is used with the keyboard alone, and each control has a name for a screen reader.
func TestPageByKeyboard(t *testing.T) {
	b := openPage(t)
	b.tabTo("file")
	b.tabTo("text")
	b.do(chromedp.KeyEvent("10:21:33.000000 IP 192.0.2.10.41000 > 198.51.100.20.8080: Flags [S], seq 1, win 1, length 0\r" +
		"10:21:33.000420 IP 198.51.100.20.8080 > 192.0.2.10.41000: Flags [R.], seq 0, ack 2, win 0, length 0"))
	b.tabTo("Explain the text")
	b.do(chromedp.KeyEvent("\r"))
	b.wait(`document.getElementById("status").textContent.startsWith("pasted text: 2 packets")`)
	// The report comes behind the button that asked for it; text has no annotated copy.
	if got := b.focus(); got != "Explain the text" {
		t.Errorf("after the explanation %q has the focus", got)
	}
	b.tabTo("html")
	b.tabTo("markdown")
	b.do(chromedp.KeyEvent("\r"))
	b.wait(`document.getElementById("status").textContent === "pasted_text.md is written."`)
	if got := b.focus(); got != "markdown" {
		t.Errorf("after the download %q has the focus", got)
	}
	b.tabTo("json")
	b.do(chromedp.KeyEvent("\t"))
	b.wait(`document.activeElement.id === "report"`) // the frame is a process of its own: the focus comes in time

	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	text := func(v *accessibility.Value) string {
		if v == nil {
			return ""
		}
		return strings.Trim(string(v.Value), `"`)
	}
	for _, n := range tree.Nodes {
		if !n.Ignored {
			names[text(n.Role)] = append(names[text(n.Role)], text(n.Name))
		}
	}
	for role, want := range map[string]int{"button": 5, "textbox": 1, "heading": 2, "Iframe": 1, "status": 1, "main": 1} {
		if len(names[role]) != want {
			t.Errorf("%s: %q, want %d", role, names[role], want)
		}
		for _, name := range names[role] {
			if name == "" && role != "status" && role != "main" {
				t.Errorf("a %s has no name", role)
			}
		}
	}
}

// The page works as rstexplain serve serves it, with its headers, and asks for nothing but itself.
func TestPageServed(t *testing.T) {
	chromium(t)
	page := builtPage(t)
	if testing.Short() {
		t.Skip("the program has to be built")
	}
	program := filepath.Join(t.TempDir(), "rstexplain")
	if out, err := exec.Command("go", "build", "-pgo=off", "-o", program, "../rstexplain").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "serve", "--page", page)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(line)
	b := openAt(t, address)
	b.paste("10:21:33.000000 IP 192.0.2.10.41000 > 198.51.100.20.8080: Flags [S], seq 1, win 1, length 0\n" +
		"10:21:33.000420 IP 198.51.100.20.8080 > 192.0.2.10.41000: Flags [R.], seq 0, ack 2, win 0, length 0")
	if said := b.settled(); !strings.HasPrefix(said, "pasted text: 2 packets, 1 reset") {
		t.Errorf("the page says %q", said)
	}
	said, requested := b.complaints()
	if len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
	if len(requested) != 1 || strings.TrimSuffix(requested[0], "/") != strings.TrimSuffix(address, "/") {
		t.Errorf("the page asks the network for %q", requested)
	}
}

// A large capture, which RSTEXPLAIN_LARGE names, is explained within the memory of a tab, or the page says clearly that
// it cannot be. How long that takes is logged.
func TestPageReadsLargeCapture(t *testing.T) {
	path := os.Getenv("RSTEXPLAIN_LARGE")
	if path == "" {
		t.Skip("RSTEXPLAIN_LARGE names no capture")
	}
	b := openPage(t)
	for range 2 {
		began := time.Now()
		b.do(chromedp.SetUploadFiles("#file", []string{path}))
		b.wait(`document.body.hasAttribute("data-busy") || document.getElementById("status").textContent !== ""`)
		said := b.settled()
		t.Logf("%.2f s: %s", time.Since(began).Seconds(), said)
		if !strings.HasPrefix(said, fmt.Sprintf("%s: ", filepath.Base(path))) && !strings.Contains(said, "memory") {
			t.Errorf("the page says %q", said)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// served starts rstexplain serve and returns the address that it prints.
func served(t *testing.T, page string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.html")
	if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		code := run(ctx, append([]string{"serve", "--page", path}, args...), w, &stderr)
		w.Close()
		done <- code
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("serve ends with %d: %s", code, &stderr)
		}
	})
	line := make([]byte, 200)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimSpace(string(line[:n])), "/")
}

const servedPage = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-x' 'wasm-unsafe-eval'"><p>page`

// The page is served on loopback, to nobody but this machine's own browser, and takes nothing.
func TestServe(t *testing.T) {
	address := served(t, servedPage)
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Fatalf("it listens on %s", address)
	}
	for _, c := range []struct {
		method, path, host, site string
		want                     int
	}{
		{"GET", "/", "", "", 200},
		{"GET", "/", "", "none", 200},
		{"HEAD", "/index.html", "", "same-origin", 200},
		{"GET", "/", "", "cross-site", 403},
		{"GET", "/", "evil.example", "", 403},
		{"GET", "/", "evil.example:80", "none", 403},
		{"GET", "/etc/passwd", "", "", 404},
		{"GET", "/../../etc/passwd", "", "", 404},
		{"POST", "/", "", "", 405},
	} {
		req, err := http.NewRequest(c.method, address+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.host != "" {
			req.Host = c.host
		}
		if c.site != "" {
			req.Header.Set("Sec-Fetch-Site", c.site)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.want || (string(body) == servedPage) != (c.want == 200 && c.method == "GET") {
			t.Errorf("%+v: %d, %q", c, res.StatusCode, body)
		}
		if got := res.Header.Get("Content-Security-Policy"); got != "default-src 'none'; script-src 'sha256-x' 'wasm-unsafe-eval'; frame-ancestors 'none'" {
			t.Errorf("%+v: policy %q", c, got)
		}
	}
}

// Without a page, and with a file that is none, serve says how to get one.
func TestServeWithoutPage(t *testing.T) {
	none := filepath.Join(t.TempDir(), "x.html")
	if err := os.WriteFile(none, []byte("<p>hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"serve"}, exitUsage, "make page"},
		{[]string{"serve", "--page", none}, exitUsage, "make page"},
		{[]string{"serve", "--page", none + "-missing"}, exitLoss, "no such file"},
	} {
		if len(c.args) == 1 && len(embeddedPage) > 0 {
			continue
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), c.args, &stdout, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, &stderr)
		}
	}
}

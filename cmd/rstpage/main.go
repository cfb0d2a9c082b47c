// Rstpage builds the page that explains captures in a browser: one HTML file with the engine in it as WebAssembly,
// which runs from a disk as well as from a web server, and opens no connection.
//
//	go run ./cmd/rstpage -o DIRECTORY
//
// writes DIRECTORY/index.html. It needs Go and the source, nothing else.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// The parts of the page.
var (
	//go:embed web/page.html
	pageSource string
	//go:embed web/page.css
	pageStyle string
	//go:embed web/page.js
	pageScript string
	//go:embed web/worker.js
	workerScript string
)

func main() {
	dir := flag.String("o", "dist/page", "write index.html into `DIRECTORY`")
	version := flag.String("version", "(devel)", "`VERSION` that reports name")
	flag.Parse()
	if err := build(*dir, *version); err != nil {
		fmt.Fprintf(os.Stderr, "rstpage: %v\n", err)
		os.Exit(1)
	}
}

func build(dir, version string) error {
	wasm, err := engine(version)
	if err != nil {
		return err
	}
	root, err := goRoot()
	if err != nil {
		return err
	}
	runtime, err := os.ReadFile(filepath.Join(root, "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	packed := base64.StdEncoding.EncodeToString(compressed(wasm))
	page, err := pageOf(packed, string(runtime))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, "index.html")
	if err := os.WriteFile(path, page, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, of which the engine is %d (%d uncompressed)\n", path, len(page), len(packed), len(wasm))
	return nil
}

// engine builds the engine.
func engine(version string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "rstpage-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "engine.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags",
		"-s -w -X 'main.generator=rstexplain "+version+"'",
		"-o", path, "github.com/rstexplain/rstexplain/cmd/rstpage/wasm")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("building the engine: %w", err)
	}
	return os.ReadFile(path)
}

func goRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	return strings.TrimSpace(string(out)), err
}

// pageOf returns the page with a packed engine and the runtime of Go for it.
func pageOf(engine, runtime string) ([]byte, error) {
	worker := runtime + "\n" + workerScript
	for name, text := range map[string]string{"worker": worker, "script": pageScript, "style": pageStyle} {
		if strings.Contains(text, "</scr") || strings.Contains(text, "</sty") || strings.Contains(text, "<!--") {
			return nil, fmt.Errorf("the %s would end its element early", name)
		}
	}
	policy, err := policy()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	rest := pageSource
	for _, part := range [...]struct{ mark, text string }{
		{"{{.Policy}}", policy}, {"{{.Style}}", pageStyle}, {"{{.Worker}}", worker},
		{"{{.Engine}}", engine}, {"{{.Script}}", pageScript},
	} {
		before, after, ok := strings.Cut(rest, part.mark)
		if !ok {
			return nil, fmt.Errorf("page.html has no %s", part.mark)
		}
		b.WriteString(before)
		b.WriteString(part.text)
		rest = after
	}
	b.WriteString(rest)
	return b.Bytes(), nil
}

// compressed returns the same bytes for the same input.
func compressed(wasm []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(wasm)
	w.Close()
	return b.Bytes()
}

// reportPolicy finds the policy of an HTML report.
var reportPolicy = regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`)

// source finds the hashes of a report's script and style in it.
var source = regexp.MustCompile(`(script|style)-src (?:'|&#39;)(sha256-[^'&]+)(?:'|&#39;)`)

// policy allows the script and style of the page and those of the report, which is shown in a frame and inherits the
// policy; WebAssembly, but no eval; and the worker, which is made of text of the page. It allows no connection.
func policy() (string, error) {
	var sample bytes.Buffer
	r := report.HTML(&sample, report.HTMLOptions{})
	if err := r.Begin("rstexplain"); err != nil {
		return "", err
	}
	if err := r.End(); err != nil {
		return "", err
	}
	m := reportPolicy.FindSubmatch(sample.Bytes())
	if m == nil {
		return "", fmt.Errorf("an HTML report has no policy")
	}
	hashes := map[string]string{}
	for _, s := range source.FindAllSubmatch(bytes.ReplaceAll(m[1], []byte("&#43;"), []byte("+")), -1) {
		hashes[string(s[1])] = string(s[2])
	}
	if len(hashes) != 2 {
		return "", fmt.Errorf("the policy of an HTML report has another form: %s", m[1])
	}
	return fmt.Sprintf("default-src 'none'; script-src '%s' '%s' 'wasm-unsafe-eval'; style-src '%s' '%s'; worker-src "+
		"blob:; base-uri 'none'; form-action 'none'",
		hashOf(pageScript), hashes["script"], hashOf(pageStyle), hashes["style"]), nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

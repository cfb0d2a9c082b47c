//go:build linux

package article

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

const preface = `# The article's experiments

Real HTTP clients, proxies and servers, killed, reset or silenced at chosen moments; what each of them
said is in symptom.jsonl, word for word. Everything here is made by one command, which needs root and
says what is missing:

    go run ./cmd/rstlab article                 # all; -run name for one, -o dir for another place

Each folder holds client.pcapng and server.pcapng (the same packets at both ends of a 20 ms path),
truth.jsonl (the label of each RST, and the kernel's own reason for it), symptom.jsonl and a README that
tells what to notice at which frame. A line of symptom.jsonl: the RST (frame; 0 when there was none), whether
the program received or sent it (role), whether it came after the words (late), the words, the errno
where the program tells it, and in expect the lasting part of the words, without addresses and counts.

## What they said

The cells hold the lasting part of the words (expect); an errno of the program's own is not repeated.
`

// Overview writes dir/README.md: all experiments below dir, and what the programs said, in tables.
func Overview(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*", "symptom.jsonl"))
	if err != nil {
		return err
	}
	said := map[string]map[string]string{} // experiment → column → cell
	for _, f := range files {
		all, err := readSymptoms(f)
		if err != nil {
			return err
		}
		for i := range all {
			all[i].Expect = expect(all[i].Words) // the list of phrases may have grown
		}
		if err := truth.WriteLines(f, all); err != nil {
			return err
		}
		for _, y := range all {
			col := y.Program
			if y.Setting == okhttpOnce.Setting {
				col += " (no retry)"
			}
			cell := y.Expect
			if y.Words == "" {
				cell = strings.TrimSpace("says nothing; " + y.Result)
				switch {
				case strings.HasPrefix(y.Result, "200, 512") && strings.HasSuffix(y.Experiment, "in-body"):
					cell = "**says nothing**, takes 512 of 20000 bytes for all"
				case strings.HasPrefix(y.Result, "200"):
					cell = "answered"
				}
			}
			m := said[y.Experiment]
			if m == nil {
				m = map[string]string{}
				said[y.Experiment] = m
			}
			cell = strings.ReplaceAll(strings.TrimSuffix(cell, "; "), "|", "\\|")
			switch was := m[col]; {
			case was == "" || was == "answered":
				m[col] = cell
			case !strings.Contains(was, cell):
				m[col] = was + "; " + cell
			}
		}
	}
	var b strings.Builder
	b.WriteString(preface)
	experiments := Experiments()
	for _, t := range []struct {
		title string
		cols  []string
		pick  func(*Experiment) bool
	}{
		{"Clients", []string{"curl", "go", "http.client", "urllib", "requests", "node-http",
			"node-fetch", "node-http2"}, isSymptom},
		{"Clients on the JVM", []string{"okhttp", "okhttp (no retry)", "urlconnection", "jdk-httpclient"}, isSymptom},
		{"Reverse proxies in front of the server that ends", []string{"nginx", "haproxy", "caddy", "mitmproxy"}, isSymptom},
		{"Servers whose client ends", []string{"go-server", "python-server", "node-server",
			"jdk-server", "nginx", "haproxy", "caddy"},
			func(e *Experiment) bool { return e.programsAt == "server" }},
		{"OkHttp against servers that are killed, all schemes", []string{"okhttp", "okhttp (no retry)"},
			func(e *Experiment) bool { return strings.HasPrefix(e.Name, "okhttp-") }},
	} {
		fmt.Fprintf(&b, "\n### %s\n\n| experiment | %s |\n|---|%s\n", t.title, strings.Join(t.cols,
			" | "), strings.Repeat("---|", len(t.cols)))
		for _, e := range experiments {
			if !t.pick(e) || !slices.ContainsFunc(t.cols, func(c string) bool { return said[e.Name][c] != "" }) {
				continue
			}
			fmt.Fprintf(&b, "| [%s](%s/README.md): %s |", e.Name, e.Name, e.Title)
			for _, c := range t.cols {
				fmt.Fprintf(&b, " %s |", said[e.Name][c])
			}
			b.WriteString("\n")
		}
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(b.String()), 0o644)
}

func isSymptom(e *Experiment) bool {
	return e.programsAt == "" && !strings.HasPrefix(e.Name, "okhttp-")
}

func readSymptoms(name string) ([]Symptom, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Symptom
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var y Symptom
		if err := json.Unmarshal(sc.Bytes(), &y); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, y)
	}
	return all, sc.Err()
}

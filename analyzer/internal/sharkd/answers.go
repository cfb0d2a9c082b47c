package sharkd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

var refresh = flag.Bool("wireshark", false, "ask Wireshark about every capture, and write its answers to testdata")

// Answers are what Wireshark answered about captures, kept in a file of text: to ask about hundreds of captures takes
// minutes. A line holds the digest of a capture and a question, and the answer. A capture that is not in the file, or has
// changed, is asked about; and so is always one of sixteen, so that what is kept stays what Wireshark answers.
type Answers struct {
	Path string // of the file

	once sync.Once
	err  error
	kept map[string]string

	mu    sync.Mutex
	given map[string]string // in this run
	asked int
}

// Get returns the answer to a question about the capture at path. Where it is not kept, ask finds it out.
func (a *Answers) Get(path, question string, ask func() (string, error)) (string, error) {
	a.once.Do(a.load)
	if a.err != nil {
		return "", a.err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(b)
	all := sha256.Sum256([]byte(string(digest[:]) + question))
	key := hex.EncodeToString(all[:12])
	kept, found := a.kept[key]
	if found && all[0]%16 > 0 && !*refresh {
		return kept, nil
	}
	answer, err := ask()
	if found && errors.Is(err, ErrMissing) {
		return kept, nil
	}
	if err != nil {
		return "", err
	}
	if found && answer != kept && !*refresh {
		return "", fmt.Errorf("%s: Wireshark's answer to %q is not the one that %s keeps:\n%s\nwant\n%s", path, question, a.Path, answer, kept)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.given == nil {
		a.given = map[string]string{}
	}
	a.given[key] = answer
	if !found {
		a.asked++
	}
	return answer, nil
}

// Save writes the answers of this run to the file, with the flag -wireshark. It returns how many were not kept there.
func (a *Answers) Save() (asked int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !*refresh || len(a.given) == 0 {
		return a.asked, nil
	}
	var out bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(a.given)) {
		fmt.Fprintln(&out, key, quote(a.given[key]))
	}
	return a.asked, errors.Join(os.MkdirAll(filepath.Dir(a.Path), 0o777), os.WriteFile(a.Path, out.Bytes(), 0o666))
}

func (a *Answers) load() {
	b, err := os.ReadFile(a.Path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.err = err
		return
	}
	a.kept = map[string]string{}
	for line := range strings.Lines(string(b)) {
		key, quoted, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		answer, err := unquote(quoted)
		if err != nil {
			a.err = fmt.Errorf("%s: %q: %w", a.Path, line, err)
		}
		a.kept[key] = answer
	}
}

// quote returns an answer as one line; most are plain.
func quote(answer string) string {
	if strings.ContainsAny(answer, "\n\r\"") {
		return strconv.Quote(answer)
	}
	return answer
}

func unquote(s string) (string, error) {
	if strings.HasPrefix(s, `"`) {
		return strconv.Unquote(s)
	}
	return s, nil
}

// Digest returns what stands for a long answer, or for what was compared with one.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

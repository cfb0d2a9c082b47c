// Package sharkd asks Wireshark what it sees in captures, for tests. Wireshark's sharkd answers about one
// capture after another, while tshark has to be started for each and reads its protocols anew every time.
//
// A Pool is how to begin: its Do loads a capture and hands over the Session to ask.
package sharkd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// ErrMissing says that sharkd, a part of Wireshark's common files, is not installed.
var ErrMissing = errors.New("sharkd (wireshark-common) is not installed: nothing is compared with Wireshark")

// A Pool is a few processes of sharkd, which end with the program that started them.
type Pool struct {
	// Preferences are Wireshark's, by name. Names of hosts are never looked up.
	Preferences map[string]string

	once  sync.Once
	slots chan *Session // nil: to be started
}

// Do has ask find out about the capture at path. No other goroutine is handed the same Session meanwhile.
func (p *Pool) Do(path string, ask func(*Session) error) error {
	p.once.Do(func() {
		p.slots = make(chan *Session, runtime.GOMAXPROCS(0))
		for range cap(p.slots) {
			p.slots <- nil
		}
	})
	s := <-p.slots
	defer func() { p.slots <- s }()
	if s == nil {
		started, err := start(p.Preferences)
		if err != nil {
			return err
		}
		s = started
	}
	err := s.load(path)
	if err == nil {
		err = ask(s)
	}
	if s.dead {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s = nil
	}
	return err
}

// A Session is one process, which has loaded a capture.
type Session struct {
	cmd     *exec.Cmd
	in      io.Writer
	answers *bufio.Reader
	asked   int
	loads   int
	dead    bool

	// Partial reports whether the capture could not be read to its end. What was read can be asked about.
	Partial bool
}

func start(preferences map[string]string) (*Session, error) {
	bin, err := exec.LookPath("sharkd")
	if err != nil {
		return nil, ErrMissing
	}
	s := &Session{cmd: exec.Command(bin, "-")}
	home := filepath.Join(os.TempDir(), "rstexplain-sharkd-without-settings") // the user's own would change the answers
	s.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "LC_ALL=C")
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.answers = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	set := func(name, value string) error {
		return s.ask("setconf", map[string]any{"name": name, "value": value}, nil)
	}
	for _, kind := range []string{"mac_name", "transport_name", "network_name"} {
		if err := set("nameres."+kind, "FALSE"); err != nil {
			return nil, err
		}
	}
	for name, value := range preferences {
		if err := set(name, value); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// A Refusal is an answer of sharkd that says that it cannot do what was asked.
type Refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return fmt.Sprintf("sharkd: %s (%d)", r.Message, r.Code) }

// An answer of sharkd to the question with its ID.
type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *Refusal        `json:"error"`
}

// into returns the refusal that a is, or reads its result into to.
func (a *answer) into(to any) error {
	if a.Error != nil {
		return a.Error
	}
	if to == nil {
		return nil
	}
	return json.Unmarshal(a.Result, to)
}

// ask calls a method and reads its result into to.
func (s *Session) ask(method string, params map[string]any, to any) error {
	if err := s.send(method, params); err != nil {
		return err
	}
	a, err := s.receive()
	if err != nil {
		return err
	}
	if a.ID != s.asked {
		return s.broken(fmt.Errorf("answer %d to question %d", a.ID, s.asked))
	}
	return a.into(to)
}

func (s *Session) send(method string, params map[string]any) error {
	s.asked++
	if params == nil {
		params = map[string]any{}
	}
	question, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": s.asked, "method": method, "params": params})
	if err != nil {
		return err
	}
	_, err = s.in.Write(append(question, '\n'))
	return s.broken(err)
}

func (s *Session) receive() (*answer, error) {
	for {
		line, err := s.answers.ReadBytes('\n')
		if err != nil {
			return nil, s.broken(err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			a := new(answer)
			return a, s.broken(json.Unmarshal(line, a))
		}
	}
}

// broken notes that nothing more can be asked, where err is not nil.
func (s *Session) broken(err error) error {
	if err == nil {
		return nil
	}
	s.dead = true
	return fmt.Errorf("sharkd does not answer any more: %w", err)
}

// load reads a capture. To one that is cut short sharkd gives no answer at all after it has read what there
// is, so its status is asked for too.
func (s *Session) load(path string) error {
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := errors.Join(s.send("load", map[string]any{"file": full}), s.send("status", nil)); err != nil {
		return err
	}
	a, err := s.receive()
	if err != nil {
		return err
	}
	s.loads++
	s.Partial = true
	if a.ID == s.asked-1 {
		s.Partial = false
		refused := a.Error
		if a, err = s.receive(); err != nil {
			return err
		}
		if refused != nil {
			return &Unreadable{full, refused.Message}
		}
	}
	return s.loaded(a, full)
}

// loaded returns an error unless status says that the capture is loaded.
func (s *Session) loaded(status *answer, path string) error {
	var now struct{ Filename string }
	if err := status.into(&now); err != nil {
		return err
	}
	if now.Filename != filepath.Base(path) {
		return &Unreadable{path, "no packet of it is read"}
	}
	return nil
}

// An Unreadable capture is none to Wireshark.
type Unreadable struct{ Path, Says string }

func (u *Unreadable) Error() string {
	return fmt.Sprintf("Wireshark cannot read %s: %s", u.Path, u.Says)
}

// Frames returns the fields of the frames that a display filter shows, in the order of the file; "" shows
// all. A field that a frame has several times is joined with commas.
func (s *Session) Frames(filter string, fields ...string) ([][]string, error) {
	params := map[string]any{}
	if filter != "" {
		// sharkd answers a filter that it has seen with the frames of that time, even of another capture; so
		// each load's filters are different ones, by a frame that no capture has.
		params["filter"] = fmt.Sprintf("(%s) and frame.number != %d", filter, math.MaxInt32-s.loads)
	}
	for i, f := range fields {
		params[fmt.Sprintf("column%d", i)] = f + ":0"
	}
	var frames []struct {
		Columns []string `json:"c"`
	}
	if err := s.ask("frames", params, &frames); err != nil {
		return nil, err
	}
	rows := make([][]string, len(frames))
	for i, f := range frames {
		if len(f.Columns) != len(fields) {
			return nil, fmt.Errorf("sharkd returned %d columns of %d", len(f.Columns), len(fields))
		}
		rows[i] = f.Columns
	}
	return rows, nil
}

// Conversations returns how many TCP conversations Wireshark lists.
func (s *Session) Conversations() (int, error) {
	var result struct {
		Taps []struct {
			Conversations []json.RawMessage `json:"convs"`
		} `json:"taps"`
	}
	if err := s.ask("tap", map[string]any{"tap0": "conv:TCP"}, &result); err != nil {
		return 0, err
	}
	if len(result.Taps) != 1 {
		return 0, fmt.Errorf("sharkd returned %d tables of conversations", len(result.Taps))
	}
	return len(result.Taps[0].Conversations), nil
}

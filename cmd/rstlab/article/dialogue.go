//go:build linux

package article

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A dialogue is the talk with one client program: "@pause where", "@words …", "@errno n" and
// "@result status bytes" come from it, "go" is told to it.
type dialogue struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
}

// begin starts cmd through start, which runs cmd.Start in the place of its choice.
func begin(cmd *exec.Cmd, start func(*exec.Cmd) error) (*dialogue, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := start(cmd); err != nil {
		return nil, err
	}
	d := &dialogue{cmd: cmd, stdin: stdin, lines: make(chan string, 256)}
	go func() {
		sc := bufio.NewScanner(stdout)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			d.lines <- sc.Text()
		}
		cmd.Wait()
		close(d.lines)
	}()
	return d, nil
}

// kill ends the program and what it started.
func (d *dialogue) kill() { syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL) }

// A saying is what a program told about one request: what it printed or threw, or the answer it got.
type saying struct {
	At     time.Time
	Words  string
	Errno  int
	Result string // "200, 512 bytes"
}

// hear listens to the program until it ends; on says what to do at each pause before it may go on.
func (d *dialogue) hear(on map[string]func() error, limit time.Duration) ([]saying, error) {
	var said []saying
	timeout := time.After(limit)
	var rest []string
	for {
		select {
		case <-timeout:
			d.kill()
			return said, fmt.Errorf("%s: not done after %v; said %+v, and %q", d.cmd.Path, limit, said, rest)
		case line, ok := <-d.lines:
			if !ok {
				if len(said) == 0 && len(rest) > 0 {
					return said, fmt.Errorf("%s: %s", d.cmd.Path, strings.Join(rest, "\n"))
				}
				return said, nil
			}
			word, arg, _ := strings.Cut(line, " ")
			switch word {
			case "@pause":
				if f := on[arg]; f != nil {
					if err := f(); err != nil {
						d.kill()
						return said, err
					}
				}
				fmt.Fprintln(d.stdin, "go")
			case "@words":
				s := saying{At: time.Now()}
				if err := json.Unmarshal([]byte(arg), &s.Words); err != nil {
					return said, fmt.Errorf("%q: %w", line, err)
				}
				said = append(said, s)
			case "@errno":
				if n, err := strconv.Atoi(arg); err == nil && len(said) > 0 {
					said[len(said)-1].Errno = n
				}
			case "@result":
				status, octets, _ := strings.Cut(arg, " ")
				result := status + ", " + octets + " bytes"
				switch last := len(said) - 1; {
				case status == "000": // curl: no answer
				case last >= 0 && strings.HasPrefix(said[last].Words, "curl:"):
					said[last].Result = result
				default:
					said = append(said, saying{At: time.Now(), Result: result})
				}
			case "@quiet": // an end that the program reports in no error
				said = append(said, saying{At: time.Now(), Result: arg})
			case "@listening":
			case "curl:":
				said = append(said, saying{At: time.Now(), Words: line})
			default:
				rest = append(rest, line)
			}
		}
	}
}

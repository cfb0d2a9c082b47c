// Package actor runs parts of the lab as processes of their own, so that a crash is a real kill -9. The
// lab's program starts itself again; the new process plays the role named in its environment, talks to
// the lab over its standard input and output, one line a message, and ends when the lab does.
package actor

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const roleEnv = "RSTLAB_ROLE"

var roles = map[string]func(*Actor){}

// Register names a role. It is called from init functions.
func Register(role string, play func(*Actor)) { roles[role] = play }

// Main plays the role that this process was started for and exits; it returns in the lab itself.
func Main() {
	role := os.Getenv(roleEnv)
	if role == "" {
		return
	}
	play, ok := roles[role]
	if !ok {
		fmt.Fprintf(os.Stderr, "no role %q\n", role)
		os.Exit(2)
	}
	a := &Actor{Args: os.Args[1:], lines: make(chan string, 16)}
	go func() {
		sc := bufio.NewScanner(os.Stdin)
		for sc.Scan() {
			a.lines <- sc.Text()
		}
		os.Exit(0)
	}()
	play(a)
	os.Exit(0)
}

// An Actor is the process's own view: its arguments, and the line to the lab.
type Actor struct {
	Args  []string
	lines chan string
}

// Say tells the lab something, such as "accepted".
func (a *Actor) Say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// Wait waits until the lab says word.
func (a *Actor) Wait(word string) {
	for s := range a.lines {
		if s == word {
			return
		}
	}
}

// Check ends the actor with a message when err is not nil.
func (a *Actor) Check(err error) {
	if err != nil {
		a.Say("error %v", err)
		os.Exit(1)
	}
}

// A Process is an actor as the lab sees it.
type Process struct {
	cmd   *exec.Cmd
	stdin interface{ Write([]byte) (int, error) }
	said  chan string
	ended chan struct{}
	once  sync.Once
}

// Start starts a role through start, which runs cmd.Start in the place of its choice.
func Start(start func(*exec.Cmd) error, role string, args ...string) (*Process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	p := &Process{cmd: cmd, stdin: stdin, said: make(chan string, 256), ended: make(chan struct{})}
	go func() {
		sc := bufio.NewScanner(stdout)
		for sc.Scan() {
			p.said <- sc.Text()
		}
		cmd.Wait()
		close(p.said)
		close(p.ended)
	}()
	return p, nil
}

// Expect waits until the actor says a line that begins with word and returns the rest of that line.
func (p *Process) Expect(word string) (string, error) {
	timeout := time.After(45 * time.Second)
	for {
		select {
		case s, ok := <-p.said:
			if !ok {
				return "", fmt.Errorf("actor ended before it said %q", word)
			}
			if strings.HasPrefix(s, "error") {
				return "", fmt.Errorf("actor: %s", s)
			}
			if rest, ok := strings.CutPrefix(s, word); ok {
				return strings.TrimSpace(rest), nil
			}
		case <-timeout:
			return "", fmt.Errorf("actor did not say %q within 45 s", word)
		}
	}
}

// Tell says a word to the actor.
func (p *Process) Tell(word string) { fmt.Fprintln(p.stdin, word) }

// Kill kills the process, kill -9, and returns when it is gone.
func (p *Process) Kill() {
	p.once.Do(func() { p.cmd.Process.Signal(syscall.SIGKILL) })
	<-p.ended
}

//go:build linux

// Package netns makes network namespaces and runs code and programs inside them. All of them live in a
// mount namespace of the lab's own (see Isolate), so that they are gone when the lab ends, however it ends.
package netns

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const isolated = "RSTLAB_ISOLATED"

// Isolated reports whether this is the process that Isolate started.
func Isolated() bool { return os.Getenv(isolated) != "" }

// Isolate starts this program again in mount, network and process namespaces of its own and does not
// return; in the program started so it prepares /run/netns and tracefs there and returns. The system
// outside sees no namespace, no mount and no traffic of the lab, and every process of the lab ends with it.
func Isolate() error {
	if os.Getenv(isolated) == "" {
		exe, err := os.Executable()
		if err != nil {
			return err
		}
		cmd := exec.Command(exe, os.Args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), isolated+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
			Pdeathsig:  syscall.SIGKILL,
		}
		runtime.LockOSThread() // the signal is tied to the life of this thread
		err = cmd.Run()
		if exit, ok := err.(*exec.ExitError); ok {
			os.Exit(max(exit.ExitCode(), 1))
		}
		if err != nil {
			return fmt.Errorf("cannot make namespaces of its own: %w", err)
		}
		os.Exit(0)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", "/run/netns", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /run/netns: %w", err)
	}
	if err := unix.Mount("nodev", "/sys/kernel/tracing", "tracefs", 0, ""); err != nil && err != unix.EBUSY {
		return fmt.Errorf("mount tracefs: %w", err)
	}
	return nil
}

// A NS is one network namespace, known to ip(8) by its name.
type NS struct {
	Name string
	fd   int
}

// New makes a network namespace with its loopback interface up.
func New(name string) (*NS, error) {
	path := filepath.Join("/run/netns", name)
	if err := os.WriteFile(path, nil, 0o444); err != nil {
		return nil, err
	}
	type result struct {
		fd  int
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- result{err: err}
			return
		}
		if err := unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""); err != nil {
			done <- result{err: err}
			return
		}
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		done <- result{fd, err}
	}()
	r := <-done
	if r.err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", name, r.err)
	}
	ns := &NS{Name: name, fd: r.fd}
	return ns, ns.Batch("link set lo up")
}

// Delete removes the namespace; its interfaces go with it once its last socket is closed.
func (n *NS) Delete() {
	unix.Close(n.fd)
	unix.Unmount("/run/netns/"+n.Name, unix.MNT_DETACH)
	os.Remove("/run/netns/" + n.Name)
}

// Do runs f on a thread that is inside the namespace: sockets made and processes started by f belong to it.
func (n *NS) Do(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, as above
		if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter namespace %s: %w", n.Name, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// Start starts cmd inside the namespace.
func (n *NS) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// Output runs a program inside the namespace to its end and returns what it printed.
func (n *NS) Output(name string, args ...string) (string, error) {
	return n.pipe("", name, args...)
}

func (n *NS) pipe(input, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := n.Start(cmd); err != nil {
		return "", err
	}
	if err := cmd.Wait(); err != nil {
		return out.String(), fmt.Errorf("%s %s in %s: %w: %s", name, strings.Join(args, " "), n.Name, err, out.String())
	}
	return out.String(), nil
}

// Batch runs ip(8) commands inside the namespace.
func (n *NS) Batch(commands ...string) error {
	_, err := n.pipe(strings.Join(commands, "\n")+"\n", "ip", "-batch", "-")
	return err
}

// NFT loads an nftables rule set into the namespace.
func (n *NS) NFT(ruleset string) error {
	_, err := n.pipe(ruleset+"\n", "nft", "-f", "-")
	return err
}

// Sysctl sets kernel parameters of the namespace, "net.ipv4.tcp_retries2=3" each.
func (n *NS) Sysctl(settings ...string) error {
	return n.Do(func() error {
		for _, s := range settings {
			key, value, ok := strings.Cut(s, "=")
			if !ok {
				return fmt.Errorf("sysctl %q: no value", s)
			}
			// /proc/sys/net shows the namespace of the thread that opens it.
			path := "/proc/sys/" + strings.ReplaceAll(strings.TrimSpace(key), ".", "/")
			if err := os.WriteFile(path, []byte(strings.TrimSpace(value)), 0); err != nil {
				return fmt.Errorf("sysctl %s: %w", s, err)
			}
		}
		return nil
	})
}

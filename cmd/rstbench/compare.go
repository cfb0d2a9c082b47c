package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A peer is one tool on one capture. Slow peers run once a comparison, the others once a round.
type peer struct {
	name string
	argv []string
	slow bool
}

// filterRSTs is what tcpdump lists the RSTs by: "tcp" is that of IPv4.
func filterRSTs(six bool) string {
	if six {
		return "ip6[6] = 6 and ip6[53] & 4 != 0"
	}
	return "tcp[tcpflags] & tcp-rst != 0"
}

// peers lists what runs on the capture at path, of the kind k: the product first, then what is installed beside it.
func peers(product, path string, k *kind) []peer {
	all := []peer{
		{name: "rstexplain", argv: []string{product, "--format", "json", "--output", path + ".json", path}},
		{name: "tcpdump", argv: []string{"tcpdump", "-nr", path, filterRSTs(k.six)}},
		{name: "tcptrace", argv: []string{"tcptrace", "-n", path}, slow: true},
		{name: "tshark", argv: []string{"tshark", "-r", path, "-Y", "tcp.flags.reset==1"}, slow: true},
		{name: "cat", argv: []string{"cat", path}},
	}
	return slices.DeleteFunc(all, func(p peer) bool {
		_, err := exec.LookPath(p.argv[0])
		return err != nil
	})
}

// A cost is what one run of a command took, as the kernel accounts for it.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes of resident memory
}

// measure runs argv to its end, its output thrown away and input, where it is not nil, as its standard input. It
// does so from a small process of its own: the kernel counts to the peak of a command what its parent had in use
// when it was started.
func measure(argv []string, input *os.File) (c cost, err error) {
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	cmd := exec.Command(self, append([]string{"measure"}, argv...)...)
	if input != nil {
		cmd.Stdin = input
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
	}
	_, err = fmt.Sscan(string(out), &c.wall, &c.cpu, &c.peak)
	return c, err
}

// measureCommand runs args and prints what that took.
func measureCommand(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = os.Stdin
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	wall := time.Since(start)
	ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("the system does not tell the peak of memory")
	}
	_, err := fmt.Println(int64(wall), int64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()), ru.Maxrss*1024)
	return err
}

func compareCommand(args []string) error {
	fs := flag.NewFlagSet("compare", flag.ExitOnError)
	var c captures
	c.flags(fs)
	rounds := fs.Int("rounds", 5, "rounds; each peer runs once a round, in turn")
	slow := fs.Bool("slow", true, "run tshark and tcptrace too, once")
	long := fs.Bool("long", true, "run the product on ten times mixed too, through a pipe")
	_ = fs.Parse(args)

	product := filepath.Join(c.dir, "rstexplain")
	if out, err := exec.Command("go", "build", "-o", product, "./cmd/rstexplain").CombinedOutput(); err != nil {
		return fmt.Errorf("build the product: %w\n%s", err, out)
	}
	fmt.Printf("%s, %d CPUs, %s, %s\n", cpuModel(), runtime.NumCPU(), kernel(), runtime.Version())
	for _, name := range c.names() {
		k, err := kindOf(name)
		if err != nil {
			return err
		}
		path, made, err := c.make(&k)
		if err != nil {
			return err
		}
		fmt.Printf("\n### %s: %s\n\n", name, made)
		if err := table(product, path, &k, *rounds, *slow); err != nil {
			return err
		}
	}
	if *long {
		return longer(product, c.scale)
	}
	return nil
}

// longer measures how time and memory grow with the length of a capture on which as many connections are
// open at a time. It is piped, so that it need not fit on the disk.
func longer(product string, scale float64) error {
	fmt.Print("\n### mixed, through a pipe\n\n| packets | CPU s | peak MiB |\n|--:|--:|--:|\n")
	for _, times := range [...]int{1, 10} {
		t := Traffic{Kind: "mixed", Seed: 1, Packets: int(float64(kinds[0].packets)*scale) * times}
		in, out, err := os.Pipe()
		if err != nil {
			return err
		}
		written := make(chan error, 1)
		var made Made
		go func() {
			var err error
			made, err = t.Write(out)
			written <- errors.Join(err, out.Close())
		}()
		c, err := measure([]string{product, "--format", "json", "--output", os.DevNull, "-"}, in)
		if err = errors.Join(err, in.Close(), <-written); err != nil {
			return err
		}
		fmt.Printf("| %d | %.2f | %.0f |\n", made.Packets, c.cpu.Seconds(), float64(c.peak)/(1<<20))
	}
	return nil
}

// captures are those that a command works on.
type captures struct {
	dir, only string
	scale     float64
}

func (c *captures) flags(fs *flag.FlagSet) {
	fs.StringVar(&c.dir, "dir", filepath.Join(os.TempDir(), "rstexplain-bench"),
		"where the captures are made, and kept for the next run")
	fs.StringVar(&c.only, "only", "mixed,small,mixed6,small6,million,scan", "kinds of capture to run")
	fs.Float64Var(&c.scale, "scale", 1, "size of the captures against the full ones")
}

func (c *captures) names() []string { return strings.Split(c.only, ",") }

// revision is that of the generator: captures of another one are made anew.
const revision = 2

// make makes the capture of a kind unless the same one is there already.
func (c *captures) make(k *kind) (path string, made Made, err error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return "", made, err
	}
	t := Traffic{Kind: k.name, Seed: 1, Packets: int(float64(k.packets) * c.scale), Open: k.open}
	if !k.close {
		t.Open = int(float64(k.open) * c.scale)
	}
	path = filepath.Join(c.dir, fmt.Sprintf("%s-%g-r%d.pcapng", k.name, c.scale, revision))
	out := io.Discard
	if _, err := os.Stat(path); err != nil {
		f, err := os.Create(path)
		if err != nil {
			return "", made, err
		}
		defer f.Close()
		out = f
	}
	made, err = t.Write(out)
	return path, made, err
}

// table runs the peers on one capture and prints medians, and each against tcpdump's filter.
func table(product, path string, k *kind, rounds int, slow bool) error {
	runs := map[string][]cost{}
	list := peers(product, path, k)
	if _, err := measure([]string{"cat", path}, nil); err != nil { // into the page cache
		return err
	}
	for round := range rounds {
		for _, p := range list {
			if p.slow && (round > 0 || !slow) {
				continue
			}
			_ = os.Remove(path + ".json") // the others write nothing, and replace no file of the round before
			c, err := measure(p.argv, nil)
			if err != nil {
				return err
			}
			runs[p.name] = append(runs[p.name], c)
		}
	}
	base := median(runs["tcpdump"])
	fmt.Println("| tool | runs | wall s | CPU s | peak MiB | wall / tcpdump | CPU / tcpdump " +
		"|\n|---|--:|--:|--:|--:|--:|--:|")
	for _, p := range list {
		m := median(runs[p.name])
		if len(runs[p.name]) == 0 {
			continue
		}
		fmt.Printf("| %s | %d | %.2f | %.2f | %.0f | %s | %s |\n", p.name, len(runs[p.name]), m.wall.Seconds(),
			m.cpu.Seconds(),
			float64(m.peak)/(1<<20), ratio(m.wall, base.wall), ratio(m.cpu, base.cpu))
	}
	return nil
}

func ratio(a, b time.Duration) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// median returns the median of each figure on its own.
func median(runs []cost) cost {
	if len(runs) == 0 {
		return cost{}
	}
	pick := func(less func(a, b cost) int) cost {
		s := slices.Clone(runs)
		slices.SortFunc(s, less)
		return s[len(s)/2]
	}
	return cost{
		wall: pick(func(a, b cost) int { return int(a.wall - b.wall) }).wall,
		cpu:  pick(func(a, b cost) int { return int(a.cpu - b.cpu) }).cpu,
		peak: pick(func(a, b cost) int { return int(a.peak - b.peak) }).peak,
	}
}

// cpuModel returns the name of the processor, or the architecture if Linux does not provide it.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name\t: "); ok {
			return name
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	out, err := exec.Command("uname", "-sr").Output()
	if err != nil {
		return runtime.GOOS
	}
	return strings.TrimSpace(string(out))
}

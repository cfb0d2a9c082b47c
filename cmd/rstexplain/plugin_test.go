package main

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A pluggedTshark runs tshark with the plugin, in a home directory of its own.
type pluggedTshark struct {
	t    *testing.T
	home string
	path string // PATH, which has the program or not
	lua  string
}

// plugTshark skips the test where tshark is not installed or has no Lua.
func plugTshark(t *testing.T) *pluggedTshark {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil || testing.Short() {
		t.Skip("tshark is not installed, or the tests are to be short")
	}
	if v, err := exec.Command("tshark", "--version").Output(); err != nil || !strings.Contains(strings.Join(strings.Fields(string(v)), " "), "with Lua") {
		t.Skip("this tshark has no Lua")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says which files a process has open")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "rstexplain")); err != nil { // testscript.Main goes by this name
		t.Fatal(err)
	}
	lua, err := filepath.Abs(filepath.Join("wireshark", "rstexplain.lua"))
	if err != nil {
		t.Fatal(err)
	}
	return &pluggedTshark{t, t.TempDir(), bin + ":" + os.Getenv("PATH"), lua}
}

// withoutProgram returns the same without rstexplain.
func (p pluggedTshark) withoutProgram() *pluggedTshark {
	p.path = "/usr/local/bin:/usr/bin:/bin"
	return &p
}

// run returns what tshark prints on both outputs.
func (p *pluggedTshark) run(stdin []byte, args ...string) (string, string) {
	p.t.Helper()
	cmd := exec.Command("tshark", args...)
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); name != "PATH" && name != "HOME" && !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "WIRESHARK") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "PATH="+p.path, "HOME="+p.home)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("tshark %q: %v: %s", args, err, &stderr)
	}
	return stdout.String(), stderr.String()
}

// pluggedRow is what the fields of one tree say.
type pluggedRow struct {
	Frame      int
	Cause      []string
	Detail     []string
	Confidence []string
	Incident   []string
	Summary    []string
	Evidence   []string
}

// rows returns the fields of each frame that has any.
func (p *pluggedTshark) rows(path string) []pluggedRow {
	p.t.Helper()
	args := []string{"-X", "lua_script:" + p.lua, "-r", path, "-Y", "rstexplain", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=\x1f"}
	for _, f := range []string{"frame.number", "rstexplain.cause", "rstexplain.detail", "rstexplain.confidence", "rstexplain.incident", "rstexplain.summary", "rstexplain.evidence"} {
		args = append(args, "-e", f)
	}
	out, _ := p.run(nil, args...)
	var rows []pluggedRow
	for line := range strings.Lines(out) {
		v := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(v) != 7 {
			p.t.Fatalf("%s: tshark prints %q", path, line)
		}
		list := func(i int) []string {
			if v[i] == "" {
				return nil
			}
			return strings.Split(v[i], "\x1f")
		}
		n, err := strconv.Atoi(v[0])
		if err != nil {
			p.t.Fatal(err)
		}
		rows = append(rows, pluggedRow{n, list(1), list(2), list(3), list(4), list(5), list(6)})
	}
	return rows
}

// rowsOf returns what the fields have to say of a report: on each RST the explanation, on each frame of evidence the same
// with what that frame shows.
func rowsOf(whole *report.Report) []pluggedRow {
	f := whole.Files[0]
	incident := map[int]int{}
	for _, in := range whole.Incidents {
		for _, n := range append(in.Also, in.ID) {
			incident[n] = in.Number
		}
	}
	type said struct {
		r        *report.Reset
		evidence []string
	}
	frames := map[int][]*said{}
	for i := range f.Resets {
		r := &f.Resets[i]
		own := &said{r: r}
		for _, e := range r.Evidence {
			own.evidence = append(own.evidence, e.Says)
		}
		frames[r.Frame] = append(frames[r.Frame], own)
		for _, e := range slices.Concat(r.Evidence, r.OriginWhy) {
			for _, frame := range e.Frames {
				list := frames[frame]
				switch {
				case frame == r.Frame:
				case len(list) > 0 && list[len(list)-1].r == r:
					list[len(list)-1].evidence = append(list[len(list)-1].evidence, e.Says)
				case len(list) < 16:
					frames[frame] = append(list, &said{r, []string{e.Says}})
				}
			}
		}
	}
	var rows []pluggedRow
	for frame, list := range frames {
		row := pluggedRow{Frame: frame}
		for _, s := range list {
			row.Cause = append(row.Cause, string(s.r.Cause))
			row.Detail = append(row.Detail, s.r.Detail)
			row.Confidence = append(row.Confidence, strconv.FormatFloat(s.r.Confidence, 'g', -1, 64))
			row.Incident = append(row.Incident, strconv.Itoa(incident[s.r.Incident]))
			if s.r.Repeats == 0 {
				row.Summary = append(row.Summary, s.r.Verdict())
			}
			row.Evidence = append(row.Evidence, s.evidence...)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b pluggedRow) int { return a.Frame - b.Frame })
	return rows
}

// sameNumbers compares numbers as numbers: tshark prints a double in its own way.
var sameNumbers = cmp.Comparer(func(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return a == b || err1 == nil && err2 == nil && math.Abs(x-y) < 1e-9
})

// In tshark, the fields of all captures of testdata, one behind the other, say what the JSON says.
func TestPluginFieldsEqualTheReport(t *testing.T) {
	p := plugTshark(t)
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "*", "*.pcapng"))
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d captures: %v", len(paths), err)
	}
	path := filepath.Join(t.TempDir(), "all.pcapng")
	if out, err := exec.Command("mergecap", append([]string{"-a", "-w", path}, paths...)...).CombinedOutput(); err != nil {
		t.Fatalf("mergecap: %v: %s", err, out)
	}
	want := jsonReport(t, path)
	if diff := cmp.Diff(rowsOf(want), p.rows(path), sameNumbers); diff != "" {
		t.Errorf("the fields (+) differ from the report (-):\n%s", diff)
	}
	t.Logf("%d captures with %d resets", len(paths), len(want.Files[0].Resets))
}

// An annotated copy shows the same on its resets without the program.
func TestPluginReadsAnnotatedCopies(t *testing.T) {
	p := plugTshark(t).withoutProgram()
	for _, id := range []string{"data-after-fin", "port-scan", "tls-rejected", "restart-window", "forged-reset"} {
		path := filepath.Join("..", "..", "testdata", id, "capture.pcapng")
		copied := filepath.Join(t.TempDir(), "annotated.pcapng")
		printed(t, "annotate", path, "-o", copied)
		whole := jsonReport(t, path)
		want := map[int]pluggedRow{}
		for _, row := range rowsOf(whole) {
			want[row.Frame] = row
		}
		seen := 0
		for _, row := range p.rows(copied) {
			w, ok := want[row.Frame]
			if !ok {
				t.Errorf("%s: frame %d has fields", id, row.Frame)
				continue
			}
			if len(row.Cause) != 1 || len(w.Cause) != 1 { // evidence, which names its reset, or more than one
				continue
			}
			seen++
			if diff := cmp.Diff(w, row, sameNumbers); diff != "" {
				t.Errorf("%s, annotated (+), differs from the report (-):\n%s", id, diff)
			}
		}
		if seen == 0 {
			t.Errorf("%s: no reset shows its explanation", id)
		}
	}
}

// Where there is nothing to show, the plugin says why.
func TestPluginSaysWhatIsMissing(t *testing.T) {
	p := plugTshark(t)
	path := filepath.Join("..", "..", "testdata", "data-after-fin", "capture.pcapng")
	capture, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unsaved := filepath.Join(t.TempDir(), "wireshark_eth0X1YZ2.pcapng")
	if err := os.WriteFile(unsaved, capture, 0o666); err != nil {
		t.Fatal(err)
	}
	// As long as a capture is live, no file is open for reading only.
	for _, c := range []struct {
		name  string
		p     *pluggedTshark
		stdin []byte
		file  string
		want  string
	}{
		{"without the program", p.withoutProgram(), nil, path, "the program rstexplain was not found"},
		{"from a pipe", p, capture, "-", "no capture file is open: a live capture"},
		{"not saved", p, nil, unsaved, "the capture has not been saved"},
	} {
		out, errs := c.p.run(c.stdin, "-X", "lua_script:"+p.lua, "-r", c.file, "-Y", "rstexplain.problem", "-T", "fields", "-e", "rstexplain.problem")
		if !strings.HasPrefix(out, c.want) || strings.Count(out, "\n") != 1 || !strings.Contains(errs, "rstexplain: "+c.want) {
			t.Errorf("%s: %q and %q", c.name, out, errs)
		}
	}
	// The name can be given.
	out, errs := p.run(capture, "-X", "lua_script:"+p.lua, "-X", "lua_script1:"+path, "-r", "-", "-Y", "rstexplain.cause", "-T", "fields", "-e", "frame.number")
	if strings.Count(out, "\n") < 2 || strings.Contains(errs, "rstexplain:") {
		t.Errorf("with the name as an argument: %q and %q", out, errs)
	}
}

// The program is run where something of the plugin is asked for, once, and not at all elsewhere.
func TestPluginRunsTheProgramIfNeeded(t *testing.T) {
	p := plugTshark(t)
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	script := "#!/bin/sh\necho \"$1 $2\" >>'" + log + "'\nprintf 'rstexplain-fields\\t1\\nend\\n'\n"
	if err := os.WriteFile(filepath.Join(bin, "rstexplain"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	p.path = bin + ":" + p.path
	path := filepath.Join("..", "..", "testdata", "data-after-fin", "capture.pcapng")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"", nil},
		{"", []string{"-Y", "tcp.flags.reset == 1"}},
		{"plugin fields\n", []string{"-Y", "rstexplain"}},
		{"plugin fields\n", []string{"-Y", `rstexplain.cause == "peer-crash"`}},
		{"plugin fields\n", []string{"-V"}},
		{"plugin fields\n", []string{"-2", "-Y", "rstexplain.detail"}},
		{"plugin fields\n", []string{"-q", "-z", "io,stat,0,rstexplain.cause"}},
	} {
		os.Remove(log)
		p.run(nil, append([]string{"-X", "lua_script:" + p.lua, "-r", path}, c.args...)...)
		if got, _ := os.ReadFile(log); string(got) != c.want {
			t.Errorf("tshark %q runs %q, want %q", c.args, got, c.want)
		}
	}
}

// An installed plugin is found by tshark without being named, runs the program that installed it, and its coloring rule
// is one.
func TestPluginInstall(t *testing.T) {
	p := plugTshark(t).withoutProgram()
	dir := filepath.Join(p.home, ".local", "lib", "wireshark", "plugins")
	out := string(printed(t, "plugin", "install", "--dir", dir))
	lua, err := os.ReadFile(filepath.Join(dir, "rstexplain.lua"))
	if err != nil {
		t.Fatal(err)
	}
	// What installed it here is a test, which is rstexplain only by that name.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), `it's "quoted"`, "rstexplain")
	if err := os.Mkdir(filepath.Dir(link), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	quoted := strings.ReplaceAll(link, `"`, `\034`)
	if !strings.Contains(string(lua), `"`+self+`"`) {
		t.Fatalf("the installed plugin does not name %s", self)
	}
	if err := os.WriteFile(filepath.Join(dir, "rstexplain.lua"), []byte(strings.ReplaceAll(string(lua), self, quoted)), 0o666); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(p.home, ".config", "wireshark")
	if err := os.MkdirAll(config, 0o777); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	rule := lines[len(lines)-1]
	if err := os.WriteFile(filepath.Join(config, "colorfilters"), []byte(rule+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "testdata", "data-after-fin", "capture.pcapng")
	got, _ := p.run(nil, "--color", "-r", path, "-Y", "rstexplain.cause", "-T", "fields", "-e", "frame.number", "-e", "frame.coloring_rule.name")
	if !strings.Contains(got, "27\trstexplain\n") || strings.Count(got, "rstexplain") != 1 {
		t.Errorf("the coloring rule colours %q", got)
	}
	if got := string(printed(t, "plugin", "path")); !strings.HasSuffix(got, "rstexplain.lua\n") {
		t.Errorf("plugin path: %q", got)
	}
}

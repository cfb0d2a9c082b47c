package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const actionDir = "../../.github/actions/rstexplain"

// An actionStep is what a step of the GitHub Action is made of.
type actionStep struct {
	Name, ID, Shell, Run, Uses, If string
	Env, With                      map[string]string
}

// decodeYAML reads a file, and refuses keys that the type does not have.
func decodeYAML(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// The action is complete: every value that it uses is declared, and every script that it runs is there.
func TestActionIsComplete(t *testing.T) {
	var action struct {
		Name, Description string
		Inputs            map[string]struct {
			Description, Default string
			Required             bool
		}
		Outputs map[string]struct{ Description, Value string }
		Runs    struct {
			Using string
			Steps []actionStep
		}
	}
	path := filepath.Join(actionDir, "action.yml")
	decodeYAML(t, path, &action)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	script, err := os.ReadFile(filepath.Join(actionDir, "explain.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range action.Runs.Steps {
		ids = append(ids, s.ID)
		if (s.Run == "") == (s.Uses == "") || s.Run != "" && s.Shell != "bash" {
			t.Errorf("step %q: a step of a composite action runs a command in a shell, or uses an action", s.Name)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q puts an expression into its script, where an input could run commands", s.Name)
		}
		if name, ok := strings.CutPrefix(s.Run, `"$GITHUB_ACTION_PATH/`); ok {
			if st, err := os.Stat(filepath.Join(actionDir, strings.TrimSuffix(name, `"`))); err != nil || st.Mode()&0o111 == 0 {
				t.Errorf("step %q runs %s: %v", s.Name, s.Run, err)
			}
		}
	}
	for _, m := range regexp.MustCompile(`inputs\.([\w-]+)`).FindAllSubmatch(text, -1) {
		if _, ok := action.Inputs[string(m[1])]; !ok {
			t.Errorf("there is no input %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`steps\.(\w+)\.outputs\.(\w+)`).FindAllSubmatch(text, -1) {
		if !slices.Contains(ids, string(m[1])) || !bytes.Contains(script, append(m[2], '=')) {
			t.Errorf("no step sets %s", m[0])
		}
	}
	if action.Runs.Using != "composite" || action.Name == "" || action.Description == "" || len(action.Outputs) == 0 {
		t.Error("a composite action has a name, a description, outputs")
	}
}

// The step that explains does what the action promises: a summary, reports, annotated captures, and the code of the gate.
func TestActionExplains(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "rstexplain")); err != nil {
		t.Skip(err)
	}
	script, err := filepath.Abs(filepath.Join(actionDir, "explain.sh"))
	if err != nil {
		t.Fatal(err)
	}
	testdata := testdataDir(t)
	clean := filepath.Join(t.TempDir(), "clean.pcap")
	writeCapture(t, clean, refusals(t, 1, 1)[:1])
	for _, c := range []struct {
		name, captures, failOn string
		code, resets, files    string
	}{
		{"a failing cause", "\n  " + testdata + "/data-after-fin/capture.pcapng\n" + testdata + "/no-listener/capture.pcapng\n", "peer-crash", "3", "4",
			"1-capture.pcapng.pcapng 2-capture.pcapng.pcapng messages.txt report.html report.json report.md report.xml"},
		{"another cause", testdata + "/data-after-fin/capture.pcapng", "closed-port", "0", "1", "1-capture.pcapng.pcapng messages.txt report.html report.json report.md report.xml"},
		{"a directory", testdata + "/tls-rejected", "", "0", "", "messages.txt report.html report.json report.md report.xml"},
		{"no resets", clean, "any", "0", "0", "1-clean.pcap.pcapng messages.txt report.html report.json report.md report.xml"},
		{"a missing file", testdata + "/none.pcapng", "any", "1", "0", "messages.txt report.html report.json report.md report.xml"},
		{"a name like a flag", "--output=/tmp/x", "", "1", "0", "messages.txt report.html report.json report.md report.xml"},
		{"nothing", " \n ", "", "2", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			temp := t.TempDir()
			cmd := exec.Command("bash", script)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+filepath.Join(temp, "output"),
				"GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"), "CAPTURES="+c.captures, "FAIL_ON="+c.failOn, "FAIL_SEVERITY=", "ANNOTATE=true")
			printed, err := cmd.CombinedOutput()
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				t.Fatalf("the step fails: %v: %s", err, printed)
			}
			set := map[string]string{}
			out, _ := os.ReadFile(filepath.Join(temp, "output"))
			for line := range strings.Lines(string(out)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				set[name] = value
			}
			if set["code"] != c.code || c.resets != "" && set["resets"] != c.resets {
				t.Errorf("outputs %v; it prints %s", set, printed)
			}
			entries, _ := os.ReadDir(filepath.Join(temp, "rstexplain"))
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if got := strings.Join(names, " "); got != c.files {
				t.Errorf("files %q", got)
			}
			if c.files == "" {
				return
			}
			summary, err := os.ReadFile(filepath.Join(temp, "summary"))
			if err != nil || len(summary) == 0 {
				t.Errorf("summary: %v", err)
			}
			var whole struct{ Incidents []struct{} }
			b, _ := os.ReadFile(filepath.Join(temp, "rstexplain", "report.json"))
			if err := json.Unmarshal(b, &whole); err != nil {
				t.Fatal(err)
			}
			if n, want := set["incidents"], len(whole.Incidents); n != strconv.Itoa(want) {
				t.Errorf("%s incidents, want %d", n, want)
			}
		})
	}
}

// The job for GitLab has commands that the program takes.
func TestGitLabJob(t *testing.T) {
	var jobs map[string]struct {
		Stage     string
		Image     struct{ Name string }
		Variables map[string]string
		Script    []string
		Artifacts struct {
			When, ExposeAs string
			Paths          []string
			Reports        struct{ JUnit string }
		}
	}
	b, err := os.ReadFile("../../docs/gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, &jobs); err != nil {
		t.Fatal(err)
	}
	job := jobs["explain-resets"]
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "rstexplain")); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("bash", "-e", "-c", strings.Join(job.Script[1:], "\n")) // the first installs the program
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	for name, value := range job.Variables {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "RSTEXPLAIN_CAPTURES="+filepath.Join(testdataDir(t), "data-after-fin"))
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != exitGate {
		t.Errorf("the job ends with %v: %s", err, out)
	}
	for _, name := range append(job.Artifacts.Paths, "report.xml") {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

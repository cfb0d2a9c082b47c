package analyzer

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Files, directories, tests, targets and identifiers that docs/design.md names exist.
func TestDesignNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "design.md"))
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{} // by their path, their directories, and their name alone
	packages := map[string]string{}
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && file != root || name == "dist" {
				return fs.SkipDir
			}
			files[name] = true
			return nil
		}
		files[name], files[path.Base(name)] = true, true
		if strings.HasSuffix(name, ".go") {
			b, err := os.ReadFile(file)
			packages[path.Base(path.Dir(name))] += string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	declares := func(code, name string) bool {
		return regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|type |var |const |\t)` + name + `\b`).MatchString(code)
	}
	all := ""
	for _, code := range packages {
		all += code
	}
	target := regexp.MustCompile("^make ([a-z]+)")
	test := regexp.MustCompile("^(Test|Fuzz)[A-Z][A-Za-z]*$")
	file := regexp.MustCompile(`^(analyzer|cmd|docs|flows|rules|testdata)(/[a-z_]+)*(\.go)?$|^[a-z_]+\.go$`)
	identifier := regexp.MustCompile(`^([A-Za-z]+)((\.[A-Z][A-Za-z]*)+)$`)
	checked := 0
	for _, span := range regexp.MustCompile("`[^`\n]+`").FindAllString(string(page), -1) {
		name := strings.Trim(span, "`")
		exists := true
		if m := target.FindStringSubmatch(name); m != nil {
			exists = regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile)
		} else if test.MatchString(name) {
			exists = declares(all, name)
		} else if file.MatchString(name) {
			exists = files[name]
		} else if m := identifier.FindStringSubmatch(name); m != nil {
			code, known := packages[m[1]]
			if !known { // a type with a method
				code, exists = all, declares(all, m[1])
			}
			for part := range strings.SplitSeq(m[2][1:], ".") {
				exists = exists && declares(code, part)
			}
		} else {
			continue
		}
		checked++
		if !exists {
			t.Errorf("docs/design.md names %s, which does not exist", span)
		}
	}
	if checked < 80 {
		t.Errorf("only %d names were found in docs/design.md", checked)
	}
}

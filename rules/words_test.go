package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/rules/words"
)

// TestSentence: sentence does what fmt.Sprintf does with strings.
func TestSentence(t *testing.T) {
	for _, test := range []struct {
		form  string
		words []string
		want  string
	}{
		{"nothing to put in", nil, "nothing to put in"},
		{"%s", []string{"all"}, "all"},
		{"%s and %s", []string{"", "50 %s"}, " and 50 %s"},
		{"of %s%s.", []string{"it", strings.Repeat("x", 1000)}, "of it" + strings.Repeat("x", 1000) + "."},
	} {
		if got := words.Sentence(test.form, test.words...); got != test.want {
			t.Errorf("%q: got %q, want %q", test.form, got, test.want)
		}
	}
}

// TestSentencesAreFull: each sentence of this package has as many words as places for them, which go vet does not see.
func TestSentencesAreFull(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("words/*.go")
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, more...)
	seen := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if !callsSentence(call.Fun) {
				return true
			}
			seen++
			form, ok := call.Args[0].(*ast.BasicLit)
			if !ok || call.Ellipsis.IsValid() {
				t.Errorf("%v: the form of a sentence is no constant", files.Position(call.Pos()))
				return true
			}
			text, err := strconv.Unquote(form.Value)
			if err != nil {
				t.Fatal(err)
			}
			if places := strings.Count(text, "%s"); places != len(call.Args)-1 || strings.Count(text, "%") != places {
				t.Errorf("%v: %d words for %q", files.Position(call.Pos()), len(call.Args)-1, text)
			}
			return true
		})
	}
	if seen < 100 {
		t.Errorf("only %d sentences found", seen)
	}
}

// TestSpan: numbers are rounded as fmt rounds them.
func TestSpan(t *testing.T) {
	for range 100_000 {
		d := time.Duration(rand.Int64N(int64(1) << (10 + rand.IntN(50))))
		want := ""
		switch {
		case d < 950*time.Microsecond:
			want = fmt.Sprintf("%d µs", d.Microseconds())
		case d < 9950*time.Microsecond:
			want = fmt.Sprintf("%.1f ms", float64(d)/1e6)
		case d < 950*time.Millisecond:
			want = fmt.Sprintf("%.0f ms", float64(d)/1e6)
		case d < 1000*time.Second:
			want = fmt.Sprintf("%.1f s", d.Seconds())
		case d < 2*time.Hour:
			want = fmt.Sprintf("%.0f min", d.Minutes())
		case d < 48*time.Hour:
			want = fmt.Sprintf("%.1f h", d.Hours())
		default:
			want = fmt.Sprintf("%.1f days", d.Hours()/24)
		}
		if got := words.Span(d); got != want {
			t.Fatalf("%d: got %q, want %q", d, got, want)
		}
		if got := words.Relative(-d - 1); got != words.Span(d+1)+" earlier" {
			t.Fatalf("%d: got %q", -d-1, got)
		}
	}
}

// TestIPID: as fmt prints it.
func TestIPID(t *testing.T) {
	for n := range 1 << 16 {
		if got, want := words.IPID(uint16(n)), fmt.Sprintf("0x%04x", n); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// callsSentence reports whether a call is one of words.Sentence.
func callsSentence(fun ast.Expr) bool {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name == "Sentence"
	case *ast.SelectorExpr:
		return f.Sel.Name == "Sentence"
	}
	return false
}

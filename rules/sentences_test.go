package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

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
			text, ok := constant(call.Args[0])
			if !ok || call.Ellipsis.IsValid() {
				t.Errorf("%v: the form of a sentence is no constant", files.Position(call.Pos()))
				return true
			}
			if places := strings.Count(text, "%s"); places != len(call.Args)-1 || strings.Count(text, "%") != places {
				t.Errorf("%v: %d words for %q", files.Position(call.Pos()), len(call.Args)-1, text)
			}
			return true
		})
	}
	if seen < 50 {
		t.Errorf("only %d sentences found", seen)
	}
}

// constant returns the value of a literal string, or of a sum of them.
func constant(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		a, ok := constant(x.X)
		b, also := constant(x.Y)
		return a + b, ok && also && x.Op == token.ADD
	}
	return "", false
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

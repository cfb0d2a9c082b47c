package store

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"gocloud.dev/blob"
)

// An Object is an object of a list.
type Object struct {
	Name string // as Open takes it
	Size int64
}

// List returns the objects that a pattern names, in the order of their names. In a pattern, * stands for any characters
// but /, ** for any, ? for one, and [a-z] for one of several. A name that ends in / stands for all objects below it,
// and one without a wildcard for itself.
func (s *Store) List(ctx context.Context, pattern string) ([]Object, error) {
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	fixed := pattern
	if i := strings.IndexAny(pattern, `*?[`); i >= 0 {
		fixed = pattern[:i]
	}
	b, key, err := s.locate(ctx, dirOf(fixed))
	if err != nil {
		return nil, err
	}
	if key != "" && !strings.HasSuffix(key, "/") {
		key += "/"
	}
	if fixed == pattern {
		_, name, err := s.locate(ctx, pattern)
		if err != nil {
			return nil, err
		}
		a, err := b.Attributes(ctx, name)
		if err != nil {
			return nil, err
		}
		return []Object{{pattern, a.Size}}, nil
	}
	rest := pattern[len(dirOf(fixed)):]
	if _, err := path.Match(strings.ReplaceAll(rest, "**", "*"), ""); err != nil {
		return nil, err
	}
	var found []Object
	if err := walk(ctx, b, key, key, rest, func(o *blob.ListObject) {
		found = append(found, Object{dirOf(fixed) + o.Key[len(key):], o.Size})
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// walk calls each for the objects below prefix that match a pattern relative to base. It enters only the directories
// that the pattern asks for: * matches no /.
func walk(ctx context.Context, b *blob.Bucket, base, prefix, pattern string, each func(*blob.ListObject)) error {
	delimiter := "/"
	if strings.Contains(pattern, "**") {
		delimiter = ""
	}
	it := b.List(&blob.ListOptions{Prefix: prefix, Delimiter: delimiter})
	for {
		o, err := it.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case !o.IsDir:
			if match(pattern, o.Key[len(base):]) {
				each(o)
			}
		case begins(pattern, strings.TrimSuffix(o.Key[len(base):], "/")):
			if err := walk(ctx, b, base, o.Key, pattern, each); err != nil {
				return err
			}
		}
	}
}

// begins reports whether objects in a directory can match a pattern without **.
func begins(pattern, dir string) bool {
	p, d := strings.Split(pattern, "/"), strings.Split(dir, "/")
	return len(d) < len(p) && match(strings.Join(p[:len(d)], "/"), dir)
}

// match reports whether name matches pattern.
func match(pattern, name string) bool {
	before, after, deep := strings.Cut(pattern, "**")
	if !deep {
		ok, _ := path.Match(pattern, name)
		return ok
	}
	for i := 0; i <= len(name); i++ {
		if ok, _ := path.Match(before, name[:i]); !ok {
			continue
		}
		if strings.HasPrefix(after, "/") && match(before+after[1:], name) {
			return true // "a/**/b" matches "a/b"
		}
		for j := i; j <= len(name); j++ {
			if match(after, name[j:]) {
				return true
			}
		}
	}
	return false
}

// dirOf returns name up to and including its last slash.
func dirOf(name string) string {
	return name[:strings.LastIndexByte(name, '/')+1]
}

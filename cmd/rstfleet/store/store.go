// Package store reads captures from object stores and directories, and writes results to them: s3://, gs:// and
// azblob:// URLs, file:// URLs and plain paths. Begin with [New].
package store

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"
)

// A Store reads and writes objects by name. It is safe for concurrent use.
type Store struct {
	params map[string]string // by bucket, "s3://name": the parameters of its URL

	mu   sync.Mutex
	open map[string]*blob.Bucket
}

// New returns a Store. Params holds, by bucket ("s3://name"), parameters of gocloud.dev/blob: "region=eu-west-1".
func New(params map[string]string) *Store {
	return &Store{params: params, open: map[string]*blob.Bucket{}}
}

// Schemes are the schemes of URLs that a Store knows.
var Schemes = []string{"s3", "gs", "azblob", "file"}

// SplitParams separates the parameters of a URL, which belong to its bucket: "s3://b/k?region=r" is "s3://b/k",
// "s3://b" and "region=r". A plain path has none.
func SplitParams(name string) (without, bucket, params string) {
	scheme, rest, ok := strings.Cut(name, "://")
	if !ok || scheme == "file" {
		return name, "", ""
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	name, params, _ = strings.Cut(name, "?")
	return name, scheme + "://" + host, params
}

// locate returns the bucket that name is in, and its key there.
func (s *Store) locate(ctx context.Context, name string) (*blob.Bucket, string, error) {
	scheme, rest, ok := strings.Cut(name, "://")
	if !ok || scheme == "file" {
		if !ok {
			rest = name
		}
		full, err := filepath.Abs(filepath.FromSlash(rest))
		if err != nil {
			return nil, "", err
		}
		b, err := s.bucket("file://", func() (*blob.Bucket, error) {
			return fileblob.OpenBucket("/", &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
		})
		return b, strings.TrimPrefix(filepath.ToSlash(full), "/"), err
	}
	if !slices.Contains(Schemes, scheme) {
		return nil, "", fmt.Errorf("unknown scheme %s://", scheme)
	}
	host, key, _ := strings.Cut(rest, "/")
	root := scheme + "://" + host
	b, err := s.bucket(root, func() (*blob.Bucket, error) {
		u := root
		if p := s.params[root]; p != "" {
			u += "?" + p
		}
		if _, err := url.Parse(u); err != nil {
			return nil, err
		}
		return blob.OpenBucket(ctx, u)
	})
	return b, key, err
}

func (s *Store) bucket(root string, open func() (*blob.Bucket, error)) (*blob.Bucket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.open[root]; b != nil {
		return b, nil
	}
	b, err := open()
	if err != nil {
		return nil, err
	}
	s.open[root] = b
	return b, nil
}

// Close closes what was opened.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for root, b := range s.open {
		b.Close()
		delete(s.open, root)
	}
	return nil
}

// Identity returns a name that is the same for all names of an object: that of a file is without symbolic links.
func Identity(name string) string {
	scheme, rest, ok := strings.Cut(name, "://")
	switch {
	case !ok:
		rest = name
	case scheme != "file":
		return name
	}
	full, err := filepath.Abs(filepath.FromSlash(rest))
	if err != nil {
		return name
	}
	if real, err := filepath.EvalSymlinks(full); err == nil {
		return real
	}
	return full
}

// Join appends elements to the name of a directory.
func Join(dir string, elem ...string) string {
	return strings.TrimSuffix(dir, "/") + "/" + path.Join(elem...)
}

// NotExist reports whether err is that of an object that does not exist.
func NotExist(err error) bool { return gcerrors.Code(err) == gcerrors.NotFound }

package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "gocloud.dev/blob/s3blob"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// A served is an S3 server on the loopback interface.
type served struct {
	params map[string]string
	ranges atomic.Int64 // requests for a range
	fail   atomic.Int64 // of the next requests for a range
}

func serveS3(t *testing.T) *served {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	s := &served{}
	backend := s3mem.New()
	if err := backend.CreateBucket("traces"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(backend).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Range") != "" {
			s.ranges.Add(1)
			if s.fail.Add(-1) >= 0 {
				w.WriteHeader(http.StatusForbidden) // which the client does not repeat by itself
				return
			}
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.params = map[string]string{"s3://traces": "region=us-east-1&use_path_style=true&endpoint=" + srv.URL}
	return s
}

// TestS3 writes, lists and reads objects of an S3 server.
func TestS3(t *testing.T) {
	srv := serveS3(t)
	s := store.New(srv.params)
	defer s.Close()
	ctx := t.Context()
	big := make([]byte, 2*store.RangeBytes+12345)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range big {
		big[i] = byte(r.Uint32())
	}
	for name, content := range map[string][]byte{"a/1.pcap": []byte("one"), "a/b/2.pcap": big, "a/b/3.txt": nil} {
		if _, err := s.Write(ctx, "s3://traces/"+name, func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"s3://traces/**.pcap": "s3://traces/a/1.pcap s3://traces/a/b/2.pcap", "s3://traces/a/*": "s3://traces/a/1.pcap",
		"s3://traces/*/b/*": "s3://traces/a/b/2.pcap s3://traces/a/b/3.txt", "s3://traces/a/1.pcap": "s3://traces/a/1.pcap",
	} {
		if got := names(t, s, pattern); got != want {
			t.Errorf("%s lists %s instead of %s", pattern, got, want)
		}
	}
	srv.ranges.Store(0)
	srv.fail.Store(2) // the first range takes three attempts
	in, err := s.Open(ctx, "s3://traces/a/b/2.pcap")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if n := srv.ranges.Load(); n != 7 {
		t.Errorf("%d requests for ranges instead of 5 and 2 repeated ones", n)
	}
	srv.fail.Store(100)
	in, err = s.Open(ctx, "s3://traces/a/1.pcap")
	if err != nil {
		t.Fatal(err)
	}
	var failed *store.ReadError
	if _, err := io.ReadAll(in); !errors.As(err, &failed) || failed.At != 0 || in.Failure() == nil {
		t.Errorf("error %v", err)
	}
	if _, err := s.Open(ctx, "s3://traces/none"); !store.NotExist(err) {
		t.Errorf("error %v", err)
	}
}

// TestWriteFails checks that an object is there as a whole or not at all.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	s := store.New(nil)
	defer s.Close()
	name := filepath.Join(dir, "x", "object")
	mine := errors.New("mine")
	_, err := s.Write(t.Context(), name, func(w io.Writer) error {
		w.Write(make([]byte, 1<<20))
		return mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Write(ctx, name, func(w io.Writer) error {
		w.Write(make([]byte, 1<<20))
		cancel()
		return nil
	}); err == nil {
		t.Error("a write that was interrupted succeeded")
	}
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			t.Errorf("%s is left", path)
		}
		return err
	})
}

// TestLocal lists and reads files, also by URL.
func TestLocal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a 12:00.pcap", "b/c[1].pcap", "b/d/e.pcap", "f.txt"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := store.New(nil)
	defer s.Close()
	for pattern, want := range map[string]string{
		"*.pcap": "a 12:00.pcap", "**.pcap": "a 12:00.pcap b/c[1].pcap b/d/e.pcap", "b/": "b/c[1].pcap b/d/e.pcap",
		"*/*.pcap": "b/c[1].pcap", "**/e.pcap": "b/d/e.pcap", "b/**/e.pcap": "b/d/e.pcap", "*": "a 12:00.pcap f.txt",
	} {
		for _, prefix := range []string{dir + "/", "file://" + dir + "/"} {
			got := strings.ReplaceAll(names(t, s, prefix+pattern), prefix, "")
			if got != want {
				t.Errorf("%s lists %s instead of %s", prefix+pattern, got, want)
			}
		}
	}
	in, err := s.Open(t.Context(), "file://"+dir+"/a 12:00.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got, err := io.ReadAll(in); string(got) != "a 12:00.pcap" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSplitParams(t *testing.T) {
	name, bucket, params := store.SplitParams("s3://b/k/*.pcap?region=r&x=y")
	if got := []string{name, bucket, params}; !slices.Equal(got, []string{"s3://b/k/*.pcap", "s3://b", "region=r&x=y"}) {
		t.Errorf("%q", got)
	}
	if name, _, params := store.SplitParams("a?.pcap"); name != "a?.pcap" || params != "" {
		t.Errorf("%q, %q", name, params)
	}
}

// names lists what a pattern names, on one line.
func names(t *testing.T, s *store.Store, pattern string) string {
	t.Helper()
	list, err := s.List(t.Context(), pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, o := range list {
		all = append(all, o.Name)
	}
	return strings.Join(all, " ")
}

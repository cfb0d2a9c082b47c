package job

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "gocloud.dev/blob/s3blob"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// TestS3 explains a ring in an S3 store on the loopback interface, divided and not, and writes the results there. Some
// requests fail, so that ranges are asked for again.
func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	backend := s3mem.New()
	if err := backend.CreateBucket("taps"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(backend).Server()
	var requests, failed atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Range") != "" && requests.Add(1)%7 == 0 {
			failed.Add(1)
			w.WriteHeader(http.StatusForbidden) // which the client does not repeat by itself
			return
		}
		fake.ServeHTTP(w, r)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // the server writes a header twice when a connection is closed
	srv.Start()
	defer srv.Close()
	params := map[string]string{"s3://taps": "region=us-east-1&use_path_style=true&endpoint=" + srv.URL}
	s := store.New(params)
	defer s.Close()
	dir := t.TempDir()
	bench(t, "ring", "-taps", "1", "-packets", "3000", "-files", "6", "-open", "50", dir)
	paths, _ := filepath.Glob(filepath.Join(dir, "tap1", "*"))
	for _, path := range paths {
		if _, err := s.Write(t.Context(), "s3://taps/tap1/"+filepath.Base(path), func(to io.Writer) error {
			b, err := os.ReadFile(path)
			to.Write(b)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	var lines bytes.Buffer
	if _, err := analyzer.ExplainJoined(t.Context(), paths, report.JSONL(&lines), analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	want := splitLines(lines.String())
	for name, divide := range map[string]bool{"whole": false, "divided": true} {
		out := "s3://taps/" + name
		m := cluster{workers: 2}.run(t, Job{Output: out, Params: params, Ring: true, Divide: divide}, "{tap}/*",
			"s3://taps/tap1/*")
		if m.Total.Partial != 0 {
			t.Errorf("%s: the manifest counts %+v", name, m.Total)
		}
		in, err := s.Open(t.Context(), out+"/tap=tap1/resets-00000.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		compareLines(t, bare(splitLines(string(got))), bare(want[:len(want)-1]))
		left, err := s.List(t.Context(), out+"/_work/**")
		if err != nil || len(left) > 0 {
			t.Errorf("%d objects are left, %v", len(left), err)
		}
	}
	if failed.Load() == 0 || !strings.Contains(lines.String(), `"places":[`) {
		t.Errorf("%d requests failed of %d", failed.Load(), requests.Load())
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/incident"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Thirteen thousand resets are a handful of incidents: the scan with what it found open, the restart with what it cut, the
// health checks, and the strays. A report of them can be read, and is the same with one processor and with several.
func TestThousandsOfResetsAreFewIncidents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "incidents.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	made, err := Traffic{Kind: "incidents", Seed: 1}.Write(f)
	if err != nil {
		t.Fatal(err)
	}
	render := func(to func(*bytes.Buffer) report.Renderer, processors int) []byte {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		var out bytes.Buffer
		if _, err := analyzer.Explain(context.Background(), path, to(&out), analyzer.Options{}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	asJSON := func(out *bytes.Buffer) report.Renderer { return report.JSON(out) }
	one, several := render(asJSON, 1), render(asJSON, 4)
	if !bytes.Equal(one, several) {
		t.Error("four processors find other incidents than one")
	}
	var r report.Report
	if err := json.Unmarshal(one, &r); err != nil {
		t.Fatal(err)
	}
	want := map[incident.Kind]report.Incident{
		incident.ServiceRestart: {Resets: cutConns + refusals, Server: "172.16.0.8:8080"},
		incident.Scan:           {Resets: scannedPorts, Client: "10.0.0.9", Server: "172.16.0.7", Services: scannedPorts},
		incident.HealthCheck:    {Resets: probes, Client: "10.0.0.8", Server: "172.16.0.9:443"},
		incident.Alike:          {Resets: strays, Services: strays},
	}
	resets := 0
	for _, in := range r.Incidents {
		w, ok := want[in.Kind]
		if !ok || in.Resets != w.Resets || in.Client != w.Client || in.Server != w.Server || w.Services > 0 && in.Services != w.Services {
			t.Errorf("%+v", in)
		}
		resets += in.Resets
	}
	if len(r.Incidents) != len(want) || resets != made.Resets {
		t.Errorf("%d incidents of %d resets, want %d of %d", len(r.Incidents), resets, len(want), made.Resets)
	}
	text := render(func(out *bytes.Buffer) report.Renderer { return report.Text(out, report.TextOptions{}) }, 2)
	if n := bytes.Count(text, []byte("\n")); n > 250 {
		t.Errorf("the text has %d lines", n)
	}
}

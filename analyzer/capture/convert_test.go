package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// erfOf is a capture in Endace's format, which editcap reads and does not write: Ethernet frames of 60 bytes.
func erfOf(frames int) []byte {
	var b []byte
	for i := range frames {
		const size = 16 + 2 + 60
		b = binary.LittleEndian.AppendUint64(b, uint64(1700000000+i)<<32)
		b = append(b, 2, 4) // Ethernet; varying record length
		b = binary.BigEndian.AppendUint16(b, size)
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint16(b, 60)
		b = append(append(b, 0, 0), make([]byte, 60)...)
	}
	return b
}

func TestConvert(t *testing.T) {
	path := filepath.Join(t.TempDir(), "-x.erf") // no flag of editcap
	if err := os.WriteFile(path, erfOf(5), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path, Options{})
	if !errors.Is(err, ErrForeign) || !errors.Is(err, ErrNotCapture) || !strings.Contains(err.Error(), "editcap -F pcapng IN OUT") {
		t.Errorf("without Convert: %v", err)
	}
	_, lookErr := exec.LookPath(editcap)
	if offered := strings.Contains(err.Error(), "--convert"); offered != (lookErr == nil) {
		t.Errorf("conversion offered: %v, editcap: %v", offered, lookErr)
	}
	if lookErr != nil {
		t.Skip("editcap is not installed")
	}
	r, err := Open(path, Options{Convert: true})
	if err != nil {
		t.Fatal(err)
	}
	if all := drain(t, r); len(all) != 5 || len(all[4].Data) < 56 || all[4].Frame != 5 || len(r.Problems()) != 0 {
		t.Errorf("%d packets, problems %v", len(all), r.Problems())
	}

	// What is read twice is converted once.
	f, err := OpenFile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	for pass := range 2 {
		r, err := f.Reader(Options{Convert: pass == 0})
		if err != nil {
			t.Fatal(err)
		}
		if all := drain(t, r); len(all) != 5 || !f.Converted() {
			t.Errorf("pass %d: %d packets", pass, len(all))
		}
	}
	if err := errors.Join(f.Same(), f.Close()); err != nil {
		t.Error(err)
	}

	// A reader that is closed early ends editcap too.
	if err := os.WriteFile(path, erfOf(200_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(path, Options{Convert: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}

	// Where editcap is missing, the refusal says how to get it.
	t.Setenv("PATH", t.TempDir())
	_, err = Open(path, Options{Convert: true})
	if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "editcap, which can convert it, is not installed") {
		t.Errorf("without editcap: %v", err)
	}
	if _, err = Open(path, Options{}); strings.Contains(err.Error(), "--convert") {
		t.Errorf("conversion is offered without editcap: %v", err)
	}
}

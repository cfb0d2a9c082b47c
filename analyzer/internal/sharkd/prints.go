package sharkd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Print returns what tshark prints with args of the capture at path. Captures whose prints are kept in the directory, which
// the flag -wireshark has done where keep is true, are not printed again.
func Print(dir, path string, keep bool, args ...string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	digest.Write([]byte(strings.Join(args, "\x00") + "\x00"))
	digest.Write(b)
	kept := filepath.Join(dir, hex.EncodeToString(digest.Sum(nil)[:12])+".zst")
	if packed, err := os.ReadFile(kept); err == nil && !*refresh {
		z, err := zstd.NewReader(nil)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return z.DecodeAll(packed, nil)
	}
	text, err := exec.Command("tshark", slices.Concat([]string{"-n"}, args, []string{"-r", path})...).Output()
	if err != nil && len(text) == 0 { // exec.ErrNotFound, say; a capture that is cut short is an error to tshark, after all that it holds
		return nil, err
	}
	if *refresh && keep {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20))
		if err != nil {
			return nil, err
		}
		err = errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(kept, z.EncodeAll(text, nil), 0o666))
		return text, errors.Join(err, z.Close())
	}
	return text, nil
}

// Forget removes the prints of a directory, with the flag -wireshark, before they are written anew.
func Forget(dir string) error {
	if !*refresh {
		return nil
	}
	return os.RemoveAll(dir)
}

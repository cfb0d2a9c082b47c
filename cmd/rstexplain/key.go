package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// A keyFile holds the key of an anonymized slice. A new key is written when the slice is complete and never replaces
// another, so that a slice and the key beside it always belong together.
type keyFile struct {
	path string
	key  []byte
	made bool // not there yet
	once bool // from a pipe, which cannot be read again
}

// maxKeyFile bounds what is read of a key file, in bytes.
const maxKeyFile = 4 << 10

// readKey reads the key at path, or makes one where there is no such file.
func readKey(path string) (*keyFile, error) {
	k := &keyFile{path: path}
	text, regular, err := readSmall(path, maxKeyFile)
	k.once = !regular
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSymlink != 0 { // else it has been written meanwhile
			return nil, errKeyLink(path)
		}
		k.made, k.key = true, make([]byte, rewrite.KeySize)
		rand.Read(k.key) // never fails
		return k, nil
	case err != nil:
		return nil, inputError{path, err}
	}
	if k.key, err = hex.DecodeString(string(bytes.TrimSpace(text))); err != nil || len(k.key) != rewrite.KeySize {
		return nil, errBadKey(path)
	}
	return k, nil
}

// readSmall returns the first most bytes of a file, and one more where it has more. It reports whether the file is
// a regular one.
func readSmall(path string, most int64) (text []byte, regular bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil {
		regular = st.Mode().IsRegular()
	}
	text, err = io.ReadAll(io.LimitReader(f, most+1))
	return text, regular, err
}

// place writes a new key, readable by its owner only, and returns a function that removes it. For a key that existed,
// it checks that the file has not changed.
func (k *keyFile) place() (undo func(), err error) {
	if k.once && !k.made {
		return func() {}, nil
	}
	if !k.made {
		now, err := readKey(k.path)
		if err != nil {
			return nil, err
		}
		if now.made || !bytes.Equal(now.key, k.key) {
			return nil, errKeyChanged(k.path)
		}
		return func() {}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(k.path), "."+filepath.Base(k.path)+".*") // mode 0600
	if err != nil {
		return nil, outputError{k.path, err}
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(k.key) + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, outputError{k.path, err}
	}
	if err = os.Link(f.Name(), k.path); err != nil && !errors.Is(err, fs.ErrExist) { // a file system without hard links
		err = copyNew(f.Name(), k.path)
	}
	switch {
	case errors.Is(err, fs.ErrExist): // two at once
		return nil, errKeyChanged(k.path)
	case err != nil:
		return nil, outputError{k.path, err}
	}
	return func() { os.Remove(k.path) }, nil
}

// copyNew copies a small file to a path where there must be none.
func copyNew(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(to)
	}
	return err
}

// samePlace reports whether two paths name one file, also where it does not exist yet.
func samePlace(a, b string) bool { return sameFile(a, b) || placeOf(a) == placeOf(b) }

// placeOf returns where a file at path would be, with symbolic links resolved.
func placeOf(path string) string {
	for range 40 { // as many links as Linux follows
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	dir := filepath.Dir(path)
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	return filepath.Join(dir, filepath.Base(path))
}

package store

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
)

// A Writer writes one object, which appears under its name when Close returns, and not before: an object store has no
// partial objects, and a file is written under a temporary name. The same object may be written again.
type Writer struct {
	*bufio.Writer
	w      *blob.Writer
	cancel context.CancelFunc
	n      int64
}

// Create begins an object. Either Close or Discard must be called.
func (s *Store) Create(ctx context.Context, name string) (*Writer, error) {
	b, key, err := s.locate(ctx, name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w, err := b.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		cancel()
		return nil, err
	}
	out := &Writer{w: w, cancel: cancel}
	out.Writer = bufio.NewWriterSize(counted{out}, 256<<10)
	return out, nil
}

// counted counts what goes to the object.
type counted struct{ to *Writer }

func (c counted) Write(p []byte) (int, error) {
	n, err := c.to.w.Write(p)
	c.to.n += int64(n)
	return n, err
}

// Close puts the object in its place.
func (w *Writer) Close() error {
	defer w.cancel()
	if err := w.Flush(); err != nil {
		w.Discard()
		return err
	}
	return w.w.Close()
}

// Discard gives up the object.
func (w *Writer) Discard() {
	w.cancel()
	w.w.Close()
}

// Bytes returns how many bytes were written.
func (w *Writer) Bytes() int64 { return w.n }

// Write writes an object from what make prints. If that fails, there is no object. It returns the bytes written.
func (s *Store) Write(ctx context.Context, name string, make func(io.Writer) error) (int64, error) {
	w, err := s.Create(ctx, name)
	if err != nil {
		return 0, err
	}
	if err := make(w); err != nil {
		w.Discard()
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return w.n, nil
}

// Delete deletes the objects below a directory.
func (s *Store) Delete(ctx context.Context, dir string) error {
	list, err := s.List(ctx, dir+"/")
	if err != nil {
		return err
	}
	b, _, err := s.locate(ctx, dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, o := range list {
		_, key, err := s.locate(ctx, o.Name)
		if err == nil {
			err = b.Delete(ctx, key)
		}
		if err != nil && !NotExist(err) {
			failed = append(failed, err)
		}
	}
	if _, _, remote := strings.Cut(dir, "://"); !remote || strings.HasPrefix(dir, "file://") {
		removeEmpty(strings.TrimPrefix(dir, "file://"))
	}
	return errors.Join(failed...)
}

// removeEmpty removes a directory, and those below it, as far as they are empty.
func removeEmpty(dir string) {
	below, _ := os.ReadDir(dir)
	for _, d := range below {
		if d.IsDir() {
			removeEmpty(filepath.Join(dir, d.Name()))
		}
	}
	os.Remove(dir)
}

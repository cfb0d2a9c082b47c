package capture

import (
	"errors"
	"os"
	"runtime"
)

// MaxTemporary bounds a temporary file, in bytes.
const MaxTemporary = 16 << 30

// named is set where an open file cannot be unlinked.
const named = runtime.GOOS == "windows"

// Temporary makes a temporary file. Where the system allows it, it has no name any more, so that nothing is left
// however the program ends. RemoveTemporary closes it.
func Temporary() (*os.File, error) {
	f, err := os.CreateTemp("", "rstexplain-*")
	if err == nil && !named {
		err = os.Remove(f.Name())
	}
	return f, err
}

// RemoveTemporary closes a temporary file, of which nothing is left then.
func RemoveTemporary(f *os.File) error {
	err := f.Close()
	if named {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

package config

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
)

// maxSecrets bounds a file of secrets, in bytes.
const maxSecrets = 64 << 10

// readSecrets reads a file of secrets. It takes regular files alone: a pipe or a device
// could hold the start up, or have no end.
func readSecrets(path string) (string, error) {
	info, err := os.Stat(path) // before the opening, which waits where the file is a pipe
	if err != nil {
		return "", errors.New("takes the path of a file that can be read")
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("takes the path of a regular file")
	}
	f, err := os.Open(path) //nolint:gosec // whoever runs the server names the file
	if err != nil {
		return "", errors.New("takes the path of a file that can be read")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecrets+1))
	switch {
	case err != nil:
		return "", errors.New("takes the path of a file that can be read")
	case len(b) > maxSecrets:
		return "", fmt.Errorf("takes the path of a file of at most %d KiB", maxSecrets>>10)
	}
	text := unmarked(b)
	if strings.IndexByte(text, 0) >= 0 {
		return "", errors.New("takes the path of a text file in UTF-8, or in UTF-16 with a byte order mark")
	}
	return strings.TrimSpace(text), nil
}

// unmarked returns a text without its byte order mark, which PowerShell writes. The mark says whether it is UTF-16.
func unmarked(b []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return strings.TrimPrefix(string(b), "\ufeff")
	}
	var units []uint16
	for ; len(b) > 1; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return string(utf16.Decode(units[1:]))
}

// isOpenToOthers reports whether any user of the machine may read a file.
func isOpenToOthers(path string) bool {
	info, err := os.Stat(path)
	const others = 0o004
	return err == nil && info.Mode().Perm()&others != 0 && runtime.GOOS != "windows" // whose modes say nothing of that
}

// lookEvery is how often at most a file is looked at.
const lookEvery = time.Second

// changing is what a file of secrets holds, which is read again when the file changes. Where
// it has a fault then, the last value stays, or with isGate what is good of the new one: a
// file that is emptied or taken away lets nobody in.
type changing[T any] struct {
	setting, path string
	parse         func(text string) (T, error)
	log           *slog.Logger
	isGate        bool

	mu     sync.Mutex
	value  T
	fault  error       // of the file as it is now
	seen   fs.FileInfo // of the file as it was read last; nil if it was not there
	looked time.Time
}

// newChanging reads the file for the first time when its value is needed; until then, and
// where that fails, value stands.
func newChanging[T any](setting, path string, value T, parse func(string) (T, error), log *slog.Logger) *changing[T] {
	return &changing[T]{setting: setting, path: path, value: value, parse: parse, log: log}
}

// now returns the value at this moment. A change shows a second later at the latest.
func (c *changing[T]) now() T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookEvery {
		return c.value
	}
	first := c.looked.IsZero()
	c.looked = time.Now()
	info, err := os.Stat(c.path)
	if err != nil {
		info = nil
	}
	if isSame(info, c.seen) && !first {
		return c.value
	}
	c.seen = info
	var value T
	text, err := readSecrets(c.path)
	if err == nil {
		value, err = c.parse(text)
	}
	if c.fault = err; err == nil || c.isGate {
		c.value = value
	}
	switch {
	case err != nil && c.isGate:
		c.log.Warn("a file of tokens changed and has a fault; its good lines count, and no others",
			"setting", c.setting, "why", err.Error())
	case err != nil:
		c.log.Warn("a file of secrets changed and cannot be taken; what it held before stays",
			"setting", c.setting, "why", err.Error())
	case !first:
		c.log.Info("a file of secrets changed and was read again", "setting", c.setting)
	}
	return c.value
}

// problem says in a line what is wrong with the file now; "" for nothing.
func (c *changing[T]) problem() string {
	c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == nil {
		return ""
	}
	return c.setting + ": " + c.fault.Error()
}

// isSame reports whether a file is as it was.
func isSame(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

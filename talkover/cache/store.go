package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Dir is a [Store] of one file a day in a folder of the account, for one user alone.
// Any number of processes may share it.
type Dir struct {
	root  *os.Root
	swept atomic.Int64 // when expired days were deleted last, in nanoseconds since 1970
}

// sweepEvery is how often expired days are deleted, when a day is put.
const sweepEvery = time.Hour

// dayFile is how the names of day files end.
const dayFile = ".day"

// OpenDir opens a folder for sealed days, and makes it where it is not there. Days that
// have expired are deleted at once, and later ones as days are put.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	d := &Dir{root: root}
	if err := d.sweep(time.Now()); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return d, nil
}

// Get implements [Store].
func (d *Dir) Get(_ context.Context, account, day string) ([]byte, error) {
	sealed, err := d.root.ReadFile(name(account, day))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sealed, err
}

// Put implements [Store]. The file is written beside its place and then moved there, so
// that nobody reads half a day. Its time is that at which it expires, by which the
// later of two is told.
func (d *Dir) Put(_ context.Context, account, day string, _, expires time.Time, sealed []byte) (err error) {
	now := time.Now()
	if last := d.swept.Load(); now.Sub(time.Unix(0, last)) >= sweepEvery && d.swept.CompareAndSwap(last, now.UnixNano()) {
		if err := d.sweep(now); err != nil {
			return err
		}
	}
	to := name(account, day)
	if there, err := d.root.Stat(to); err == nil && there.ModTime().After(expires) {
		return nil
	}
	if err := d.root.Mkdir(account, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	beside := fmt.Sprintf("%s.%d.%d", to, os.Getpid(), now.UnixNano())
	f, err := d.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = d.root.Remove(beside)
		}
	}()
	_, err = f.Write(sealed)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.root.Chtimes(beside, expires, expires); err != nil {
		return err
	}
	return d.root.Rename(beside, to)
}

// Forget implements [Store].
func (d *Dir) Forget(_ context.Context, account, day string) error {
	if day == "" {
		return d.root.RemoveAll(account)
	}
	if err := d.root.Remove(name(account, day)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Close releases the folder.
func (d *Dir) Close() error { return d.root.Close() }

func name(account, day string) string { return filepath.Join(account, day+dayFile) }

// abandonedAfter is the age at which a half-written file is no longer being written.
const abandonedAfter = time.Hour

// sweep deletes days that have expired, and what a process left that was killed.
func (d *Dir) sweep(now time.Time) error {
	d.swept.Store(now.UnixNano())
	return d.each(func(path string, info fs.FileInfo) error {
		whole := strings.HasSuffix(path, dayFile)
		if whole && info.ModTime().After(now) || !whole && now.Sub(info.ModTime()) < abandonedAfter {
			return nil
		}
		return d.root.Remove(path)
	})
}

// each visits the files of all accounts.
func (d *Dir) each(visit func(path string, info fs.FileInfo) error) error {
	return fs.WalkDir(d.root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // another process was faster
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(path, info); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// KeptFile is one day of a folder, as who has no token sees it.
type KeptFile struct {
	Account string
	Bytes   int64
	Expires time.Time
}

// List lists the days of the folder.
func (d *Dir) List() (all []KeptFile, err error) {
	err = d.each(func(path string, info fs.FileInfo) error {
		if strings.HasSuffix(path, dayFile) {
			all = append(all, KeptFile{filepath.Dir(path), info.Size(), info.ModTime()})
		}
		return nil
	})
	return all, err
}

// Clear deletes the days of an account; of all accounts, where account is empty. It
// returns how many there were.
func (d *Dir) Clear(account string) (deleted int, err error) {
	err = d.each(func(path string, _ fs.FileInfo) error {
		if account != "" && filepath.Dir(path) != account {
			return nil
		}
		if strings.HasSuffix(path, dayFile) {
			deleted++
		}
		return d.root.Remove(path)
	})
	return deleted, err
}

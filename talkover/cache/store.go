package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// Dir is a [Store] of one file a day in a [Folder], for one user alone.
type Dir struct {
	*Folder
	log   *slog.Logger
	swept atomic.Int64 // when expired days were deleted last, in nanoseconds since 1970
}

// sweepEvery is how often expired days are deleted, when a day is put.
const sweepEvery = time.Hour

// dayFile is how the names of day files end.
const dayFile = ".day"

// OpenDir opens the folder for sealed days in another one. The log is told what is deleted
// because it has expired.
func OpenDir(parent string, log *slog.Logger) (*Dir, error) {
	folder, err := OpenFolder(parent)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	d := &Dir{Folder: folder, log: log}
	d.swept.Store(time.Now().UnixNano())
	return d, nil
}

// Get implements [Store].
func (d *Dir) Get(_ context.Context, account, day string) ([]byte, error) {
	sealed, err := d.Read(name(account, day))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sealed, err
}

// Put implements [Store]. The later of two days is told by when they expire.
func (d *Dir) Put(_ context.Context, account, day string, _, expires time.Time, sealed []byte) error {
	now := time.Now()
	if last := d.swept.Load(); now.Sub(time.Unix(0, last)) >= sweepEvery && d.swept.CompareAndSwap(last, now.UnixNano()) {
		d.Sweep(now)
	}
	to := name(account, day)
	if there, err := d.stat(to); err == nil && there.ModTime().After(expires) {
		return nil
	}
	return d.Write(to, expires, sealed)
}

// Forget implements [Store].
func (d *Dir) Forget(_ context.Context, account, day string) error {
	if day == "" {
		_, err := d.Clear(account)
		return err
	}
	return d.Delete(name(account, day))
}

func name(account, day string) string { return account + "-" + day + dayFile }

// isWhole reports whether a file is a day, and not half of one.
func isWhole(info fs.FileInfo) bool { return strings.HasSuffix(info.Name(), dayFile) }

// abandonedAfter is the age at which a half-written file is no longer being written.
const abandonedAfter = time.Hour

// Sweep deletes days that have expired, and what a process left that was killed.
func (d *Dir) Sweep(now time.Time) {
	d.swept.Store(now.UnixNano())
	days, halves, err := d.delete(func(info fs.FileInfo) bool {
		return isWhole(info) && !info.ModTime().After(now) || !isWhole(info) && now.Sub(info.ModTime()) >= abandonedAfter
	})
	if days+halves > 0 {
		d.log.Info("deleted kept days that had expired", "folder", d.parent, "days", days, "half_written", halves)
	}
	if err != nil {
		d.log.Warn("kept days that have expired cannot be deleted", "folder", d.parent, "error", err)
	}
}

// delete deletes some of our files, and returns how many whole days and how many halves.
func (d *Dir) delete(which func(fs.FileInfo) bool) (days, halves int, err error) {
	all, err := d.List()
	for _, info := range all {
		if !which(info) {
			continue
		}
		if err := d.Delete(info.Name()); err != nil {
			return days, halves, err
		}
		if isWhole(info) {
			days++
		} else {
			halves++
		}
	}
	return days, halves, err
}

// Days returns how many days are kept, of all accounts.
func (d *Dir) Days() (n int, err error) {
	all, err := d.List()
	for _, info := range all {
		if isWhole(info) {
			n++
		}
	}
	return n, err
}

// Clear deletes the days of an account; of all accounts, where account is empty. It
// returns how many there were.
func (d *Dir) Clear(account string) (deleted int, err error) {
	deleted, _, err = d.delete(func(info fs.FileInfo) bool { return strings.HasPrefix(info.Name(), account) })
	return deleted, err
}

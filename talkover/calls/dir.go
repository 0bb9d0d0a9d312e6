package calls

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"
)

// Dir is a [Store] of one file a reading, for one user alone, in a folder of our own within one that
// a user names. It reads, writes and deletes nothing but regular files whose names we make, and
// follows no link. Any number of processes may use it.
type Dir struct {
	root   *os.Root
	parent string
	log    *slog.Logger
}

const (
	// sealedFile is how the names of whole files end.
	sealedFile = ".sealed"
	// abandonedAfter is the age at which a half-written file is no longer being written.
	abandonedAfter = time.Hour
)

// Names implements [Store]. It deletes what has expired.
func (d *Dir) Names(_ context.Context, account string) (names []string, err error) {
	d.Sweep(time.Now())
	all, err := d.list()
	for _, info := range all {
		if name, ok := strings.CutPrefix(info.Name(), account+"-"); ok && isWhole(info) {
			names = append(names, strings.TrimSuffix(name, sealedFile))
		}
	}
	return names, err
}

// Get implements [Store].
func (d *Dir) Get(_ context.Context, account, name string) ([]byte, error) {
	sealed, err := d.read(fileName(account, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sealed, err
}

// Put implements [Store]. The later of two readings is told by when they expire.
func (d *Dir) Put(_ context.Context, account, name string, _, expires time.Time, sealed []byte) error {
	to := fileName(account, name)
	if there, err := d.stat(to); err == nil && there.ModTime().After(expires) {
		return nil
	}
	return d.write(to, expires, sealed)
}

// Forget implements [Store].
func (d *Dir) Forget(_ context.Context, account, name string) error {
	if name == "" {
		_, err := d.Clear(account)
		return err
	}
	return d.remove(fileName(account, name))
}

func fileName(account, name string) string { return account + "-" + name + sealedFile }

// isWhole reports whether a file is a reading, and not half of one.
func isWhole(info fs.FileInfo) bool { return strings.HasSuffix(info.Name(), sealedFile) }

// Sweep deletes readings that have expired, and what a process left that was killed.
func (d *Dir) Sweep(now time.Time) {
	n, err := d.delete(func(info fs.FileInfo) bool {
		return isWhole(info) && !info.ModTime().After(now) || !isWhole(info) && now.Sub(info.ModTime()) >= abandonedAfter
	})
	if n > 0 {
		d.log.Info("deleted kept readings that had expired", "folder", d.parent, "readings", n)
	}
	if err != nil {
		d.log.Warn("kept readings that have expired cannot be deleted", "folder", d.parent, "error", err)
	}
}

// delete deletes some of our files, and returns how many.
func (d *Dir) delete(which func(fs.FileInfo) bool) (n int, err error) {
	all, err := d.list()
	for _, info := range all {
		if err == nil && which(info) {
			n++
			err = d.remove(info.Name())
		}
	}
	return n, err
}

// Count returns how many readings are kept, of all accounts.
func (d *Dir) Count() (n int, err error) {
	all, err := d.list()
	return len(slices.DeleteFunc(all, func(info fs.FileInfo) bool { return !isWhole(info) })), err
}

// Clear deletes the readings of an account; of all accounts, where account is empty. It
// returns how many files that were.
func (d *Dir) Clear(account string) (deleted int, err error) {
	return d.delete(func(info fs.FileInfo) bool { return strings.HasPrefix(info.Name(), account) })
}

// Stored is a reading in a store, as who has its token sees it.
type Stored struct {
	From, To Date // dates as they were sent to the API; it has all calls of those between
	Calls    int
	Bytes    int // encrypted
	ReadAt   time.Time
}

// Stored lists the readings of an account that are stored, the newest first.
func (l *Logs) Stored(ctx context.Context, api API) (all []Stored, err error) {
	if l.Store == nil {
		return nil, nil
	}
	keys := newKeys(api, l.BaseURL)
	err = keys.each(ctx, l.Store, map[string]bool{proofs: true}, func(bytes int, k kept) {
		all = append(all, Stored{k.From, k.To, len(k.Calls), bytes, k.ReadAt})
	})
	slices.SortFunc(all, func(x, y Stored) int { return int(y.To - x.To) })
	return all, err
}

// Account returns the name of an account in a store.
func (l *Logs) Account(api API) string { return newKeys(api, l.BaseURL).account }

package calls

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Dir is a [Store] of one file a reading in a [Folder], for one user alone.
type Dir struct {
	*Folder
	log   *slog.Logger
	swept atomic.Int64 // when expired readings were deleted last, in nanoseconds since 1970
}

const (
	// sweepEvery is how often expired readings are deleted, when one is put.
	sweepEvery = time.Hour
	// sealedFile is how the names of whole files end.
	sealedFile = ".sealed"
	// abandonedAfter is the age at which a half-written file is no longer being written.
	abandonedAfter = time.Hour
)

// OpenDir opens the folder for sealed readings in another one. The log is told what is deleted
// because it has expired.
func OpenDir(parent string, log *slog.Logger) (*Dir, error) {
	folder, err := OpenFolder(parent)
	if err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	d := &Dir{Folder: folder, log: log}
	d.swept.Store(time.Now().UnixNano())
	return d, nil
}

// Names implements [Store].
func (d *Dir) Names(_ context.Context, account string) (names []string, err error) {
	all, err := d.List()
	for _, info := range all {
		if name, ok := strings.CutPrefix(info.Name(), account+"-"); ok && isWhole(info) && info.ModTime().After(time.Now()) {
			names = append(names, strings.TrimSuffix(name, sealedFile))
		}
	}
	return names, err
}

// Get implements [Store].
func (d *Dir) Get(_ context.Context, account, name string) ([]byte, error) {
	sealed, err := d.Read(fileName(account, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sealed, err
}

// Put implements [Store]. The later of two readings is told by when they expire.
func (d *Dir) Put(_ context.Context, account, name string, _, expires time.Time, sealed []byte) error {
	now := time.Now()
	if last := d.swept.Load(); now.Sub(time.Unix(0, last)) >= sweepEvery && d.swept.CompareAndSwap(last, now.UnixNano()) {
		d.Sweep(now)
	}
	to := fileName(account, name)
	if there, err := d.stat(to); err == nil && there.ModTime().After(expires) {
		return nil
	}
	return d.Write(to, expires, sealed)
}

// Forget implements [Store].
func (d *Dir) Forget(_ context.Context, account, name string) error {
	if name == "" {
		_, err := d.Clear(account)
		return err
	}
	return d.Delete(fileName(account, name))
}

func fileName(account, name string) string { return account + "-" + name + sealedFile }

// isWhole reports whether a file is a reading, and not half of one.
func isWhole(info fs.FileInfo) bool { return strings.HasSuffix(info.Name(), sealedFile) }

// Sweep deletes readings that have expired, and what a process left that was killed.
func (d *Dir) Sweep(now time.Time) {
	d.swept.Store(now.UnixNano())
	readings, halves, err := d.delete(func(info fs.FileInfo) bool {
		return isWhole(info) && !info.ModTime().After(now) || !isWhole(info) && now.Sub(info.ModTime()) >= abandonedAfter
	})
	if readings+halves > 0 {
		d.log.Info("deleted kept readings that had expired", "folder", d.parent, "readings", readings, "half_written", halves)
	}
	if err != nil {
		d.log.Warn("kept readings that have expired cannot be deleted", "folder", d.parent, "error", err)
	}
}

// delete deletes some of our files, and returns how many whole readings and how many halves.
func (d *Dir) delete(which func(fs.FileInfo) bool) (readings, halves int, err error) {
	all, err := d.List()
	for _, info := range all {
		if !which(info) {
			continue
		}
		if err := d.Delete(info.Name()); err != nil {
			return readings, halves, err
		}
		if isWhole(info) {
			readings++
		} else {
			halves++
		}
	}
	return readings, halves, err
}

// Count returns how many readings are kept, of all accounts.
func (d *Dir) Count() (n int, err error) {
	all, err := d.List()
	for _, info := range all {
		if isWhole(info) {
			n++
		}
	}
	return n, err
}

// Clear deletes the readings of an account; of all accounts, where account is empty. It
// returns how many there were.
func (d *Dir) Clear(account string) (deleted int, err error) {
	deleted, _, err = d.delete(func(info fs.FileInfo) bool { return strings.HasPrefix(info.Name(), account) })
	return deleted, err
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
	k := newKeys(api, l.BaseURL)
	names, err := l.Store.Names(ctx, k.account)
	for _, name := range names {
		sealed, e := l.Store.Get(ctx, k.account, name)
		var r kept
		if e == nil && sealed != nil && name != proofs && k.open(name, sealed, &r) == nil {
			all = append(all, Stored{r.From, r.To, len(r.Calls), len(sealed), r.ReadAt})
		}
		err = errors.Join(err, e)
	}
	slices.SortFunc(all, func(x, y Stored) int { return int(y.To - x.To) })
	return all, err
}

// Account returns the name of an account in a store.
func (l *Logs) Account(api API) string { return newKeys(api, l.BaseURL).account }

package valkey

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

//go:embed put.lua
var putScript string

//go:embed turn.lua
var turnScript string

var (
	put  = valkeygo.NewLuaScript(putScript)
	turn = valkeygo.NewLuaScript(turnScript)
)

const (
	stamp      = 20                     // digits of the time before each value
	lockTime   = 5 * time.Second        // for which a lock is held, unless it is renewed
	renewEvery = time.Second            // it is
	pollEvery  = 200 * time.Millisecond // who waits for it looks
	wantedTime = 2 * time.Second        // for which a mark stands that somebody waits
)

// days implements [cache.Sharing].
type days struct{ *Server }

// Days returns the kept days of all accounts, with proofs, live readings and locks.
func (s *Server) Days() cache.Sharing { return days{s} }

// key returns the key of something of an account.
func key(account, kind, name string) string { return "talkover:{" + account + "}:" + kind + name }

// Get implements [cache.Store].
func (d days) Get(_ context.Context, account, day string) ([]byte, error) {
	all, err := d.get(key(account, "day:", day))
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Notes implements [cache.Sharing].
func (d days) Notes(_ context.Context, account string, names []string) ([][]byte, error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = key(account, "note:", name)
	}
	return d.get(keys...)
}

// get returns the values of keys, nil for those that are not there.
func (d days) get(keys ...string) (all [][]byte, err error) {
	err = d.tell(dataTime, func(ctx context.Context, c valkeygo.Client) error {
		values, err := c.Do(ctx, c.B().Mget().Key(keys...).Build()).ToArray()
		if err != nil {
			return err
		}
		if len(values) != len(keys) {
			return errAnswer
		}
		all = nil
		for _, v := range values {
			text, err := v.ToString()
			switch {
			case valkeygo.IsValkeyNil(err):
				all = append(all, nil)
			case err != nil || len(text) < stamp:
				return errAnswer
			default:
				all = append(all, []byte(text[stamp:]))
			}
		}
		return nil
	})
	return all, err
}

// Put implements [cache.Store].
func (d days) Put(_ context.Context, account, day string, at, expires time.Time, sealed []byte) error {
	return d.put([]string{key(account, "day:", day), key(account, "days", "")}, at, expires, day, string(sealed))
}

// Note implements [cache.Sharing].
func (d days) Note(_ context.Context, account string, at, expires time.Time, sealed map[string][]byte) error {
	var keys, values []string
	for name, note := range sealed {
		keys, values = append(keys, key(account, "note:", name)), append(values, string(note))
	}
	if len(keys) == 0 {
		return nil
	}
	return d.put(keys, at, expires, "", values...)
}

func (d days) put(keys []string, at, expires time.Time, name string, values ...string) error {
	life := time.Until(expires)
	if life <= 0 {
		return nil
	}
	args := slices.Concat([]string{fmt.Sprintf("%0*d", stamp, at.UnixMicro()), milli(life), name}, values)
	return d.tell(dataTime, func(ctx context.Context, c valkeygo.Client) error { return put.Exec(ctx, c, keys, args).Error() })
}

// Forget implements [cache.Store].
func (d days) Forget(_ context.Context, account, day string) error {
	return d.tell(dataTime, func(ctx context.Context, c valkeygo.Client) error {
		names := key(account, "days", "")
		if day != "" {
			return c.Do(ctx, c.B().Del().Key(key(account, "day:", day)).Build()).Error()
		}
		all, err := c.Do(ctx, c.B().Smembers().Key(names).Build()).AsStrSlice()
		if err != nil {
			return err
		}
		keys := []string{names}
		for _, name := range all {
			keys = append(keys, key(account, "day:", name))
		}
		return c.Do(ctx, c.B().Del().Key(keys...).Build()).Error()
	})
}

// Lock implements [cache.Sharing]. A lock whose holder has died is free 5 s later; two
// holders, where the server forgot the first, read the same days twice and no wrong ones.
func (d days) Lock(ctx context.Context, account string, yield func()) (unlock func(), err error) {
	lock, wanted, token := key(account, "turn", ""), key(account, "wanted", ""), rand.Text()
	for {
		var mine bool
		err := d.tell(dataTime, func(ctx context.Context, c valkeygo.Client) error {
			err := c.Do(ctx, c.B().Set().Key(lock).Value(token).Nx().PxMilliseconds(lockTime.Milliseconds()).Build()).Error()
			switch {
			case err == nil:
				mine = true
			case !valkeygo.IsValkeyNil(err):
				return err
			case yield == nil: // a question waits, not the reading in the background
				return c.Do(ctx, c.B().Set().Key(wanted).Value("1").PxMilliseconds(wantedTime.Milliseconds()).Build()).Error()
			}
			return nil
		})
		if err != nil {
			return func() {}, nil
		}
		if mine {
			break
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
	return d.hold([]string{lock, wanted}, token, yield), nil
}

// hold renews a lock until it is given back.
func (d days) hold(keys []string, token string, yield func()) (unlock func()) {
	done := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			wanted, err := d.turn(keys, token, lockTime)
			if err == nil && wanted == 1 && yield != nil {
				yield()
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		renewing.Wait()
		_, _ = d.turn(keys, token, 0) // else it is free once its time is over
	})
}

// turn runs turn.lua.
func (d days) turn(keys []string, token string, life time.Duration) (wanted int64, err error) {
	err = d.tell(dataTime, func(ctx context.Context, c valkeygo.Client) error {
		wanted, err = turn.Exec(ctx, c, keys, []string{token, strconv.FormatInt(life.Milliseconds(), 10)}).AsInt64()
		return err
	})
	return wanted, err
}

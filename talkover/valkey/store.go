package valkey

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/talkover/talkover-mcp/talkover/calls"
)

//go:embed put.lua
var putScript string

const (
	stamp    = 20     // digits of the moment before each value
	lastName = "4999" // that is listed, in order: an account has far fewer readings
)

// store implements [calls.Sharing].
type store struct{ *Server }

// Store returns what is kept of all accounts: readings, with their proofs.
func (s *Server) Store() calls.Sharing { return store{s} }

// key returns the key of something of an account.
func key(account, kind, name string) string { return "talkover:{" + account + "}:" + kind + name }

// do sends a command, unless the time of ctx is over.
func (s store) do(ctx context.Context, words ...string) (r valkeygo.ValkeyResult, err error) {
	if err = ctx.Err(); err == nil {
		err = s.tell(dataTime, func(ctx context.Context, c valkeygo.Client) error {
			r = c.Do(ctx, c.B().Arbitrary(words...).Build())
			return r.Error()
		})
	}
	return r, err
}

// Names implements [calls.Store].
func (s store) Names(ctx context.Context, account string) ([]string, error) {
	r, err := s.do(ctx, "ZRANGE", key(account, "names", ""), "0", lastName, "REV")
	names, _ := r.AsStrSlice()
	return names, err
}

// Get implements [calls.Store].
func (s store) Get(ctx context.Context, account, name string) ([]byte, error) {
	r, err := s.do(ctx, "GET", key(account, "kept:", name))
	sealed, _ := r.AsBytes()
	return sealed[min(stamp, len(sealed)):], err
}

// Put implements [calls.Store].
func (s store) Put(ctx context.Context, account, name string, at, expires time.Time, sealed []byte) error {
	_, err := s.do(ctx, "EVAL", putScript, "2", key(account, "kept:", name), key(account, "names", ""),
		fmt.Sprintf("%020d", at.UnixMicro()), milli(time.Until(expires)), name, string(sealed))
	return err
}

// Forget implements [calls.Store].
func (s store) Forget(ctx context.Context, account, name string) (err error) {
	names := []string{name}
	if name == "" {
		names, err = s.Names(ctx, account)
	}
	all := key(account, "names", "")
	for _, name := range names {
		if err == nil {
			_, err = s.do(ctx, "DEL", key(account, "kept:", name))
		}
		if err == nil {
			_, err = s.do(ctx, "ZREM", all, name)
		}
	}
	return err
}

// Lease implements [calls.Sharing].
func (s store) Lease(ctx context.Context, account, name string, life time.Duration) bool {
	r, err := s.do(ctx, "SET", key(account, "lease:", name), "1", "NX", "PX", milli(life))
	return err != nil || r.Error() == nil
}

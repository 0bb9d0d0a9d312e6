package valkey

import (
	"cmp"
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

// do sends a command whose answer says nothing.
func (s *Server) do(ctx context.Context, words ...string) error {
	_, err := ask(ctx, s, dataTime, valkeygo.ValkeyResult.ToMessage, words...)
	return err
}

// Names implements [calls.Store].
func (s store) Names(ctx context.Context, account string) ([]string, error) {
	return ask(ctx, s.Server, dataTime, valkeygo.ValkeyResult.AsStrSlice,
		"ZRANGE", key(account, "names", ""), "0", lastName, "REV")
}

// Get implements [calls.Store].
func (s store) Get(ctx context.Context, account, name string) ([]byte, error) {
	sealed, err := ask(ctx, s.Server, dataTime, valkeygo.ValkeyResult.AsBytes, "GET", key(account, "kept:", name))
	return sealed[min(stamp, len(sealed)):], err
}

// Put implements [calls.Store].
func (s store) Put(ctx context.Context, account, name string, at, expires time.Time, sealed []byte) error {
	keys := []string{key(account, "kept:", name), key(account, "names", "")}
	moment, life := fmt.Sprintf("%020d", at.UnixMicro()), milli(time.Until(expires))
	return s.do(ctx, script(putScript, keys, moment, life, name, string(sealed))...)
}

// Forget implements [calls.Store].
func (s store) Forget(ctx context.Context, account, name string) (err error) {
	names := []string{name}
	if name == "" {
		names, err = s.Names(ctx, account)
	}
	for _, name := range names {
		if err == nil {
			err = cmp.Or(s.do(ctx, "DEL", key(account, "kept:", name)),
				s.do(ctx, "ZREM", key(account, "names", ""), name))
		}
	}
	return err
}

// Lease implements [calls.Sharing].
func (s store) Lease(ctx context.Context, account, name string, life time.Duration) bool {
	done, err := ask(ctx, s.Server, dataTime, valkeygo.ValkeyResult.ToString,
		"SET", key(account, "lease:", name), "1", "NX", "PX", milli(life))
	return err != nil || done != ""
}
